"""kill -9 at every journal write, at every arrival of a write, at random times, in recovery and in
rollback. RB_KILLS=1000 asks for so many; without it the suite stays below two minutes.

Where a kill strikes is drawn from RB_SEED (printed), but every moment of a run and of an undo is
taken once whatever is drawn.
"""
import collections
import os
import random
import threading
import time

import pytest
from harness.lane import Lane

KILLS = int(os.environ.get("RB_KILLS", "0"))
SEED = int(os.environ.get("RB_SEED", "20261124"))
SECONDS = 60            # without RB_KILLS: at least so long,
ENOUGH = KILLS or 250   # until so many kills,
PATIENCE = 100          # but on a busy machine no longer than this
LANES = 2


class Tally:
    """What was done and what was found, of all lanes."""

    def __init__(self):
        self.lock = threading.Lock()
        self.kills, self.ends, self.problems, self.cases = (collections.Counter() for _ in range(4))

    def add(self, counter, what, count=1):
        with self.lock:
            counter[what] += count

    def total(self):
        with self.lock:
            return sum(self.kills.values())


class Killer:
    """A lane and the cases that are played on it."""

    def __init__(self, folder, tally):
        self.lane, self.tally = Lane(folder), tally

    def died(self, where):
        """Counts a kill, if there was one."""
        if self.lane.is_alive():
            return False
        self.tally.add(self.tally.kills, where)
        return True

    def disarm(self):
        """What still strikes has done so when this returns."""
        if self.lane.is_alive():
            self.lane.arm(0)

    def see_through(self, where, recovery):
        """After an armed act: dead or alive, the daemon is up and harmless. True when it was killed."""
        self.disarm()
        was_killed = self.died(where)
        if was_killed:
            self.recover(recovery)
        return was_killed

    def recover(self, at_moments=()):
        """Started again; killed again at each of these moments of its new life."""
        for moment in at_moments:
            self.lane.recover(crash_at=moment)
            self.lane.wait_ended(self.lane.server)
            self.disarm()
            if not self.died("recovery"):
                return
        self.lane.recover()

    def finish(self, case):
        """All invariants, and a clean slate for the next case."""
        lane = self.lane
        runs = lane.wait_ended(lane.server)
        for _, state, _, reason, _ in runs:
            self.tally.add(self.tally.ends, f"{state} {reason}".strip())
            if state == "PAUSED":
                self.tally.add(self.tally.problems, f"{case}: asks although nobody touched a thing: {runs}")
        for problem in lane.problems(lane.server):
            self.tally.add(self.tally.problems, f"{case}: {problem}")
        self.tally.add(self.tally.cases, case.split()[0])

    # --- cases: each is killed at least once, or says that it was not ---

    def apply(self, moment, *recovery):
        lane = self.lane
        lane.arm(moment)
        lane.attempt(lane.begin)
        lane.wait_ended(lane.server)
        was_killed = self.see_through("run", recovery)
        self.finish(f"apply at {moment} {recovery}")
        return was_killed

    def undo(self, moment, *recovery):
        lane = self.lane
        lane.begin()
        lane.wait_ended(lane.server)
        lane.arm(moment)
        lane.attempt(lane.undo, lane.server)
        lane.wait_ended(lane.server)
        was_killed = self.see_through("undo", recovery)
        self.finish(f"undo at {moment} {recovery}")
        return was_killed

    def rollback(self, moment, after_s, *recovery):
        lane = self.lane
        lane.begin()
        time.sleep(after_s)
        lane.arm(moment)
        lane.attempt(lane.rollback, lane.server)
        lane.wait_ended(lane.server)
        was_killed = self.see_through("rollback", recovery)
        self.finish(f"rollback at {moment} {recovery}")
        return was_killed

    def arrival(self, count, place, edge, act="begin"):
        """At the count-th write that reaches an edge, before or after it is carried out."""
        lane = self.lane
        if act == "undo":
            lane.begin()
            lane.wait_ended(lane.server)
        lane.edges[edge].strike_at = (count, place)
        lane.attempt(*((lane.undo, lane.server) if act == "undo" else (lane.begin,)))
        lane.wait_ended(lane.server)
        was_killed = self.died(f"arrival, {place}")
        if was_killed:
            self.recover()
        lane.edges[edge].strike_at = None
        self.finish(f"arrival {act} {count} {place} edge {edge}")
        return was_killed

    def clock(self, after_s, *then_after_s):
        """At some time, and again at some time of the recovery."""
        lane = self.lane
        lane.attempt(lane.begin)
        time.sleep(after_s)
        lane.kill()
        self.died("time")
        for again_s in then_after_s:
            for edge in lane.edges:
                edge.settle()
            lane.spawn()
            time.sleep(again_s)
            lane.kill()
            self.died("time, recovery")
        lane.recover()
        self.finish(f"clock {after_s:.3f} {then_after_s}")
        return True


def random_cases(killer, dice):
    """Without end."""
    while True:
        choice = dice.random()
        if choice < 0.3:
            yield killer.apply, (dice.randint(5, 60), dice.randint(1, 40))
        elif choice < 0.4:
            yield killer.apply, (dice.randint(5, 60), dice.randint(1, 12), dice.randint(1, 25))
        elif choice < 0.55:
            yield killer.undo, (dice.randint(1, 40), dice.randint(1, 25))
        elif choice < 0.75:
            yield killer.rollback, (dice.randint(1, 40), dice.uniform(0, 0.15), dice.randint(1, 25))
        else:
            again = [dice.uniform(0, 0.12) for _ in range(dice.randint(0, 2))]
            yield killer.clock, (dice.uniform(0, 0.2), *again)


def play(killer, number, tally, began, failed):
    """Every moment first (each lane its share), then what the dice say."""
    dice = random.Random(SEED + number)
    try:
        for act in (killer.apply, killer.undo):
            moment = number + 1
            while act(moment):
                moment += LANES
            tally.add(tally.cases, f"last moment of {act.__name__}: {moment}")
        arrivals = [(count, place, edge, act) for act in ("begin", "undo") for count in range(1, 7)
                    for place in ("received", "done") for edge in (0, 1)]
        for arrival in arrivals[number::LANES]:
            killer.arrival(*arrival)
        for act, args in random_cases(killer, dice):
            spent = time.monotonic() - began
            if tally.total() >= ENOUGH and (KILLS or spent > SECONDS) or not KILLS and spent > PATIENCE:
                return
            act(*args)
    except BaseException as err:        # pylint: disable=broad-except
        failed.append(err)


@pytest.fixture
def killers(tmp_path):
    tally = Tally()
    made = [Killer(tmp_path / f"lane-{number}", tally) for number in range(LANES)]
    yield made
    for killer in made:
        killer.lane.close()


def test_killed_anywhere_nothing_is_unaudited_doubled_lost_or_stuck(killers, capsys):
    tally, failed, began = killers[0].tally, [], time.monotonic()
    threads = [threading.Thread(target=play, args=(killer, number, tally, began, failed))
               for number, killer in enumerate(killers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    worst = max(killer.lane.resumed_worst for killer in killers)
    with capsys.disabled():
        print(f"\nkilled {tally.total()} times in {time.monotonic() - began:.0f} s (seed {SEED}): {dict(tally.kills)}"
              f"\n  ended: {dict(tally.ends)}\n  cases: {dict(tally.cases)}"
              f"\n  resumed at the latest after {worst:.2f} s; {sum(tally.problems.values())} problems")
    if failed:
        raise failed[0]
    assert not tally.problems, "\n".join(list(tally.problems)[:20])
    assert tally.total() >= (KILLS or 100)
    assert worst < 5
