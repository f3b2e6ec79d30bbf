"""The gate of the daemon's own host: whatever becomes of the daemon, of what lies between, or of the clock, nothing runs
without a grant or a follow-up that is owed. (The gate of another host: test_forward.py.)"""
import hashlib
import itertools
import os
import time
from pathlib import Path

import pytest
from harness.changes import at
from harness.gate import ALLOW, decode, encode, sealed
from harness.middle import Middle, again
from harness.production import LI, RUNAS

NOWHERE = "/nowhere/x"      # ends touch with 1: what failed is over at once
FAKETIME = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
numbers = itertools.count(1)
PATIENCE_S = 10     # of a loaded machine; rcm gives up after two seconds, and nobody else hurries it


@pytest.fixture(scope="module")
def middle(production):
    """rcm asks at its path; only root can have made it."""
    middle = Middle(production.host.folder / "middle.sock", production.path)
    yield middle
    middle.close()


@pytest.fixture
def mark(production):
    mark = production.theirs / f"mark-{next(numbers)}"
    yield mark
    mark.unlink(missing_ok=True)


@pytest.fixture
def emergency(production):
    started = begin_emergency(production)
    yield started
    end_emergency(production, started)


def begin_emergency(production):
    people = production.people
    incident = people.carol.json("incident", "open", "the shop answers nothing", "--severity", 1)["name"]
    return people.alice.json("emergency", "start", "--scope", "host:here", "--incident", incident, "--ttl", "30m",
                             "--reason", "the shop answers nothing, and the unit must be restarted")["name"]


def end_emergency(production, name):
    production.people.alice.run("emergency", "end", name)
    production.people.bob.ok("follow-up", "close", name, "--verdict", "justified", "--note", "a test of the gate")


def follow_ups(production):
    return {one["emergency"] for one in production.people.vera.json("follow-up", "list", "--open")}


def touch(mark):
    return "touch", str(mark), NOWHERE


def run(production, middle, mark):
    return production.run("exec", "--socket", middle.path, "--", *touch(mark))


# --- what lies between ---

SLOW_S = 8      # well beyond the two seconds that rcm waits


def slow(asked, packet):
    time.sleep(SLOW_S)
    return packet


def say_allow(asked, packet):
    """An allow with all that belongs to one; the signature is that of the refusal."""
    return again(decode(packet), verdict=ALLOW, reason="ok_grant", run="01J00000000000000000000000", grant="G", must=0)


def say_readonly(asked, packet):
    """Whatever it was, it is called a read: it would run in place, unrecorded."""
    return again(decode(packet), verdict=ALLOW, reason="ok_readonly", run="", grant="", must=0)


def unsigned(asked, packet):
    return again(decode(packet), is_signed=0, signature=bytes(64))


def freed(asked, packet):
    """Its obligations taken away."""
    return again(decode(packet), must=0, kill_at_us=1)


def longer(asked, packet):
    told = decode(packet)
    return again(told, expires_at_us=told["expires_at_us"] + 1)


class Replay:
    """The first signed answer, to whatever is asked later."""

    def __init__(self):
        self.kept = None

    def __call__(self, asked, packet):
        self.kept = self.kept or packet
        return self.kept


class ReplayWithNonce(Replay):
    def __call__(self, asked, packet):
        return again(decode(super().__call__(asked, packet)), nonce=asked["nonce"])


BETWEEN = {
    "up": (lambda: lambda asked, packet: packet, None),
    "slow": (lambda: slow, "gate_unavailable"),
    "down": (lambda: lambda asked, packet: None, "gate_unavailable"),
    "lying": (lambda: say_allow, "bad_signature"),
    "calling it a read": (lambda: say_readonly, "bad_signature"),
    "unsigned": (lambda: unsigned, "bad_signature"),
    "without obligations": (lambda: freed, "bad_signature"),
    "good for longer": (lambda: longer, "bad_signature"),
    "stale": (Replay, "gate_unavailable"),
    "stale with this nonce": (ReplayWithNonce, "bad_signature"),
}


@pytest.mark.parametrize("what", ["grant", "none", "emergency"])
@pytest.mark.parametrize("how", BETWEEN)
def test_no_cell_allows_without_a_grant_or_a_follow_up(request, production, middle, mark, how, what):
    if what == "grant":
        name = request.getfixturevalue("approve")(production.step("/usr/bin/touch", *touch(mark)[1:]))
    elif what == "emergency":
        request.getfixturevalue("emergency")
    make, refusal = BETWEEN[how]
    spoil = make()
    if how.startswith("stale"):     # of an earlier question of the same person, that was allowed
        middle.spoil = spoil
        assert production.run("exec", "--socket", middle.path, "--", "id").reason == "ok_readonly"
    middle.spoil = spoil
    began = time.monotonic()
    try:
        told = run(production, middle, mark)
    finally:
        middle.honest()
    expected = refusal or {"grant": "ok_grant", "none": "no_change", "emergency": "ok_emergency"}[what]
    assert told.reason == expected, told
    assert time.monotonic() - began < SLOW_S, "it waited for the answer"
    allowed = how == "up" and what != "none"
    assert (told.is_allowed, mark.exists(), told.code) == (allowed, allowed, 1 if allowed else 125)
    if allowed and what == "grant":
        assert [one["state"] for one in production.runs(name)] == ["ended"] and list(production.host.recordings.iterdir())
    if what == "emergency":
        assert follow_ups(production), "it is owed from the start"


