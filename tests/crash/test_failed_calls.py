"""Every write-like system call of a run and its undo as a kill point, as EIO and as ENOSPC: a sample
that fits into a minute. RB_FAULTS_ALL=1 takes them all.

Also here: a COMMIT that failed must not come back, clocks that jump, descriptors that run out.
"""
import collections
import os
import random
import resource
import threading
import time

import pytest
from harness.faults import ACTIONS, CALLS
from harness.lane import Lane
from harness.plans import ENDED

ALL = os.environ.get("RB_FAULTS_ALL")
SEED = int(os.environ.get("RB_SEED", "20261124"))
SECONDS = 36
OUTSIDE = [call for call in CALLS if call != "memory"]
LANES = 2

pytestmark = pytest.mark.skipif(not os.environ.get("RB_BUILD") or not os.path.exists(
    os.path.join(os.environ["RB_BUILD"], "tests", "librb_faults.so")), reason="the tree has no librb_faults.so")


class Player:
    """A lane on which calls fail."""

    def __init__(self, folder):
        self.lane = Lane(folder, program="redbuttond", has_faults=True)
        self.action = "none"
        self.play("none", 0, 0)
        before = self.lane.faults.seen()
        self.play("none", 0, 0)
        self.counts = {call: count - before[call] for call, count in self.lane.faults.seen().items()}

    def play(self, call, action, at, times=1):
        """One run and its undo with one fault in them; what is wrong afterwards."""
        lane, found = self.lane, self.begin_case(action)
        child = lane.daemon.process.child
        if call != "none":
            lane.faults.arm(call, action, at, times)
        for act in (lane.begin, lambda: lane.undo(lane.server)):
            if act == lane.begin or self.may_undo():
                lane.attempt(act)
                found += self.see_through(action)
        self.disarm(action, child)
        found += self.see_through(action)
        if not lane.end_by_hand(lane.server):
            found.append(f"stuck: {lane.executions(lane.server)}")
        return found + lane.problems(lane.server)

    def disarm(self, action, child):
        """Who took the last order may be about to strike, and who was struck takes its time to die."""
        faults = self.lane.faults
        faults.disarm()
        time.sleep(0.01)
        if action == "kill" and faults.struck and self.lane.daemon.process.child is child:
            child.wait(10)

    def begin_case(self, action):
        """Up, even when the last order of the case before struck late."""
        before, self.action = self.action, action
        if self.lane.is_alive():
            return []
        self.lane.recover()
        return [] if before == "kill" else ["the case before left it dead"]

    def may_undo(self):
        runs = self.lane.executions(self.lane.server)
        return len(runs) == 1 and runs[0][1] == "SUCCEEDED"

    def see_through(self, action):
        """Until nothing moves any more; started again if it died."""
        lane = self.lane
        runs = lane.wait_ended(lane.server, seconds=40)
        if lane.is_alive() and runs is not None:
            return []
        lane.faults.disarm()
        code = lane.daemon.process.child.wait()
        lane.recover()
        lane.wait_ended(lane.server, seconds=40)
        return [] if action == "kill" else [f"the daemon ended with {code}: {lane.daemon.process.tail(3)}"]

    def play_start(self, call, action, at):
        """A fault while it starts: it comes up or says why not, and the next start is well."""
        lane, late = self.lane, self.begin_case(action)
        lane.kill()
        lane.faults.arm(call, action, at)
        is_up = lane.start()
        code = lane.daemon.process.child.poll()
        self.disarm(action, lane.daemon.process.child)
        if is_up and lane.is_alive():
            return late + ([lane.verify()] if lane.verify() else [])
        found = late + ([] if lane.start() else ["it does not start any more"])
        if action != "kill" and not is_up and (code is None or code < 0):
            found.append(f"the start ended with {code}: {lane.daemon.process.tail(3)}")
        return found + ([lane.verify()] if lane.verify() else [])


@pytest.fixture(scope="module")
def players(tmp_path_factory):
    made = [Player(tmp_path_factory.mktemp("failed") / "lane") for _ in range(LANES)]
    yield made
    for player in made:
        player.lane.close()


def cases_of(counts, start_counts):
    cases = [("play", call, action, at) for call in OUTSIDE for action in ACTIONS
             for at in range(1, counts[call] + 1)]
    return cases + [("play_start", call, action, at) for call in OUTSIDE for action in ACTIONS
                    for at in range(1, start_counts[call] + 1)]


def start_counts(lane):
    before = lane.faults.seen()
    lane.kill()
    lane.start()
    return {call: count - before[call] for call, count in lane.faults.seen().items()}


def spread(cases, dice):
    """Each call and action in turn, so that a sample has some of all."""
    kinds = collections.defaultdict(list)
    for case in cases:
        kinds[case[:3]].append(case)
    for kind in kinds.values():
        dice.shuffle(kind)
    while kinds:
        for name in list(kinds):
            yield kinds[name].pop()
            if not kinds[name]:
                del kinds[name]


