"""The gate's local socket from its other side: the messages of change/gate/gate_message.h, and a gate that
answers what a test tells it to.

    gate = Gate(path).start()
    gate.answer = lambda ask: allow(ask, run="RUN-1")      # bytes, a verdict, Silence, Close, or a list of them
    gate.asks, gate.ends, gate.beats, gate.watches
    gate.stop_run("RUN-1", "revoked", "CHG-7 was revoked")
    gate.close()
"""
import ctypes
import hashlib
import os
import socket
import struct
import threading
import time

MAGIC = b"RCM1"
KINDS = ["", "decide", "check", "fetch", "heartbeat", "end", "watch", "verdict", "step", "noted", "stop", "fault"]
VERDICTS = ["allow", "review", "deny"]
STDIN = ["none", "bound", "open"]
RECORD, SEAL, MASK, PARENT = 1, 2, 4, 8

EXEC = [("path", "text"), ("argv", "list"), ("env", "list"), ("cwd", "text"), ("runas", "text"), ("stdin_kind", STDIN),
        ("contents", "contents"), ("is_trusted", "bool")]
REQUEST = [("request_id", "text"), ("nonce", "text"), ("source", "text"), ("change", "text"), ("step", "u32"),
           ("actor_uid", "u32"), ("actor_user", "text"), ("session", "text"), ("tty", "text"), ("parent_run", "text"),
           ("is_strict", "bool"), ("typed_key", "text"), ("exec", EXEC)]
TABLES = {
    "decide": REQUEST, "check": REQUEST,
    "fetch": [("change", "text"), ("step", "u32"), ("phase", "text")],
    "heartbeat": [("run", "text")],
    "end": [("run", "text"), ("status", "i32"), ("recording", "text"), ("recording_sha256", "text"),
            ("recording_bytes", "u64"), ("is_recording_whole", "bool")],
    "watch": [("run", "text")],
    "verdict": [("verdict", VERDICTS), ("reason", "text"), ("message", "text"), ("nonce", "text"), ("decision", "text"),
                ("change", "text"), ("step", "u32"), ("grant", "text"), ("run", "text"), ("must", "u32"),
                ("lease_s", "u32"), ("kill_at_us", "i64"), ("expires_at_us", "i64"), ("detail", "text"),
                ("is_signed", "bool"), ("signature", "bytes")],
    "step": [("change", "text"), ("step", "u32"), ("kind", "text"), ("exec", EXEC), ("timeout_s", "u32")],
    "noted": [],
    "stop": [("run", "text"), ("reason", "text"), ("message", "text")],
    "fault": [("field", "text"), ("message", "text")],
}
NUMBERS = {"u32": ">I", "i32": ">i", "u64": ">Q", "i64": ">q"}


def piece(data):
    return struct.pack(">I", len(data)) + data


def text_of(value):
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")


def pack_content(content):
    return (piece(text_of(content["role"])) + piece(text_of(content["sha256"])) +
            piece(struct.pack(">Q", content["size"])))


def pack_one(kind, value):
    if isinstance(kind, list) and kind and isinstance(kind[0], tuple):
        return pack_fields(kind, value or {})
    if isinstance(kind, list):
        return bytes([kind.index(value) if value is not None else 0])
    if kind in NUMBERS:
        return struct.pack(NUMBERS[kind], value or 0)
    if kind == "bool":
        return bytes([1 if value else 0])
    if kind == "list":
        return b"".join(piece(text_of(each)) for each in value or [])
    if kind == "contents":
        return b"".join(pack_content(each) for each in value or [])
    if kind == "bytes":
        return value or bytes(64)
    return text_of(value or "")


def pack_fields(fields, values):
    return b"".join(piece(pack_one(kind, values.get(name))) for name, kind in fields)


def pack(kind, **values):
    return MAGIC + bytes([KINDS.index(kind)]) + pack_fields(TABLES[kind], values)


def pieces(data):
    at, found = 0, []
    while at < len(data):
        length, = struct.unpack_from(">I", data, at)
        assert at + 4 + length <= len(data), "a piece is cut off"
        found.append(data[at + 4:at + 4 + length])
        at += 4 + length
    return found


def show(data):
    return data.decode("utf-8", "surrogateescape")


def unpack_one(kind, data):
    if isinstance(kind, list) and kind and isinstance(kind[0], tuple):
        return unpack_fields(kind, data)
    if isinstance(kind, list):
        return kind[data[0]]
    if kind in NUMBERS:
        return struct.unpack(NUMBERS[kind], data)[0]
    if kind == "bool":
        return bool(data[0])
    if kind == "list":
        return [show(each) for each in pieces(data)]
    if kind == "contents":
        parts = pieces(data)
        return [{"role": show(parts[i]), "sha256": show(parts[i + 1]), "size": struct.unpack(">Q", parts[i + 2])[0]}
                for i in range(0, len(parts), 3)]
    return data if kind == "bytes" else show(data)


