"""Random traces: what the files of the other scripts hold."""

import random

NAMES = ["GET /carts/:id", "SELECT carts", "Shop.Cart.total/1", 'say "hi"\\n', "größe", "publish", "a" * 300]
SERVICES = ["shop", "stock", "edge proxy"]


def value(rng, depth=2):
    kinds = ["text", "int", "bool", "double"] + (["list", "map"] if depth else [])
    kind = rng.choice(kinds)
    if kind == "text":
        return rng.choice(["", "x", 'quo"te', "ü\n\t", "{[,]}", "1.5", "null"])
    if kind == "int":
        return rng.choice([0, -1, 7, 2**53 + 1, -(2**63), 2**63 - 1])
    if kind == "bool":
        return rng.random() < 0.5
    if kind == "double":
        return rng.choice([0.5, -1.25, 1e300, 3.0])
    if kind == "list":
        return [value(rng, depth - 1) for _ in range(rng.randrange(3))]
    return attributes(rng, depth - 1)


def attributes(rng, depth=2):
    return {f"k.{n}" if rng.random() < 0.7 else f"ключ {n}": value(rng, depth) for n in range(rng.randrange(4))}


def hexes(rng, length):
    return "".join(rng.choice("0123456789abcdef") for _ in range(length - 1)) + rng.choice("123456789abcdef")


def spans(rng, count):
    """Spans of a few traces, each begun within the one it is a part of; nanoseconds in whole microseconds."""
    made = []
    traces = [hexes(rng, 32) for _ in range(1 + count // 8)]
    base = 1_700_000_000_000_000_000 + rng.randrange(10**9) * 1000
    for n in range(count):
        trace = rng.choice(traces)
        others = [span for span in made if span["trace"] == trace]
        parent = rng.choice(others) if others and rng.random() < 0.8 else None
        start = (parent["start"] if parent else base) + rng.randrange(1000) * 1000
        made.append({
            "trace": trace,
            "id": hexes(rng, 16),
            "parent": parent and parent["id"],
            "name": rng.choice(NAMES),
            "start": start,
            "duration": rng.choice([0, rng.randrange(1, 10**6)]) * 1000,
            "service": rng.choice(SERVICES),
            "kind": rng.randrange(1, 6),
            "is_error": rng.random() < 0.2,
            "attributes": attributes(rng),
            "events": [(start + 1000 * e, rng.choice(["exception", "cache miss"])) for e in range(rng.randrange(3))],
        })
    rng.shuffle(made)
    return made


def random_spans(seed):
    rng = random.Random(seed)
    return rng, spans(rng, rng.choice([1, 3, 40]))
