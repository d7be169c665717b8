"""Does scope.exs keep its promises: what each level tells, what it needs, what it hides?

    SERVER=target/release/elixir-scope-storage python3 tests/beam/scope.py [CHECK...]

What is right is what the node counted or says itself.
"""

import hashlib
import pathlib
import re
import sys
import tempfile

from harness import Node, Server, Wrong, equal, main, wait_for

CASTS = 2_000


def evaluate(node, expression):
    """What the node says that an expression is."""
    node.write("eval " + " ".join(expression.split()))
    return node.answer()


def start(node, server, options, modules="[Shop.Till]"):
    port = server if isinstance(server, str) else server.port()
    equal("start", evaluate(node, f"Scope.start([modules: {modules}, to: {port}, sample_ms: 0] ++ {options})"), ":ok")


def stop(node, server):
    """The counters, once everything is stored."""
    before = server.count(event_type="capture_end")
    said = evaluate(node, "Scope.stop()")
    if not said.startswith("{:ok"):
        raise Wrong(f"stop: {said}")
    wait_for("the goodbye", lambda: server.count(event_type="capture_end") > before)
    return said


def everything(server):
    """All that the store holds, as text."""
    events, cursor = [], {}
    while True:
        page = server.call("query_events", limit=1000, format="json", **cursor)
        events += page["events"]
        if not page.get("next_cursor"):
            return events
        cursor = {"cursor": page["next_cursor"]}


def levels():
    """Each level tells what it says, and what the ones before it tell."""
    for level, messages, values in [("calls", 0, 0), ("messages", 1, 0), ("state", 1, 1), ("all", 1, 2)]:
        with Server("--listen", "127.0.0.1:0") as server, Node() as node:
            start(node, server, f"[level: :{level}, max_memory: :infinity]")
            node.ask("work 400")
            stop(node, server)
            equal(f"{level}: calls", server.count(function="sell", event_type="function_entry"), 400)
            ends = server.call("query_events", function="sell", event_type="function_exit", limit=1000, format="json")
            equal(f"{level}: returns", ends["total_matched"], 400)
            equal(f"{level}: durations", {end["duration_ns"] >= 0 for end in ends["events"]}, {True})
            got = server.count(event_type="message_receive") > 0
            equal(f"{level}: messages", got, bool(messages))
            states = server.count(event_type="state_change", function="handle_call")
            equal(f"{level}: states", states, 400 if values else 0)
            with_args = [event for event in everything(server) if event["event_type"] == "function_entry"
                         and event["function"] == "sell" and "args" in event["data"]]
            equal(f"{level}: arguments", len(with_args), 400 if values == 2 else 0)
            equal(f"{level}: of unknown kind", server.count(event_type="unknown_trace"), 0)
    print("levels: calls, messages, state, all: each tells what it says")


def memory():
    """A state of 140 kB, in bursts: the node stays small, and what was left out is told."""
    with Server("--listen", "127.0.0.1:0") as server, Node() as node:
        evaluate(node, "{:ok, server} = Vault.start(3_000); :persistent_term.put(:vault, server)")
        start(node, server, "[max_rate: 1_000_000]", "[Vault]")
        grown = int(evaluate(node, f"Vault.growth(fn -> Vault.bursts(:persistent_term.get(:vault), 5, {CASTS // 5}) end)"))
        said = stop(node, server)
        if grown > 150_000_000:
            raise Wrong(f"the node grew by {grown} bytes")
        if "large_values" not in said and "why: :memory" not in said:
            raise Wrong(f"what was left out is not told: {said}")
        equal("calls", server.count(function="handle_cast", event_type="function_entry"), CASTS)
        notes = server.count(event_type="capture_note")
        equal("notes in the recording", notes > 0, True)
    print(f"memory: the node grew by {grown // 1_000_000} MB, {CASTS} calls told")


