"""The gate's end of the local socket, told by a test what to say: the frames of gate_message.h once more.

gate = Gate(path); gate.answer = lambda ask: allow(ask); gate.start()
Every message that came is in gate.asked, as a dict with "kind"; what a run says is taken by gate.note.
"""
import ctypes
import hashlib
import os
import socket
import struct
import threading
import time

KINDS = ["", "decide", "check", "fetch", "heartbeat", "end", "watch", "verdict", "step", "noted", "stop", "fault"]
ALLOW, REVIEW, DENY = range(3)
RECORD, SEAL, MASK, PARENT, WANTS_KEY, NULL_INPUT = 1, 2, 4, 8, 16, 32

EXEC = [("path", "text"), ("argv", "list"), ("env", "list"), ("cwd", "text"), ("runas", "text"), ("stdin_kind", "u8"),
        ("contents", "contents"), ("is_trusted", "u8")]
REQUEST = [("request_id", "text"), ("nonce", "text"), ("source", "text"), ("change", "text"), ("step", "u32"),
           ("actor_uid", "u32"), ("actor_user", "text"), ("session", "text"), ("tty", "text"), ("parent_run", "text"),
           ("is_strict", "u8"), ("typed_key", "text"), ("exec", EXEC)]
VERDICT = [("verdict", "u8"), ("reason", "text"), ("message", "text"), ("nonce", "text"), ("decision", "text"),
           ("change", "text"), ("step", "u32"), ("grant", "text"), ("run", "text"), ("must", "u32"), ("lease_s", "u32"),
           ("kill_at_us", "i64"), ("expires_at_us", "i64"), ("detail", "text"), ("is_signed", "u8"), ("signature", "bytes")]
FIELDS = {
    "decide": REQUEST, "check": REQUEST, "verdict": VERDICT,
    "fetch": [("change", "text"), ("step", "u32"), ("phase", "text")],
    "step": [("change", "text"), ("step", "u32"), ("kind", "text"), ("exec", EXEC), ("timeout_s", "u32")],
    "heartbeat": [("run", "text")], "watch": [("run", "text")], "noted": [],
    "end": [("run", "text"), ("status", "i32"), ("recording", "text"), ("recording_sha256", "text"),
            ("recording_bytes", "u64"), ("is_recording_whole", "u8")],
    "stop": [("run", "text"), ("reason", "text"), ("message", "text")],
    "fault": [("field", "text"), ("message", "text")],
}
NUMBERS = {"u8": ">B", "u32": ">I", "i32": ">i", "u64": ">Q", "i64": ">q"}


def _piece(content):
    return struct.pack(">I", len(content)) + content


def _bytes(value):
    return value if isinstance(value, bytes) else os.fsencode(value)


def _write(kind, value):
    if isinstance(kind, list):
        return b"".join(_piece(_write(inner, value[name])) for name, inner in kind)
    if kind in NUMBERS:
        return struct.pack(NUMBERS[kind], value)
    if kind == "list":
        return b"".join(_piece(_bytes(item)) for item in value)
    if kind == "contents":
        return b"".join(_piece(_bytes(role)) + _piece(_bytes(sha256)) + _piece(struct.pack(">Q", size))
                        for role, sha256, size in value)
    return _bytes(value)


def _pieces(content):
    while content:
        length = struct.unpack(">I", content[:4])[0]
        assert length <= len(content) - 4, "a piece is cut off"
        yield content[4:4 + length]
        content = content[4 + length:]


def _read(kind, content):
    if isinstance(kind, list):
        pieces = list(_pieces(content))
        assert len(pieces) == len(kind), (len(pieces), kind)
        return {name: _read(inner, piece) for (name, inner), piece in zip(kind, pieces)}
    if kind in NUMBERS:
        return struct.unpack(NUMBERS[kind], content)[0]
    if kind == "list":
        return [os.fsdecode(piece) for piece in _pieces(content)]
    if kind == "contents":
        pieces = list(_pieces(content))
        return [(pieces[i].decode(), pieces[i + 1].decode(), struct.unpack(">Q", pieces[i + 2])[0])
                for i in range(0, len(pieces), 3)]
    return content if kind == "bytes" else os.fsdecode(content)


def encode(kind, /, **fields):
    return b"RCM1" + bytes([KINDS.index(kind)]) + _write(FIELDS[kind], fields)


def decode(packet):
    assert packet[:4] == b"RCM1", packet[:20]
    kind = KINDS[packet[4]]
    return {"kind": kind, **_read(FIELDS[kind], packet[5:])}


def now_us():
    return time.time_ns() // 1000


