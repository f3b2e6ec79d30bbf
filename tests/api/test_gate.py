"""The decision API: what runs, what does not and exactly why, once and no more."""
import concurrent.futures
import itertools
import sqlite3
import subprocess
import uuid

import pytest
from harness.asker import Asker, b64, now
from harness.changes import Changes, at, host_identity
from harness.daemon import bin_folder, environment

WEB = host_identity(1)
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def changes(make_world):
    world = make_world()
    return Changes(world.daemon, world.people)


@pytest.fixture(scope="module")
def asker(changes):
    return Asker(changes)


@pytest.fixture
def gate(asker):
    """With a host and a unit of the test's own: nothing that another test had approved fits or meets it."""
    number = next(numbers)
    asker.unit, asker.host, asker.target = f"unit-{number}", f"app-{number}", host_identity(number + 10)
    asker.people.admin.ok("target", "add", asker.host, "--kind", "host", "--address", asker.target,
                          "--environment", "production", "--service", asker.unit, "--label", "gate=gate-1")
    asker.restart = ("/usr/bin/systemctl", "restart", asker.unit)
    return asker


def file_restart(gate, is_approved=True, **more):
    steps = (gate.changes.step(*gate.restart, targets=[gate.host]),
             gate.changes.step("/usr/bin/systemctl", "start", gate.unit, phase="rollback", targets=[gate.host]))
    name = gate.changes.file(*steps, services=[gate.unit], objects=[f"svc:{gate.unit}"], **more)
    gate.changes.submit(name)
    if is_approved:
        gate.changes.approve_all(name)
    return name


@pytest.fixture
def approved(gate):
    name = file_restart(gate)
    yield name
    if gate.changes.show(name)["state"] in ("approved", "executing"):
        gate.changes.do("alice", name, "cancel", {"reason": "the test is over"})


def restart(gate, **more):
    return gate.decide(*gate.restart, **{"target": gate.target, **more})


def runs_of(gate, change):
    return gate.get(f"/api/v1/gate/runs?change={change}").json["items"]


def test_a_proved_read_passes_and_is_kept(gate):
    answer = gate.decide("/usr/bin/id", target=WEB)
    assert (answer["verdict"], answer["reason"], answer["run"]) == ("allow", "ok_readonly", "")
    assert answer["decision_id"].startswith("DEC-")


@pytest.mark.parametrize("more, reason", [
    ({"trusted": False}, "opaque"),
    ({"env": {"LD_PRELOAD": "/tmp/x.so"}}, "rule:EXEC-005"),
    ({"user": "nobody"}, "actor_mismatch"),
])
def test_a_read_is_no_read_by_everybody_everywhere(gate, more, reason):
    answer = gate.decide("/usr/bin/id", target=WEB, **more)
    assert answer["reason"] == reason and answer["verdict"] != "allow"


def test_an_unknown_host_is_told_no(gate):
    answer = gate.decide("/usr/bin/id", target=host_identity(9))
    assert answer["reason"] == "target_mismatch"


def test_another_hosts_gate_is_told_no(gate):
    gate.label("web-1", gate="gate-2")
    assert gate.decide("/usr/bin/id", target=WEB)["reason"] == "target_mismatch"
    gate.label("web-1", gate="gate-1")


def test_a_clock_that_is_off_is_told_no(gate):
    assert gate.decide("/usr/bin/id", target=WEB, ts=now(-90))["reason"] == "clock_skew"
    assert gate.decide("/usr/bin/id", target=WEB, ts=now(90))["reason"] == "clock_skew"
    assert gate.decide("/usr/bin/id", target=WEB, ts=now(-30))["reason"] == "ok_readonly"


def test_without_a_change_nothing_is_changed(gate):
    answer = restart(gate)
    assert (answer["verdict"], answer["reason"], answer["exit_code"]) == ("review", "no_change", 10)


