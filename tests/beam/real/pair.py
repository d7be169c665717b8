"""Two nodes that talk to each other, both injected, in one store: what is told of each, against what each says itself.

    SERVER=... PYTHONPATH=tests/beam python3 tests/beam/real/pair.py
"""

import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import DEADLINE, PREFIX, Process, Server, Wrong, each, ended, equal, free_port, hostname, inject, wait_for

PROGRAM = pathlib.Path(__file__).resolve().parent / "programs/pair.exs"
MODULES = "Pair.Shop,Pair.Asker"
THERE, BACK = 40, 25


class Half(Process):
    """One of the two."""

    def __init__(self, letter, cookie):
        self.node = f"pair_{letter}_{os.getpid()}@{hostname()}"
        self.cookie = cookie
        super().__init__(*PREFIX, "elixir", "--sname", self.node.split("@")[0], "--cookie", cookie, str(PROGRAM))
        self.answer()

    def answer(self):
        while not (line := self.read()).startswith("> "):
            pass
        return dict(re.findall(r"(\w+)=(\S+)", line))

    def ask(self, *words):
        self.write(" ".join(map(str, words)))
        return self.answer()

    def inject(self, *arguments):
        code, said = inject(self.node, self.cookie, *arguments)
        equal(f"inject {arguments}: {said}", code, 0)

    def told(self, pid):
        """Its pid as answers tell it."""
        return pid.replace("<0.", f"<{self.node}.")


def rows(server, section, tool, **arguments):
    answer = server.call(tool, max_tokens=200_000, **arguments)
    found = next(one for one in answer["sections"] if one["name"] == section)
    return [found.get("constants", {}) | dict(zip(found["columns"], row)) for row in found["rows"]]


def refused(server, tool, **arguments):
    try:
        server.call(tool, **arguments)
    except Wrong as wrong:
        return str(wrong)
    raise Wrong(f"{tool} {arguments} was answered")


def messages(server, sender, receiver, kind):
    """Messages between two processes, each as often as it is told."""
    all_of = rows(server, "messages", "message_flow", between=[sender, receiver])
    is_from = lambda row: sender in row["from"] and receiver in row["to"] and row["kind"] == kind
    return [row for row in all_of if is_from(row)]


def sent_once(server, client, callee, n):
    """Each message has two ends, and each is told once."""
    said, theirs = callee.ask("shop"), client.ask("shop")
    asker, shop = client.told(theirs["asker"]), callee.told(said["pid"])
    calls = messages(server, asker, shop, "call")
    equal(f"calls from {asker}", len(calls), int(said["calls"]))
    equal("calls", len(calls), n)
    equal("handled by", {row["handled_by"] for row in calls}, {"Pair.Shop.handle_call/3"})
    equal("outcomes of calls", {re.sub(r"after .*", "after", row["outcome"]) for row in calls}, {"answered after"})
    casts = messages(server, asker, shop, "cast")
    equal(f"casts from {asker}", len(casts), int(said["casts"]))
    equal("casts handled by", {row["handled_by"] for row in casts}, {"Pair.Shop.handle_cast/2"})
    back = messages(server, shop, asker, "info")
    equal(f"messages back to {asker}", len(back), int(said["casts"]))
    for row in calls + casts + back:
        if not isinstance(row.get("received_ns"), int):
            raise Wrong(f"not received: {row}")
        if isinstance(row.get("queued_ns"), int) and row["queued_ns"] < 0:
            raise Wrong(f"a negative time: {row}")


def mailbox_is(server, half):
    said = half.ask("shop")
    told = server.call("mailbox", pid=":shop", node=half.node)
    equal(f"the mailbox of {half.node}: {told['answer']}", told["facts"]["still_waiting"], int(said["waiting"]))
    handled = {row["callback"]: row["n"] for row in rows(server, "handled by", "mailbox", pid=":shop", node=half.node)}
    equal("handled", handled, {"Pair.Shop.handle_call/3": int(said["calls"]), "Pair.Shop.handle_cast/2": int(said["casts"])})


