"""Requests bent in one or two places: what a browser would send, and never quite that."""

import contextlib
import json
from copy import deepcopy
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from tests.fuzz.odd import (
    BOUNDARY,
    CONTENT_TYPES,
    COOKIES,
    DAYS,
    FORM,
    HEADERS,
    JSON_TEXTS,
    JSON_VALUES,
    NUMBERS,
    TEXTS,
)

OTHERS = ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]


@dataclass(slots=True)
class Case:
    """One request, as it goes to the server."""

    method: str
    path: str
    query: list
    body: bytes = b""
    content_type: str = FORM
    headers: dict = field(default_factory=dict)


def odd_value(chance, text):
    return chance.choice([chance.choice(NUMBERS), chance.choice(DAYS), chance.choice(TEXTS), text])


def bend_json(told, chance, text):
    """Put something odd into one place of a JSON value."""
    told = deepcopy(told)
    holder, key = None, None
    here = told
    while isinstance(here, dict | list) and here and (holder is None or chance.random() < 0.7):
        holder = here
        key = chance.choice(list(here) if isinstance(here, dict) else range(len(here)))
        here = holder[key]
    odd = chance.choice([*JSON_VALUES, odd_value(chance, text), 10**400])
    if holder is None:
        return odd
    if isinstance(holder, dict) and chance.random() < 0.2:
        del holder[key]
    else:
        holder[key] = odd
    return told


def bend_fields(pairs, chance, text):
    """Bend one field: another value, none, twice, or one that nobody asked for."""
    pairs = list(pairs)
    if not pairs or chance.random() < 0.1:
        known = ["id", "pk", "next", "is_superuser", "csrfmiddlewaretoken", "page", text or "x"]
        return [*pairs, (chance.choice(known), odd_value(chance, text))]
    place = chance.randrange(len(pairs))
    name, value = pairs[place]
    how = chance.random()
    if how < 0.1:
        del pairs[place]
    elif how < 0.2:
        pairs.append((name, odd_value(chance, text)))
    elif how < 0.25:
        pairs[place] = (name + chance.choice(["[]", "[0]", "\x00", "\ud800", "__gt"]), value)
    elif how < 0.3:
        pairs[place] = (name, value + chance.choice(["\x00", " ", "\ud800", "\u200b", "x" * 300]))
    elif value.startswith("{") and how < 0.8:
        with contextlib.suppress(ValueError):  # It has been bent already.
            value = json.dumps(bend_json(json.loads(value), chance, text))
        pairs[place] = (name, value)
    elif value.startswith("{"):
        pairs[place] = (name, chance.choice(JSON_TEXTS))
    else:
        pairs[place] = (name, odd_value(chance, text))
    return pairs


def as_form(pairs):
    return "&".join(
        f"{quote_plus(name, errors='surrogatepass')}={quote_plus(value, errors='surrogatepass')}"
        for name, value in pairs
    ).encode()


def as_multipart(pairs, *, files=()):
    """Write fields as a browser does; those named in `files` as files."""
    parts = []
    for name, value in pairs:
        safe = name.replace('"', "%22").replace("\r", "").replace("\n", "")
        head = f'Content-Disposition: form-data; name="{safe}"'
        if name in files:
            head += '; filename="a.txt"\r\nContent-Type: text/plain'
        parts.append(f"--{BOUNDARY}\r\n{head}\r\n\r\n{value}\r\n")
    return ("".join(parts) + f"--{BOUNDARY}--\r\n").encode(errors="surrogatepass")


def break_bytes(body, chance):
    """Cut, double or replace a piece of a body."""
    place = chance.randrange(len(body) + 1)
    return chance.choice(
        [
            body[:place],
            body[:place] + body,
            body[:place] + chance.randbytes(5) + body[place:],
            body[:place] + b"\x00\xff\xed\xa0\x80" + body[place + 1 :],
            body.replace(b"\r\n", b"\n"),
            body.replace(b"form-data", b"attachment"),
            body.replace(b'name="', b'name="\xff'),
        ]
    )


def body_of(pairs, chance, text):
    """Return a body and its content type."""
    how = chance.random()
    multipart = f"multipart/form-data; boundary={BOUNDARY}"
    if how < 0.55:
        return as_form(pairs), FORM
    if how < 0.65:
        return as_multipart(pairs), multipart
    if how < 0.75:
        names = [name for name, _value in pairs]
        return as_multipart(pairs, files=set(chance.sample(names, min(1, len(names))))), multipart
    if how < 0.83:
        return break_bytes(as_multipart(pairs), chance), multipart
    if how < 0.88:
        return break_bytes(as_form(pairs), chance), FORM
    if how < 0.93:
        return as_form(pairs), chance.choice(CONTENT_TYPES)
    if how < 0.96:
        return chance.choice(JSON_TEXTS).encode(), "application/json"
    if how < 0.975:
        return as_form([*pairs, *(("x", str(n)) for n in range(300))]), FORM
    if how < 0.98:
        return as_form([*pairs, ("x", "y" * 3_000_000)]), FORM
    return chance.randbytes(chance.randrange(400)), chance.choice(CONTENT_TYPES)


def bend_path(path, chance, text):
    """Put something odd into one part of a path, as a browser would have to encode it."""
    parts = path.split("/")
    place = chance.randrange(len(parts))
    odd = chance.choice([*NUMBERS, *TEXTS, text])[:3000]
    parts[place] = chance.choice(
        [
            quote_plus(odd, errors="surrogatepass"),
            parts[place] + "%00",
            parts[place] + "%ED%A0%80",
            parts[place].upper(),
            "%FF%FE",
        ]
    )
    return "/".join(parts)


def method_for(target, chance):
    """Choose a method, mostly one that this address takes."""
    shown = [] if target.shown is None else ["GET"] * 6
    taken = ["POST"] * (1 if target.valid is None else 12)
    return chance.choice([*shown, *taken, *OTHERS])


def bend(target, chance, text):
    """Return a request to `target`, bent in one or two places, or not at all."""
    case = straight(target, method_for(target, chance))
    pairs = target.pairs()
    for _place in range(chance.choice([0, 1, 1, 1, 2])):
        how = chance.random()
        if how < 0.05:
            case.path = bend_path(target.path, chance, text)
        elif how < 0.2 or (case.method in {"GET", "HEAD"} and how < 0.75):
            case.query = bend_fields(case.query or [("page", "2")], chance, text)
        elif how < 0.32:
            name = chance.choice(list(HEADERS))
            case.headers[name] = chance.choice(HEADERS[name])
        elif how < 0.36:
            case.headers["HTTP_COOKIE"] = chance.choice(COOKIES)
        elif target.is_json:
            if chance.random() < 0.6:
                case.body = json.dumps(bend_json(dict(pairs), chance, text)).encode()
            else:
                case.body = chance.choice([*JSON_TEXTS, text]).encode(errors="surrogatepass")
        else:
            pairs = bend_fields(pairs, chance, text)
            case.body, case.content_type = body_of(pairs, chance, text)
    if case.method in {"GET", "HEAD", "OPTIONS"} and chance.random() < 0.95:
        case.body = b""
    return case


def straight(target, method):
    """Return a request to `target` as it should be."""
    pairs, query = target.pairs(), [(name, str(value)) for name, value in target.query.items()]
    if target.is_json:
        body, kind = json.dumps(dict(pairs)).encode(), "application/csp-report"
    else:
        body, kind = as_form(pairs), FORM
    return Case(method, target.path, query, b"" if method == "GET" else body, kind)