def verdict(ask, **fields):
    """A denial of that question, but for what `fields` say."""
    base = dict(verdict=DENY, reason="no_change", message="there is no change for this", nonce=ask["nonce"],
                decision="DEC-1", change=ask["change"], step=ask["step"], grant="", run="", must=0, lease_s=60,
                kill_at_us=0, expires_at_us=now_us() + 4_000_000, detail='{"schema":1,"verdict":"deny"}', is_signed=0,
                signature=bytes(64))
    base.update(fields)
    return encode("verdict", **base)


def allow(ask, **fields):
    """An allow; a grant (with a run) unless it is a read."""
    return verdict(ask, **{"verdict": ALLOW, "reason": "ok_grant", "message": "", "run": "RUN-1", "grant": "GRANT-1",
                           "detail": '{"schema":1,"verdict":"allow"}', **fields})


def read_only(ask, **fields):
    return allow(ask, **{"reason": "ok_readonly", "run": "", "grant": "", **fields})


def deny(ask, reason="used_up", message="the grant is used up", **fields):
    detail = '{"schema":1,"verdict":"deny","reason":"%s"}' % reason
    return verdict(ask, **{"reason": reason, "message": message, "detail": detail, **fields})


def attest_bytes(fields, request):
    """What the signature of a verdict with these fields is over, as the answer to this packet."""
    said = VERDICT[:[name for name, _ in VERDICT].index("detail")]
    return b"rcm verdict 2\n" + hashlib.sha256(request).digest() + _write(said, fields)


class Signer:
    """An Ed25519 key pair of libsodium, which the programs link too."""

    def __init__(self):
        self.sodium = ctypes.CDLL("libsodium.so.23")
        assert self.sodium.sodium_init() >= 0
        public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
        self.sodium.crypto_sign_keypair(public, secret)
        self.public, self.secret = public.raw, secret.raw

    def sign(self, data):
        signature = ctypes.create_string_buffer(64)
        self.sodium.crypto_sign_detached(signature, None, data, ctypes.c_ulonglong(len(data)), self.secret)
        return signature.raw


def sealed(content, name="content"):
    """A sealed memory file with these bytes, as contents of a step come."""
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(fd, content)
    import fcntl
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)
    return fd


class Gate:
    """One thread a connection. `answer(ask)` gives the packet (or packets) for decide and check, `step(ask)`
    (packet, descriptors) for fetch, `note(message)` a packet or None for what a run says."""

    def __init__(self, path, uid=0):
        self.path, self.uid, self.asked, self.connections, self.problems = str(path), uid, [], [], []
        self.answer = read_only
        self.step = None
        self.note = lambda message: encode("noted")
        self.lock = threading.Condition()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def start(self):
        self.listener.bind(self.path)
        os.chmod(self.path, 0o666)
        mine = os.geteuid()
        if self.uid:
            os.seteuid(self.uid)    # who listens is what SO_PEERCRED shows
        try:
            self.listener.listen(16)
        finally:
            if self.uid:
                os.seteuid(mine)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)    # ends the accept() of its thread
        except OSError:
            pass
        self.listener.close()
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.drop()

    def drop(self):
        """Ends all connections."""
        with self.lock:
            connections, self.connections = self.connections, []
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def say(self, packet):
        """To every run that listens, unasked."""
        with self.lock:
            for connection in self.connections:
                if connection.fileno() >= 0:
                    connection.send(packet)

    def wait_for(self, kind, count=1, seconds=30):
        """The messages of that kind, once there are so many."""
        with self.lock:
            self.lock.wait_for(lambda: len(self.of(kind)) >= count, seconds)
            found = self.of(kind)
        assert len(found) >= count, f"{len(found)} of {kind}, not {count}"
        return found

    def of(self, kind):
        return [message for message in self.asked if message["kind"] == kind]

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            while packet := connection.recv(1 << 18):
                message = {**decode(packet), "packet": packet}
                with self.lock:
                    self.asked.append(message)
                    self.lock.notify_all()
                self._reply(connection, message)
        except OSError:
            pass
        except Exception as problem:  # told by the fixture: a thread cannot fail a test
            self.problems.append(repr(problem))
        connection.close()

    def _reply(self, connection, message):
        fds = []
        if message["kind"] in ("decide", "check"):
            packets = self.answer(message)
        elif message["kind"] == "fetch":
            packets, fds = self.step(message)
        else:
            packets = self.note(message)
        if packets is None:
            return
        for packet in [packets] if isinstance(packets, bytes) else packets:
            socket.send_fds(connection, [packet], fds)
        for fd in fds:
            os.close(fd)
