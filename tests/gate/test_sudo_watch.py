"""The I/O half: a command ends when its run is stopped, its time is over or the gate is lost."""
import os
import subprocess
import threading
import time

import pytest
from harness import sudo_gate as g


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


# A length of sleep that no other process has.
NAP = f"300.{os.getpid()}"


def is_running():
    return subprocess.run(["pgrep", "-f", f"^sleep {NAP}$"], capture_output=True, check=False).returncode == 0


@pytest.fixture
def running(box, gate):
    """running(**of the grant): sudo sleep, watched."""
    started = []

    def start(*words, **more):
        gate.answer = lambda ask: g.grant(ask, **more)
        process = box.start_sudo(*(words or ("sleep", NAP)))
        started.append(process)
        gate.watcher("RUN-1")
        if not words:
            wait_for(is_running)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_a_revoked_run_ends_within_two_seconds(box, gate, running):
    process = running()
    began = time.monotonic()
    gate.stop_run("RUN-1", "revoked", "CHG-12 was revoked by bob")
    done = box.finish(process)
    wait_for(lambda: not is_running())
    assert time.monotonic() - began < 2
    assert done.code != 0
    assert "rcm: deny[14 revoked] CHG-12 step 2: CHG-12 was revoked by bob" in done.err
    wait_for(lambda: gate.ends)
    assert gate.ends[0]["run"] == "RUN-1" and gate.ends[0]["status"] & 0x7F, gate.ends


def test_a_command_that_ignores_signals_ends_too(box, gate, running):
    process = running("bash", "-c", "trap '' HUP TERM INT; echo up; while :; do sleep 0.2; done")
    assert process.stdout.readline() == b"up\n"
    began = time.monotonic()
    gate.stop_run("RUN-1")
    done = box.finish(process)
    assert time.monotonic() - began < 10, "sudo kills two seconds after it asked"
    assert done.code != 0 and "revoked" in done.err


def test_the_stop_of_another_run_stops_nothing(box, gate, running):
    process = running()
    gate.watcher("RUN-1").send(g.encode("stop", run="RUN-2", reason="revoked", message=""))
    time.sleep(1.5)
    assert process.poll() is None
    wait_for(lambda: len(gate.watches) == 2)    # what is not understood is hung up on, and asked anew
    gate.stop_run("RUN-1")
    assert "revoked" in box.finish(process).err


def test_kill_at_is_kept(box, gate):
    gate.answer = lambda ask: g.grant(ask, kill_at_us=g.now_us() + 1_500_000)
    began = time.monotonic()
    done = box.finish(box.start_sudo("sleep", NAP))
    assert 1.4 < time.monotonic() - began < 10
    assert "rcm: deny[14 expired] CHG-12 step 2: the time for this command is over" in done.err


def test_a_gate_that_comes_back_within_the_lease_is_found_again(box, gate, running):
    process = running(lease_s=60)
    gate.drop()
    wait_for(lambda: len(gate.watches) == 2)
    assert process.poll() is None
    gate.stop_run("RUN-1")
    assert "revoked" in box.finish(process).err


def test_a_gate_lost_past_the_lease_ends_the_command(box, gate, running):
    began = time.monotonic()
    process = running(lease_s=3)
    gate.close()
    done = box.finish(process)
    assert 3 < time.monotonic() - began < 15
    assert "deny[20 gate_unavailable] CHG-12 step 2: nothing was heard from the gate" in done.err
    assert "the end of run RUN-1 could not be told" in done.err


def test_a_gate_that_is_silent_past_the_lease_ends_the_command(box, gate, running):
    process = running(lease_s=3)
    gate.note = lambda message: None
    assert "nothing was heard from the gate" in box.finish(process).err


def test_heartbeats_keep_a_run_beyond_its_lease(box, gate, running):
    process = running(lease_s=12)
    time.sleep(14)
    assert process.poll() is None and set(gate.beats) == {"RUN-1"}
    gate.stop_run("RUN-1")
    box.finish(process)


def test_a_run_that_is_stopped_before_it_starts_does_not_start(box, gate):
    gate.answer = g.grant
    gate.note = lambda message: (g.encode("stop", run=message["run"], reason="revoked", message="too late")
                                 if message["kind"] == "watch" else g.encode("noted"))
    done = box.sudo("echo", "ran")
    assert (done.code, done.out) == (1, "") and "revoked" in done.err
    assert gate.ends[0]["status"] == 126 << 8


def test_a_gate_that_cannot_watch_lets_nothing_start(box, gate):
    gate.answer = g.grant
    gate.note = lambda message: None if message["kind"] == "watch" else g.encode("noted")
    began = time.monotonic()
    done = box.sudo("echo", "ran")
    assert (done.code, done.out) == (1, "") and time.monotonic() - began < 10


def test_a_command_on_a_terminal_is_stopped_too(box, gate):
    gate.answer = g.grant

    def stop():
        wait_for(is_running)
        gate.stop_run("RUN-1")
    threading.Thread(target=stop, daemon=True).start()
    began = time.monotonic()
    code, shown = box.terminal("sleep", NAP)
    assert time.monotonic() - began < 15 and code != 0
    assert "rcm: deny[14 revoked]" in shown
