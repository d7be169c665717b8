"""Files of other tools, as generated, against what the server says of them: spans, parents, times, durations, attributes.

SERVER names the program, SEEDS how many random traces are written (default 3).
"""

import collections
import json
import os
import re
import subprocess
import sys
import tempfile

import model
import others
import otlp

SERVER = os.environ["SERVER"]
HELLO = [
    {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "foreign", "version": "1"}}},
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
]


def ask(path, calls):
    messages = HELLO + [
        {"jsonrpc": "2.0", "id": at, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
        for at, (name, arguments) in enumerate(calls, 1)]
    ran = subprocess.run([SERVER, "--import", path], input="".join(json.dumps(one) + "\n" for one in messages),
                         capture_output=True, text=True)
    replies = {reply.get("id"): reply for reply in map(json.loads, ran.stdout.splitlines())}
    if not replies:
        raise AssertionError(f"not served: {ran.stderr}")
    return [replies[at]["result"]["structuredContent"] for at in range(1, len(calls) + 1)], ran


def events(path, event_types):
    """Every event of these types, whole."""
    arguments = {"event_type": event_types, "limit": 10_000, "max_tokens": 400_000}
    (page,), _ = ask(path, [("query_events", arguments)])
    assert page["returned"] == page["total_matched"], page["total_matched"]
    at = page["columns"].index("event_id") if "event_id" in page["columns"] else None
    ids = [row[at] for row in page["rows"]] if at is not None else [page["constants"]["event_id"]] * page["returned"]
    found, ran = ask(path, [("get_event_by_id", {"event_id": one}) for one in ids])
    return [one.get("event", one) for one in found], ran


def same(what, got, expected):
    if got != expected:
        missing, more = expected - got, got - expected
        raise AssertionError(f"{what}: missing {list(missing.elements())[:3]}, too many {list(more.elements())[:3]}")


def frozen(value):
    return json.dumps(value, sort_keys=True)


def failures(spans):
    """Failed spans of which no part failed: each is told once."""
    def failed(span):
        return span["is_error"] or any(name == "exception" for _, name in span["events"])

    handed_on = {(span["trace"], span["parent"]) for span in spans if failed(span)}
    return sum(failed(span) and (span["trace"], span["id"]) not in handed_on for span in spans)


def check_spans(what, path, spans, attributes):
    found, _ = events(path, ["span"])
    same(f"{what}: spans", collections.Counter(
        (one["correlation_id"], one["call_id"], one.get("parent_id"), one["timestamp"], one["duration_ns"], one["pid"],
         one["data"]["name"], frozen(one["data"].get("attributes", {})))
        for one in found), collections.Counter(
        (span["trace"], span["id"], span["parent"], span["start"], span["duration"], span["service"], span["name"],
         frozen(attributes(span))) for span in spans))
    inner, _ = events(path, ["span_event", "exception"]) if any(span["events"] for span in spans) else ([], None)
    same(f"{what}: events in spans", collections.Counter(
        (one["correlation_id"], one["parent_id"], one["timestamp"], one["data"]["name"]) for one in inner),
        collections.Counter((span["trace"], span["id"], at, name) for span in spans for at, name in span["events"]))
    (overview,), _ = ask(path, [("overview", {})])
    told = re.search(r"(\d+) exceptions?\b", overview["answer"])
    assert int(told[1] if told else 0) == failures(spans), f"{overview['answer']}: {failures(spans)} failed"


def check_calls(what, path, calls):
    """Chrome's: by the numbers in their arguments."""
    begun, _ = events(path, ["span", "span_begin", "async_begin"])
    by_event = {one["call_id"]: one["data"]["args"]["own"] for one in begun}
    ended, _ = events(path, ["span_end", "async_end"]) if any("duration_ns" not in one for one in begun) else ([], 0)
    durations = {by_event[one["call_id"]]: one["duration_ns"] for one in begun + ended if "duration_ns" in one}
    is_async = any(one["event_type"] == "async_begin" for one in begun)
    got = collections.Counter(
        (one["data"]["args"]["own"], by_event.get(one.get("parent_id")), one["timestamp"],
         durations.get(one["data"]["args"]["own"]), one["pid"], one["data"]["name"]) for one in begun)
    same(what, got, collections.Counter(
        (call["id"], None if is_async else call["parent"], call["start"] * 1000, call["duration"] * 1000,
         f"thread {call['thread']}", call["name"]) for call in calls))


def jaeger_attributes(span):
    return {field["key"]: field["value"] for field in others.jaeger_span(span)["tags"]}


def files(seed):
    rng, spans = model.random_spans(seed)
    for name, written in otlp.files(rng, spans):
        yield name, written, lambda what, path: check_spans(what, path, spans, lambda span: span["attributes"])
    for name, written in others.jaeger(rng, spans):
        yield name, written, lambda what, path: check_spans(what, path, spans, jaeger_attributes)
    for name, written in others.zipkin(rng, spans):
        yield name, written, lambda what, path: check_spans(
            what, path, spans, lambda span: others.zipkin_span(span)["tags"])
    calls = others.chrome_threads(rng)
    for name, written in others.chrome(rng, calls):
        yield name, written, lambda what, path: check_calls(what, path, calls)


def main():
    failed = checked = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "recording")
        for seed in range(int(os.environ.get("SEEDS", "3"))):
            for name, written, check in files(seed):
                with open(path, "wb") as file:
                    file.write(written)
                checked += 1
                try:
                    check(f"{name}, seed {seed}", path)
                except Exception as error:  # noqa: BLE001: each shape is told
                    failed += 1
                    print(f"{name}, seed {seed}: {type(error).__name__}: {str(error)[:600]}", file=sys.stderr)
    print(f"{checked} files of other tools, {failed} read wrong")
    sys.exit(1 if failed else 0)


main()
