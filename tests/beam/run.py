"""Is everything that a real node produced in the store?

    SERVER=target/release/elixir-scope-storage python3 tests/beam/run.py [CHECK...]

Each check starts its own server and its own node (node.exs), which counts what it produced without its trace. Needs
erl and elixir, nothing else.
"""

import os
import pathlib
import re
import select
import subprocess
import sys
import tempfile

from harness import DEADLINE, PREFIX, SERVER, Node, Process, Server, Wrong, equal, free_port, hostname, inject, main
from harness import wait_for

CALLS = 20_000
# Ten records each: fewer than the 20,000 of the port.
QUEUE_HOLDS = 1_900


def look(server):
    """What an assistant may ask while events come in: every answer is whole and in order."""
    page = server.call("query_events", module="Shop.Till", order="desc", limit=200, format="json")
    stamps = [event["timestamp"] for event in page["events"]]
    equal("newest first", stamps, sorted(stamps, reverse=True))
    equal("one function", {event["module"] for event in page["events"]} - {"Shop.Till"}, set())
    if stamps:
        pid = page["events"][0]["pid"]
        server.call("last_n_events_for_pid", pid=pid, n=20)
    return len(stamps)


def all_in_store(server, produced, calls, **session):
    """What the node counted against what the store holds."""
    for kind in ["function_entry", "function_exit"]:
        got = server.count(module="Shop.Till", event_type=kind, **session)
        equal(f"{kind} events and calls the node counted", got, produced["calls"])
    # Three functions per call; start_link, init, note, handle_cast.
    equal("calls", produced["calls"], 3 * calls + 4)
    equal("unknown trace messages", server.count(event_type="unknown_trace", **session), 0)
    # Every call of handle_call and the one of handle_cast.
    changes = server.count(event_type="state_change", function="handle_call", **session)
    equal("state changes by calls", changes, calls)


def all_told(produced):
    """What was sent and what was dropped is all that the node stamped; the goodbye has a stamp, too."""
    if produced["events"] + produced["dropped"] + 1 != produced["records"]:
        raise Wrong(f"sent, dropped and goodbye are not the records of the node: {produced}")


def settled(server, records):
    """Once as many records have arrived as the node stamped, less those dropped."""

    def arrived():
        source = server.source()
        return source["records"] + source["dropped"] >= records and source

    return wait_for(f"{records} records", arrived)


def work(node, server, calls):
    """Runs the workload and looks at the store until it is done, once at least."""
    node.write(f"work {calls}")
    looks = 0
    while True:
        looks += look(server) > 0
        if select.select([node.child.stdout], [], [], 0)[0]:
            break
    equal("sold", node.answer(), f"sold={calls}")
    return looks


def trace_by_dbg(node, server, port, calls):
    """The three lines; what the node produced, and what came of it."""
    before = server.source()
    node.ask(f"dbg {port}")
    wait_for("the connection", lambda: server.source()["connections"] > before["connections"])
    looks = work(node, server, calls)
    produced = node.ask("quiet")
    source = settled(server, before["records"] + before["dropped"] + produced["records"])
    came = {key: source[key] - before[key] for key in ["records", "dropped"]}
    equal("records and drops", came["records"] + came["dropped"], produced["records"])
    return produced, came, looks


def dbg():
    """The three lines at a size that the port's queue holds: nothing is dropped. And a node that is started again is
    another incarnation: its events are told apart."""
    port = free_port()
    with Server("--dbg", f"127.0.0.1:{port}") as server:
        for incarnation in [1, 2]:
            with Node() as node:
                produced, came, looks = trace_by_dbg(node, server, port, QUEUE_HOLDS)
                equal("dropped", came["dropped"], 0)
                all_in_store(server, produced, QUEUE_HOLDS, session_id=f"127.0.0.1:{port}#{incarnation}")
                node.ask("undbg")
            print(f"dbg: incarnation {incarnation}: {produced['records']} records, 0 dropped, {looks} looks meanwhile")


def dbg_full_rate():
    """The three lines under as much as the node can do: dropped is nothing, or as much as the store says."""
    port = free_port()
    with Server("--dbg", f"127.0.0.1:{port}") as server, Node() as node:
        produced, came, looks = trace_by_dbg(node, server, port, CALLS)
        if came["dropped"]:
            equal("gap events", server.count(event_type="gap") > 0, True)
        else:
            all_in_store(server, produced, CALLS)
    print(f"dbg_full_rate: {came['records']} records, {came['dropped']} dropped, {looks} looks meanwhile")


