"""What the checks of a real BEAM share: a server, a process spoken to by lines, the node's own answers.

SERVER is the server's binary. BEAM_PREFIX, if set, stands before every command of Erlang and Elixir, such as
`chroot /var/cache/trixie`; paths must then be the same inside.
"""

import json
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time

BEAM = pathlib.Path(__file__).resolve().parent
INJECT = BEAM.parents[1] / "examples/beam/inject.exs"
SERVER = os.environ["SERVER"]
PREFIX = shlex.split(os.environ.get("BEAM_PREFIX", ""))
# A node that is killed leaves no dump behind.
os.environ["ERL_CRASH_DUMP_SECONDS"] = "0"
# Only catches what hangs.
DEADLINE = 120


class Wrong(Exception):
    """Something that must hold does not."""


def equal(what, got, wanted):
    if got != wanted:
        raise Wrong(f"{what}: {got} instead of {wanted}")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(what, claim):
    """Asks until it holds."""
    until = time.monotonic() + DEADLINE
    while not (got := claim()):
        if time.monotonic() > until:
            raise Wrong(f"{what}: not within {DEADLINE} s")
        time.sleep(0.02)
    return got


class Process:
    """A child that is spoken to by lines."""

    def __init__(self, *command):
        self.log = tempfile.TemporaryFile()
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)

    def write(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def read(self):
        line = self.child.stdout.readline()
        if not line:
            raise Wrong(f"{self.child.args[0]} ended: {self.said()[-2000:]}")
        return line.rstrip("\n")

    def said(self):
        self.log.seek(0)
        return self.log.read().decode()

    def end(self):
        self.child.stdin.close()
        self.child.wait(DEADLINE)

    def kill(self):
        self.child.kill()
        self.child.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.kill()


class Server(Process):
    def __init__(self, *arguments):
        super().__init__(SERVER, "--script", *arguments)
        self.asked = 0

    def call(self, tool, **arguments):
        self.asked += 1
        request = {"jsonrpc": "2.0", "id": self.asked, "method": "tools/call"}
        self.write(json.dumps(request | {"params": {"name": tool, "arguments": arguments}}))
        reply = json.loads(self.read())
        result = reply.get("result") or {"isError": True, "content": [{"text": json.dumps(reply)}]}
        self.last = result
        if result.get("isError"):
            raise Wrong(f"{tool} {arguments}: {result['content'][0]['text']}")
        return result["structuredContent"]

    def source(self):
        """What the one source of this server says of itself."""
        sources = self.call("capture_status")["sources"]
        equal("sources", len(sources), 1)
        return sources[0]

    def count(self, **filters):
        return self.call("query_events", limit=1, **filters)["total_matched"]

    def port(self):
        """Where it listens, as it says itself."""
        found = wait_for("the port on stderr", lambda: re.search(r"127\.0\.0\.1:(\d+)", self.said()))
        return found[1]

    def seen(self, **filters):
        """Every event, whole, page by page."""
        cursor = {}
        while True:
            page = self.call("query_events", format="json", limit=10_000, **filters, **cursor)
            yield from page["events"]
            if not page.get("next_cursor"):
                return
            cursor = {"cursor": page["next_cursor"]}

    def text(self, tool, **arguments):
        """An answer as it is read."""
        self.call(tool, **arguments)
        return self.last["content"][0]["text"]


def hostname():
    return subprocess.run(["hostname", "-s"], capture_output=True, text=True, check=True).stdout.strip()


def inject(node, cookie, *arguments):
    """The exit code of inject.exs and what it said."""
    command = [*PREFIX, "elixir", str(INJECT), node, f"cookie={cookie}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
    return done.returncode, done.stdout + done.stderr


def each(checks):
    """Runs all of them; the ones that fail, in one."""
    wrong = []
    for check in checks:
        try:
            check()
        except (Wrong, KeyError) as one:
            wrong.append(str(one) if isinstance(one, Wrong) else repr(one))
    if wrong:
        raise Wrong("\n".join(wrong))


def ended(name, check):
    """The exit code of a script."""
    # No check may hang CI; what it started is stopped.
    for number in [signal.SIGALRM, signal.SIGTERM]:
        signal.signal(number, lambda *_: sys.exit(f"FAILED {name}: stopped from outside, or after 600 s"))
    signal.alarm(600)
    try:
        check()
    except Wrong as wrong:
        sys.exit(f"FAILED {name}: {wrong}")


class Node(Process):
    """A node with the workload, and the tracers."""

    def __init__(self):
        super().__init__(*PREFIX, "elixir", str(BEAM / "node.exs"))
        self.answer()

    def answer(self):
        while not (line := self.read()).startswith("> "):
            pass
        return line[2:]

    def ask(self, command):
        """The numbers it answers with, or its words."""
        self.write(command)
        answer = self.answer()
        numbers = {key: int(number) for key, number in re.findall(r"(\w+)=(\d+)", answer)}
        return numbers or answer


def main(names, checks):
    # No check may hang CI.
    signal.alarm(600)
    failed = 0
    for check in checks:
        if names and check.__name__ not in names:
            continue
        try:
            check()
        except (Wrong, KeyError, subprocess.TimeoutExpired) as wrong:
            failed += 1
            print(f"FAILED {check.__name__}: {wrong!r}", file=sys.stderr)
    sys.exit(1 if failed else 0)