def test_an_approved_step_runs_once(gate, approved, changes):
    answer = restart(gate)
    assert (answer["verdict"], answer["reason"], answer["change"], answer["step"]) == ("allow", "ok_grant", approved, 1)
    assert {"record", "parent"} <= set(answer["obligations"]) and answer["lease"]["ttl_s"] == 60
    assert changes.show(approved)["state"] == "executing"
    assert restart(gate)["reason"] == "used_up"
    assert [(run["state"], run["person"], run["line"]) for run in runs_of(gate, approved)] == \
        [("started", "alice", " ".join(gate.restart))]
    ended = gate.post(f"/api/v1/gate/runs/{answer['run']}/end", {"status": 0})
    assert ended.status == 204, ended.body
    assert runs_of(gate, approved)[0]["state"] == "ended"
    assert gate.post(f"/api/v1/gate/runs/{answer['run']}/end", {"status": 0}).status == 409


def test_hundred_that_ask_at_once_have_one_winner(gate, approved):
    bodies = [gate.body(*gate.restart, target=gate.target) for _ in range(100)]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(gate.ask, bodies))
    assert sorted(answer["reason"] for answer in answers) == ["ok_grant"] + ["used_up"] * 99


@pytest.mark.parametrize("argv, more, reason, words", [
    (("/usr/bin/systemctl", "restart", "another"), {}, "fingerprint_mismatch", "argument 2"),
    (("/usr/bin/systemctl", "restart"), {}, "fingerprint_mismatch", "2 arguments, and 3"),
    (None, {"path": "/tmp/systemctl"}, "fingerprint_mismatch", "the program is /tmp/systemctl"),
    (None, {"runas": "li"}, "fingerprint_mismatch", "run as li"),
    (None, {"stdin": {"kind": "open"}}, "fingerprint_mismatch", "without standard input"),
    (None, {"contents": [{"role": "script", "sha256": "0" * 64}]}, "content_mismatch", "not among what was approved"),
    (None, {"target": host_identity(2)}, "target_mismatch", "web-2 is none of its targets"),
    (None, {"user": "bo"}, "actor_mismatch", "bob is not among"),
    (None, {"step": 7}, "no_change", "no such step"),
])
def test_what_differs_is_named(gate, approved, argv, more, reason, words):
    more = {"target": gate.target, "change": approved, "step": 1, **more}
    answer = gate.decide(*(argv or gate.restart), **more)
    assert answer["reason"] == reason and words in answer["message"], answer["message"]
    assert answer["verdict"] in ("deny", "review")


def test_a_terminal_gives_way_to_a_step_without_input(gate, approved):
    """Who asks is obliged to give the null device; a question without a terminal is not."""
    asked = gate.ask(gate.body(*gate.restart, target=gate.target, stdin={"kind": "none"}), verb="check")
    assert asked["reason"] == "ok_grant" and "null_input" not in asked["obligations"]
    answer = restart(gate, stdin={"kind": "terminal"})
    assert (answer["reason"], answer["change"]) == ("ok_grant", approved) and "null_input" in answer["obligations"]
    assert gate.post(f"/api/v1/gate/runs/{answer['run']}/end", {"status": 0}).status == 204
    explained = gate.get(f"/api/v1/gate/decisions/{answer['decision_id']}/explain").json
    assert explained["is_same"] and explained["is_proof_same"]


def test_what_differs_is_shown_where_it_differs(gate, changes):
    long = "/srv/" + "a" * 200
    step = changes.step("/usr/bin/touch", long + "/é1", targets=[gate.host])
    name = changes.file(step, services=[gate.unit], objects=[f"svc:{gate.unit}"])
    changes.submit(name)
    changes.approve_all(name)
    answer = gate.decide("/usr/bin/touch", long + "/é2", target=gate.target, change=name, step=1)
    assert answer["reason"] == "fingerprint_mismatch"
    assert 'aaa/é2", and "...aaa' in answer["message"] and 'aaa/é1" was approved' in answer["message"], answer["message"]
    assert changes.do("alice", name, "cancel").status == 200