def unpack_fields(fields, data):
    parts = pieces(data)
    assert len(parts) == len(fields), f"{len(parts)} fields, {len(fields)} wanted"
    return {name: unpack_one(kind, part) for (name, kind), part in zip(fields, parts)}


def unpack(packet):
    """(kind, {field: value})"""
    assert packet[:4] == MAGIC, packet[:8]
    kind = KINDS[packet[4]]
    return kind, unpack_fields(TABLES[kind], packet[5:])


def lp(data):
    return struct.pack(">Q", len(data)) + data


def attest_bytes(verdict, request_packet):
    """What a signature of a verdict is over."""
    texts = ["rcm-verdict-1", verdict["nonce"], verdict["verdict"], verdict["reason"], verdict["change"]]
    out = b"".join(lp(text_of(each)) for each in texts) + lp(struct.pack(">Q", verdict["step"]))
    out += lp(text_of(verdict["grant"])) + lp(text_of(verdict["run"]))
    for number in (verdict["must"], verdict["kill_at_us"], verdict["expires_at_us"]):
        out += lp(struct.pack(">Q", number))
    return out + lp(hashlib.sha256(request_packet).digest())


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


def now_us():
    return time.time_ns() // 1000


def verdict(ask, word, reason, message="", **more):
    values = dict(verdict=word, reason=reason, message=message, nonce=ask["nonce"], decision="DEC-1", change="", step=0,
                  grant="", run="", must=0, lease_s=0, kill_at_us=0, expires_at_us=0, detail="{}")
    values.update(more)
    return values


def allow(ask, reason="ok_readonly", **more):
    return verdict(ask, "allow", reason, **{"expires_at_us": now_us() + 4_000_000, **more})


def grant(ask, run="RUN-1", must=PARENT, **more):
    return allow(ask, "ok_grant", **{"change": "CHG-12", "step": 2, "grant": "GRANT-1", "run": run, "must": must,
                                     "lease_s": 60, **more})


def deny(ask, reason="used_up", message="the grant was used", **more):
    return verdict(ask, "deny", reason, message, **{"change": "CHG-12", "step": 2, **more})


def review(ask, reason="no_change", message="no change allows this: rcm new", **more):
    return verdict(ask, "review", reason, message, **more)


class Silence:
    """Answers nothing and keeps the connection."""


class Close:
    """Closes the connection without an answer."""


class Late:
    def __init__(self, seconds, answer):
        self.seconds, self.answer = seconds, answer


class Gate:
    """Serves one socket until close(); each connection in a thread."""

    def __init__(self, path, uid=0):
        self.path, self.uid = str(path), uid
        self.answer = allow
        self.asks, self.packets, self.ends, self.beats, self.watches = [], [], [], [], []
        self.watchers = {}
        self.notes = True    # answer HEARTBEAT and WATCH
        self.lock = threading.Lock()
        self.connections, self.is_open = [], False

    def start(self):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o666)
        if self.uid:
            os.seteuid(self.uid)      # SO_PEERCRED shows who listens
        try:
            self.listener.listen(16)
        finally:
            if self.uid:
                os.seteuid(0)
        self.is_open = True
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def accept(self):
        while self.is_open:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            while packet := connection.recv(1 << 18):
                kind, message = unpack(packet)
                getattr(self, "on_" + kind)(connection, message, packet)
        except (OSError, ValueError):
            pass
        finally:
            with self.lock:
                if connection in self.connections:
                    self.connections.remove(connection)
            connection.close()

    def on_decide(self, connection, ask, packet):
        with self.lock:
            self.asks.append(ask)
            self.packets.append(packet)
        self.reply(connection, self.answer(ask))

    on_check = on_decide

    def reply(self, connection, answer):
        if isinstance(answer, Late):
            time.sleep(answer.seconds)
            answer = answer.answer
        if answer is Close:
            connection.shutdown(socket.SHUT_RDWR)
        elif answer is not Silence:
            connection.send(answer if isinstance(answer, bytes) else pack("verdict", **answer))

    def on_watch(self, connection, message, _packet):
        with self.lock:
            self.watches.append(message["run"])
            self.watchers.setdefault(message["run"], []).append(connection)
        if self.notes:
            connection.send(pack("noted"))

    def on_heartbeat(self, connection, message, _packet):
        self.beats.append(message["run"])
        if self.notes:
            connection.send(pack("noted"))

    def on_end(self, connection, message, _packet):
        self.ends.append(message)
        connection.send(pack("noted"))

    def stop_run(self, run, reason="revoked", message="the change was revoked"):
        for connection in self.watchers.get(run, []):
            if connection.fileno() >= 0:
                connection.send(pack("stop", run=run, reason=reason, message=message))

    def drop(self):
        """Every connection, as a gate that dies; the socket goes on listening."""
        with self.lock:
            gone, self.connections = self.connections, []
            self.watchers = {}
        for connection in gone:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.is_open = False
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.drop()