def secrets():
    """What is secret does not leave the node; what only looks alike does."""
    with tempfile.TemporaryDirectory() as folder, Node() as node:
        path = f"{folder}/secrets.scope"
        modules = "[Secretive, Plug.Conn.Cookies, Plug.Session.COOKIE, URI]"
        # A file has no door: what is hidden in it was hidden in the node.
        said = evaluate(node, f'Scope.start(modules: {modules}, to: {{:file, "{path}"}}, processes: :new, sample_ms: 0)')
        equal("start", said, ":ok")
        planted = int(evaluate(node, "Task.await(Task.async(Secretive, :plant, []))"))
        evaluate(node, "Scope.status()")
        asked = evaluate(node, "Keyword.take(elem(Process.info(Process.whereis(Scope), :dictionary), 1), [:asked, :asked_always])")
        said = evaluate(node, "Scope.stop()")
        told = pathlib.Path(path).read_bytes()
        all_planted = evaluate(node, "{Secretive.planted(), Kept.values()}")
        words = set(re.findall(r"ndl-[\w-]+|[0-9]{4} [0-9]{4}|5555555555554444", all_planted))
        equal("planted words", len(words) >= planted - 4, True)
        words.add((5555555555554444).to_bytes(7, "little"))
        # What is read byte by byte, in every tail, and the key that is made.
        words |= {"ndl-k7xq9w"[at:] for at in range(6)} | {"ndl-base", "ndl-salt", "ndl-query"}
        words.add(hashlib.sha256(b"ndl-basendl-salt").digest())
        found = [word for word in words if (word.encode() if isinstance(word, str) else word) in told]
        equal("secrets that are told", found, [])
        # What asked is over; of a function that had no room every result is hidden.
        equal("calls that asked and are open", re.findall(r"asked: (%{.*?})", asked), ["%{}"])
        equal("without room", re.findall(r"asked_always: (%{.*?})", asked)[0].count("Secretive"), 1)
        hays = ["hay-count", "hay-secretary", "hay-after-raise", "hay-after-death", "hay-count-of", "hay-kept", "hay-host"]
        for hay in [*hays, "[REDACTED]"]:
            equal(hay, hay.encode() in told, True)
        hidden = int(re.search(r"redacted: (\d+)", said)[1])
        equal("counted", hidden >= planted, True)
    print(f"secrets: none of {planted} told, {hidden} values hidden and counted")


def slow_calls():
    """Only calls that take long, or raise; the others are counted."""
    for level in ["calls", "all"]:
        with Server("--listen", "127.0.0.1:0") as server, Node() as node:
            start(node, server, f"[level: :{level}, slower_than: 50, processes: :new]", "[Pace]")
            evaluate(node, "Task.await(Task.async(fn -> Pace.all(20); Pace.fails(3) end)); :ok")
            said = stop(node, server)
            told = {(event["function"], event["event_type"]) for event in everything(server) if event.get("module") == "Pace"}
            entered = {function for function, kind in told if kind == "function_entry"}
            equal(f"{level}: told calls", entered, {"all", "one", "slow", "raised"})
            filtered = int(re.search(r"filtered: (\d+)", said)[1])
            # 19 times one and quick, quick in slow; fails, caught and quick.
            equal(f"{level}: filtered", filtered, 42)
        # Within a call that does not return: as soon as that is slow itself, and the rest when tracing ends.
        with Server("--listen", "127.0.0.1:0") as server, Node() as node:
            start(node, server, f"[level: :{level}, slower_than: 50, processes: :new]", "[Pace]")
            evaluate(node, "p = spawn(Pace, :serve, []); :persistent_term.put(:pace, p); send(p, :quick); send(p, {:slow, 1}); :ok")
            wait_for(f"{level}: a slow call", lambda: server.count(function="slow", event_type="function_entry"))
            equal(f"{level}: the call around it", server.count(function="serve", event_type="function_entry") > 0, True)
            equal(f"{level}: a quick call", server.count(function="quick", event_type="function_entry"), 0)
            stop(node, server)
    print("slow_calls: those of 60 ms and those that raised")


