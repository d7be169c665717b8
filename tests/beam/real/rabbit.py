"""RabbitMQ, injected under load at each level: does it live, and is what the product tells what the broker says?

    SERVER=... PYTHONPATH=tests/beam /usr/bin/python3 tests/beam/real/rabbit.py [LEVEL...]
"""

import contextlib
import re
import sys
import time

from answers import alive, crashes, gaps, mailboxes, no_time_beyond, state
from broker import Broker, consume, publish
from harness import Server, Wrong, each, ended, equal, wait_for
from planted import nowhere

LEVELS = ["calls", "messages", "state", "all"]
PUBLISHED = 600
CONSUMED = 400
# Bytes the node may grow by.
GROWTH = 150_000_000
LOGIN = "rabbit_reader,rabbit_auth_mechanism_plain,rabbit_access_control,rabbit_auth_backend_internal"


def work(broker, queue):
    """A login, messages through a queue, some of which stay there; the connection, still open, and its channel's pid."""
    connection = broker.connect()
    channel = connection.channel()
    channel.queue_declare(queue)
    publish(channel, queue, [b"%d" % n for n in range(PUBLISHED)])
    channel.basic_qos(prefetch_count=20)
    equal("messages in their order", consume(channel, queue, CONSUMED), [b"%d" % n for n in range(CONSUMED)])
    channel.cancel()
    return connection, broker.channels()


def counts(broker, server, level):
    """Calls by function: the node's counting breakpoints against the store."""
    own = broker.counted("rabbit_channel")
    got = {}
    for function in own:
        name, arity = function.split("/")
        got[function] = server.count(module=":rabbit_channel", function=name, arity=int(arity), event_type="function_entry")
    equal(f"{level}: calls of rabbit_channel by function", got, own)
    equal(f"{level}: published, by handle_method", got["handle_method/3"] >= PUBLISHED, True)
    return own


def at_level(broker, level):
    with Server("--listen", "127.0.0.1:0") as server, contextlib.ExitStack() as undo:
        broker.ask("[erlang:garbage_collect(P) || P <- processes()]")
        before = broker.memory()
        broker.count_calls(["rabbit_channel"])
        started = time.monotonic()
        code, said = broker.inject("start", f"to={server.port()}", "modules=rabbit_channel", f"level={level}")
        equal(f"inject start: {said}", code, 0)
        queue = f"orders-{level}"
        connection, channels = work(broker, queue)
        undo.callback(connection.close)
        equal("channels", len(channels), 1)
        grown = broker.memory() - before
        equal("queue depth", broker.queues()[queue], PUBLISHED - CONSUMED)
        at, own = broker.state(channels[0])
        lengths = [broker.mailbox(pid) for pid in channels]
        code, said = broker.inject("stop")
        lasted = time.monotonic() - started
        told = dict(re.findall(r"(\w+): :?(\w+)", said))
        equal(f"inject stop: {said}", (code, told.get("reason"), "stopped" in told), (0, "stopped", False))
        wait_for("the goodbye", lambda: server.count(event_type="capture_end"))
        if grown > GROWTH:
            raise Wrong(f"{level}: the node grew by {grown // 1_000_000} MB")
        gaps(server, int(told["dropped"]))
        calls = counts(broker, server, level) if told["dropped"] == "0" else {}
        answers = alive(server, channels)
        checked = [
            lambda: crashes(server, broker.log()),
            lambda: mailboxes(server, channels, lengths),
            lambda: no_time_beyond(lasted, answers),
            lambda: nowhere(server, broker.secrets(), answers),
        ]
        each(checked)
        states = state(server, channels[0], at, own)
    print(f"rabbit {broker.version()} {level}: {told['events']} events, {told['dropped']} dropped, {sum(calls.values())} calls of "
          f"{len(calls)} functions as counted by the node, {PUBLISHED - CONSUMED} in the queue, mailbox {lengths[0]} at the end, "
          f"state {states}, node grew {grown / 1e6:.0f} MB, {told.get('redacted')} hidden, "
          f"{int(told['sent_bytes']) // int(told['events'])} B an event")


def login(broker):
    """All that sees a login, with all values: the secrets must be hidden, and the calls must be there."""
    with Server("--listen", "127.0.0.1:0") as server:
        code, said = broker.inject("start", f"to={server.port()}", f"modules={LOGIN}", "level=all")
        equal(f"inject start: {said}", code, 0)
        for _ in range(3):
            broker.connect().close()
        code, said = broker.inject("stop")
        equal(f"inject stop: {said}", code, 0)
        told = dict(re.findall(r"(\w+): :?(\w+)", said))
        wait_for("the goodbye", lambda: server.count(event_type="capture_end"))
        equal("logins", server.count(module=":rabbit_auth_mechanism_plain", function="handle_response", event_type="function_entry"), 3)
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
        checks = {level: (lambda level=level: at_level(broker, level)) for level in LEVELS}
        checks |= {"login": lambda: login(broker), "lives": lambda: lives(broker)}
        each([check for name, check in checks.items() if not names or name in names])


if __name__ == "__main__":
    ended("rabbit", lambda: main(sys.argv[1:]))
