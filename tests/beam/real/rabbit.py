"""RabbitMQ, injected under load at each level: does it live, and is what the product tells what the broker says?

    SERVER=... PYTHONPATH=tests/beam /usr/bin/python3 tests/beam/real/rabbit.py [LEVEL|login|lives...]
"""

import re
import sys

from broker import Broker, consume, publish
from harness import Server, Wrong, each, ended, equal, wait_for
from levels import LEVELS, at_level, told_by
from planted import nowhere

PUBLISHED = 600
CONSUMED = 400
LOGIN = "rabbit_reader,rabbit_auth_mechanism_plain,rabbit_access_control,rabbit_auth_backend_internal"


def work(broker, level, undo):
    """A login, messages through a queue, some of which stay there; the channel's pid."""
    queue = f"orders-{level}"
    connection = broker.connect()
    undo.callback(connection.close)
    channel = connection.channel()
    channel.queue_declare(queue)
    publish(channel, queue, [b"%d" % n for n in range(PUBLISHED - 2)])
    publish(channel, queue, [b"paid by %s" % broker.card.encode(), b'{"card": "%s"}' % broker.card.encode()])
    channel.basic_qos(prefetch_count=20)
    equal("messages in their order", consume(channel, queue, CONSUMED), [b"%d" % n for n in range(CONSUMED)])
    channel.cancel()
    equal("queue depth", broker.queues()[queue], PUBLISHED - CONSUMED)
    channels = broker.channels()
    equal("channels", len(channels), 1)
    return channels, f"{PUBLISHED} published, {PUBLISHED - CONSUMED} in the queue"


def login(broker):
    """All that sees a login, with all values: the secrets must be hidden, and the calls must be there."""
    with Server("--listen", "127.0.0.1:0") as server:
        broker.count_calls(["rabbit_auth_mechanism_plain"])
        code, said = broker.inject("start", f"to={server.port()}", f"modules={LOGIN}", "level=all")
        equal(f"inject start: {said}", code, 0)
        for _ in range(3):
            broker.connect().close()
        code, said = broker.inject("stop")
        equal(f"inject stop: {said}", code, 0)
        told = told_by(said)
        wait_for("the goodbye", lambda: server.count(event_type="capture_end"))
        for function, calls in broker.counted("rabbit_auth_mechanism_plain").items():
            name, arity = function.split("/")
            got = server.count(module=":rabbit_auth_mechanism_plain", function=name, arity=int(arity), event_type="function_entry")
            equal(f"calls of {function}", got, calls)
        events = nowhere(server, broker.secrets(), [server.text("overview"), server.text("find_anomalies")])
        if not int(told["redacted"]):
            raise Wrong("nothing was hidden, and nothing found: was the login traced?")
    print(f"rabbit login: {events} events of 3 logins, {told['redacted']} values hidden, no secret found")


def lives(broker):
    """After all of it."""
    equal("the broker runs", broker.ask("rabbit:is_running()"), "true")
    equal("crash reports in its log", re.findall(r".*CRASH REPORT.*|.*terminating.*", broker.log()), [])


def main(names):
    with Broker() as broker:
        checks = {level: (lambda level=level: at_level(broker, level, lambda *how: work(broker, *how))) for level in LEVELS}
        checks |= {"login": lambda: login(broker), "lives": lambda: lives(broker)}
        each([check for name, check in checks.items() if not names or name in names])


if __name__ == "__main__":
    ended("rabbit", lambda: main(sys.argv[1:]))
