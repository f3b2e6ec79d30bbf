"""Planes that stop, lie or were changed by somebody else: each has a defined, visible end."""
import signal
import time
from pathlib import Path

import pytest
from harness.plans import activate, start, wait_for_state

PLAN = Path(__file__).parent / "plans" / "shift.lua"


@pytest.fixture
def shift(production, people):
    activate(people, PLAN, "test/shift")
    return production


def first_level_stands(people, run):
    """Nothing is on its way: what stops now was asked nothing that it did not answer."""
    end = time.monotonic() + 60
    while [row["state"] for row in people.alice.json("execution", "journal", run)] != ["CONFIRMED"] * 2:
        assert time.monotonic() < end, people.alice.ok("execution", "show", run)
        time.sleep(0.05)


def test_a_stopped_haproxy_pauses_the_run_and_retry_goes_on(shift, people):
    run = start(people, "test/shift", "zone=a", "hold=2s")
    first_level_stands(people, run)
    shift.edges[1].stop()
    paused = wait_for_state(people, run, "PAUSED")
    assert paused["reason"] == "failed_step"
    assert "edge-2" in paused["message"]
    shift.edges[1].start()
    for edge in shift.edges:
        edge.set_weight("a", shift.edges[0].weight("a"))
    people.alice.ok("execution", "retry", run)
    wait_for_state(people, run, "SUCCEEDED")


def test_somebody_else_in_the_middle_of_a_ramp_is_a_conflict(shift, people):
    run = start(people, "test/shift", "zone=a", "hold=2s")
    first_level_stands(people, run)
    shift.edges[0].set_weight("a", 90)
    paused = wait_for_state(people, run, "PAUSED")
    assert paused["reason"] == "conflict"
    assert "90" in paused["message"]
    assert shift.edges[0].weight("a") == 90, "nothing is written over it"


def test_undo_over_a_third_value_asks_and_keep_leaves_it(shift, people):
    run = start(people, "test/shift", "zone=a")
    wait_for_state(people, run, "SUCCEEDED")
    shift.edges[0].set_weight("a", 33)
    people.alice.fails("execution", "rollback", run)
    undo = people.alice.json("execution", "list")[0]
    assert undo["state"] == "PAUSED"
    assert undo["reason"] == "conflict"
    journal = people.alice.json("execution", "journal", undo["id"])
    conflict = [effect for effect in journal if effect["state"] == "CONFLICT"]
    assert "baseline 100, ours 0, now 33" in conflict[0]["message"]
    assert shift.edges[0].weight("a") == 33
    people.alice.ok("execution", "answer", undo["id"], "keep")
    wait_for_state(people, undo["id"], "ROLLED_BACK_WITH_EXCEPTIONS", seconds=60)
    assert shift.edges[0].weight("a") == 33
    assert shift.edges[1].weight("a") == 100


@pytest.mark.parametrize("kind", ["nonsense", "half_open", "closing"])
def test_a_plane_that_answers_nonsense_is_never_believed(production, people, bad, kind):
    server = bad(kind)
    people.admin.ok("target", "set", "edge-1", "--address", f"tcp:127.0.0.1:{server.port}")
    activate(people, PLAN, "test/shift")
    preview = people.alice.json("preview", "test/shift", "zone=a")
    row = [row for row in preview["table"] if row["target"] == "edge-1"][0]
    assert row["now"] == "unknown"
    assert row["message"]
    assert preview["problems"]


def test_without_metrics_the_run_holds_says_so_and_asks(shift, people):
    shift.prometheus.stop()
    try:
        run = start(people, "test/shift", "zone=a")
        wait_for_state(people, run, "RUNNING")
        time.sleep(5)
        assert [edge.weight("a") for edge in shift.edges] == [100, 100]
        paused = wait_for_state(people, run, "PAUSED", seconds=60)
        assert paused["reason"] == "unknown_health"
        assert "prom-main" in paused["message"]
        people.alice.ok("execution", "abort", run)
    finally:
        shift.prometheus.start()


def wait_weight(edge, weight, seconds=60):
    end = time.monotonic() + seconds
    while edge.weight("a") != weight:
        assert time.monotonic() < end, f"{edge.name} is at {edge.weight('a')}, waited for {weight}"
        time.sleep(0.05)


def test_a_haproxy_that_is_slow_delays_the_run_and_no_more(shift, people):
    run = start(people, "test/shift", "zone=a", "hold=1s")
    wait_weight(shift.edges[1], 75)
    shift.edges[1].process.signal(signal.SIGSTOP)
    time.sleep(3)
    shift.edges[1].process.signal(signal.SIGCONT)
    wait_for_state(people, run, "SUCCEEDED")
    assert [edge.weight("a") for edge in shift.edges] == [0, 0]
    assert all(row["state"] == "CONFIRMED" for row in people.alice.json("execution", "journal", run))


def test_a_haproxy_that_hangs_pauses_the_run_and_it_is_never_believed(shift, people):
    run = start(people, "test/shift", "zone=a", "hold=1s")
    wait_weight(shift.edges[1], 75)
    shift.edges[1].process.signal(signal.SIGSTOP)
    try:
        paused = wait_for_state(people, run, "PAUSED")
        assert paused["reason"] in ("failed_step", "in_doubt")
        assert "edge-2" in paused["message"]
    finally:
        shift.edges[1].process.signal(signal.SIGCONT)
    people.alice.ok("execution", "retry", run)
    wait_for_state(people, run, "SUCCEEDED")
    assert [edge.weight("a") for edge in shift.edges] == [0, 0]


def test_a_haproxy_restarted_with_other_weights_is_a_conflict_and_is_not_written_over(shift, people):
    run = start(people, "test/shift", "zone=a", "hold=2s")
    first_level_stands(people, run)
    shift.edges[0].restart()
    shift.edges[0].set_weight("a", 60)
    paused = wait_for_state(people, run, "PAUSED")
    assert paused["reason"] == "conflict"
    assert "60" in paused["message"] and "75" in paused["message"]
    assert shift.edges[0].weight("a") == 60
    people.alice.fails("execution", "rollback", run)
    asked = people.alice.json("execution", "show", run)
    assert (asked["state"], asked["reason"]) == ("PAUSED", "conflict")
    people.alice.ok("execution", "answer", run, "baseline")
    wait_for_state(people, run, "ROLLED_BACK", seconds=60)
    assert [edge.weight("a") for edge in shift.edges] == [100, 100]


def test_a_prometheus_between_answers_and_silence_never_moves_a_value_back(shift, people):
    run = start(people, "test/shift", "zone=a", "hold=1s")
    seen, end = [100], time.monotonic() + 90
    try:
        for number in signal_flips():
            now = people.alice.json("execution", "show", run)
            seen.append(shift.edges[0].weight("a"))
            if now["state"] not in ("RUNNING", "PENDING_APPROVAL", "MONITORING"):
                break
            assert time.monotonic() < end, f"{now['state']}: {now.get('message')}"
            shift.prometheus.signal(number)
            time.sleep(0.7)
    finally:
        shift.prometheus.signal(signal.SIGCONT)
    assert seen == sorted(seen, reverse=True), seen
    assert now["state"] == "SUCCEEDED" or (now["state"], now["reason"]) == ("PAUSED", "unknown_health"), now
    assert now["state"] != "SUCCEEDED" or seen[-1] == 0


def signal_flips():
    while True:
        yield signal.SIGSTOP
        yield signal.SIGCONT
