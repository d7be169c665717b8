"""What the product tells, against what the node says itself."""

import collections
import re

from harness import Wrong, equal


def alive(server, pids):
    """Every tool answers; the texts of the answers."""
    texts = [server.text("overview", max_tokens=4000), server.text("find_anomalies", max_tokens=8000), server.text("capture_status")]
    for pid in pids:
        texts.append(server.text("explain", target=pid, max_tokens=3000))
        texts.append(server.text("mailbox", pid=pid))
    return texts


def findings(server, kind):
    """The findings of one kind: the lines of their texts."""
    answer = server.text("find_anomalies", kinds=[kind], max_tokens=20_000)
    return re.findall(r"^\[" + kind + r"\].*\n(.*)", answer, re.MULTILINE)


def crashes(server, log):
    """No crash is told that the node's own log does not have."""
    told = findings(server, "crash")
    unknown = [line for line in told if not any(pid in log for pid in re.findall(r"<[\d.]+>", line)[:1])]
    equal("crashes told that the node did not log", unknown, [])
    return len(told)


def gaps(server, dropped):
    """Drops are told as gaps, and without drops there are none."""
    status = server.source()
    equal("dropped, as the producer and the store count it", status["dropped"], dropped)
    equal("gaps without drops, or drops without a gap", server.count(event_type="gap") > 0, dropped > 0)
    return dropped


def mailboxes(server, pids, lengths):
    """No mailbox is told as longer than the messages that came, or as growing where the node measured nothing."""
    for pid, length in zip(pids, lengths):
        told = server.call("mailbox", pid=pid)
        waiting = told["facts"].get("still_waiting")
        if waiting not in (None, "", "unknown") and int(waiting) != length:
            raise Wrong(f"{pid} has {waiting} messages in its mailbox; process_info says {length}")
        for claim in re.findall(r"(\d+) unhandled messages in the mailbox of " + re.escape(pid), server.text("explain", target=pid, max_tokens=3000)):
            equal(f"unhandled messages of {pid}; process_info says", int(claim), length)
        longest = [int(n) for n in re.findall(r"it held at most (\d+)", server.text("mailbox", pid=pid))]
        grown = [int(n) for n in re.findall(re.escape(pid) + r".{0,80} grew to (\d+) messages",
                                            server.text("explain", target=pid, max_tokens=3000) + "\n".join(findings(server, "mailbox_growth")))]
        if longest and grown and max(grown) > longest[0]:
            raise Wrong(f"the mailbox of {pid} grew to {max(grown)} messages, and held at most {longest[0]}")
    return len(pids)


def no_time_beyond(lasted, texts):
    """No time is told that is longer than the capture lasted."""
    for text in texts:
        for number in re.findall(r"([\d.]+)s (?:in all|of [\d.]+s in)", text):
            if float(number) > lasted:
                raise Wrong(f"{number} s in all, in a capture of {lasted:.1f} s: {text[:1500]}")


def tokens(state):
    """Words and numbers of a term, however it is written: Erlang's and Elixir's ways have the same."""
    state = re.sub(r"#(?:Ref|Reference|Port|Fun|Function)<[^>]*>", "", state)
    return re.findall(r"\w[\w.]*", state.replace("#PID", ""))


def state(server, pid, at, own):
    """What state_at tells is what sys:get_state says, or nothing is told."""
    try:
        told = server.call("state_at", pid=pid, at=at, max_tokens=100_000)
    except Wrong as unknown:
        if "not known" in str(unknown) or "unknown" in str(unknown):
            return "unknown"
        raise
    if "is unknown since" in told["answer"]:
        return "unknown"
    # One that is short stands in the answer itself.
    short = [told["answer"].split(" was ", 1)[-1]]
    value = "\n".join(next((section["lines"] for section in told["sections"] if section["name"] == "value"), short))
    if ":truncated" in value or "[REDACTED]" in value:
        return "cut"
    # In any order, as maps have none; a behaviour of the product's own may wrap something around it.
    wanted, got = collections.Counter(tokens(own)), collections.Counter(tokens(value))
    if got - wanted or len(got) < len(wanted) // 2:
        raise Wrong(f"the state of {pid}: told, but not so: {got - wanted}; sys:get_state has: {wanted - got}\n{own}\n{value}")
    return "as sys:get_state says"
