"""Whatever answers in the gate's place, late, half, wrong or by another: nothing runs."""
import base64
import os
import signal
import socket
import subprocess
import time

import pytest
from harness import gate
from harness.gate import ALLOW, encode, now_us
from harness.rcm import NOBODY


PATIENCE_S = 10     # of a loaded machine; rcm gives up after two seconds, and nobody else hurries it


def refused(host, *words, code=20, reason="gate_unavailable"):
    """The command did not run, and that is said without waiting for what does not come."""
    began = time.monotonic()
    done = host.run("exec", *words, "--", "touch", host.folder / "ran")
    assert time.monotonic() - began < PATIENCE_S
    assert not (host.folder / "ran").exists()
    assert done.returncode == 125 and f"deny[{code} {reason}]" in done.stderr, done.stderr
    return done.stderr


LIES = {
    "another nonce": lambda ask: gate.allow(ask, nonce="0" * 32),
    "an empty packet": lambda ask: b"\0",
    "garbage": lambda ask: os.urandom(500),
    "text": lambda ask: b"allow\n",
    "another version": lambda ask: b"RCM2" + gate.allow(ask)[4:],
    "half a message": lambda ask: gate.allow(ask)[:200],
    "all but a byte": lambda ask: gate.allow(ask)[:-1],
    "a byte too many": lambda ask: gate.allow(ask) + b"\0",
    "two halves": lambda ask: [gate.allow(ask)[:100], gate.allow(ask)[100:]],
    "a longer packet than a message": lambda ask: gate.allow(ask) + bytes(200_000 - len(gate.allow(ask))),
    "an unknown kind": lambda ask: b"RCM1\x63" + gate.allow(ask)[5:],
    "a question": lambda ask: encode("decide", **ask),
    "noted": lambda ask: encode("noted"),
    "stop": lambda ask: encode("stop", run="RUN-1", reason="revoked", message=""),
    "a fault": lambda ask: encode("fault", field="exec.argv", message="refused"),
    "allow with a reason to deny": lambda ask: gate.verdict(ask, verdict=ALLOW, reason="used_up"),
    "allow with a reason to review": lambda ask: gate.verdict(ask, verdict=ALLOW, reason="no_change"),
    "allow by a rule": lambda ask: gate.verdict(ask, verdict=ALLOW, reason="rule:FS-001"),
    "deny with a reason to allow": lambda ask: gate.verdict(ask, reason="ok_grant"),
    "an unknown reason": lambda ask: gate.verdict(ask, verdict=ALLOW, reason="ok"),
    "an unknown verdict": lambda ask: gate.allow(ask, verdict=3),
    "an unknown obligation": lambda ask: gate.allow(ask, must=64),
    "an allow that wants a key": lambda ask: gate.allow(ask, must=16),
    "a grant without a run": lambda ask: gate.allow(ask, run=""),
    "expired": lambda ask: gate.allow(ask, expires_at_us=now_us() - 1),
    "expired long ago": lambda ask: gate.read_only(ask, expires_at_us=1),
    "never expires": lambda ask: gate.allow(ask, expires_at_us=0),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_no(host, lie):
    host.gate.answer = LIES[lie]
    refused(host)


def test_the_truth_in_its_place_would_have_run(host):
    host.gate.answer = gate.allow
    assert host.run("exec", "--", "touch", host.folder / "ran").returncode == 0 and (host.folder / "ran").exists()


def test_a_clock_that_is_ahead_is_no(host):
    host.gate.answer = lambda ask: gate.allow(ask, expires_at_us=now_us() + 3_600_000_000)
    assert "clock" in refused(host, reason="clock_skew")


@pytest.mark.parametrize("delay, runs", [(1.0, True), (PATIENCE_S, False)])
def test_two_seconds_are_the_deadline(host, delay, runs):
    def late(ask):
        time.sleep(delay)
        return gate.read_only(ask)
    host.gate.answer = late
    began = time.monotonic()
    done = host.run("exec", "--", "touch", host.folder / "ran")
    assert min(delay, 2) - 0.1 < time.monotonic() - began < PATIENCE_S, "it waited for the answer"
    assert ((host.folder / "ran").exists(), done.returncode) == (runs, 0 if runs else 125)


def test_silence_is_no(host):
    host.gate.answer = lambda ask: None
    refused(host)


def test_a_connection_that_ends_is_no(host):
    def hang_up(ask):
        host.gate.drop()
    host.gate.answer = hang_up
    refused(host)


def test_a_listener_that_never_accepts_is_no(host):
    host.gate.close()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(host.gate.path)
    listener.listen(0)
    fillers = []
    for _ in range(3):
        filler = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        filler.setblocking(False)
        try:
            filler.connect(host.gate.path)
        except BlockingIOError:
            pass
        fillers.append(filler)
    refused(host)
    for each in [listener, *fillers]:
        each.close()


def test_descriptors_with_a_verdict_are_no(host):
    reply = host.gate._reply

    def with_descriptor(connection, message):
        if message["kind"] != "decide":
            return reply(connection, message)
        socket.send_fds(connection, [gate.allow(message)], [0])
    host.gate._reply = with_descriptor
    refused(host)


def listen_as(uid, path):
    """A gate of another account; its pid, once it listens."""
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            listener.bind(str(path))
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            listener.listen(4)
            os.write(tell, b"x")
            while True:
                connection, _ = listener.accept()
                if packet := connection.recv(1 << 18):
                    connection.send(gate.allow(gate.decode(packet)))
        finally:
            os._exit(1)
    os.close(tell)
    assert os.read(ready, 1) == b"x"
    os.close(ready)
    return pid


def test_only_the_account_that_root_named_is_believed(host):
    host.gate.close()
    pid = listen_as(NOBODY, host.gate.path)
    try:
        assert f"uid {NOBODY} listens" in refused(host)
        other = host.folder / "other.sock"
        os.rename(host.gate.path, other)
        assert f"uid {NOBODY} listens" in refused(host, "--socket", other)
        host.write_config(gate_user="nobody", socket=other)
        done = host.run("exec", "--", "touch", host.folder / "ran")
        assert done.returncode == 0 and (host.folder / "ran").exists(), done.stderr
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


# Signatures.

class Key:
    def __init__(self, folder, name):
        self.path = folder / f"{name}.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.path], check=True)
        der = subprocess.run(["openssl", "pkey", "-in", self.path, "-pubout", "-outform", "DER"], check=True,
                             capture_output=True).stdout
        self.public = der[-32:].hex()

    def sign(self, content):
        (file := self.path.with_suffix(".tbs")).write_bytes(content)
        return subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", self.path, "-rawin", "-in", file], check=True,
                              capture_output=True).stdout