def stop(gate, run, who, reason="it is the wrong host"):
    return gate.post(f"/api/v1/gate/runs/{run}/stop", {"reason": reason}, who)


@pytest.mark.parametrize("who", ["alice", "bob", "oscar"])
def test_whoever_runs_it_or_approves_ends_a_run(gate, approved, who):
    run = restart(gate)["run"]
    assert stop(gate, run, "vera").status == 403 and stop(gate, run, who, reason="").status == 400
    stopped = stop(gate, run, who)
    assert stopped.status == 200 and stopped.json["stop_reason"] == f"stopped by {who}: it is the wrong host", stopped.body
    again = stop(gate, run, who)
    assert (again.status, again.json["code"]) == (409, "no_effect"), again.body
    beat = gate.post(f"/api/v1/gate/runs/{run}/heartbeat", {})
    assert beat.status == 409 and f"stopped by {who}" in beat.json["detail"], beat.body
    assert gate.post(f"/api/v1/gate/runs/{run}/end", {"status": 15}).status == 204
    over = stop(gate, run, who)
    assert (over.status, over.json["code"]) == (409, "conflict"), over.body
    assert stop(gate, "01ARZ3NDEKTSV4RRFFQ69G5FAV", who).status == 404
    assert gate.changes.show(approved)["verdict"] == "failed"
    assert gate.changes.do("alice", approved, "close", {"reason": "the test is over"}).status == 200


def test_an_edit_ends_what_was_approved(gate, approved, changes):
    assert changes.edit(approved, changes.step(*gate.restart, targets=[gate.host]), end=at(90)).status == 200
    assert restart(gate)["reason"] == "revoked"
    named = restart(gate, change=approved, step=1)
    assert named["verdict"] != "allow"


def test_the_same_question_has_the_same_answer(gate, approved):
    body = gate.body(*gate.restart, target=gate.target)
    first, second = gate.ask(body), gate.ask(body)
    assert first == second and first["reason"] == "ok_grant"
    assert len(runs_of(gate, approved)) == 1
    other = {**body, "strict": True}
    reply = gate.post("/api/v1/gate/decide", other)
    assert reply.status == 422 and reply.json["field"] == "request_id"


def test_a_check_takes_nothing(gate, approved):
    body = gate.body(*gate.restart, target=gate.target)
    answer = gate.ask(body, verb="check")
    assert answer["reason"] == "ok_grant" and answer["decision_id"] == "" and answer["run"] == ""
    assert restart(gate)["reason"] == "ok_grant"


def test_a_check_without_a_change_says_what_the_rules_find(gate):
    """The verdict stays; findings, score and who would have to approve are there before anything is filed."""
    answer = gate.ask(gate.body("/usr/bin/rm", "-rf", "/etc", target=gate.target), verb="check")
    assert (answer["verdict"], answer["reason"], answer["exit_code"]) == ("review", "no_change", 10)
    found = {finding["rule"]: finding for finding in answer["findings"]}
    assert found["FS-001"]["severity"] == "C" and found["FS-001"]["object"] == "/etc" and found["FS-001"]["suggestion"]
    assert answer["score"]["level"] == 3 and "FS-001 20" in answer["score"]["terms"]
    assert answer["score"]["total"] == sum(int(term.split()[-1]) for term in answer["score"]["terms"].split(" + "))
    assert [need["text"] for need in answer["approvals_needed"]] == [
        "2 of group change-owners, of different teams", "1 of group sre-oncall"]
    for text in ("critical FS-001: ", f"  do: {found['FS-001']['suggestion']}", "level 3: 2 of group"):
        assert text in answer["message"], answer["message"]


