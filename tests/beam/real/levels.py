"""One capture of a product at one level: started by inject.exs, worked under, stopped, and compared."""

import contextlib
import re
import time

from answers import alive, crashes, gaps, mailboxes, no_time_beyond, state
from harness import Server, Wrong, each, equal, wait_for
from planted import nowhere

LEVELS = ["calls", "messages", "state", "all"]
# Bytes the node may grow by.
GROWTH = 150_000_000


def told_by(said):
    """The counters that `inject.exs stop` prints."""
    return dict(re.findall(r"(\w+): :?(\w+)", said))


def counted(product, level):
    """Calls by function, by the node's counting breakpoints. Below :all, what a module does not export is not traced."""
    of = "functions" if level == "all" else "exports"
    return {(module, function): calls for module in product.modules for function, calls in product.counted(module, of).items()}


def counts(server, level, least, most):
    """The calls in the store are as many as the node counted: between its counts just before the end and just after it."""
    wrong = {}
    for (module, function), calls in most.items():
        name, arity = function.split("/")
        got = server.count(module=f":{module}", function=name, arity=int(arity), event_type="function_entry")
        if not least.get((module, function), 0) <= got <= calls:
            wrong[f"{module}:{function}"] = (got, calls)
    equal(f"{level}: calls in the store and as the node counts them", wrong, {})
    return most


def at_level(product, level, work):
    """`work(level, undo)` loads the product and answers the pids to look at, and what it found right."""
    with Server("--listen", "127.0.0.1:0") as server, contextlib.ExitStack() as undo:
        product.ask("[erlang:garbage_collect(P) || P <- processes()]")
        product.idle()
        before = product.memory()
        product.count_calls(product.modules)
        started = time.monotonic()
        code, said = product.inject("start", f"to={server.port()}", f"modules={','.join(product.modules)}", f"level={level}")
        equal(f"inject start: {said}", code, 0)
        # A check that fails leaves nothing for the next one.
        undo.callback(product.inject, "stop")
        pids, right = work(level, undo)
        grown = product.memory() - before
        at, own = product.state(pids[0])
        lengths = [product.mailbox(pid) for pid in pids]
        least = counted(product, level)
        code, said = product.inject("stop")
        most = counted(product, level)
        lasted = time.monotonic() - started
        told = told_by(said)
        equal(f"inject stop: {said}", code, 0)
        wait_for("the goodbye", lambda: server.count(event_type="capture_end"))
        answers = alive(server, pids)
        found = {}
        each([
            lambda: equal(f"{level}: bytes the node grew by, above {GROWTH}", max(grown - GROWTH, 0), 0),
            lambda: ended_as_told(told, answers),
            lambda: gaps(server, int(told["dropped"])),
            lambda: found.update(calls=counts(server, level, least, most) if whole(told) else {}),
            lambda: crashes(server, product.log()),
            lambda: mailboxes(server, pids, lengths),
            lambda: no_time_beyond(lasted, answers),
            lambda: found.update(state=state(server, pids[0], at, own)),
            lambda: nowhere(server, product.secrets(), answers),
        ])
    calls = found["calls"]
    print(f"{product.kind} {product.version()} {level}: {told['events']} events, {told['dropped']} dropped, {sum(calls.values())} calls of "
          f"{len(calls)} functions as the node counts them, {right}, mailboxes {sum(lengths)} at the end, state {found['state']}, "
          f"node grew {grown / 1e6:.0f} MB, {told.get('redacted')} hidden, "
          f"{int(told['sent_bytes']) // max(int(told['events']), 1)} B an event, ended: {told['reason']}", flush=True)


def whole(told):
    return told["dropped"] == "0" and told["reason"] == "stopped"


def ended_as_told(told, answers):
    """One that stopped by itself says why wherever it is asked."""
    if told["reason"] != "stopped" and not any(told["reason"] in answer for answer in answers):
        raise Wrong(f"tracing stopped by itself ({told['reason']}), and no answer says so")