def state_is(server, half):
    said = half.ask("shop")
    for part in ["sum", "calls", "casts"]:
        told = server.call("state_at", pid=":shop", node=half.node, path=part)["answer"]
        equal(f"{part} of {half.node}", told, f"{part} of :shop {half.told(said['pid'])} was {said[part]}")
    history = server.call("state_history", pid=half.told(said["pid"]), max_tokens=100_000)
    equal("processes with a history", history["answer"].split(":")[1].split()[1], half.told(said["pid"]))


def apart(server, halves):
    """What both have is refused, and says which there are; each alone is told."""
    pids = [half.ask("shop")["code_server"] for half in halves]
    equal("pids of the code servers", len(set(pids)), 1)
    for tool, argument in [("explain", "target"), ("state_at", "pid"), ("mailbox", "pid"), ("message_flow", "pid"),
                           ("call_tree", "pid"), ("state_history", "pid"), ("last_n_events_for_pid", "pid")]:
        names = [pids[0]] if tool == "last_n_events_for_pid" else [":code_server", pids[0]]
        for name in names:
            said = refused(server, tool, **{argument: name})
            equal(f"{tool} {name} names both nodes: {said}", all(half.node in said for half in halves), True)
    for half in halves:
        answer = server.call("explain", target=":code_server", node=half.node)["answer"]
        if not answer.startswith(f":code_server {half.told(pids[0])}"):
            raise Wrong(f"explain :code_server on {half.node}: {answer}")
        seen = list(server.seen(pid=half.told(pids[0])))
        strangers = [event for event in seen if event["node"] != half.node and half.told(pids[0]) not in str(event)]
        equal(f"events of another process among those of {half.told(pids[0])}", strangers, [])


def overview(server, halves):
    told = {row["process"]: row for row in rows(server, "processes", "overview")}
    for half in halves:
        said = half.ask("shop")
        row = told.get(f":shop {half.told(said['pid'])}")
        if row is None:
            raise Wrong(f":shop of {half.node} is not in the overview: {sorted(told)}")
        got = int(said["calls"]) + int(said["casts"])
        if not got <= row["in"]:
            raise Wrong(f"{half.node} handled {got} messages: {row}")
    found = server.text("find_anomalies")
    equal(f"anomalies: {found}", found.startswith("nothing found"), True)


def main():
    os.environ["ERL_EPMD_PORT"] = str(free_port())
    cookie = f"COOKIE{os.urandom(8).hex()}"
    with Server("--listen", "127.0.0.1:0") as server, Half("a", cookie) as a, Half("b", cookie) as b:
        try:
            equal("connected", a.ask("connect", b.node)["connected"], "true")
            port = server.port()
            for half in [a, b]:
                half.inject("start", f"to={port}", f"modules={MODULES}", "level=all", "messages=true")
            equal("the sum b told", int(a.ask("go", b.node, THERE)["sum"]), THERE * (THERE + 1) // 2)
            equal("the sum a told", int(b.ask("go", a.node, BACK)["sum"]), BACK * (BACK + 1) // 2)
            for half in [a, b]:
                half.inject("stop")
            wait_for("the goodbyes", lambda: server.count(event_type="capture_end") == 2)
            equal("nodes", {event["node"] for event in server.seen()}, {a.node, b.node})
            each([
                lambda: sent_once(server, a, b, THERE),
                lambda: sent_once(server, b, a, BACK),
                lambda: mailbox_is(server, a),
                lambda: mailbox_is(server, b),
                lambda: state_is(server, a),
                lambda: state_is(server, b),
                lambda: apart(server, [a, b]),
                lambda: overview(server, [a, b]),
            ])
            print(f"pair: {server.count()} events of two nodes, {2 * (THERE + BACK)} messages between them with two ends each")
        finally:
            for half in [a, b]:
                half.end()
            subprocess.run([*PREFIX, "epmd", "-port", os.environ["ERL_EPMD_PORT"], "-kill"], capture_output=True, timeout=DEADLINE)


if __name__ == "__main__":
    ended("pair", main)