def test_a_call_that_fails_or_kills_breaks_no_promise(players, capsys):
    began = time.monotonic()
    cases = cases_of(players[0].counts, start_counts(players[0].lane))
    queue = collections.deque(spread(cases, random.Random(SEED)))
    done, found, lock, failed = collections.Counter(), [], threading.Lock(), []

    def work(player):
        try:
            while queue and (ALL or time.monotonic() - began < SECONDS):
                what, call, action, at = queue.popleft()
                problems = getattr(player, what)(call, action, at)
                with lock:
                    done[f"{call} {action}{' at start' if what == 'play_start' else ''}"] += 1
                    found.extend(f"{what} {call} {action} {at}: {problem}" for problem in problems)
        except IndexError:
            return
        except BaseException as err:        # pylint: disable=broad-except
            failed.append((what, call, action, at, err))
        finally:
            player.lane.kill()      # what a thread started ends with it
            player.action = "kill"

    threads = [threading.Thread(target=work, args=(player,)) for player in players]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with capsys.disabled():
        print(f"\n{sum(done.values())} of {len(cases)} faults in {time.monotonic() - began:.0f} s (seed {SEED}): "
              f"{dict(done)}\n  {len(found)} violations")
        for problem in found[:40]:
            print("  " + problem[:600])
    if failed:
        raise AssertionError(f"{failed[0][:4]}") from failed[0][4]
    assert not found


@pytest.fixture
def lane(players):
    """One that is up, with nothing ordered."""
    player = players[0]
    player.begin_case("kill")
    yield player.lane
    player.lane.faults.disarm()
    player.lane.faults.set_clock(0)
    if not player.lane.is_alive():
        player.lane.recover()


def test_a_commit_that_failed_does_not_come_back_after_kill_9(lane):
    lane.servers += 1
    preview = lane.post("/api/v1/previews", {"plan": "crash/killed", "params": {"server": lane.server}}).json
    lane.faults.arm("fdatasync", "EIO", 1)
    reply = lane.post("/api/v1/executions", {"preview": preview["id"], "digest": preview["digest"]})
    assert lane.faults.struck == 1
    assert (reply.status, reply.json["code"]) == (503, "not_durable")
    lane.kill()
    lane.recover()
    assert lane.executions(lane.server) == [] and lane.written(lane.server) == 0
    assert lane.problems(lane.server) == []


def test_when_nothing_can_be_synced_nothing_is_sent_and_the_daemon_says_so(lane):
    lane.servers += 1
    preview = lane.post("/api/v1/previews", {"plan": "crash/killed", "params": {"server": lane.server}}).json
    lane.faults.arm("fdatasync", "EIO", 1, times=1000000)
    reply = lane.post("/api/v1/executions", {"preview": preview["id"], "digest": preview["digest"]})
    assert (reply.status, reply.json["code"]) == (503, "outcome_unknown")
    ready = lane.daemon.get("/readyz", unix=True)
    assert ready.status == 503 and ready.json["checks"]["store"]["ok"] is False
    assert lane.written(lane.server) == 0
    lane.faults.disarm()
    end = time.monotonic() + 60
    while not lane.is_up():
        assert time.monotonic() < end, "it does not try again"
        time.sleep(0.05)
    lane.begin()
    assert lane.wait_ended(lane.server)[0][1] == "SUCCEEDED"
    assert lane.problems(lane.server) == []


@pytest.mark.parametrize("jump", [-86400, -600, 240, 600, 43200])
@pytest.mark.parametrize("is_killed", [False, True])
def test_a_clock_that_jumps_in_the_middle_leaves_a_run_that_ends_or_asks(lane, jump, is_killed):
    lane.begin(hold="300ms")
    while lane.written(lane.server) < 2:
        time.sleep(0.01)
    lane.faults.set_clock(jump)
    if is_killed:
        lane.kill()
        lane.recover()
    runs = lane.wait_ended(lane.server)
    assert runs[0][1] == "SUCCEEDED" or (runs[0][1] == "PAUSED" and runs[0][3] in ("in_doubt", "deadline")), runs
    if runs[0][1] == "PAUSED":
        assert jump > 0
        assert lane.post(f"/api/v1/executions/{runs[0][0]}/resume", {}).status in (200, 202)
    assert lane.end_by_hand(lane.server)
    assert lane.problems(lane.server) == []
    lane.faults.set_clock(0)
    assert lane.verify() == ""


@pytest.mark.parametrize("spare", [0, 1, 2, 3, 5])
def test_without_descriptors_nothing_is_invented(lane, spare):
    pid = lane.daemon.process.pid
    limit = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    lane.begin(hold="200ms")
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")) + spare, limit[1]))
    time.sleep(0.8)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, limit)
    assert lane.end_by_hand(lane.server)
    runs = lane.executions(lane.server)
    assert all(run[1] in ENDED for run in runs)
    assert lane.problems(lane.server) == []