# --- a step on its way ---

def script_step(production, mark):
    text = f"#!/bin/sh\necho approved > {mark}\nexit 1\n"
    return {"kind": "script", "argv": ["fix.sh"], "targets": ["here"], "runas": RUNAS,
            "contents": [{"role": "script", "name": "fix.sh", "sha256": production.changes.content(text), "mode": 0o755}]}


def other_content(mark):
    """Its digest as well, so that rcm finds nothing wrong with it: then the gate does."""
    text = f"#!/bin/sh\necho swapped > {mark}\n".encode()
    return text, sealed(text)


def swap_bytes(mark):
    return lambda packet, descriptors: (packet, [other_content(mark)[1]])


def swap_bytes_and_digest(mark):
    def swap(packet, descriptors):
        text, fd = other_content(mark)
        step, digest = decode(packet), hashlib.sha256(text).hexdigest()
        command = {**step["exec"], "path": f"sha256:{digest}", "contents": [("script", digest, len(text))]}
        return encode("step", **{**step, "exec": command}), [fd]
    return swap


def swap_words(mark):
    def swap(packet, descriptors):
        step = decode(packet)
        return encode("step", **{**step, "exec": {**step["exec"], "argv": ["fix.sh", "now"]}}), descriptors
    return swap


@pytest.mark.parametrize("make, reason", [(swap_bytes, "content_mismatch"), (swap_bytes_and_digest, "content_mismatch"),
                                          (swap_words, "fingerprint_mismatch")])
def test_what_is_swapped_on_its_way_does_not_run(production, middle, approve, mark, make, reason):
    name = approve(script_step(production, mark))
    middle.swap = make(mark)
    try:
        told = production.run("exec", name, "--step", "1", "--socket", middle.path)
    finally:
        middle.honest()
    assert (told.code, told.reason) == (125, reason) and not mark.exists(), told
    assert production.run("exec", name, "--step", "1").code == 1 and mark.read_text() == "approved\n"


# --- the recorder ---

def opened(folder):
    folder.chmod(0o755)


def of_another(folder):
    os.chown(folder, 0, 0)


def a_link(folder):
    folder.rename(folder.with_name("kept"))
    folder.symlink_to(folder.with_name("kept"))


def gone(folder):
    folder.rename(folder.with_name("kept"))
    folder.write_text("")


@pytest.mark.parametrize("spoil", [opened, of_another, a_link, gone])
def test_where_nothing_can_be_recorded_nothing_runs(production, approve, mark, spoil):
    """The grant is taken by then, and the run that never was is told as ended."""
    name, folder = approve(production.step("/usr/bin/touch", *touch(mark)[1:])), production.host.recordings
    spoil(folder)
    try:
        told = production.run("exec", name, "--step", "1")
    finally:
        if folder.with_name("kept").exists():
            folder.unlink()
            folder.with_name("kept").rename(folder)
        folder.chmod(0o700)
        os.chown(folder, LI, LI)
    assert told.code == 125 and "nothing runs unrecorded" in told.err and not mark.exists(), told
    assert [one["state"] for one in production.runs(name)] == ["ended"]
    assert production.run("exec", name, "--step", "1").reason == "used_up" and not mark.exists()


# --- the daemon is gone ---

@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_without_a_daemon_nothing_runs(production, approve, emergency, mark, how):
    name = approve(production.step("/usr/bin/touch", *touch(mark)[1:]))
    getattr(production.daemon, {"stopped": "stop", "killed": "kill"}[how])()
    try:
        for words in ([name, "--step", "1"], ["--", *touch(mark)], ["--", "id"]):
            began = time.monotonic()
            told = production.run("exec", *words)
            assert (told.code, told.reason) == (125, "gate_unavailable") and not mark.exists(), told
            assert time.monotonic() - began < PATIENCE_S
        assert production.run("check", "--", "id").code == 20
        assert production.run("ssh", env={"SSH_ORIGINAL_COMMAND": "id"}).code == 125
    finally:
        production.daemon.start()
    assert production.run("exec", name, "--step", "1").reason == "ok_grant" and mark.exists()


# --- the daemon's clock ---

@pytest.fixture
def clock(production, tmp_path):
    """clock("-1h"): the daemon started again with its clock so far from this host's."""
    if not FAKETIME:
        pytest.skip("needs faketime: script/deps")

    def set_clock(offset):
        production.daemon.stop()
        production.daemon.variables = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": offset, "DONT_FAKE_MONOTONIC": "1"}
        production.daemon.start()
    yield set_clock
    production.daemon.stop()
    production.daemon.variables = {}
    production.daemon.start()


@pytest.mark.parametrize("offset, reason", [("-20m", "gate_unavailable"), ("+20m", "clock_skew")])
@pytest.mark.parametrize("what", ["grant", "none", "emergency"])
def test_an_allow_of_another_time_runs_nothing(production, approve, request, mark, clock, what, offset, reason):
    if what == "grant":
        approve(production.step("/usr/bin/touch", *touch(mark)[1:]), start=at(-60))
    elif what == "emergency":
        request.getfixturevalue("emergency")
    clock(offset)
    for words in (touch(mark), ("id",)):
        told = production.run("exec", "--", *words)
        assert told.code == 125 and not told.is_allowed and not mark.exists(), told
        if words == ("id",) or what != "none":
            assert told.reason == reason, told
