"""A full disk: new effects are refused before they are sent, undo and abort go through, and all goes
on by itself once there is room. The data directory lies on a tmpfs of its own."""
import os
import subprocess
import time
from contextlib import contextmanager

import pytest
from harness.lane import Lane

MIB = 1024 * 1024
RESERVE = 8
SIZE = 40


class Disk:
    """A small disk that is filled and emptied."""

    def __init__(self, folder):
        self.folder, self.filler = folder, folder / "filler"
        folder.mkdir(parents=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}m", "tmpfs", str(folder)],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            folder.rmdir()
            pytest.skip(f"a tmpfs cannot be mounted here (it needs root): {done.stderr.strip()}")

    def free(self):
        return os.statvfs(self.folder).f_bavail * os.statvfs(self.folder).f_frsize

    def fill(self, leave=0):
        """Until so many bytes are left."""
        with open(self.filler, "ab", buffering=0) as out:
            while (more := self.free() - leave) > 0:
                try:
                    out.write(b"\0" * min(more, MIB))
                except OSError:
                    return

    def empty(self):
        self.filler.unlink()

    def close(self):
        subprocess.run(["umount", "-l", str(self.folder)], check=False)


@pytest.fixture
def disk(tmp_path):
    disk = Disk(tmp_path / "lane" / "daemon" / "data")
    yield disk
    disk.close()


@pytest.fixture
def lane(disk, tmp_path):
    lane = Lane(tmp_path / "lane", program="redbuttond", space_reserve=RESERVE)
    yield lane
    lane.close()


def readiness(lane):
    reply = lane.daemon.get("/readyz", unix=True)
    return reply.status, reply.json["checks"]


def wait_until(look, what, seconds=60):
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.02)


@contextmanager
def full(lane, disk):
    """Filled to the last byte, as the daemon finds out at its next write; emptied at the end."""
    disk.fill()
    lane.post("/api/v1/previews", {"plan": "crash/killed", "params": {"server": "nobody"}})
    wait_until(lambda: readiness(lane)[1]["space"]["ok"] is False, "the full disk to be noticed")
    yield
    disk.empty()


def last(lane, server):
    return lane.executions(server)[-1]


def test_a_full_disk_sends_nothing_new_and_lets_undo_and_rollback_through(lane, disk):
    lane.begin()
    done = lane.server
    assert lane.wait_ended(done)[0][1] == "SUCCEEDED"
    lane.begin(hold="3s")
    going_back = lane.server
    lane.begin(hold="3s")
    going_on = lane.server
    wait_until(lambda: lane.written(going_back) >= 2 and lane.written(going_on) >= 2, "the first stage of both")
    with full(lane, disk):
        status, checks = readiness(lane)
        assert status == 503 and "disk of the data directory is full" in checks["space"]["detail"]
        assert checks["store"]["ok"] is True, "the reserve was given up: the store can write"
        holds = lane.daemon.get("/api/v1/status", token=lane.token).json["held"]
        assert [hold["what"] for hold in holds] == ["space"]
        refused = lane.post("/api/v1/executions", {"preview": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "digest": "sha256:" + "0" * 64})
        assert (refused.status, refused.json["code"]) == (503, "disk_full")
        assert "only undo" in refused.json["detail"] and "free space" in refused.json["remedy"]
        refused = lane.post("/api/v1/previews", {"plan": "crash/killed", "params": {"server": "nobody"}})
        assert (refused.status, refused.json["code"]) == (503, "disk_full")
        sent = lane.written(going_on), lane.written(going_back)
        time.sleep(4)
        assert (lane.written(going_on), lane.written(going_back)) == sent, "something new was sent on a full disk"
        assert last(lane, going_on)[1] == "RUNNING", "it is held, not failed"
        lane.undo(done)
        lane.rollback(going_back)
        wait_until(lambda: last(lane, done)[1] == "ROLLED_BACK", "the undo of what had ended")
        wait_until(lambda: last(lane, going_back)[1] == "ROLLED_BACK", "the rollback of what was running")
        assert lane.weights(done) == lane.weights(going_back) == [100, 100]
        assert lane.daemon.get("/api/v1/audit?limit=1", token=lane.people.token("admin")).status == 200
    wait_until(lambda: readiness(lane)[0] == 200, "the reserve to be made again")
    assert (disk.folder / "redbutton.db.reserve").stat().st_blocks * 512 >= RESERVE * MIB
    assert lane.wait_ended(going_on)[0][1] == "SUCCEEDED", "what was held goes on by itself"
    lane.begin()
    assert lane.wait_ended(lane.server)[0][1] == "SUCCEEDED"
    for server in (done, going_back, going_on, lane.server):
        assert lane.problems(server) == []


def test_a_run_on_a_full_disk_can_be_aborted_and_holds_no_lock(lane, disk):
    lane.begin(hold="10s")
    wait_until(lambda: lane.written(lane.server) >= 2, "the first stage")
    with full(lane, disk):
        execution = last(lane, lane.server)[0]
        assert lane.post(f"/api/v1/executions/{execution}/abort", {}).status in (200, 202)
        wait_until(lambda: last(lane, lane.server)[1] == "ABORTED", "the end of the run")
        assert lane.problems(lane.server) == []


def test_low_space_refuses_new_runs_early_and_lets_those_that_run_go_on(lane, disk):
    lane.begin(hold="1500ms")
    running = lane.server
    disk.fill(leave=RESERVE * MIB // 2)
    wait_until(lambda: readiness(lane)[0] == 503, "low space to be noticed")
    assert "nearly full" in readiness(lane)[1]["space"]["detail"]
    reply = lane.begin()
    assert reply["code"] == "disk_full" and "no new run is started" in reply["detail"]
    reasons = lane.post("/api/v1/can", {"plan": "crash/killed", "params": {"server": "nobody"}}).json["reasons"]
    assert [reason["reason"] for reason in reasons] == ["space"]
    assert lane.wait_ended(running)[0][1] == "SUCCEEDED"
    lane.undo(running)
    wait_until(lambda: last(lane, running)[1] == "ROLLED_BACK", "the undo")
    disk.empty()
    wait_until(lambda: readiness(lane)[0] == 200, "space to be noticed")


@pytest.mark.parametrize("is_noticed", [True, False])
def test_killed_and_started_on_a_full_disk_it_comes_up_and_undoes(lane, disk, is_noticed):
    lane.begin()
    lane.wait_ended(lane.server)
    disk.fill()
    if is_noticed:
        lane.post("/api/v1/previews", {"plan": "crash/killed", "params": {"server": "nobody"}})
        wait_until(lambda: readiness(lane)[1]["space"]["ok"] is False, "the full disk to be noticed")
        disk.fill(leave=RESERVE * MIB // 2)
    lane.kill()
    lane.spawn()
    wait_until(lane.daemon.is_alive, "the start on a full disk")
    assert readiness(lane)[0] == 503
    lane.undo(lane.server)
    wait_until(lambda: last(lane, lane.server)[1] == "ROLLED_BACK", "the undo")
    assert lane.problems(lane.server) == []
    disk.empty()
    wait_until(lambda: readiness(lane)[0] == 200, "space to be noticed")
