"""Planes that stop, lie or were changed by somebody else: each has a defined, visible end."""
import time
from pathlib import Path

import pytest
from harness.plans import activate, start, wait_for_state

PLAN = Path(__file__).parent / "plans" / "shift.lua"


@pytest.fixture
def shift(production, people):
    activate(people, PLAN, "test/shift")
    return production


def test_a_stopped_haproxy_pauses_the_run_and_retry_goes_on(shift, people):
    run = start(people, "test/shift", "zone=a", "hold=1s")
    wait_for_state(people, run, "RUNNING")
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
    end = time.monotonic() + 10
    while shift.edges[0].weight("a") == 100 and time.monotonic() < end:
        time.sleep(0.1)
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
    wait_for_state(people, undo["id"], "ROLLED_BACK_WITH_EXCEPTIONS", seconds=10)
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
