"""Addresses bent in every way that has ever got past a server, asked over raw sockets.

What answers is the server of the clients' pages alone. `make fuzz` asks for ten
thousand; the tests ask for a few hundred. An address that says the same as one
that exists, after decoding once, is answered like it; everything else is 404.
"""

import random
import re
import socket
import sys
import tempfile
from collections import Counter
from pathlib import Path
from urllib.parse import unquote_to_bytes

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.demo_server import running_demo, served_alone

SEED = 20261123
OF_STAFF = (
    *("/", "/caseload/", "/sign-in/", "/episodes/", "/demo/", "/admin/"),
    *("/hand-over/", "/tablet/", "/pair/", "/my-calendar/", "/c/"),
)
OF_STAFF_ONLY = (b"D-162", b"Your clients", b"Sign in")
KNOWN = re.compile(rb"/(r/[A-Za-z0-9_-]{43}/|policy-report/)")
METHODS = (b"GET", b"GET", b"GET", b"POST", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"PATCH")
FRESH = """
from alliance.asking.actions import request_rating
from datetime import timedelta
from django.utils import timezone
from sessions_app.clients.models import Episode
from sessions_app.sessions.actions import log_session
episode = Episode.objects.open().get(client__code="D-162")
by = episode.therapist.user
at = timezone.now() - timedelta(minutes=episode.sessions.count())
session = log_session(episode=episode, starts_at=at, by=by)
print(request_rating(session=session, respondent="client", channel="link", by=by)[1])
"""


def percent(text, once=1):
    """Encode every sign of `text`, as often as told."""
    for _time in range(once):
        text = "".join(f"%{byte:02X}" for byte in text.encode())
    return text


def bent(path, chance):
    """Return `path`, bent in one way."""
    path = path or "/"
    place = chance.randrange(1, len(path) + 1)
    before, after = path[:place], path[place:]
    letter = path[place - 1]
    return chance.choice(
        [
            lambda: before[:-1] + percent(letter) + after,
            lambda: before[:-1] + percent(letter, 2) + after,
            lambda: before[:-1] + percent(letter, 3) + after,
            lambda: path.replace("/", "%2f"),
            lambda: path.replace("/", "%252f"),
            lambda: path.replace("/", "\\"),
            lambda: path.replace("/", "%5c"),
            lambda: path.replace("/", "//"),
            lambda: "/" + path,
            lambda: path.rstrip("/"),
            lambda: path + chance.choice(["/", "//", ".", "..", "%20", "%09", "~", ".html", "?"]),
            lambda: (
                before + chance.choice(["../", "..%2f", "..;/", "./", "%2e%2e/", ".%2e/"]) + after
            ),
            lambda: "/r/.." + path,
            lambda: "/r/%2e%2e" + path,
            lambda: "/static/.." + path,
            lambda: "/static/%2e%2e%2f..%2f" + path,
            lambda: path + ";x=" + chance.choice(OF_STAFF),
            lambda: before + ";" + after,
            lambda: (
                before + chance.choice(["%00", "%0a", "%0d%0aX: y", "%1b", "%7f", "%ff"]) + after
            ),
            lambda: (
                before + chance.choice(["%", "%z", "%2", "%u0041", "%c0%af", "%ed%a0%80"]) + after
            ),
            lambda: before + chance.choice(["ü", "／", "﹤", "\u202e", "İ", "ſ", "\u0000"]) + after,
            lambda: path.swapcase(),
            lambda: before + after.upper(),
            lambda: before + "A" * chance.choice([1, 100, 3900, 5000, 70_000]) + after,
            lambda: (
                path + "?" + chance.choice(["next=/caseload/", "_method=POST", "x=" + "y" * 3000])
            ),
            lambda: path + "#" + chance.choice(OF_STAFF),
            lambda: "http://evil.example" + path,
            lambda: "http://127.0.0.1" + path,
            lambda: "evil.example:80" + path,
            lambda: "*",
            lambda: before,
            lambda: before + after[1:],
            lambda: path + path,
            lambda: chance.choice(OF_STAFF).rstrip("/") + path,
        ]
    )()


def mutations(secret, count, seed=SEED):
    """Yield methods and targets as they go over the wire, always the same for a seed."""
    chance = random.Random(seed)
    roots = [
        f"/r/{secret}/",
        f"/r/{'x' * 43}/",
        "/healthz",
        "/policy-report/",
        "/static/",
        *OF_STAFF,
    ]
    for _number in range(count):
        target = chance.choice(roots)
        for _time in range(chance.choice([1, 1, 1, 2, 3])):
            target = bent(target, chance)
        yield chance.choice(METHODS), target.encode()


def answer_to(port, method, target):
    """Ask over a socket of its own; return the status and the body, None where it just hung up."""
    request = method + b" " + target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    if method in {b"POST", b"PUT", b"PATCH"}:
        request += b"Content-Length: 0\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
        try:
            wire.sendall(request + b"\r\n")
            said = b"".join(iter(lambda: wire.recv(65536), b""))
        except (BrokenPipeError, ConnectionResetError):  # Too long to be read to its end.
            return None, b""
    head, _blank, body = said.partition(b"\r\n\r\n")
    return (int(head.split(b" ", 2)[1]) if head else None), body


def meant(target):
    """Return the path that `target` says after decoding once, host and query aside."""
    target = re.sub(rb"^[a-z+.-]+://[^/?#]*", b"", target, flags=re.IGNORECASE)
    target = target.partition(b"#")[0].partition(b"?")[0]
    return unquote_to_bytes(target)


def allowed(path, secret):
    """Return the statuses that are a right answer at `path`; None is a connection closed."""
    refused = {None, 400, 404, 429}
    if path == f"/r/{secret}/".encode():
        return {200, 405, 422}
    if path == b"/healthz":
        return {200, 403, 405}  # 403 where something was sent without a token.
    if KNOWN.fullmatch(path):
        return {404, 405, 429} if path.startswith(b"/r/") else {400, 405, 429}
    if KNOWN.fullmatch(path + b"/"):
        return refused | {301}  # The slash at the end is added.
    return refused


def fuzz(port, secret, count, seed=SEED):
    """Ask for `count` bent addresses; return how many got which status, and what was wrong."""
    statuses, wrong = Counter(), []
    for method, target in mutations(secret, count, seed):
        status, body = answer_to(port, method, target)
        statuses[status] += 1
        of_staff = [word for word in OF_STAFF_ONLY if word in body]
        is_too_long = status in {None, 400} and len(target) > 4000
        if of_staff or not (is_too_long or status in allowed(meant(target), secret)):
            wrong.append((method, target[:200], status, of_staff))
    return statuses, wrong


def main(count):
    with tempfile.TemporaryDirectory() as var, running_demo(var) as demo:
        secret = demo.shell(FRESH)
        with served_alone(demo) as (base, _log):
            statuses, wrong = fuzz(int(base.rpartition(":")[2]), secret, count)
    for status, times in sorted(statuses.items(), key=str):
        print(f"{status}: {times}")
    for case in wrong:
        print("wrong:", *case)
    print(f"{count} bent addresses, {len(wrong)} answered wrongly")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main(int(sys.argv[1]))
