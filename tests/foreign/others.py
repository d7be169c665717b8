"""Files of Jaeger, Zipkin and Chrome in every shape people have."""

import json

KINDS = {2: "server", 3: "client", 4: "producer", 5: "consumer"}


def text(value, **how):
    return json.dumps(value, ensure_ascii=False, **how).encode()


def scalars(attributes):
    """What tags can hold."""
    return {key: value for key, value in attributes.items() if not isinstance(value, (list, dict))}


def tags(attributes):
    def kind(value):
        return {bool: "bool", int: "int64", float: "float64", str: "string"}[type(value)]

    return [{"key": key, "type": kind(value), "value": value} for key, value in attributes.items()]


def jaeger_span(span, **more):
    references = []
    if span["parent"]:
        references = [{"refType": "CHILD_OF", "traceID": span["trace"], "spanID": span["parent"]}]
    attributes = dict(scalars(span["attributes"]))
    if span["kind"] in KINDS:
        attributes["span.kind"] = KINDS[span["kind"]]
    if span["is_error"]:
        attributes["error"] = True
    return {
        "traceID": span["trace"], "spanID": span["id"], "operationName": span["name"], "references": references,
        "startTime": span["start"] // 1000, "duration": span["duration"] // 1000, "tags": tags(attributes),
        "logs": [{"timestamp": at // 1000, "fields": tags({"event": name})} for at, name in span["events"]], **more,
    }


def jaeger(rng, spans):
    traces = {}
    for span in spans:
        traces.setdefault(span["trace"], []).append(span)
    made = []
    for trace, of in traces.items():
        services = sorted({span["service"] for span in of})
        processes = {f"p{n}": {"serviceName": service, "tags": []} for n, service in enumerate(services)}
        ids = {service: f"p{n}" for n, service in enumerate(services)}
        listed = [jaeger_span(span, processID=ids[span["service"]]) for span in of]
        made.append({"traceID": trace, "spans": listed, "processes": processes, "warnings": None})
    api = {"data": made, "total": 0, "limit": 0, "offset": 0, "errors": None}
    yield "Jaeger", text(api)
    yield "Jaeger pretty, data last", text(dict(reversed(api.items())), indent=4)
    yield "Jaeger traces", text([{"processes": one["processes"], "spans": one["spans"]} for one in made])
    yield "Jaeger trace a line", b"\n".join(text(one) for one in made)
    yield "Jaeger span a line", b"\n".join(
        text(jaeger_span(span, process={"serviceName": span["service"]})) for span in spans)


def zipkin_span(span):
    made = {
        "traceId": span["trace"], "id": span["id"], "name": span["name"], "timestamp": span["start"] // 1000,
        "duration": span["duration"] // 1000, "localEndpoint": {"serviceName": span["service"]},
        "tags": {key: json.dumps(value) for key, value in scalars(span["attributes"]).items()},
        "annotations": [{"timestamp": at // 1000, "value": name} for at, name in span["events"]],
    }
    if span["is_error"]:
        made["tags"]["error"] = "failed"
    if span["parent"]:
        made["parentId"] = span["parent"]
    if span["kind"] in KINDS:
        made["kind"] = KINDS[span["kind"]].upper()
    return made


def zipkin(rng, spans):
    listed = [zipkin_span(span) for span in spans]
    yield "Zipkin", text(listed)
    yield "Zipkin pretty", b"\xef\xbb\xbf" + text(listed, indent=1)
    yield "Zipkin traces", text([[span] for span in listed])
    yield "Zipkin a line", b"\n".join(text(dict(reversed(span.items()))) for span in listed)


def chrome_threads(rng):
    """Calls that nest in each thread; microseconds."""
    made = []

    def call(thread, parent, start, end, depth):
        at = start
        while at + 2 < end and rng.random() < 0.8:
            first = rng.randrange(at, end - 1)
            last = rng.randrange(first + 1, end)
            span = {"id": len(made), "parent": parent, "thread": thread, "name": rng.choice("abc"), "start": first,
                    "duration": last - first}
            made.append(span)
            if depth:
                call(thread, span["id"], first + 1, last, depth - 1)
            at = last + 1

    for thread in range(1, 4):
        call(thread, None, 1000 * thread, 1000 * thread + 400, 3)
    return made


def chrome(rng, calls):
    def base(span):
        return {"pid": 7, "tid": span["thread"], "name": span["name"], "cat": "c"}

    def whole(span):
        return {**base(span), "ph": "X", "ts": span["start"], "dur": span["duration"], "args": {"own": span["id"]}}

    def ends(span):
        begin = {**base(span), "ph": "B", "ts": span["start"], "dur": 0, "args": {"own": span["id"]}}
        return [begin, {"pid": 7, "tid": span["thread"], "ph": "E", "ts": span["start"] + span["duration"], "dur": 0}]

    def tied(span):
        begin = {**base(span), "ph": "b", "id": span["id"], "ts": span["start"], "args": {"own": span["id"]}}
        end = {**base(span), "ph": "e", "id": span["id"], "ts": span["start"] + span["duration"]}
        return [end, begin] if rng.random() < 0.5 else [begin, end]

    names = [{"ph": "M", "pid": 7, "tid": n, "ts": 0, "name": "thread_name", "args": {"name": f"thread {n}"}}
             for n in range(1, 4)]
    wholes = [whole(span) for span in calls]
    mixed = list(wholes)
    rng.shuffle(mixed)
    pairs = sorted((end for span in calls for end in ends(span)), key=lambda entry: entry["ts"])
    yield "Chrome", text({"traceEvents": names + wholes, "otherData": {"a": "x" * 100_000}})
    yield "Chrome names last", text({"otherData": {"a": ["x" * 100_000]}, "traceEvents": mixed + names}, indent=1)
    yield "Chrome array", text([{}] + names + mixed)
    yield "Chrome array without end", b"[\n" + b",\n".join(text(one) for one in names + mixed) + b",\n"
    yield "Chrome without commas", b"[\n" + b"\n".join(text(one) for one in names + mixed) + b"\n]\n"
    yield "Chrome an entry a line", b"\n".join(text(one) for one in mixed + names)
    yield "Chrome ends", text(pairs + names)
    shuffled = list(pairs)
    rng.shuffle(shuffled)
    yield "Chrome ends out of order", text({"traceEvents": shuffled + names})
    yield "Chrome asynchronous", text([one for span in calls for one in tied(span)] + names)