def test_a_check_of_what_no_rule_minds_says_who_would_approve(gate):
    answer = gate.ask(gate.body(*gate.restart, target=gate.target), verb="check")
    assert answer["reason"] == "no_change" and answer["findings"] == []
    assert answer["score"] == {"total": 0, "terms": "", "level": 1}
    assert [need["text"] for need in answer["approvals_needed"]] == [
        f"1 of role approver (environment production, service {gate.unit})"]


def test_what_is_decided_or_covered_asks_no_rules_beforehand(gate, approved):
    """A decision costs what it did; a check of what a change covers is about that change."""
    removing = gate.body("/usr/bin/rm", "-rf", "/etc", target=gate.target)
    answers = [gate.ask(removing), gate.ask(gate.body("/usr/bin/id", target=gate.target), verb="check"),
               gate.ask(gate.body(*gate.restart, target=gate.target), verb="check"),
               gate.ask({**removing, "request_id": str(uuid.uuid4()), "change": approved, "step": 1}, verb="check")]
    assert [answer["reason"] for answer in answers] == ["no_change", "ok_readonly", "ok_grant", "fingerprint_mismatch"]
    for answer in answers:
        assert not answer["findings"] and "score" not in answer and "approvals_needed" not in answer


def test_a_decision_is_explained_bit_for_bit(gate, approved):
    for answer in (restart(gate), restart(gate), gate.decide("/usr/bin/id", target=WEB, env={"SECRET": "hunter2"})):
        explained = gate.get(f"/api/v1/gate/decisions/{answer['decision_id']}/explain").json
        assert explained["is_same"] and explained["is_proof_same"]
        unsigned = {name: value for name, value in answer.items() if name not in ("sig", "attestation")}
        assert explained["answer"] == unsigned and explained["computed"]["reason"] == answer["reason"]
        assert "hunter2" not in str(explained)
    assert gate.get("/api/v1/gate/decisions/DEC-999999/explain").status == 404


@pytest.mark.parametrize("change, field", [
    ({"schema": 2}, "schema"),
    ({"nonce": "short"}, "nonce"),
    ({"surprise": 1}, "surprise"),
    ({"phase": "post"}, "phase"),
    ({"exec": {"path": "/bin/id", "argv_b64": [b64("a\0b")], "runas": "root"}}, "exec.argv_b64"),
    ({"exec": {"path": "/bin/id", "argv_b64": [], "runas": "root"}}, "exec.argv_b64"),
    ({"targets": [{"id": "a"}, {"id": "b"}]}, "targets"),
    ({"release": {}}, "release"),
])
def test_what_is_malformed_is_no_question(gate, change, field):
    reply = gate.post("/api/v1/gate/decide", {**gate.body("/usr/bin/id", target=WEB), **change})
    assert reply.status == 400 and reply.json["field"] == field, reply.body


def test_nobody_else_asks(gate):
    body = gate.body("/usr/bin/id", target=WEB)
    assert gate.post("/api/v1/gate/decide", body, "alice").status == 403


def test_a_lease_moves_until_the_run_must_stop(gate, changes):
    name = changes.file(changes.step(*gate.restart, targets=[gate.host, "web-2"]), services=[gate.unit])
    changes.submit(name)
    changes.approve_all(name)
    first, second = restart(gate)["run"], restart(gate, target=host_identity(2))["run"]
    assert gate.post(f"/api/v1/gate/runs/{second}/heartbeat", {}).status == 204
    assert gate.post(f"/api/v1/gate/runs/{first}/end", {"status": 256}).status == 204
    beat = gate.post(f"/api/v1/gate/runs/{second}/heartbeat", {})
    assert beat.status == 409 and "must stop: a command failed" in beat.json["detail"], beat.body
    assert gate.post(f"/api/v1/gate/runs/{second}/end", {"status": 15}).status == 204


def test_a_gate_tells_of_its_own_hosts_alone(gate, approved):
    run = restart(gate)["run"]
    gate.people.add("gate-2", "sre-team", ["agent"])
    assert gate.post(f"/api/v1/gate/runs/{run}/end", {"status": 0}, "gate-2").status == 403


