"""A gate that is not there, is late or lies: nothing runs, and the reason is said."""
import base64
import time

import pytest
from harness import sudo_gate as g


PATIENCE_S = 10     # of a loaded machine


def refused(done, reason, *words):
    assert done.code == 1 and done.out == "", done
    assert done.err.startswith("rcm: deny[") and f" {reason}]" in done.err, done
    for word in words:
        assert word in done.err, done


def test_nobody_listens(box, gate):
    gate.close()
    began = time.monotonic()
    refused(box.sudo("id", "-u"), "gate_unavailable", "No such file")
    assert time.monotonic() - began < 2, "there is nobody to wait for"


def test_a_socket_that_nobody_serves_is_given_up_after_two_seconds(box, gate):
    gate.answer = lambda ask: g.Silence
    began = time.monotonic()
    refused(box.sudo("id", "-u"), "gate_unavailable", "did not answer in time")
    assert 1.9 < time.monotonic() - began < PATIENCE_S


def test_just_in_time_is_in_time(box, gate):
    gate.answer = g.late(1, g.allow)
    assert box.sudo("id", "-u").out == "0\n"


def test_just_too_late_is_no(box, gate):
    gate.answer = g.late(4, g.allow)
    refused(box.sudo("id", "-u"), "gate_unavailable", "did not answer in time")


def test_a_full_queue_is_given_up_after_two_seconds(box, shared_box):
    import socket
    path = shared_box.folder / "full.sock"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(path))
    path.chmod(0o666)
    listener.listen(0)
    waiting = []
    for _ in range(4):
        one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        one.setblocking(False)
        try:
            one.connect(str(path))
        except BlockingIOError:
            pass
        waiting.append(one)
    box.plugin(socket=path)
    began = time.monotonic()
    refused(box.sudo("id", "-u"), "gate_unavailable", "temporarily unavailable")
    assert 1.9 < time.monotonic() - began < PATIENCE_S
    for each in [*waiting, listener]:
        each.close()
    path.unlink()


def test_another_account_at_the_other_end(box, shared_box):
    other = g.SudoGate(shared_box.folder / "other.sock", uid=65534).start()
    try:
        box.plugin(socket=other.path)
        refused(box.sudo("id", "-u"), "gate_unavailable", "uid 65534 listens", "must be uid 0")
        assert other.asks == []
        box.plugin(socket=other.path, server_uid=65534)
        assert box.sudo("id", "-u").out == "0\n"
    finally:
        other.close()


def future(seconds):
    return g.now_us() + int(seconds * 1_000_000)


