"""Allocations that fail, one at a time: in the start, in requests, in a run with its undo. The daemon
answers 503, or says "out of memory" and ends with 71; it never crashes, and no promise is broken.

In the suite every k-th of them, as many as fit into half a minute; RB_MEMORY_ALL=1 takes each.
"""
import collections
import errno
import os
import random
import time

import pytest
from harness.lane import Lane

ALL = os.environ.get("RB_MEMORY_ALL")
SEED = int(os.environ.get("RB_SEED", "20261124"))
SECONDS = 30
NO_MEMORY = 71

pytestmark = pytest.mark.skipif(not os.environ.get("RB_BUILD") or not os.path.exists(
    os.path.join(os.environ["RB_BUILD"], "tests", "librb_faults.so")), reason="the tree has no librb_faults.so")


class Scene:
    """Something the daemon does, whose allocations fail."""

    def __init__(self, lane, act, settle):
        self.lane, self.act, self.settle = lane, act, settle
        self.count = self.count_allocations()
        self.ended, self.problems = collections.Counter(), []

    def count_allocations(self):
        self.act()
        self.settle()
        before = self.lane.faults.seen()["memory"]
        self.act()
        self.settle()
        return self.lane.faults.seen()["memory"] - before

    def fail(self, at):
        lane = self.lane
        lane.faults.arm("memory", errno.ENOMEM, at)
        lane.attempt(self.act)
        time.sleep(0.002)
        code = lane.daemon.process.child.poll()
        lane.faults.disarm()
        if code is None and self.settle() is None:
            code = lane.daemon.process.child.wait(10)
        self.ended[f"ended with {code}" if code is not None else "went on"] += 1
        if code not in (None, NO_MEMORY):
            self.problems.append(f"allocation {at}: it ended with {code}: {lane.daemon.process.tail(4)}")
        if code is not None:
            lane.recover()


@pytest.fixture(scope="module")
def lane(tmp_path_factory):
    lane = Lane(tmp_path_factory.mktemp("memory") / "lane", program="redbuttond", has_faults=True)
    yield lane
    lane.faults.disarm()
    if not lane.is_alive():
        lane.recover()
    lane.close()


def allocations(count, seconds, dice):
    """Those that are tried: each, or the time's worth of a shuffle."""
    order = list(range(1, count + 1))
    if ALL:
        yield from order
        return
    dice.shuffle(order)
    end = time.monotonic() + seconds
    for at in order:
        if time.monotonic() > end:
            return
        yield at


def report(capsys, what, tried, count, ended, problems):
    with capsys.disabled():
        print(f"\n{what}: {tried} of {count} allocations failed once: {dict(ended)}; {len(problems)} problems")
        for problem in problems[:10]:
            print("  " + problem[:700])
    assert not problems
    assert tried


def test_an_allocation_that_fails_in_the_start_ends_it_cleanly(lane, capsys):
    before = lane.faults.seen()["memory"]
    lane.kill()
    lane.start()
    count, tried = lane.faults.seen()["memory"] - before, 0
    ended, problems = collections.Counter(), []
    for at in allocations(count, SECONDS / 3, random.Random(SEED)):
        lane.kill()
        lane.faults.arm("memory", errno.ENOMEM, at)
        is_up = lane.start()
        lane.faults.disarm()
        tried += 1
        code = None if is_up else lane.daemon.process.child.wait()
        ended["up" if is_up else f"ended with {code}"] += 1
        if not is_up and code < 0:
            problems.append(f"allocation {at}: {code}: {lane.daemon.process.tail(4)}")
        if not is_up and not lane.start():
            problems.append(f"allocation {at}: the next start fails: {lane.daemon.process.tail(4)}")
    report(capsys, "the start", tried, count, ended, problems)
    assert lane.verify() == ""


def scenes(lane):
    def nothing():
        return lane.is_alive() or None

    def finish():
        if not lane.is_alive():
            return None
        return lane.wait_ended(lane.server, seconds=40)

    return {
        "status": (lambda: lane.daemon.get("/api/v1/status", token=lane.token, unix=True), nothing),
        "a preview": (lambda: lane.post("/api/v1/previews", {"plan": "crash/killed", "params": {"server": "x"}}), nothing),
        "a run": (lane.begin, finish),
    }


@pytest.mark.parametrize("name", ["status", "a preview", "a run"])
def test_an_allocation_that_fails_is_an_answer_or_a_clean_end(lane, capsys, name):
    scene = Scene(lane, *scenes(lane)[name])
    tried = 0
    for at in allocations(scene.count, SECONDS / 4, random.Random(SEED)):
        scene.fail(at)
        tried += 1
        if name == "a run":
            if not lane.end_by_hand(lane.server):
                scene.problems.append(f"allocation {at}: stuck: {lane.executions(lane.server)}")
            scene.problems.extend(f"allocation {at}: {problem}" for problem in lane.problems(lane.server))
    report(capsys, name, tried, scene.count, scene.ended, scene.problems)
    assert lane.verify() == ""
