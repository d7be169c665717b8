"""Programs of tests/beam/real/programs: what the product answers, against what they print the node says.

    SERVER=... PYTHONPATH=tests/beam python3 tests/beam/real/programs.py [behaviours|loops|ends|bigstate]
"""

import os
import pathlib
import re
import statistics
import sys
import time

from answers import findings, tokens
from harness import BEAM, PREFIX, Process, Server, Wrong, each, ended, equal, wait_for

SCOPE = BEAM.parents[1] / "examples/beam/scope.exs"
PROGRAMS = pathlib.Path(__file__).resolve().parent / "programs"
ENTRIES, CASTS, SECONDS = 3000, 400, 14
GROWTH = 150_000_000


def run(program, *arguments):
    """What it says of the node: pairs of a word and numbers or texts, in order; and how long it ran."""
    started = time.monotonic()
    told = []
    with Process(*PREFIX, "/usr/bin/env", f"SCOPE={SCOPE}", "elixir", str(PROGRAMS / program), *map(str, arguments)) as child:
        for line in child.child.stdout:
            if line.startswith("> "):
                word = line[2:].split()[0]
                told.append((word, dict(re.findall(r"(\w+)=(\S+)", line))))
        if child.child.wait(60):
            raise Wrong(f"{program}: {child.said()[-2000:]}")
    return told, time.monotonic() - started


def recorded(server, program):
    """Its lines by their first word, once everything it traced is in the store."""
    told, _ = run(program, server.port())
    ends = sum(word == "stopped" for word, _ in told)
    wait_for("the goodbye", lambda: server.count(event_type="capture_end") == ends)
    lines = {}
    for word, values in told:
        lines.setdefault(word, []).append(values | {"capture": len(lines.get("stopped", []))})
        if word in ["handler", "manager"]:
            lines.setdefault("handlers", []).append((word, values))
    return lines


def story(server, pid):
    return server.text("explain", target=pid, max_tokens=4000)


def claims_no_mailbox(server, pid, waiting):
    """The node says how many wait; the product says the same or does not know."""
    texts = [story(server, pid), *findings(server, "mailbox_growth"), *findings(server, "dead_letter")]
    for text in texts:
        for count in re.findall(r"(\d+) unhandled messages? in the mailbox of " + re.escape(pid), text):
            equal(f"unhandled messages of {pid}", int(count), waiting)
        if pid in text and re.search(r"\b0 were handled", text):
            raise Wrong(f"{pid}: 0 were handled: {text}")
    told = server.call("mailbox", pid=pid)["facts"].get("still_waiting")
    if told not in (None, "", "unknown"):
        equal(f"still waiting in the mailbox of {pid}", int(told), waiting)


def state_is(server, who, wanted, known=True, **at):
    """The state as tokens; unknown is no wrong answer where it need not be known."""
    try:
        told = server.call("state_at", pid=who, **at)
    except Wrong as wrong:
        if known:
            raise
        if "not known" not in str(wrong) and "unknown" not in str(wrong):
            raise
        return
    lines = next((section["lines"] for section in told["sections"] if section["name"] == "value"), [])
    # A short one stands in the answer alone.
    value = "".join(lines) or "".join(re.findall(r"^(?:(?! is unknown).)*? was (.*)", told["answer"]))
    if known or value:
        equal(f"the state of {who} ({told['answer']})", tokens(value), wanted)


def restarted(server, line):
    text = story(server, line["crashed"])
    equal(f"{line['crashed']} restarted as {line['restarted']}: {text}", f"restarted as {line['restarted']}" in text, True)


def only_crashes(server, pids):
    """As many crashes are told as there were, of these processes."""
    sections = server.call("find_anomalies", kinds=["crash"], max_tokens=20_000).get("sections", [])
    told = [section["values"]["figures"] for section in sections]
    count = sum(crash["processes"] for crash in told)
    named = {crash["process"]["pid"] for crash in told}
    equal(f"crashes: {told}", (count, named - set(pids)), (len(pids), set()))


def behaviours():
    with Server("--listen", "127.0.0.1:0") as server:
        lines = recorded(server, "behaviours.exs")
        crashed = [line["crashed"] for line in lines["restart"]]
        behaving, counter, untraced = lines["behaving"][0], lines["counter"][0], lines["untraced"][0]
        first_end = min(event["timestamp"] for event in server.seen(event_type="capture_end"))
        checks = [lambda line=line: restarted(server, line) for line in lines["restart"]]
        checks += [lambda line=line: state_is(server, f":{line['name']}", [line["state"], "flips", line["flips"]], at=first_end) for line in lines["statem"]]
        checks += [
            lambda: only_crashes(server, crashed),
            lambda: claims_no_mailbox(server, behaving["pid"], int(behaving["waiting"])),
            lambda: claims_no_mailbox(server, untraced["pid"], int(untraced["waiting"])),
            lambda: state_is(server, counter["pid"], [counter["state"]], at=first_end),
            lambda: state_is(server, counter["pid"], [untraced["state"]], known=False),
        ]
        each(checks)
    print(f"behaviours: {len(crashed)} restart by name, {len(lines['statem'])} state machines and a counter as sys:get_state says, "
          f"no mailbox invented, {sum(int(line['events']) for line in lines['stopped'])} events")


def handlers_are(server, pid, wanted, **at):
    """The handlers of an event manager, each with its own state; in any order, their ids are not recorded."""
    told = server.call("state_at", pid=pid, **at)
    lines = next((section["lines"] for section in told["sections"] if section["name"] == "handlers"), [])
    got = sorted(re.sub(r"^(\w+)(?: #\d+)? was ", r"\1 ", line) for line in lines)
    equal(f"handlers of {pid} ({told['answer']})", [tokens(line) for line in got], [tokens(line) for line in sorted(wanted)])


