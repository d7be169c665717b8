"""Do the programs of tests/beam/reports, recorded anew on this machine and this Erlang, get the answers tests/reports.rs
expects of the recordings that are kept?

    SERVER=target/release/elixir-scope-storage python3 tests/beam/reports.py [PROGRAM...]
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
SERVER = os.environ["SERVER"]
# Only catches what hangs.
DEADLINE = 120
# Of each program: kinds of findings that must be there and are all, the target of explain, and what its first sentence
# must say (or its text, after "text:").
EXPECTED = {
    "false_mailbox": ([], "Shop", [r"handled 100 messages\.$"]),
    "client_shutdown": ([], "Store", [r"handled 5 messages\.$"]),
    "killed_caller": ([], "Slow", [r"handled 1 message\.$"]),
    "stuck": (["never_answered"], "client", [r"waiting for Mute <.*> to answer :ask, for 2\.\d*s to the end"]),
    "noproc": (["crash"], "last_crash", [r"Desk was not there\.$", r"text:had ended at .*: :normal"]),
    "no_clause": (["crash"], "last_crash", [r"because no clause of Shelf\.handle_info/2 took {:take, 3}; it had taken none like it before\.$"]),
    "task_pileup": (["crash", "dead_letter"], "last_crash", [r"no clause of Api\.handle_info/2 took {:DOWN, "]),
    "busy_before": (["call_timeout", "late_reply"], "last_crash", [r"call timeout: Mill had not answered"]),
    "self_stop": (["crash"], "last_crash", [r"RuntimeError \"done\"", r"text:\nLoop\.run\(0\) raised"]),
    "start_deadlock": (["deadlock", "call_timeout"], "Boss", [r"Boss <.*> and <.*> \(Kid\) wait for each other"]),
    "stop_circle": (["deadlock", "call_timeout"], "Topology", [r"because it waited for "]),
    "stop_circle_fixed": ([], "Topology", [r"^Topology <.*> \(Topology\): "]),
    "linked_in_call": (["crash"], "last_crash", [r"FunctionClauseError", r"text:\nSocket\.decode\("]),
    "awaited_task": (["crash"], "last_crash", [r"KeyError", r"text:\nGeo\.locate\("]),
    "15_nested_start_buggy": (["deadlock"], "Desk", [r"Desk <.*> and <.*> \(Talk\) wait for each other"]),
    "15_nested_start_fixed": ([], "Desk", [r"Desk <.*> \(DynamicSupervisor\): "]),
    "24_no_clause_buggy": (["crash"], "last_crash", [r"no clause of Gossip\.handle_info/2", r"text:it is the result of a task that this process had started"]),
    "storm_shutdown": (["supervisor_gave_up"], "Kid", [r"the last of 4 processes of this name: ended with {:shutdown, :idle}"]),
    "20_normal_ends_buggy": (["supervisor_gave_up", "crash"], ":vip", [r"ended with :shutdown", r"text:its supervisor: Lounge <.*> gave up: it had to start children again for the 4th time"]),
    "20_normal_ends_fixed": ([], "Lounge", [r"^Lounge <.*> \(DynamicSupervisor\): "]),
    "gave_up_mixed": (["supervisor_gave_up", "crash"], "Clerk", [r"ended with :shutdown", r"text:its supervisor: Plant <.*> gave up: it had to start children again for the 3rd time"]),
    "gave_up_mixed_fixed": (["crash"], "Plant", [r"ended with :shutdown", r"text:asked it to stop"]),
    "18_no_backoff_buggy": (["hot_loop"], "Feed", [r"^Feed <.*> \(Feed\): "]),
    "18_no_backoff_fixed": ([], "Feed", [r"^Feed <.*> \(Feed\): "]),
    "hot_retry": (["hot_loop", "repeated_exception"], "Lift", [r"^Lift <.*> \(Lift\): "]),
    "hot_retry_fixed": ([], "Lift", [r"^Lift <.*> \(Lift\): "]),
    "05_double_subscription_buggy": (["delivered_twice"], "Hub", [r"^Hub <.*> \(Hub\): "]),
    "05_double_subscription_fixed": ([], "Hub", [r"^Hub <.*> \(Hub\): "]),
    "twice_listed": (["delivered_twice"], "Bell", [r"^Bell <.*> \(Bell\): "]),
    "twice_listed_fixed": ([], "Bell", [r"^Bell <.*> \(Bell\): "]),
    "09_demand_lost_buggy": (["unmet_demand"], "Sieve", [r"^Sieve <.*> \(Sieve\): "]),
    "09_demand_lost_fixed": ([], "Sieve", [r"^Sieve <.*> \(Sieve\): "]),
    "short_orders": (["unmet_demand"], "Sorter", [r"^Sorter <.*> \(Sorter\): "]),
    "short_orders_fixed": ([], "Sorter", [r"^Sorter <.*> \(Sorter\): "]),
    "23_ignored_message_buggy": (["ignored_message"], "Stock", [r"handled 41 messages\.$"]),
    "23_ignored_message_fixed": ([], "Stock", [r"handled 41 messages\.$"]),
    "wrong_shape": (["ignored_message"], "Depot", [r"handled 25 messages\.$"]),
    "wrong_shape_fixed": ([], "Depot", [r"^Depot <.*> \(Depot\): "]),
    "03_no_terminate_buggy": (["terminate_skipped"], "Seats", [r"^Seats <.*> \(Seats\): "]),
    "03_no_terminate_fixed": ([], "Seats", [r"^Seats <.*> \(Seats\): "]),
    "lent_tools": (["terminate_skipped"], "Shed", [r"^Shed <.*> \(Shed\): "]),
    "lent_tools_fixed": ([], "Shed", [r"^Shed <.*> \(Shed\): "]),
    "08_stampede_buggy": (["stampede"], "Shelf", [r"^Shelf <.*> \(Shelf\): "]),
    "08_stampede_fixed": ([], "Shelf", [r"^Shelf <.*> \(Shelf\): "]),
    "ets_stampede": (["stampede"], "last_crash", [r"nothing crashed"]),
    "01_monitor_leak_buggy": (["monitor_leak"], "Roster", [r"^Roster <.*> \(Roster\): "]),
    "01_monitor_leak_fixed": ([], "Roster", [r"^Roster <.*> \(Roster\): "]),
    "joined_again": (["monitor_leak"], "Board", [r"^Board <.*> \(Board\): "]),
    "joined_again_fixed": ([], "Board", [r"^Board <.*> \(Board\): "]),
    "07_busy_in_pool_buggy": (["call_timeout"], "last_crash", [r"call timeout", r"text:the callee was at work on {:job, 600} for <.*> \(fn in Main\), which was killed", r"text:Crew <.*> put it into free all the same, in Crew\.handle_info/2"]),
    "07_busy_in_pool_fixed": ([], "Crew", [r"^Crew <.*> \(Crew\): "]),
    "12_stale_timer_buggy": (["crash"], "last_crash", [r"because timers was %{}\.$", r"text:by :step_down in Captain\.handle_cast/2"]),
    "12_stale_timer_fixed": ([], "Captain", [r"^Captain <.*> \(Captain\): "]),
    "double_reply": (["second_reply"], "Prices", [r"^Prices <.*> \(Prices\): "]),
    "double_reply_fixed": ([], "Prices", [r"^Prices <.*> \(Prices\): "]),
    "answered_by_two": (["second_reply"], "Desk", [r"^Desk <.*> \(Desk\): "]),
    "answered_by_two_fixed": ([], "Desk", [r"^Desk <.*> \(Desk\): "]),
    "stale_answer": (["mistaken_reply"], "last_crash", [r"nothing crashed"]),
    "stale_answer_fixed": ([], "last_crash", [r"nothing crashed"]),
    "late_quote": (["mistaken_reply"], "Quotes", [r"^Quotes <.*> \(Quotes\): "]),
    "late_quote_fixed": ([], "Quotes", [r"^Quotes <.*> \(Quotes\): "]),
    "debounce": (["starved_timeout"], "Audit", [r"^Audit <.*> \(Audit\): "]),
    "debounce_fixed": ([], "Audit", [r"^Audit <.*> \(Audit\): "]),
    "idle_flush": (["starved_timeout"], "Meter", [r"^Meter <.*> \(Meter\): "]),
    "idle_flush_fixed": ([], "Meter", [r"^Meter <.*> \(Meter\): "]),
    "lost_readers": (["lost_at_restart", "crash"], "ann", [r"^:ann <.*> \(Reader\): "]),
    "lost_readers_fixed": (["crash"], "ann", [r"^:ann <.*> \(Reader\): "]),
    "lost_lamps": (["lost_at_restart", "crash"], "last_crash", [r"KeyError"]),
    "lost_lamps_fixed": (["crash"], "last_crash", [r"KeyError"]),
    "orphan_poller": (["orphan", "crash"], "Board", [r"^Board <.*> \(Board\): "]),
    "orphan_poller_fixed": (["crash"], "Board", [r"^Board <.*> \(Board\): "]),
    "orphan_clock": (["orphan", "crash"], "orchestra", [r"^:orchestra <.*>"]),
    "orphan_clock_fixed": (["crash"], "orchestra", [r"^:orchestra <.*>"]),
    "pool_leak": (["not_given_back", "repeated_exception"], "Pool", [r"^Pool <.*> \(Pool\): "]),
    "pool_leak_fixed": (["repeated_exception"], "Pool", [r"^Pool <.*> \(Pool\): "]),
    "lock_kept": (["not_given_back", "crash"], "Locks", [r"^Locks <.*> \(Locks\): "]),
    "lock_kept_fixed": (["crash"], "Locks", [r"^Locks <.*> \(Locks\): "]),
    "table_gone": (["crash"], "last_crash", [r"because there was no table :rates\.$", r"text:Rates\.rate/1 last went well at .* in <.*> \(Task\), which ended at .*: :normal"]),
    "table_gone_fixed": ([], "Till", [r"^Till <.*> \(Till\): "]),
    "table_owner": (["crash"], "Web", [r"because there was no table :sessions\.$", r"text:ended since then: Sessions <"]),
    "table_owner_fixed": ([], "Web", [r"^Web <.*> \(Web\): "]),
    "ets_stampede_fixed": ([], "Pages", [r"^Pages <.*> \(Pages\): "]),
    "overtaken": (["overtaken"], "Board", [r"^Board <.*> \(Board\): "]),
    "overtaken_fixed": ([], "Board", [r"^Board <.*> \(Board\): "]),
    "overtaken_rooms": (["overtaken"], ":attic", [r"^:?attic <.*> \(Room\): "]),
    "overtaken_meant": ([], "Shelf", [r"^Shelf <.*> \(Shelf\): "]),
    "overlapping_runs": (["overlapping_runs"], "Scheduler", [r"^Scheduler <.*> \(Scheduler\): "]),
    "overlapping_runs_fixed": ([], "Scheduler", [r"^Scheduler <.*> \(Scheduler\): "]),
    "overlapping_sweep": (["overlapping_runs"], "Cache", [r"^Cache <.*> \(Cache\): "]),
    "overlapping_meant": ([], "Web", [r"^Web <.*> \(Web\): "]),
    "lost_ets": (["lost_update"], "last_crash", [r"nothing crashed"]),
    "lost_ets_fixed": ([], "last_crash", [r"nothing crashed"]),
    "lost_stock": (["lost_update"], "last_crash", [r"nothing crashed"]),
    "lost_stock_fixed": ([], "last_crash", [r"nothing crashed"]),
    "lost_agent": (["lost_update"], "Purse", [r"^Purse <.*>", r"text:at least 1\d updates of the state of Purse <.*> were lost"]),
    "lost_agent_fixed": ([], "Purse", [r"^Purse <.*>"]),
    "lost_basket": (["lost_update"], "Basket", [r"^Basket <.*>", r"text:at `apple` were lost"]),
    "lost_basket_fixed": ([], "Basket", [r"^Basket <.*>"]),
}
# What a slow machine may add.
ALLOWED = {"overlapping_sweep": {"mailbox_growth"}, "client_shutdown": {"late_reply"}, "killed_caller": {"late_reply"}}


def asked(recording, target):
    calls = [("find_anomalies", {"max_tokens": 10_000}), ("explain", {"target": target})]
    lines = [
        json.dumps({"jsonrpc": "2.0", "id": at, "method": "tools/call", "params": {"name": name, "arguments": arguments}})
        for at, (name, arguments) in enumerate(calls)
    ]
    command = [SERVER, "--script", "--import", str(recording)]
    ran = subprocess.run(
        command, input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=DEADLINE, check=True
    )
    replies = {reply["id"]: reply["result"] for reply in map(json.loads, ran.stdout.splitlines())}
    kinds = {section["name"] for section in replies[0]["structuredContent"].get("sections", [])}
    return kinds, replies[1]["content"][0]["text"]


def wrong(name, recording):
    kinds, target, patterns = EXPECTED[name]
    found, text = asked(recording, target)
    problems = [f"not found: {kind}" for kind in kinds if kind not in found]
    problems += [f"found: {kind}" for kind in found - set(kinds) - ALLOWED.get(name, set())]
    head = text.splitlines()[0]
    for pattern in patterns:
        where, pattern = (text, pattern[5:]) if pattern.startswith("text:") else (head, pattern)
        if not re.search(pattern, where):
            problems.append(f"not said: {pattern}\n{text}")
    return problems


def main(names):
    unknown = [name for name in names if name not in EXPECTED]
    if unknown:
        sys.exit(f"no program {unknown[0]}; there are {', '.join(EXPECTED)}")
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in names or EXPECTED:
            recording = pathlib.Path(folder) / f"{name}.trace"
            command = ["elixir", HERE / "record.exs", HERE / "reports" / f"{name}.exs", recording]
            subprocess.run(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=DEADLINE, check=True
            )
            problems = wrong(name, recording)
            print(f"{name}: {'WRONG' if problems else 'ok'}")
            for problem in problems:
                print(f"  {problem}")
            bad += bool(problems)
    if bad:
        sys.exit(f"{bad} of {len(names or EXPECTED)} programs")


if __name__ == "__main__":
    main(sys.argv[1:])
