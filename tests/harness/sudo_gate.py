"""harness.gate for the sudo plugin: verdicts as dicts that a test changes, and what was asked by name.

    gate.answer = lambda ask: grant(ask, lease_s=3)     # a dict, a packet, Silence, Close
    gate.asks, gate.watches, gate.beats, gate.ends
    gate.stop_run("RUN-1", "revoked", "CHG-7 was revoked")
"""
import time

from harness import gate as base
from harness.gate import (ALLOW, DENY, MASK, NULL_INPUT, PARENT, RECORD, REVIEW, SEAL, WANTS_KEY, Signer, attest_bytes, encode,
                          now_us)

__all__ = ["MASK", "NULL_INPUT", "PARENT", "RECORD", "SEAL", "WANTS_KEY", "Signer", "attest_bytes", "encode", "now_us"]


def verdict(ask, word, reason, message="", **more):
    values = dict(verdict=word, reason=reason, message=message, nonce=ask["nonce"], decision="DEC-1", change="", step=0,
                  grant="", run="", must=0, lease_s=0, kill_at_us=0, expires_at_us=0, detail="{}", is_signed=0,
                  signature=bytes(64))
    return {**values, **more}


def allow(ask, reason="ok_readonly", **more):
    return verdict(ask, ALLOW, reason, **{"expires_at_us": now_us() + 4_000_000, **more})


def inside(ask, **more):
    """The allow of a command inside the run that it names."""
    return allow(ask, "ok_grant", **{"run": ask["parent_run"], **more})


def grant(ask, run="RUN-1", must=PARENT, **more):
    return allow(ask, more.pop("reason", "ok_grant"), **{"change": "CHG-12", "step": 2, "grant": "GRANT-1", "run": run,
                                                         "must": must, "lease_s": 60, **more})


def deny(ask, reason="used_up", message="the grant was used", **more):
    return verdict(ask, DENY, reason, message, **{"change": "CHG-12", "step": 2, **more})


def review(ask, reason="no_change", message="no change allows this: rcm new", **more):
    return verdict(ask, REVIEW, reason, message, **more)


class Silence:
    """Answers nothing and keeps the connection."""


class Close:
    """Closes the connections without an answer."""


def late(seconds, make):
    def answer(ask):
        time.sleep(seconds)
        return make(ask)
    return answer


class SudoGate(base.Gate):
    def __init__(self, path, uid=0):
        super().__init__(path, uid)
        self.answer = allow
        self.watchers = []     # (run, connection), once its watch was answered

    def _reply(self, connection, message):
        if message["kind"] in ("decide", "check"):
            answer = self.answer(message)
            if answer is Close:
                self.drop()
            elif answer is not Silence:
                connection.send(answer if isinstance(answer, bytes) else encode("verdict", **answer))
            return
        packet = self.note(message)
        if packet:
            connection.send(packet)
        if message["kind"] == "watch":
            with self.lock:
                self.watchers.append((message["run"], connection))
                self.lock.notify_all()

    def drop(self):
        with self.lock:
            self.watchers = []
        super().drop()

    @property
    def asks(self):
        return self.of("decide")

    @property
    def ends(self):
        return self.of("end")

    @property
    def watches(self):
        return [message["run"] for message in self.of("watch")]

    @property
    def beats(self):
        return [message["run"] for message in self.of("heartbeat")]

    def watcher(self, run):
        """The connection on which that run was last said to be watched, once it was: a stop that came before would
        be the answer to the watch."""
        def live():
            return [connection for watched, connection in self.watchers if watched == run and connection.fileno() >= 0]

        with self.lock:
            self.lock.wait_for(live, 30)
            assert live(), f"nobody watches {run}"
            return live()[-1]

    def stop_run(self, run, reason="revoked", message="the change was revoked"):
        self.watcher(run).send(encode("stop", run=run, reason=reason, message=message))