def scope():
    """scope.exs: everything, and what its limits keep back is counted."""
    with Server("--listen", "127.0.0.1:0") as server, Node() as node:
        equal("start", node.ask(f"scope {server.port()} sample_ms=0 max_rate=10_000_000 max_mailbox=10_000_000 max_memory=:infinity max_byte_rate=8_000"), "ok")
        looks = work(node, server, CALLS)
        produced = node.ask("unscope")
        all_told(produced)
        equal("dropped", produced["dropped"], 0)
        wait_for("the goodbye", lambda: server.count(event_type="capture_end"))
        all_in_store(server, produced, CALLS)
        # Its hello has none.
        equal("records", server.source()["records"], produced["records"] + 1)
    print(f"scope: {produced['records']} records, 0 dropped, {looks} looks meanwhile")


def scope_limits():
    """Too many events a second: dropped, counted, told in the store; the node's own count agrees."""
    with Server("--listen", "127.0.0.1:0") as server, Node() as node:
        node.ask(f"scope {server.port()} sample_ms=0 max_rate=5000")
        node.ask(f"work {CALLS}")
        produced = node.ask("unscope")
        all_told(produced)
        if not produced["dropped"]:
            raise Wrong("nothing was dropped at 5,000 events a second")
        wait_for("the goodbye", lambda: server.count(event_type="capture_end"))
        source = server.source()
        equal("dropped", source["dropped"], produced["dropped"])
        if not server.count(event_type="gap"):
            raise Wrong("no gap event tells of the drops")
    print(f"scope_limits: {produced['events']} events, {produced['dropped']} dropped and told")


def scope_late():
    """What was traced before tracing ended, and is read after it was asked to: it is sent, calls of a burst that went
    without their values, too."""
    with Server("--listen", "127.0.0.1:0") as server, Node() as node:
        node.ask(f"scope {server.port()} sample_ms=0 max_memory=1")
        produced = node.ask(f"late {QUEUE_HOLDS}")
        all_told(produced)
        equal("dropped, and kinds of what was left out", (produced["dropped"], produced["left_out"]), (0, 1))
        wait_for("the goodbye", lambda: server.count(event_type="capture_end"))
        equal("records", server.source()["records"], produced["records"] + 1)
        # Returns of calls without values are asked for when the first one is read: here, never.
        equal("calls", server.count(module="Shop.Till", event_type="function_entry"), produced["calls"])
    print(f"scope_late: {produced['records']} records after it was asked to stop")


def scope_alone():
    """No server: an error and no trace. The server dies: tracing ends, the application goes on."""
    with Node() as node:
        answer = node.ask(f"scope {free_port()}")
        if "no server at 127.0.0.1" not in str(answer):
            raise Wrong(f"start without a server: {answer}")
        equal("traced without a server", node.ask("unscope"), "error nothing is traced: start with "
              "Scope.start(modules: [MyApp.Cart], to: 4712)")
        with Server("--listen", "127.0.0.1:0") as server:
            node.ask(f"scope {server.port()}")
            node.ask("work 400")
            wait_for("events", lambda: server.count(function="note"))
            server.kill()
        wait_for("the end of tracing", lambda: "error nothing is traced" in str(node.ask("unscope")))
        equal("the application", node.ask("work 400"), {"sold": 400})
        wait_for("nothing to be left", lambda: node.ask("left") == {"processes": 0, "patterns": 0})
    print("scope_alone: no server, no trace; a dead server, no harm")