LIES = {
    "closes": (lambda ask: g.Close, "gate_unavailable"),
    "another nonce": (lambda ask: {**g.allow(ask), "nonce": "0" * 32}, "gate_unavailable"),
    "no nonce": (lambda ask: {**g.allow(ask), "nonce": ""}, "gate_unavailable"),
    "nothing of a message": (lambda ask: b"RCM1", "gate_unavailable"),
    "JSON": (lambda ask: b'{"verdict":"allow"}', "gate_unavailable"),
    "a byte too few": (lambda ask: g.encode("verdict", **g.allow(ask))[:-1], "gate_unavailable"),
    "a byte too many": (lambda ask: g.encode("verdict", **g.allow(ask)) + b"\0", "gate_unavailable"),
    "too long": (lambda ask: g.encode("verdict", **g.allow(ask)) + b"\0" * 200_000, "gate_unavailable"),
    "no verdict": (lambda ask: g.encode("noted"), "gate_unavailable"),
    "a fault": (lambda ask: g.encode("fault", field="exec.argv", message="too many"), "gate_unavailable"),
    "a reason that is none": (lambda ask: {**g.allow(ask), "reason": "ok_because"}, "gate_unavailable"),
    "an allow that is used up": (lambda ask: g.allow(ask, "used_up"), "gate_unavailable"),
    "an allow that has ended": (lambda ask: g.allow(ask, expires_at_us=future(-0.01)), "gate_unavailable"),
    "an allow without an end": (lambda ask: g.allow(ask, expires_at_us=0), "gate_unavailable"),
    "an allow for an hour": (lambda ask: g.allow(ask, expires_at_us=future(3600)), "clock_skew"),
    "an end before the start": (lambda ask: g.grant(ask, kill_at_us=future(-1)), "expired"),
    "a sealed copy": (lambda ask: g.grant(ask, must=g.PARENT | g.SEAL), "content_unbound"),
    "a duty without a run": (lambda ask: g.grant(ask, run=""), "gate_unavailable"),
    "a run without a lease": (lambda ask: g.grant(ask, lease_s=0), "gate_unavailable"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_no(box, gate, lie):
    gate.answer, reason = LIES[lie]
    refused(box.sudo("id", "-u"), reason)


def test_the_allow_of_another_change_is_no(box, gate):
    gate.answer = g.grant
    refused(box.sudo("id", "-u", env={"RCM_CHANGE": "CHG-13"}), "gate_unavailable", "another change")
    refused(box.sudo("id", "-u", env={"RCM_CHANGE": "CHG-12", "RCM_STEP": "3"}), "gate_unavailable", "another change")
    assert box.sudo("id", "-u", env={"RCM_CHANGE": "CHG-12", "RCM_STEP": "2"}).out == "0\n"


def test_a_message_cannot_write_to_the_terminal(box, gate):
    gate.answer = lambda ask: g.deny(ask, message="red \x1b[31m and \u202e back\nsecond line")
    done = box.sudo("id", "-u")
    assert "\x1b" not in done.err and "\u202e" not in done.err
    assert "second line" in done.err


class TestPinned:
    """public_key= in sudo.conf: an allow counts only with its signature over this very question."""

    @pytest.fixture(autouse=True)
    def pin(self, box, gate):
        self.signer = g.Signer()
        box.plugin(socket=gate.path, public_key=self.signer.public.hex())
        self.box, self.gate = box, gate

    def signed(self, ask, signer=None, about=None, **changes):
        answer = g.allow(ask)
        data = g.attest_bytes({**answer, **(about or {})}, ask["packet"])
        return {**answer, "is_signed": 1, "signature": (signer or self.signer).sign(data), **changes}

    def test_signed_is_allowed(self):
        self.gate.answer = self.signed
        assert self.box.sudo("id", "-u").out == "0\n"

    def test_the_key_may_be_pinned_as_it_is_printed(self):
        self.box.plugin(socket=self.gate.path, public_key=base64.b64encode(self.signer.public).decode())
        self.gate.answer = self.signed
        assert self.box.sudo("id", "-u").out == "0\n"

    def test_unsigned_is_no(self):
        self.gate.answer = g.allow
        refused(self.box.sudo("id", "-u"), "bad_signature")

    def test_signed_by_another_is_no(self):
        self.gate.answer = lambda ask: self.signed(ask, g.Signer())
        refused(self.box.sudo("id", "-u"), "bad_signature")

    def test_signed_and_then_changed_is_no(self):
        self.gate.answer = lambda ask: self.signed(ask, expires_at_us=future(5))
        refused(self.box.sudo("id", "-u"), "bad_signature")

    def test_a_refusal_signed_as_such_does_not_become_an_allow(self):
        self.gate.answer = lambda ask: self.signed(ask, about={"verdict": 2})
        refused(self.box.sudo("id", "-u"), "bad_signature")

    def test_the_signature_of_an_earlier_question_is_no(self):
        def replay(ask):
            data = g.attest_bytes(g.allow(ask), b"another request")
            return {**g.allow(ask), "is_signed": 1, "signature": self.signer.sign(data)}
        self.gate.answer = replay
        refused(self.box.sudo("id", "-u"), "bad_signature")
