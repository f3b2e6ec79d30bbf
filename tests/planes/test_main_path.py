"""The main job on real planes, while requests flow: approved by a second person, moved, brought
back, proved. What is true is asked of HAProxy and of the load, not of redbutton."""
import threading
import time
from pathlib import Path

import pytest
from harness.plans import PLANS, activate, start, wait_for_state

PLAN = Path(__file__).parent / "plans" / "shift.lua"
DRAIN = "checkout/drain-zone"


@pytest.fixture
def shift(production, people):
    activate(people, PLAN, "test/shift")
    return production


@pytest.fixture
def drain(production, people, tmp_path):
    """The plan of the demo; its waits are cut from half a minute to seconds, nothing else is changed."""
    text = (PLANS / "checkout-drain-zone.lua").read_text()
    for long, short, count in (('lasting("30s")', 'lasting("2s")', 1), ('lasting("15s")', 'lasting("2s")', 2)):
        assert text.count(long) == count, f"the plan has no {long} any more"
        text = text.replace(long, short)
    file = tmp_path / "drain-zone.lua"
    file.write_text(text)
    activate(people, file, DRAIN)
    return production


class Watcher:
    """The distinct weights of zone a on each edge, in the order in which they were seen."""

    def __init__(self, topology):
        self.topology, self.seen, self.is_over = topology, [[] for _ in topology.edges], False
        self.thread = threading.Thread(target=self.look, daemon=True)

    def look(self):
        while not self.is_over:
            self.look_once()
            time.sleep(0.1)

    def look_once(self):
        for seen, weight in zip(self.seen, self.topology.weights("a")):
            if not seen or seen[-1] != weight:
                seen.append(weight)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.thread.join()
        self.look_once()    # what came since the last look


def share_of_a(topology):
    """Measured over the last two seconds, once they are over; nobody's request failed."""
    time.sleep(2.2)
    measured = topology.shares(2)
    assert measured["requests"] > 60 and measured["errors"] == 0
    return measured["zones"]["a"]


def weights(topology, zone="a"):
    return [edge.weight(zone) for edge in topology.edges]


def verify(daemon, cli):
    return cli.ok("audit", "verify", "--data-dir", daemon.data_dir)


def test_drained_step_by_step_and_brought_back(drain, people, daemon, cli):
    assert share_of_a(drain) == pytest.approx(0.5, abs=0.05)
    preview = people.alice.json("preview", DRAIN, "zone=a", "stages=50,0")
    assert [row["new"] for row in preview["table"]] == [["50", "0"]] * 2
    assert drain.weights("a") == [100, 100], "a preview writes nothing"
    with Watcher(drain) as watcher:
        run = start(people, DRAIN, "zone=a", "hold=5s", "stages=50,0")
        wait_for_state(people, run, "SUCCEEDED", seconds=60)
    assert watcher.seen == [[100, 50, 0]] * 2
    assert share_of_a(drain) == 0
    assert sorted(item["target"] for item in people.alice.json("effects")) == ["edge-1", "edge-2"]

    with Watcher(drain) as watcher:
        people.alice.ok("execution", "rollback", run, "--reason", "好了")
    assert watcher.seen == [[0, 100]] * 2, "one write back to the baseline"
    assert share_of_a(drain) == pytest.approx(0.5, abs=0.05)
    assert people.alice.json("effects") == []
    verify(daemon, cli)


def test_errors_behind_the_edges_roll_the_drain_back(drain, people):
    run = start(people, DRAIN, "zone=a", "hold=20s")
    while drain.weights("a") != [75, 75]:
        time.sleep(0.1)
    drain.zone_fails("b")
    wait_for_state(people, run, "ROLLED_BACK")
    assert drain.weights("a") == [100, 100]


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
    wait_for_state(people, run["id"], "REJECTED")
    assert weights(shift) == [100, 100]


def test_a_second_run_on_the_same_registers_waits_and_starts_by_itself(shift, people, daemon):
    preview = people.alice.json("preview", "test/shift", "zone=a")
    first = start(people, "test/shift", "zone=a", "hold=2s")
    wait_for_state(people, first, "RUNNING")
    second = daemon.post("/api/v1/executions", {"preview": preview["id"], "digest": preview["digest"]},
                         token=people.token("alice")).json
    people.bob.ok("approval", "approve", second["approval"], "--yes")
    wait_for_state(people, second["id"], "QUEUED")
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
    wait_for_state(people, run, "ABORTED", seconds=60)


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
