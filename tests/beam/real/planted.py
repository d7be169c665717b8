"""Is a planted secret anywhere in what the server keeps or says?"""

import base64
import json
import secrets

from harness import Wrong


def forms(secret):
    """How a secret may stand in a store: as text, base64, as a list of bytes, in hexadecimal."""
    raw = secret.encode()
    return [secret, base64.b64encode(raw).decode().rstrip("="), ",".join(map(str, raw)), ", ".join(map(str, raw)), raw.hex()]


def response(user, password):
    """What a client sends for PLAIN."""
    return f"\0{user}\0{password}"


def card():
    """A number whose last digit is the right one."""
    digits = [4] + [secrets.randbelow(10) for _ in range(14)]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[::2]) + sum(digits[1::2])
    return "".join(map(str, [*digits, -doubled % 10]))


def nowhere(server, hidden, answers=()):
    """Reads everything: each event whole, by filter as well, the answers given, and stderr. How many events there were."""
    wanted = {form: name for name, secret in hidden.items() for form in forms(secret)}
    dump = []
    for event in server.seen():
        dump.append(event)
        text = json.dumps(event, ensure_ascii=False)
        for form, name in wanted.items():
            if form in text or json.dumps(form)[1:-1] in text:
                raise Wrong(f"the {name} ({form!r}) is in the store: {text[:600]}")
    for form, name in wanted.items():
        if server.count(text=form):
            raise Wrong(f"the {name} ({form!r}) is found by query_events text")
        for place, text in [("stderr", server.said()), *(("an answer", answer) for answer in answers)]:
            if form in text:
                raise Wrong(f"the {name} ({form!r}) is in {place}")
    return len(dump)