def test_a_throttle_says_go_only_while_it_may(gate, approved, changes):
    daemon = changes.daemon
    path = f"/api/v1/gate/throttle/{approved}"
    assert daemon.request("GET", path).status == 200
    assert daemon.request("HEAD", path).status == 200
    assert daemon.request("GET", "/api/v1/gate/throttle/CHG-99").status == 404
    assert changes.do("alice", approved, "cancel", {"reason": "not today"}).status == 200
    assert daemon.request("GET", path).status == 429


def test_accounts_are_an_admins(gate, changes):
    assert gate.put("/api/v1/gate/accounts/web-1/li", {"person": "bob"}, "bob").status == 403
    assert gate.put("/api/v1/gate/accounts/web-1/root", {"person": "bob"}).status == 400
    assert gate.put("/api/v1/gate/accounts/web-9/li", {"person": "bob"}).status == 404
    assert gate.put("/api/v1/gate/accounts/web-1/li", {"person": "bob"}).status == 200
    listed = gate.get("/api/v1/gate/accounts").json["items"]
    assert ("web-1", "li", "bob") in [(one["target"], one["account"], one["person"]) for one in listed]
    assert changes.ask("admin", "DELETE", "/api/v1/gate/accounts/web-1/li").status == 204
    assert changes.ask("admin", "DELETE", "/api/v1/gate/accounts/web-1/li").status == 404


# --- what moves by itself ---

def test_the_rules_are_asked_again_when_the_world_has_moved(gate, approved):
    people = gate.people
    incident = people.carol.json("incident", "open", "it answers slowly", "--severity", 1, "--service", gate.unit,
                                 "--environment", "production")["name"]
    answer = restart(gate)
    assert answer["reason"] == "rule:OBS-002", answer
    assert answer["findings"] and gate.get(f"/api/v1/gate/decisions/{answer['decision_id']}/explain").json["is_same"]
    people.alice.ok("incident", "close", incident, "--finding", "a full disk")
    assert restart(gate)["reason"] == "ok_grant"


def test_an_emergency_needs_a_second_key_for_what_destroys(gate):
    people = gate.people
    incident = people.carol.json("incident", "open", "it answers nothing", "--severity", 1)["name"]
    name = people.alice.json("emergency", "start", "--scope", f"host:{gate.host}", "--incident", incident, "--ttl", "30m",
                             "--reason", "it answers nothing, and its disk must be made anew")["name"]

    def make_anew(**more):
        return gate.decide("/usr/sbin/mkfs.ext4", "/dev/sdb", target=gate.target, **more)

    assert restart(gate)["reason"] == "ok_emergency"
    assert make_anew()["reason"] == "rule:FS-006"
    assert make_anew(typed_key=people.token("alice"))["reason"] == "rule:FS-006"
    assert make_anew(typed_key=people.token("vera"))["reason"] == "rule:FS-006"
    answer = make_anew(typed_key=people.token("bob"))
    assert answer["reason"] == "ok_emergency" and "record" in answer["obligations"], answer
    assert restart(gate, user="bo")["verdict"] != "allow"
    explained = gate.get(f"/api/v1/gate/decisions/{answer['decision_id']}/explain").json
    assert explained["is_same"] and people.token("bob") not in str(explained)
    people.alice.ok("emergency", "end", name)
    assert restart(gate)["verdict"] != "allow"
    people.carol.ok("follow-up", "close", name, "--verdict", "justified", "--note", "a test of the gate")