def files():
    """A dbg file and a file of scope.exs, imported."""
    with tempfile.TemporaryDirectory() as folder, Node() as node:
        for kind, start, stop in [("dbg", "dbg-file", None), ("scope", "scope", "unscope")]:
            path = f"{folder}/{kind}.trace"
            node.ask(f"{start} {path} " + ("sample_ms=0 max_rate=10_000_000 max_mailbox=10_000_000 max_memory=:infinity max_byte_rate=8_000" if stop else ""))
            node.ask(f"work {CALLS}")
            produced = node.ask(stop or "quiet")
            if not stop:
                node.ask("undbg")
            if isinstance(produced, str):
                raise Wrong(f"{stop}: {produced}: {node.said()[-500:]}")
            report = subprocess.run([SERVER, "import", path], capture_output=True, text=True, timeout=DEADLINE)
            equal(f"import of the {kind} file", (report.returncode, report.stderr[-500:] if report.returncode else ""), (0, ""))
            told = report.stdout.replace(",", "")
            # The goodbye has a stamp, the hello has none.
            equal(f"the {kind} file", re.findall(r"(\d+) trace messages 0 of unknown kind; 0 dropped", told),
                  [str(produced["records"] + (1 if stop else 0))])
            with Server("--import", path) as server:
                all_in_store(server, produced, CALLS)
            print(f"files: {kind}: {produced['records']} records in {os.path.getsize(path)} bytes: all there")


WORKER = """
-module(worker).
-export([main/0, loop/1, add/2]).
main() -> register(worker, spawn(worker, loop, [0])), io:format("> ready~n"), io:get_line(""), halt().
loop(N) -> receive after 1 -> ok end, M = add(N, 1), loop(M).
add(A, B) -> A + B.
"""


def injected():
    """A node that runs nothing but Erlang, has nothing of ours on its disk, and an epmd of its own."""
    name = f"scope_{os.getpid()}"
    folder = tempfile.TemporaryDirectory()
    pathlib.Path(folder.name, "worker.erl").write_text(WORKER)
    source = f"{folder.name}/worker.erl"
    subprocess.run([*PREFIX, "erlc", "-o", folder.name, source], check=True, timeout=DEADLINE)
    os.environ["ERL_EPMD_PORT"] = str(free_port())
    node = Process(*PREFIX, "erl", "-noshell", "-sname", name, "-setcookie", name, "-pa", folder.name, "-s", "worker", "main")
    host = hostname()

    def injected_by(*arguments):
        return inject(f"{name}@{host}", name, *arguments)

    with Server("--listen", "127.0.0.1:0") as server, node:
        equal("the node", node.read(), "> ready")
        code, said = injected_by("start", f"to={server.port()}", "modules=worker", "processes=worker", "messages=false")
        equal("inject start", (code, said), (0, f"{name}@{host} is traced\n"))
        wait_for("100 calls", lambda: server.count(module=":worker", function="add", event_type="function_exit") >= 100)
        equal("node", server.call("query_events", limit=1, format="json")["events"][0]["node"], f"{name}@{host}")
        code, said = injected_by("stop")
        told = dict(re.findall(r"(\w+): :?(\w+)", said))
        equal("inject stop", (code, told.get("dropped"), told.get("reason")), (0, "0", "stopped"))
        wait_for("the goodbye", lambda: server.count(event_type="capture_end"))
        code, said = injected_by("stop")
        equal("nothing is left", (code, "start comes first" in said), (1, True))

        # One that stops by itself: `stop` says so.
        code, said = injected_by("start", f"to={server.port()}", "modules=worker:add/2", "max_seconds=1", "level=calls")
        loops = server.count(module=":worker", function="loop", event_type="function_entry")
        equal("inject start", (code, said), (0, f"{name}@{host} is traced\n"))
        wait_for("the second goodbye", lambda: server.count(event_type="capture_end") == 2)
        equal("functions that were not named", server.count(module=":worker", function="loop", event_type="function_entry"), loops)
        code, said = injected_by("stop")
        told_again = dict(re.findall(r"(\w+): :?(\w+)", said))
        equal("stop after its end", (code, told_again.get("reason"), told_again.get("stopped")), (0, "time", "before"))

        code, said = injected_by("estimate", "modules=worker")
        estimate = dict(re.findall(r"(\w+): :?(\w+)", said))
        equal("estimate", (code, int(estimate["events_per_s"]) > 100), (0, True))
        equal("nothing of it is stored", server.count(event_type="capture_end"), 2)
    subprocess.run([*PREFIX, "epmd", "-kill"], capture_output=True, timeout=DEADLINE)
    del os.environ["ERL_EPMD_PORT"]
    print(f"injected: {told['events']} events of a node without Elixir")


CHECKS = [dbg, dbg_full_rate, scope, scope_limits, scope_late, scope_alone, files, injected]


if __name__ == "__main__":
    main(sys.argv[1:], CHECKS)
