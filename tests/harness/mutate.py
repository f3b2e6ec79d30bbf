"""Wrong requests out of a right one: each mutation is one that the API document itself refuses.

    for wrong in mutations(ask, seed): wrong.what, wrong.field, wrong.send(daemon, token)

Bodies: each field of the schema once with each kind of fault, and some pairs drawn by the seed.
"""
import copy
import json
import random
from typing import NamedTuple

from harness.contract import contract

JSON = {"Content-Type": "application/json"}
DEEP = 40               # deeper than bodies may be
LONG = "x" * 5000
NAN, HUGE, VAST, FRACTION = "@NaN@", "@9223372036854775808@", "@-1e999@", "@1.5@"
VALUES = {
    "a number": 7, "a negative number": -1, "true": True, "text": "zzz zzz", "a list": [], "an object": {},
    "null": None, "a list of lists": [[]], "too long": LONG, "empty": "", "a control character": "a\u0007b",
    "a line end": "a\r\nb", "a bidi control": "a\u202eb", "a zero-width character": "a\u200bb", "white space": " ",
    "a huge number": HUGE, "a number out of all range": VAST, "a fraction": FRACTION, "not a number": NAN,
}
# Put in place of a value's JSON: nothing of the kind is ever right.
BYTES = {
    "invalid UTF-8": b'"a\xffb"', "an overlong slash": b'"a\xc0\xafb"', "a NUL": b'"a\\u0000b"', "a raw NUL": b'"a\0b"',
    "half a surrogate pair": b'"a\\ud800b"', "a raw control character": b'"a\x01b"',
    "deep nesting": b"[" * DEEP + b"]" * DEEP, "no value": b"", "a bare word": b"nil",
}
PAIRS = 8


class Wrong(NamedTuple):
    what: str
    field: str          # the problem names this; "" = no field of the body
    method: str
    address: str
    raw: bytes
    headers: dict
    unix: bool

    def send(self, daemon, token):
        return daemon.request(self.method, self.address, self.raw, token=token, headers=self.headers, unix=self.unix)


def encode(body):
    """As bytes; the marked texts are numbers that Python would not write."""
    text = json.dumps(body)
    for mark in (NAN, HUGE, VAST, FRACTION):
        text = text.replace(f'"{mark}"', mark.strip("@"))
    return text.encode()


def _is_refused(operation, body):
    if any(mark in json.dumps(body) for mark in (NAN, VAST)):
        return True
    numbers = json.loads(encode(body))
    return not operation.validator_of("asked", operation.asked).is_valid(numbers)


def of_body(ask, seed):
    """(what, field, bytes)"""
    operation, good = ask.operation, ask.body
    properties = contract().resolve(operation.asked).get("properties", {})
    single = []
    for field in properties:
        for what, value in VALUES.items():
            single.append((f"{field} is {what}", field, {**good, field: value}))
        if field in good:
            single.append((f"{field} is missing", field, {key: value for key, value in good.items() if key != field}))
    single.append(("a field too many", "nobody_knows_it", {**good, "nobody_knows_it": 1}))
    kept = [one for one in single if _is_refused(operation, one[2])]
    for what, field, body in kept:
        is_syntax = any(mark in json.dumps(body) for mark in (NAN, HUGE, VAST))
        yield what, "body" if is_syntax else field, encode(body)
    yield from _of_bytes(good)
    drawn = random.Random(f"{seed} {operation.id}")
    for _ in range(min(PAIRS, len(kept))):
        one, other = drawn.choice(kept), drawn.choice(kept)
        both = {**copy.deepcopy(good), **one[2], **{other[1]: other[2].get(other[1])}}
        if _is_refused(operation, both):
            yield f"{one[0]}, {other[0]}", "", encode(both)


def _of_bytes(good):
    whole = json.dumps(good).encode()
    for field, value in good.items():
        plain = f'{json.dumps(field)}: {json.dumps(value)}'.encode()
        assert plain in whole
        for what, raw in BYTES.items():
            yield f"{field} has {what}", "body", whole.replace(plain, json.dumps(field).encode() + b": " + raw)
        yield f"{field} stands twice", "body", whole.replace(plain, plain + b", " + plain)
    yield "a key with a NUL", "body", whole.replace(b"{", b'{"a\\u0000": 1,' if good else b'{"a\\u0000": 1', 1)


NO_OBJECT = {
    "a list": b"[]", "a number": b"7", "text": b'"x"', "null": b"null", "half an object": b'{"a": ', "two objects": b"{} {}",
    "deep lists": b"[" * 100000, "deep objects": b'{"a":' * 5000, "a comma too many": b'{"a": 1,}', "single quotes": b"{'a': 1}",
    "a byte order mark": b"\xef\xbb\xbf{}", "UTF-16": "{}".encode("utf-16"), "spaces": b"   ", "NaN": b"NaN",
    "a comment": b"/* */ {}", "only a NUL": b"\0",
}
BAD_TYPES = ["text/html", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json5",
             "application/json; charset=latin-1", "", "application/problem+json"]
