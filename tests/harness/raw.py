"""HTTP by hand: bytes onto a socket, and the answers that come until it closes."""
import contextlib
import os
import re
import socket
import time
from typing import NamedTuple

from harness.contract import LIBRARY_STATUSES

HEAD = re.compile(rb"HTTP/1\.[01] (\d{3}) [^\r\n]*\r\n(.*?)\r\n\r\n", re.S)


class Answer(NamedTuple):
    status: int
    headers: dict       # names in small letters
    body: bytes

    @property
    def kind(self):
        return self.headers.get("content-type", "").split(";")[0]


def connections(daemon):
    """TCP connections that the daemon has open, as the kernel lists them; its listening socket is one."""
    with open(f"/proc/{daemon.process.pid}/net/tcp") as table:
        known = {line.split()[9] for line in list(table)[1:]}
    found = 0
    for name in os.listdir(f"/proc/{daemon.process.pid}/fd"):
        with contextlib.suppress(OSError):
            link = os.readlink(f"/proc/{daemon.process.pid}/fd/{name}")
            found += link.startswith("socket:[") and link[8:-1] in known
    return found


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def connect(daemon, unix=False, source=None, timeout=10):
    if unix:
        end = socket.socket(socket.AF_UNIX)
        end.settimeout(timeout)
        end.connect(str(daemon.socket))
        return end
    return socket.create_connection(("127.0.0.1", daemon.port), timeout, source_address=source and (source, 0))


def receive(end, seconds):
    """All that comes until the other side closes, or that many seconds have passed; (bytes, is_closed)."""
    received, until = b"", time.monotonic() + seconds
    while True:
        left = until - time.monotonic()
        if left <= 0:
            return received, False
        end.settimeout(left)
        try:
            piece = end.recv(65536)
        except (TimeoutError, socket.timeout):
            return received, False
        except OSError:
            return received, True
        if not piece:
            return received, True
        received += piece


def answers(received, methods=()):
    """The answers in `received`; interim ones (100) are left out. methods: those asked by HEAD have no body."""
    found = []
    while received:
        match = HEAD.match(received)
        if not match:
            return found + [Answer(0, {}, received)]
        lines = match.group(2).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        received = received[match.end():]
        status = int(match.group(1))
        if status == 100:
            continue
        # libmicrohttpd 0.9.75 sends the head of such a page twice, so that nothing behind it counts.
        if status in LIBRARY_STATUSES and "content-type" not in headers:
            return found + [Answer(status, headers, received)]
        is_bare = status == 204 or methods[len(found):len(found) + 1] == ["HEAD"]
        length = 0 if is_bare else int(headers.get("content-length", len(received)))
        found.append(Answer(status, headers, received[:length]))
        received = received[length:]
    return found


def first_answer(end, seconds=20):
    """The first whole answer of a connection that stays open."""
    received, until = b"", time.monotonic() + seconds
    while not (match := HEAD.match(received)) or len(received) < match.end() + _length(match):
        end.settimeout(max(0.01, until - time.monotonic()))
        piece = end.recv(65536)
        assert piece, f"it was hung up on after {received!r}"
        received += piece
    return answers(received)[0]


def _length(head):
    found = re.search(rb"(?i)^content-length: *(\d+)", head.group(2), re.M)
    return int(found.group(1)) if found else 0


def talk(daemon, sent, seconds=10, **where):
    """Sends, and reads to the end: (answers, is_closed, took)."""
    began = time.monotonic()
    with connect(daemon, **where) as end:
        try:
            end.sendall(sent)
        except OSError:
            pass        # it closed while we were talking: what it said is still there
        received, is_closed = receive(end, seconds)
    return received, is_closed, time.monotonic() - began