def ring():
    """Nothing is sent until something happens."""
    with Server("--listen", "127.0.0.1:0") as server, Node() as node:
        start(node, server, "[ring: 4, processes: :new]", "[Pace]")
        evaluate(node, "Task.await(Task.async(fn -> Pace.fails(3) end)); :ok")
        wait_for("the ring", lambda: "in_ring" in evaluate(node, "Scope.status()"))
        equal("sent before", server.count(module="Pace"), 0)
        evaluate(node, "{p, m} = spawn_monitor(fn -> Pace.dies(4) end); receive do: ({:DOWN, ^m, _, ^p, _} -> :ok)")
        wait_for("the crash", lambda: server.count(function="dies"))
        equal("what led to it", server.count(function="fails", event_type="function_entry"), 1)
        evaluate(node, "Task.await(Task.async(fn -> Pace.fails(3) end)); Scope.dump()")
        wait_for("what was asked for", lambda: server.count(function="fails", event_type="function_entry") == 2)
        evaluate(node, "Task.await(Task.async(fn -> Pace.fails(3) end)); :ok")
        said = stop(node, server)
        equal("not sent at the end", server.count(function="fails", event_type="function_entry"), 2)
        equal("and counted", int(re.search(r"filtered: (\d+)", said)[1]) > 0, True)
    # What was written over before it was sent is a gap, and both sides count it alike.
    with Server("--listen", "127.0.0.1:0") as server, Node() as node:
        start(node, server, "[ring: 1, processes: :new, max_memory: :infinity, max_rate: 1_000_000]")
        node.ask("work 4000")
        evaluate(node, "Scope.dump()")
        said = stop(node, server)
        dropped = int(re.search(r"dropped: (\d+)", said)[1])
        equal("written over", dropped > 0, True)
        equal("told as dropped", server.source()["dropped"], dropped)
    print("ring: sent on a crash and when asked for, what it lost is counted")


def loaded_anew():
    """Code that is loaded again is traced again, and that is told."""
    with Server("--listen", "127.0.0.1:0") as server, Node() as node:
        evaluate(node, "Code.compile_string(\"defmodule Fresh do; def f(x), do: x; end\"); :ok")
        # The sampler looks at code as well.
        port = server.port()
        equal("start", evaluate(node, f"Scope.start(modules: [Fresh], to: {port}, sample_ms: 50, processes: :new)"), ":ok")
        evaluate(node, "Task.await(Task.async(fn -> Fresh.f(1) end))")
        evaluate(node, "Code.compile_string(\"defmodule Fresh do; def f(x), do: x + 1; end\"); :ok")
        wait_for("the note", lambda: server.count(event_type="capture_note"))
        evaluate(node, "Task.await(Task.async(fn -> Fresh.f(1) end))")
        stop(node, server)
        equal("calls", server.count(module="Fresh", event_type="function_entry"), 2)
    print("loaded_anew: traced on")


def chosen():
    """Modules and processes by what they belong to."""
    with Node() as node:
        for modules, wanted in [('["Shop.*"]', "{:ok, [{Shop.Till, :_, :_}]}"), ('["No.*"]', "no module is named like No.*"),
                                ("[{:app, :no_app}]", "which is not loaded here"), ("[:nothing]", "cannot be loaded")]:
            said = evaluate(node, f"with {{:ok, o}} <- Scope.Options.check(modules: {modules}, to: 1), do: {{:ok, o.modules}}")
            equal(modules, wanted in said, True)
        of_app = evaluate(node, "{:ok, o} = Scope.Options.check(modules: [{:app, :logger}], to: 1); length(o.modules) > 5")
        equal("an application's modules", of_app, "true")
        below = evaluate(node, "{:ok, s} = Supervisor.start_link([{Agent, fn -> 1 end}], strategy: :one_for_one); "
                               "{:ok, o} = Scope.Options.check(modules: [], to: 1, processes: [{:supervisor, s}]); "
                               "[{_, a, _, _}] = Supervisor.which_children(s); Enum.sort(o.processes) == Enum.sort([s, a])")
        equal("a supervisor and its children", below, "true")
        agents = evaluate(node, "{:ok, v} = Vault.start(1); {:ok, o} = Scope.Options.check(modules: [], to: 1, "
                                "processes: [{:initial_call, Vault}]); o.processes == [v]")
        equal("by initial call", agents, "true")
    print("chosen: modules by application and name, processes by supervisor and initial call")


CHECKS = [levels, memory, secrets, slow_calls, ring, loaded_anew, chosen]

if __name__ == "__main__":
    main(sys.argv[1:], CHECKS)
