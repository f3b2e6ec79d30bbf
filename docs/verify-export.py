#!/usr/bin/env python3
"""Verifies an audit export with nothing of redbutton: python3 verify-export.py EXPORT KEY [CHECKPOINT]

EXPORT      lines of records, then one line with the checkpoint (redbutton audit export FILE)
KEY         file with the verifier key, name+hash+base64
CHECKPOINT  the copy kept outside the data directory: then a cut end is noticed too
"""
import base64
import functools
import hashlib
import json
import sys

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT = -121665 * pow(121666, P - 2, P) % P, pow(2, (P - 1) // 4, P)


def recover(raw):
    """A point of the curve from its 32 bytes, in extended coordinates (RFC 8032, 5.1.3)."""
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x * ROOT % P if (x * x - square) % P else x
    if (x * x - square) % P or y >= P or (x == 0 and sign):
        raise ValueError("no point of the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def add(a, b):
    low, high = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    t, z = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = high - low, z - t, z + t, high + low
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, point):
    result = (0, 1, 1, 0)
    while n:
        result, point, n = add(result, point) if n & 1 else result, add(point, point), n >> 1
    return result


def is_signed(key, message, signature):
    base, s = 4 * pow(5, P - 2, P) % P, int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    a, b = times(s, recover(base.to_bytes(32, "little"))), add(recover(signature[:32]), times(h, recover(key)))
    return s < L and (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def open_note(text, key_text):
    """(size, root) of a checkpoint whose signature is good."""
    name, key_hash, key = key_text.strip().split("+", 2)
    body, _, signatures = text.partition("\n\n")
    origin, size, root = body.split("\n")[:3]
    for line in signatures.splitlines():
        dash, signer, blob = line.split(" ")
        blob = base64.b64decode(blob)
        if (dash, signer, origin, blob[:4].hex()) == ("\u2014", name, name, key_hash) and is_signed(
                base64.b64decode(key)[1:], body.encode() + b"\n", blob[4:]):
            return int(size), base64.b64decode(root, validate=True)
    raise ValueError("the checkpoint has no good signature of this key")


def root_of(edge):
    """RFC 6962, from the roots of the whole subtrees, the largest first."""
    return functools.reduce(lambda right, left: hashlib.sha256(b"\x01" + left + right).digest(), reversed(edge))


def verify(export, key, outside=None):
    edge, size, note, wanted = [], 0, None, outside and open_note(outside, key)
    for line in export:
        if note or not line.endswith(b"\n"):
            raise ValueError(f"record {size + 1}: behind the checkpoint, or cut in its middle")
        if line.startswith(b'{"checkpoint":'):
            note = open_note(json.loads(line)["checkpoint"], key)
            continue
        if json.loads(line)["seq"] != size + 1:
            raise ValueError(f"record {size + 1}: another number in its bytes")
        carry, n, size = hashlib.sha256(b"\x00" + line[:-1]).digest(), size, size + 1
        while n & 1:
            carry, n = hashlib.sha256(b"\x01" + edge.pop() + carry).digest(), n >> 1
        edge.append(carry)
        wanted = None if wanted and size == wanted[0] and root_of(edge) == wanted[1] else wanted
    if not size or note != (size, root_of(edge)):
        raise ValueError(f"the {size} records do not give the root of the checkpoint")
    if wanted:
        raise ValueError("the checkpoint outside is not of this log, or the end was cut")
    return size


if __name__ == "__main__":
    if not 3 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    TEXTS = [open(path, encoding="utf-8").read() for path in sys.argv[2:]]
    try:
        print(f"verified: {verify(open(sys.argv[1], 'rb'), *TEXTS)} records")
    except (ValueError, KeyError) as wrong:
        sys.exit(f"NOT verified: {wrong}")
