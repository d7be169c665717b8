"""OTLP files in every shape people have."""

import base64
import json
import struct

KINDS = ["SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER",
         "SPAN_KIND_CONSUMER"]


def typed(value):
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [typed(one) for one in value]}}
    return {"kvlistValue": {"values": pairs(value)}}


def pairs(attributes):
    return [{"key": key, "value": typed(value)} for key, value in attributes.items()]


def by_service(spans):
    services = {}
    for span in spans:
        services.setdefault(span["service"], []).append(span)
    return services


def span_json(span, is_named, as_id):
    made = {
        "traceId": as_id(span["trace"]),
        "spanId": as_id(span["id"]),
        "name": span["name"],
        "kind": KINDS[span["kind"]] if is_named else span["kind"],
        "startTimeUnixNano": str(span["start"]),
        "endTimeUnixNano": str(span["start"] + span["duration"]),
        "attributes": pairs(span["attributes"]),
        "events": [{"timeUnixNano": str(at), "name": name} for at, name in span["events"]],
        "status": {"code": "STATUS_CODE_ERROR" if is_named else 2} if span["is_error"] else {},
    }
    if span["parent"]:
        made["parentSpanId"] = as_id(span["parent"])
    return made


def resource_spans(rng, spans, is_named=False, as_id=str, is_null=False):
    made = []
    for service, of in by_service(spans).items():
        resource = {"attributes": pairs({"service.name": service})}
        scopes = [{"scope": {"name": "lib"}, "spans": [span_json(span, is_named, as_id) for span in of]}]
        if is_null:
            scopes += [{"spans": None}, {"scope": None, "spans": []}]
            for span in scopes[0]["spans"]:
                for name in ("events", "attributes"):
                    if not span[name]:
                        span[name] = None
                span["links"] = None
        made.append({"resource": resource, "scopeSpans": scopes})
    if is_null:
        made.append({"resource": None, "scopeSpans": None})
    return made


def snake(value):
    def name(text):
        return "".join("_" + c.lower() if c.isupper() else c for c in text)

    if isinstance(value, dict):
        return {name(key): snake(one) for key, one in value.items()}
    return [snake(one) for one in value] if isinstance(value, list) else value


def shuffled(rng, value):
    if isinstance(value, dict):
        # The one value of an attribute has one member; all others may stand in any order.
        keys = list(value)
        rng.shuffle(keys)
        return {key: shuffled(rng, value[key]) for key in keys}
    return [shuffled(rng, one) for one in value] if isinstance(value, list) else value


def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))


def field(number, value):
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def fixed(number, value):
    return varint(number << 3 | 1) + struct.pack("<Q", value)


def proto_value(value):
    if isinstance(value, bool):
        return field(2, int(value))
    if isinstance(value, int):
        return field(3, value)
    if isinstance(value, float):
        return varint(4 << 3 | 1) + struct.pack("<d", value)
    if isinstance(value, str):
        return field(1, value)
    if isinstance(value, list):
        return field(5, b"".join(field(1, proto_value(one)) for one in value))
    return field(6, proto_pairs(1, value))


def proto_pairs(number, attributes):
    return b"".join(field(number, field(1, key) + field(2, proto_value(value))) for key, value in attributes.items())


def proto_span(span):
    made = field(1, bytes.fromhex(span["trace"])) + field(2, bytes.fromhex(span["id"]))
    if span["parent"]:
        made += field(4, bytes.fromhex(span["parent"]))
    made += field(5, span["name"]) + field(6, span["kind"])
    made += fixed(7, span["start"]) + fixed(8, span["start"] + span["duration"])
    made += proto_pairs(9, span["attributes"])
    made += b"".join(field(11, fixed(1, at) + field(2, name)) for at, name in span["events"])
    return made + (field(15, field(3, 2)) if span["is_error"] else b"")


def proto(spans):
    made = b""
    for service, of in by_service(spans).items():
        scope = field(1, field(1, "lib")) + b"".join(field(2, proto_span(span)) for span in of)
        made += field(1, field(1, proto_pairs(1, {"service.name": service})) + field(2, scope))
    return made


def zstd(payload):
    """A frame of stored blocks (RFC 8878, 3.1.1): the collector's are packed better, and read the same."""
    blocks = [payload[at:at + 60_000] for at in range(0, len(payload), 60_000)] or [b""]
    out = struct.pack("<I", 0xFD2FB528) + bytes([0x80]) + bytes([0x58]) + struct.pack("<I", len(payload))
    for at, block in enumerate(blocks):
        out += struct.pack("<I", len(block) << 3 | (at == len(blocks) - 1))[:3] + block
    return out


def blocks(payloads):
    return b"".join(struct.pack(">I", len(payload)) + payload for payload in payloads)


METRICS = {"resourceMetrics": [{"resource": {}, "scopeMetrics": [{"metrics": [{"name": "m"}, {"name": "n"}]}]}]}
LOGS = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "resourceSpans"}}]}]}]}


def files(rng, spans):
    """Name and bytes of each shape."""
    def text(value, **how):
        return json.dumps(value, ensure_ascii=False, **how).encode()

    def exports(of, **how):
        return [{"resourceSpans": [one]} for one in resource_spans(rng, of, **how)]

    def b64(text):
        return base64.b64encode(bytes.fromhex(text)).decode()

    lines = [text(export) for export in exports(spans)]
    whole = {"resourceSpans": resource_spans(rng, spans)}
    yield "lines", b"\n".join(lines) + b"\n"
    yield "one line", text(whole)
    yield "pretty with BOM", b"\xef\xbb\xbf\n " + text(whole, indent=2)
    yield "documents", b"\n".join(text(export, indent=1) for export in exports(spans))
    yield "array", text(exports(spans))
    yield "snake_case", text(snake(whole))
    yield "snake_case named", text(snake({"resourceSpans": resource_spans(rng, spans, is_named=True)}))
    yield "base64", text({"resourceSpans": resource_spans(rng, spans, as_id=b64)})
    yield "named and null", text({"resourceSpans": resource_spans(rng, spans, is_named=True, is_null=True)}, indent=2)
    yield "batches", text({"batches": whole["resourceSpans"]})
    yield "trace", text({"trace": whole}, indent=3)
    yield "trace of batches", text({"trace": {"batches": whole["resourceSpans"]}})
    yield "results", b"\n".join(text({"result": export}) for export in exports(spans))
    yield "any order", text(shuffled(rng, whole), indent=2)
    yield "after metrics", b"\n".join([text(METRICS), text(LOGS), *lines])
    yield "signals in one", text({**LOGS, "x": "y" * 100_000, **METRICS, **whole})
    yield "bare resources", text(whole["resourceSpans"])
    yield "blocks of JSON", blocks(zstd(line) for line in lines)
    yield "protobuf", proto(spans)
    yield "blocks of protobuf", blocks(zstd(proto([span])) for span in spans)
    yield "blocks of plain protobuf", blocks(proto([span]) for span in spans)