def test_many_that_ask_at_once_in_an_emergency_are_each_answered(gate):
    """What the rules said of a question is there until its turn to be written comes."""
    people = gate.people
    incident = people.carol.json("incident", "open", "it answers nothing", "--severity", 1)["name"]
    name = people.alice.json("emergency", "start", "--scope", f"host:{gate.host}", "--incident", incident, "--ttl", "30m",
                             "--reason", "it answers nothing, and all of it must be restarted")["name"]
    bodies = [gate.body("/usr/bin/systemctl", "restart", f"{gate.unit}-{number}", target=gate.target) for number in range(40)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(gate.ask, bodies))
    assert {answer["reason"] for answer in answers} == {"ok_emergency"}
    assert len({answer["run"] for answer in answers}) == len(answers)
    people.alice.ok("emergency", "end", name)
    people.carol.ok("follow-up", "close", name, "--verdict", "justified", "--note", "a test of the gate")


# --- releases ---

def release(gate, **more):
    return gate.ask(gate.release(service=gate.unit, **more))


def test_a_release_goes_phase_by_phase(gate):
    assert release(gate, step="staging")["reason"] == "rule:REL-001"
    begun = release(gate, step="test")
    assert begun["reason"] == "ok_grant", begun
    refused = release(gate, step="staging")
    assert refused["reason"] == "session_state" and "is open" in refused["message"]
    assert release(gate, phase="node_end", step="test", outcome="success")["verdict"] == "allow"
    assert release(gate, phase="node_end", step="test", outcome="success")["reason"] == "session_state"
    assert release(gate, step="staging")["reason"] == "ok_grant"
    assert "another artifact" in release(gate, step="staging", artifact="b")["message"]
    mine = [one for one in gate.get("/api/v1/gate/releases").json["items"] if one["service"] == gate.unit]
    assert [(one["state"], one["phase"]) for one in mine] == [("running", "staging")]
    assert release(gate, phase="node_end", step="staging", outcome="failed")["verdict"] == "allow"


def test_a_release_waits_for_a_change_of_its_service(gate, approved):
    refused = release(gate, step="test")
    assert refused["reason"] == "conflict" and approved in refused["message"], refused
    assert restart(gate)["reason"] == "ok_grant"


def test_what_nobody_approved_holds_up_nothing(gate, approved):
    waiting = file_restart(gate, is_approved=False)
    assert gate.changes.show(waiting)["state"] == "pending"
    assert restart(gate)["reason"] == "ok_grant"


def test_a_change_waits_for_the_release(gate):
    assert release(gate, step="test")["reason"] == "ok_grant"
    name = file_restart(gate)
    answer = restart(gate)
    assert answer["reason"] == "conflict" and "REL-" in answer["message"] and "CONF-003" in answer["message"]
    assert release(gate, phase="node_end", step="test", outcome="success")["verdict"] == "allow"
    assert restart(gate, change=name)["reason"] == "ok_grant"


# --- after all of it ---

def test_the_rows_are_what_the_log_says(gate, changes):
    """Decisions, grants, runs, releases and emergencies of this file."""
    database = changes.daemon.data_dir / "redbutton.db"
    done = subprocess.run([bin_folder() / "redbuttond", "--verify", "--db", str(database)], capture_output=True, text=True,
                          env=environment(), timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    copy = changes.daemon.folder / "copy.db"
    for change, words in (("UPDATE change_decision SET verdict = 'allow' WHERE verdict = 'deny'", "verdict"),
                          ("UPDATE change_decision SET facts = '{}'", "facts"),
                          ("UPDATE change_grant SET runs_left = runs WHERE runs_left < runs", "runs_left"),
                          ("UPDATE change_grant SET persons = '[]'", "persons"),
                          ("UPDATE rcm_run SET status = 0 WHERE status = 256", "status"),
                          ("UPDATE rcm_run SET person_id = 'X'", "person_id")):
        with sqlite3.connect(database) as source, sqlite3.connect(copy) as target:
            source.backup(target)
            target.execute(change)
            target.commit()
        done = subprocess.run([bin_folder() / "redbuttond", "--verify", "--db", str(copy)], capture_output=True, text=True,
                              env=environment(), timeout=60, check=False)
        assert done.returncode != 0 and words in done.stdout + done.stderr, (change, done.stdout, done.stderr)