BAD_VERSIONS = ["v1", "1", '"1"', 'W/"v1"', '"v1", "v2"', '"v-1"', '"v99999999999999999999"', '"v1', "", '"v 1"', "\"v1'"]
BAD_KEYS = ["", "x" * 129, "a b", "a\tb", "caf\u00e9"]
BAD_QUERIES = {"an unknown parameter": "nobody_knows_it=1", "a broken escape": "nobody%zz=1", "a NUL": "%00=1",
               "invalid UTF-8": "%ff=1", "no name": "=1"}
BAD_SEGMENTS = {"a NUL": "a%00b", "invalid UTF-8": "a%ffb", "a control character": "a%07b", "a bidi control": "a%e2%80%aeb",
                "a zero-width character": "a%e2%80%8bb", "a line end": "a%0d%0ab", "a broken escape": "a%zzb", "a dot segment": "..",
                "an escaped dot segment": "%2e%2e", "nothing": "", "too much": "x" * 1500, "SQL": "a'%20OR%201=1%20--",
                "a slash too many": "a%2fb%2fc", "a star": "*", "a semicolon": "a;b=c"}
BAD_BY_TYPE = {"integer": ["x", "1.5", "9223372036854775808", "-9223372036854775809", "0x10", "", "%201", "1e3", "+1"],
               "boolean": ["yes", "1", "", "TRUE"], "string": ["a%07b", "a%ffb", "a%00b", "a%e2%80%aeb", "x" * 3000]}
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get"]


def mutations(ask, asks, seed):
    """asks: harness.asks.Asks, for the address."""
    operation, address = ask.operation, asks.address(ask)
    raw = None if ask.body is None else encode(ask.body)

    def wrong(what, field="", method=None, at=None, body=raw, headers=None, without=()):
        sent = {**(JSON if body is not None else {}), **ask.headers, **(headers or {})}
        return Wrong(what, field, method or ask.method, at or address, body,
                     {name: value for name, value in sent.items() if name not in without}, ask.unix)

    if operation.asked:
        for what, field, body in of_body(ask, seed):
            yield wrong(what, field, body=body)
        for kind in [kind for kind in BAD_TYPES if raw and (kind or not operation.takes_text)]:
            yield wrong(f"the type {kind!r}", "Content-Type", headers={"Content-Type": kind})
        yield wrong("gzip", "Content-Encoding", headers={"Content-Encoding": "gzip"})
        if operation.told["requestBody"]["required"]:
            yield wrong("no body", "" if operation.takes_text else "body", body=b"")
    if ask.method != "GET":
        for what, body in NO_OBJECT.items():
            if not operation.takes_text or body.startswith(b"{"):
                yield wrong(f"the body is {what}", "body", body=body, headers=JSON)
    if not operation.asked:
        yield wrong("a body that nobody wants", body=b'{"nobody_knows_it": 1}', headers=JSON)
    yield from _of_headers(operation, wrong)
    yield from _of_query(operation, address, wrong)
    yield from _of_path(ask, asks, wrong)
    others = {other.method.upper() for other in contract().operations if other.path == operation.path}
    for method in METHODS:
        if method not in others:
            yield wrong(f"the method {method}", "", method=method, body=None)


def _of_headers(operation, wrong):
    named = operation.named("header")
    if "If-Match" in named:
        for value in BAD_VERSIONS:
            yield wrong(f"If-Match {value}", "If-Match", headers={"If-Match": value})
        if named["If-Match"].get("required"):
            yield wrong("no If-Match", "If-Match", without={"If-Match"})
    else:
        yield wrong("If-Match where it is not taken", "If-Match", headers={"If-Match": '"v1"'})
    if "Idempotency-Key" in named:
        for value in BAD_KEYS:
            yield wrong(f"the key {value[:10]!r}", "Idempotency-Key", headers={"Idempotency-Key": value})


def _of_query(operation, address, wrong):
    bare = address.split("?")[0]
    for what, query in BAD_QUERIES.items():
        yield wrong(f"{what} in the query", "", at=f"{bare}?{query}")
    for name, parameter in operation.named("query").items():
        schema = contract().resolve(parameter["schema"])
        kind = schema.get("type", "string")
        for value in BAD_BY_TYPE[kind]:
            yield wrong(f"{name}={value[:20]}", name, at=f"{bare}?{name}={value}")
        if kind == "integer":
            good = str(schema.get("minimum", 1))
            yield wrong(f"{name} twice", name, at=f"{bare}?{name}={good}&{name}={good}")
            yield wrong(f"{name} is too small", name, at=f"{bare}?{name}={schema.get('minimum', 0) - 1}")
        if "enum" in schema:
            yield wrong(f"{name} is another word", name, at=f"{bare}?{name}=nobody-knows-it")


def _of_path(ask, asks, wrong):
    for name in ask.path:
        for what, segment in BAD_SEGMENTS.items():
            marked = asks.address(ask._replace(path={**ask.path, name: "@@"}))
            yield wrong(f"{name} has {what}", "", at=marked.replace("%40%40", segment))
