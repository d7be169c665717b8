"""What does tracing cost a system of somebody else's? Rounds with and without tracing in turns, at each level.

    SERVER=target/release/elixir-scope-storage PYTHONPATH=tests/beam:tests/beam/real \\
        /usr/bin/python3 benches/beam/real.py rabbit|http|chat [ROUNDS [MESSAGES [MODULES]]]

MODULES is as in Scope.start, as Erlang: [{rabbit_channel,handle_cast}]. A round is so many messages or requests from outside of the node. Printed are medians: throughput without and with, how many
times slower, the processor time of the node for each (tracer included), events, and bytes of an event on the wire and in
the store's memory.
"""

import pathlib
import statistics
import subprocess
import sys

from harness import PREFIX, Process, Server, equal, wait_for
from nodes import Product

HERE = pathlib.Path(__file__).resolve().parent
LEVELS = ["calls", "messages", "state", "all"]


class Load(Process):
    """The other side: load.erl."""

    def __init__(self, folder, *arguments, code=()):
        subprocess.run([*PREFIX, "erlc", "-o", folder, str(HERE / "load.erl")], check=True)
        super().__init__(*PREFIX, "erl", "-noshell", "-pa", folder, *code, "-s", "load", "main", "-extra", *arguments)
        equal("load", self.answer(), "ready")

    def answer(self):
        while not (line := self.read()).startswith("> "):
            pass
        return line[2:]

    def round(self, count):
        """Microseconds."""
        self.write(str(count))
        return int(self.answer())


class Site(Product):
    kind = "site"
    modules = ["site"]
    count = 1000

    def __init__(self):
        super().__init__()
        subprocess.run([*PREFIX, "erlc", "-o", self.folder, str(HERE / "site.erl")], check=True)
        self.start("erl", "-noinput", "-sname", self.node, "-setcookie", self.cookie, "-pa", self.folder, "-s", "site", "main",
                   "-extra", str(self.port))

    def load(self):
        return Load(self.folder, "http", str(self.port))


def rabbit():
    from broker import Broker

    class Bench(Broker):
        modules = ["rabbit_channel"]
        count = 2000

        def load(self):
            code = [word for folder in sorted(pathlib.Path("/", self.sbin).parent.glob("plugins/*/ebin")) for word in ("-pa", str(folder))]
            return Load(self.folder, "amqp", f"amqp://shop:{self.password}@127.0.0.1:{self.port}/%2f", code=code)

    return Bench()


def chat():
    from messenger import Messenger

    class Bench(Messenger):
        count = 1000

        def load(self):
            return self.talk(20)

    return Bench()


SYSTEMS = {"rabbit": rabbit, "http": Site, "chat": chat}


def one_round(node, load, count):
    """Messages a second, and the node's microseconds of processor for each."""
    before = node.asker.number("element(1, erlang:statistics(runtime))")
    took = load.round(count)
    used = node.asker.number("element(1, erlang:statistics(runtime))") - before
    return count * 1e6 / took, used * 1000 / count


def level(node, load, level_, rounds, count, modules):
    options = f"[{{modules,{modules}}},{{level,{level_}}},{{to,PORT}}]"
    plain, traced = [], []
    events = sent = stored = dropped = memory = 0
    left_out = set()
    for _ in range(rounds):
        plain.append(one_round(node, load, count))
        with Server("--listen", "127.0.0.1:0") as server:
            equal("start", node.ask(f"'Elixir.Scope':start({options.replace('PORT', server.port())})"), "ok")
            traced.append(one_round(node, load, count))
            told = node.ask("begin {ok, T} = 'Elixir.Scope':stop(), "
                            "{maps:get(events, T), maps:get(sent_bytes, T), maps:get(dropped, T), maps:get(reason, T), "
                            "[maps:get(left_out, L) || L <- maps:get(left_out, T)]} end")
            numbers = told[1:-1].split(",", 4)
            if numbers[3] != "stopped":
                left_out.add(f"stopped by itself ({numbers[3]})")
            left_out |= set(numbers[4].strip("[]").split(",")) - {""}
            events, sent, dropped = events + int(numbers[0]), sent + int(numbers[1]), dropped + int(numbers[2])
            wait_for("the goodbye", lambda: server.count(event_type="capture_end"))
            stats = server.call("get_stats")
            memory, stored = memory + stats["memory"]["total_bytes"], stored + stats["total_events"]
    rate = [statistics.median(r[0] for r in rs) for rs in (plain, traced)]
    cpu = [statistics.median(r[1] for r in rs) for rs in (plain, traced)]
    slower = statistics.median(p[0] / t[0] for p, t in zip(plain, traced))
    print(f"| {level_} | {rate[0]:.0f}/s | {rate[1]:.0f}/s | {slower:.2f}x | {cpu[0]:.0f} us | {cpu[1]:.0f} us | "
          f"{events / rounds / count:.1f} | {sent // max(events, 1)} B | {memory // max(stored, 1)} B | {dropped} | {' '.join(sorted(left_out))} |", flush=True)


def main(system, rounds=7, count=None, modules=None):
    rounds = int(rounds)
    with SYSTEMS[system]() as node, node.load() as load:
        count = int(count or node.count)
        modules = modules or f"[{','.join(node.modules)}]"
        # Loads the code there; from then on it is started and stopped without compiling it again.
        with Server("--listen", "127.0.0.1:0") as server:
            code, said = node.inject("start", f"to={server.port()}", f"modules={','.join(node.modules)}", "level=calls")
            equal(f"inject: {said}", code, 0)
            load.round(count)
            node.ask("'Elixir.Scope':stop()")
        load.round(count)
        print(f"{system}: {rounds} rounds of {count}, modules {modules}")
        print("| level | without | with | slower | processor without | with | events each | on the wire | in memory | dropped | left out |")
        print("|---|---|---|---|---|---|---|---|---|---|---|")
        for one in LEVELS:
            level(node, load, one, rounds, count, modules)


if __name__ == "__main__":
    main(*sys.argv[1:])
