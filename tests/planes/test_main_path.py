"""The main job on real planes: approved by a second person, moved, brought back, proved."""
from pathlib import Path

import pytest
from harness.plans import activate, start, wait_for_state

PLAN = Path(__file__).parent / "plans" / "shift.lua"


@pytest.fixture
def shift(production, people):
    activate(people, PLAN, "test/shift")
    return production


def weights(topology, zone="a"):
    return [edge.weight(zone) for edge in topology.edges]


def verify(daemon, cli):
    return cli.ok("audit", "verify", "--data-dir", daemon.data_dir)


def test_a_run_moves_both_edges_and_a_rollback_brings_them_back(shift, people, daemon, cli):
    preview = people.alice.json("preview", "test/shift", "zone=a")
    assert [row["new"] for row in preview["table"]] == [["75", "50", "25", "0"]] * 2
    assert weights(shift) == [100, 100], "a preview writes nothing"
    run = start(people, "test/shift", "zone=a")
    wait_for_state(people, run, "SUCCEEDED")
    assert weights(shift) == [0, 0]
    assert len(people.alice.json("effects")) == 2
    people.alice.ok("execution", "rollback", run, "--reason", "好了")
    assert weights(shift) == [100, 100]
    assert people.alice.json("effects") == []
    verify(daemon, cli)


def test_the_plans_own_way_back_goes_through_its_stages(shift, people):
    run = start(people, "test/shift", "zone=a")
    wait_for_state(people, run, "SUCCEEDED")
    people.alice.ok("restore", run, "--yes")
    assert weights(shift) == [100, 100]
    assert people.alice.json("effects") == []


def test_nobody_approves_their_own_run_by_any_route(shift, people, daemon):
    people.admin.ok("grant", "add", "--person", "alice", "--role", "approver")
    run = people.alice.json("run", "test/shift", "zone=a", "--yes", "--no-follow")
    assert run["state"] == "PENDING_APPROVAL"
    people.alice.fails("approval", "approve", run["approval"], "--yes")
    approval = people.alice.json("approval", "show", run["approval"])
    reply = daemon.post(f"/api/v1/approvals/{run['approval']}/approve", {"digest": approval["subject"]["digest"]},
                        token=people.token("alice"))
    assert reply.status == 403
    assert "yourself" in reply.json["detail"]
    assert weights(shift) == [100, 100]


def test_a_rejected_run_never_starts(shift, people):
    run = people.alice.json("run", "test/shift", "zone=a", "--yes", "--no-follow")
    people.bob.ok("approval", "reject", run["approval"], "--reason", "not now")
    wait_for_state(people, run["id"], "REJECTED", seconds=5)
    assert weights(shift) == [100, 100]


def test_a_second_run_on_the_same_registers_waits_and_starts_by_itself(shift, people, daemon):
    preview = people.alice.json("preview", "test/shift", "zone=a")
    first = start(people, "test/shift", "zone=a", "hold=2s")
    wait_for_state(people, first, "RUNNING")
    second = daemon.post("/api/v1/executions", {"preview": preview["id"], "digest": preview["digest"]},
                         token=people.token("alice")).json
    people.bob.ok("approval", "approve", second["approval"], "--yes")
    wait_for_state(people, second["id"], "QUEUED", seconds=5)
    people.alice.ok("execution", "rollback", first)
    wait_for_state(people, second["id"], "SUCCEEDED")
    assert weights(shift) == [0, 0]


def test_pause_keeps_the_level_and_a_command_without_effect_says_so(shift, people):
    run = start(people, "test/shift", "zone=a", "hold=3s")
    wait_for_state(people, run, "RUNNING")
    people.alice.ok("execution", "pause", run)
    paused = wait_for_state(people, run, "PAUSED")
    assert paused["reason"] == "operator"
    assert people.alice.fails("execution", "pause", run).code == 5
    stale = people.alice.fails("execution", "resume", run, "--if-version", "1")
    assert stale.code == 7
    people.alice.ok("execution", "abort", run)
    wait_for_state(people, run, "ABORTED", seconds=10)


def test_can_lists_every_reason_with_the_next_command(shift, people):
    answer = people.alice.json("can", "test/shift", "zone=a")
    assert [reason["reason"] for reason in answer["reasons"]] == ["approval"]
    run = start(people, "test/shift", "zone=a", "hold=5s")
    wait_for_state(people, run, "RUNNING")
    reasons = {reason["reason"]: reason for reason in people.alice.json("can", "test/shift", "zone=a")["reasons"]}
    assert set(reasons) >= {"approval", "locks"}
    assert run in reasons["locks"]["next"]
    people.alice.ok("execution", "abort", run)


def test_the_same_idempotency_key_starts_one_run(shift, people, daemon):
    preview = people.alice.json("preview", "test/shift", "zone=a")
    body = {"preview": preview["id"], "digest": preview["digest"]}
    replies = [daemon.post("/api/v1/executions", body, key="once", token=people.token("alice")) for _ in range(2)]
    assert [reply.status for reply in replies] == [202, 202]
    assert replies[0].json["id"] == replies[1].json["id"]
    assert len(people.alice.json("execution", "list")) == 1


def test_targets_that_changed_since_the_preview_are_refused(shift, people, daemon):
    preview = people.alice.json("preview", "test/shift", "zone=a")
    people.admin.ok("target", "set", "edge-1", "--allow", "haproxy.weight checkout/*")
    reply = daemon.post("/api/v1/executions", {"preview": preview["id"], "digest": preview["digest"]},
                        token=people.token("alice"))
    assert reply.status == 409
    assert reply.json["code"] == "targets_changed"
    assert "preview" in reply.json["remedy"]
