"""Do recordings made anew, on this machine and this Erlang, show what is wrong in the programs?

    SERVER=target/release/elixir-scope-storage python3 tests/beam/findings.py [PROGRAM...]

Records every program of tests/beam/programs (tests/beam/record) and asks find_anomalies about each: the bug must be
named, and the repaired program must not be accused of it.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
SERVER = os.environ["SERVER"]
# Only catches what hangs.
DEADLINE = 120
KINDS = {
    "crash": ["crash"],
    "dead_letter": ["dead_letter"],
    "deadlock": ["deadlock", "call_timeout"],
    "lost_update": ["lost_update"],
    "n_plus_one": ["repeated_calls"],
    "restart_storm": ["restart_storm", "crash"],
    "slow_loop": ["mailbox_growth"],
    "slow_server": ["call_timeout", "mailbox_growth", "late_reply"],
    "slow_site": ["duration_outlier"],
    "stale_pid": ["stale_pid"],
    "state_growth": ["state_growth"],
    "swallowed": ["swallowed_exception"],
    "web_error": ["http_error"],
    "unanswered": ["never_answered", "call_timeout"],
}


def found(recording):
    call = {"name": "find_anomalies", "arguments": {"max_tokens": 10_000}}
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    command = [SERVER, "--script", "--import", str(recording)]
    ran = subprocess.run(
        command, input=json.dumps(request) + "\n", capture_output=True, text=True, timeout=DEADLINE, check=True
    )
    answer = json.loads(ran.stdout)["result"]
    return {section["name"] for section in answer["structuredContent"]["sections"]}, answer["content"][0]["text"]


def main(names):
    unknown = [name for name in names if name not in KINDS]
    if unknown:
        sys.exit(f"no program {unknown[0]}; there are {', '.join(KINDS)}")
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in names or KINDS:
            subprocess.run([HERE / "record", folder, name, f"{name}_fixed"], stdout=subprocess.DEVNULL, timeout=DEADLINE, check=True)
            kinds, text = found(pathlib.Path(folder) / f"{name}.trace.gz")
            missing = [kind for kind in KINDS[name] if kind not in kinds]
            accused, fixed_text = found(pathlib.Path(folder) / f"{name}_fixed.trace.gz")
            accused = [kind for kind in KINDS[name] if kind in accused]
            print(f"{name}: {'ok' if not missing and not accused else 'WRONG'}")
            if missing:
                print(f"  not found: {missing}\n{text}")
            if accused:
                print(f"  found in the repaired program: {accused}\n{fixed_text}")
            wrong += bool(missing or accused)
    if wrong:
        sys.exit(f"{wrong} of {len(names or KINDS)} programs")


if __name__ == "__main__":
    main(sys.argv[1:])
