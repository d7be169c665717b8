"""ejabberd, injected while 20 clients chat, at each level: does it live, and is what the product tells what it says?

    SERVER=... PYTHONPATH=tests/beam python3 tests/beam/real/chat.py [LEVEL|login|lives...]
"""

import re
import sys

from harness import Server, Wrong, each, ended, equal, wait_for
from levels import LEVELS, at_level, told_by
from messenger import Messenger
from planted import nowhere

MESSAGES = 400
OFFLINE = 25
LOGIN = "ejabberd_c2s,xmpp_stream_in,xmpp_sasl,xmpp_sasl_plain,ejabberd_auth,ejabberd_auth_mnesia"


def work(server, level, undo):
    """Logins, messages in a circle, and some to somebody who is away; the pids of two sessions."""
    talk = server.talk(server.users)
    undo.callback(talk.close)
    # All of them arrive, or this does not return.
    talk.round(MESSAGES)
    before = server.offline("away")
    talk.clients[0].send("away", OFFLINE, f"paid by {server.card}")
    wait_for("messages to somebody away", lambda: server.offline("away") == before + OFFLINE)
    sessions = server.sessions()
    equal("sessions", len(sessions), server.users)
    return sessions[:2], f"{MESSAGES} messages arrived, {OFFLINE} kept for one who is away"


def login(server):
    """All that sees a login, with all values."""
    with Server("--listen", "127.0.0.1:0") as store:
        code, said = server.inject("start", f"to={store.port()}", f"modules={LOGIN}", "level=all")
        equal(f"inject start: {said}", code, 0)
        with server.talk(3):
            pass
        code, said = server.inject("stop")
        equal(f"inject stop: {said}", code, 0)
        told = told_by(said)
        wait_for("the goodbye", lambda: store.count(event_type="capture_end"))
        if not store.count(module=":ejabberd_auth", event_type="function_entry"):
            raise Wrong("no call of ejabberd_auth: was the login traced?")
        events = nowhere(store, server.secrets(), [store.text("overview"), store.text("find_anomalies")])
    print(f"chat login: {events} events of 3 logins, {told['redacted']} values hidden, no secret found")


def lives(server):
    equal("ejabberd runs", server.ask("lists:keymember(ejabberd, 1, application:which_applications())"), "true")
    equal("errors in its log", re.findall(r".*\[(?:error|critical)\].*", server.log()), [])


def main(names):
    with Messenger() as server:
        checks = {level: (lambda level=level: at_level(server, level, lambda *how: work(server, *how))) for level in LEVELS}
        checks |= {"login": lambda: login(server), "lives": lambda: lives(server)}
        each([check for name, check in checks.items() if not names or name in names])


if __name__ == "__main__":
    ended("chat", lambda: main(sys.argv[1:]))