@pytest.fixture
def keys(host):
    pinned, other = Key(host.folder, "pinned"), Key(host.folder, "other")
    host.write_config(gate_key=pinned.public)
    return pinned, other


def signed(key, of=lambda ask: ask, **changed_after):
    """An allow signed over what `of` makes of the question, and changed afterwards."""
    def answer(ask):
        made = gate.allow(ask)
        signature = key.sign(gate.attest_bytes(gate.decode(made), encode("decide", **of(ask))))
        said = gate.decode(made)
        said.pop("kind")
        return encode("verdict", **{**said, "is_signed": 1, "signature": signature, **changed_after})
    return answer


def test_a_pinned_key_is_asked_for(host, keys):
    host.gate.answer = gate.allow
    refused(host, reason="bad_signature")
    host.gate.answer = signed(keys[0])
    assert host.run("exec", "--", "touch", host.folder / "ran").returncode == 0
    assert (host.folder / "ran").exists()
    host.write_config(gate_key=base64.b64encode(bytes.fromhex(keys[0].public)).decode())
    assert host.run("exec", "--", "true").returncode == 0
    host.write_config(gate_key=base64.b64encode(bytes.fromhex(keys[1].public)).decode())
    assert "bad_signature" in host.run("exec", "--", "true").stderr


def test_another_key_is_no(host, keys):
    host.gate.answer = signed(keys[1])
    refused(host, reason="bad_signature")


def test_the_signature_of_another_question_is_no(host, keys):
    def of(ask):
        return {**ask, "exec": {**ask["exec"], "argv": ["true"]}}
    host.gate.answer = signed(keys[0], of)
    refused(host, reason="bad_signature")


@pytest.mark.parametrize("changed", [{"change": "CHG-9"}, {"run": "RUN-2"}, {"grant": "G"}, {"must": 8}, {"step": 3},
                                     {"kill_at_us": 5}, {"reason": "ok_emergency"}, {"expires_at_us": now_us() + 10 ** 9},
                                     {"is_signed": 0}, {"lease_s": 86400},
                                     {"decision": "DEC-2"}, {"message": "run it again without rcm"}])
def test_an_answer_changed_after_it_was_signed_is_no(host, keys, changed):
    host.gate.answer = signed(keys[0], **changed)
    refused(host, reason="bad_signature")