def no_state(server, pid):
    """Nothing is told of a state that no traced callback has."""
    try:
        told = server.call("state_at", pid=pid)
    except Wrong as wrong:
        if "not known" in str(wrong) or "nothing is known" in str(wrong) or "not recorded" in str(wrong):
            return
        raise
    equal(f"the state of {pid}", "unknown" in told["answer"], True)


def loops():
    with Server("--listen", "127.0.0.1:0", "--redact", "none") as server:
        lines = recorded(server, "loops.exs")
        ends = sorted(event["timestamp"] for event in server.seen(event_type="capture_end"))
        checks = []
        for line in lines["state"]:
            path = {"path": line["path"]} if "path" in line else {}
            wanted = tokens(line["is"].replace("~", " "))
            checks.append(lambda line=line, path=path, wanted=wanted: state_is(server, line["pid"], wanted, at=ends[line["capture"]], **path))
            checks.append(lambda line=line: claims_no_mailbox(server, line["pid"], int(line["waiting"])))
        wanted = []
        for word, line in lines["handlers"]:
            if word == "handler":
                wanted.append(f"{line['of']} {line['is'].replace('~', ' ')}")
                continue
            checks.append(lambda line=line, wanted=wanted: handlers_are(server, line["pid"], wanted, at=int(line["at"])))
            checks.append(lambda line=line: claims_no_mailbox(server, line["pid"], 0))
            wanted = []
        checks += [lambda line=line: no_state(server, line["pid"]) for line in [*lines["untold"], *lines["unknown"]]]
        # What only has the name of a callback handles nothing.
        for line in lines["untold"]:
            checks.append(lambda pid=line["pid"]: equal(f"handled by {pid}: {story(server, pid)}", "handled" in story(server, pid), False))
        each(checks)
    print(f"loops: {len(lines['state'])} states and the handlers of a manager at {len(lines['manager'])} times as sys:get_state says, "
          f"{len(lines['untold']) + len(lines['unknown'])} unknown")


def ends():
    with Server("--listen", "127.0.0.1:0") as server:
        lines = recorded(server, "ends.exs")
        crashed = [line["crashed"] for line in lines["restart"]]
        checks = [lambda line=line: restarted(server, line) for line in lines["restart"]]
        checks.append(lambda: only_crashes(server, crashed))
        for line in lines["temporary"]:
            pid = line["pid"]
            checks.append(lambda pid=pid: equal(f"{pid} is temporary: {story(server, pid)}", "restarted as <" in story(server, pid), False))
        for line in lines["child"]:
            pid, parent = line["pid"], line["parent"]
            checks.append(lambda pid=pid, parent=parent: equal(f"the parent of {pid}", server.count(pid=pid, role="child", event_type="process_spawn") and [
                event["data"]["parent_pid"] for event in server.seen(pid=pid, role="child", event_type="process_spawn")], [parent]))
        for line in lines["killed"]:
            text = story(server, line["pid"])
            checks.append(lambda text=text, by=line["by"]: equal(f"who killed it: {text}", by in text or "not recorded" in text, True))
        each(checks)
    print(f"ends: {len(crashed)} restarts, {len(lines['temporary'])} temporary ends, {len(lines['child'])} parents, 1 kill, no crash of a remote call, "
          f"{lines['stopped'][0]['events']} events")


def bigstate():
    """Memory at each second, and its work and its whole time, with and without tracing in turns."""
    worked, took = {False: [], True: []}, {False: [], True: []}
    rounds = [(False, 3), (True, SECONDS), (False, 3), (True, 3)]
    highest = 0
    for traced, seconds in rounds:
        with Server("--listen", "127.0.0.1:0") as server:
            told, lasted = run("bigstate.exs", server.port() if traced else "none", ENTRIES, CASTS, seconds)
            took[traced].append(lasted / seconds)
            for _, line in told[:seconds]:
                worked[traced].append(int(line["worked_us"]))
                if traced:
                    highest = max(highest, int(line["grown"]))
            if traced:
                end = told[-1][1]
                pid, waiting = told[-2][1]["pid"], int(told[-2][1]["waiting"])
                wait_for("the goodbye", lambda: server.count(event_type="capture_end"))
                claims_no_mailbox(server, pid, waiting)
                equal("casts handled", server.count(module="Store", function="handle_cast", event_type="function_entry") + int(end["dropped"]) >= CASTS * seconds, True)
                if end["reason"] != "stopped":
                    equal("why it stopped is told", end["reason"] in server.text("capture_status") + server.text("overview"), True)
    if highest > GROWTH:
        raise Wrong(f"bigstate: the node grew by {highest // 1_000_000} MB")
    own = {traced: statistics.median(times) for traced, times in worked.items()}
    # Handling must keep pace: the program's own pace is a burst of casts a second.
    slowest = max(worked[True]) / 1e6
    if slowest > 1:
        raise Wrong(f"bigstate: {CASTS} casts took {slowest:.1f} s while traced")
    print(f"bigstate: the node grew by {highest / 1e6:.0f} MB at most; {CASTS} casts took {own[False] / 1000:.1f} ms of each second without "
          f"and {own[True] / 1000:.1f} ms with tracing; {waiting} waiting at the end, {end['events']} events, {end['dropped']} dropped")


CHECKS = [behaviours, loops, ends, bigstate]

if __name__ == "__main__":
    ended("programs", lambda: each([check for check in CHECKS if not sys.argv[1:] or check.__name__ in sys.argv[1:]]))
