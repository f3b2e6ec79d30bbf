"""Emergencies: started alone or by two, told at once, reviewed by somebody else, and not twice before that."""
import json
import shutil
import sqlite3
import subprocess

import pytest
from harness.changes import add_host
from harness.daemon import bin_folder, environment
from process import wait_until

REASON = "结账没有响应: the disk of its database is full"


@pytest.fixture
def people(people):
    add_host(people, "checkout-1", "checkout")
    return people


@pytest.fixture
def incident(people):
    return people.carol.json("incident", "open", "checkout answers nothing", "--severity", 1)["name"]


def start(person, incident, *more, **changes):
    words = {"scope": "svc:checkout", "reason": REASON, "incident": incident, "ttl": "30m", **changes}
    flags = [word for name, value in words.items() if value for word in (f"--{name}", value)]
    return person.run("emergency", "start", *flags, *more, "--json")


def test_a_commander_starts_alone_and_owes_a_follow_up(people, incident):
    started = start(people.alice, incident).json
    assert started["name"] == "EMG-1" and started["state"] == "active" and started["person"] == "alice"
    assert started["follow_up"]["state"] == "open"
    assert people.vera.json("emergency", "list", "--open")[0]["reason"] == REASON
    ended = people.alice.json("emergency", "end", "EMG-1")
    assert ended["state"] == "ended" and ended["state_reason"] == "alice ended it"
    refused = start(people.alice, incident)
    assert refused.code == 5 and "EMG-001" in refused.err and "follow-up close EMG-1" in refused.err
    assert people.alice.fails("follow-up", "close", "EMG-1", "--verdict", "justified", "--note", "x").code == 4
    closed = people.bob.json("follow-up", "close", "EMG-1", "--verdict", "unjustified", "--note", "a change would have done")
    assert closed["state"] == "closed" and closed["closed_by"] == "bob"
    assert people.vera.json("follow-up", "list", "--open") == []
    assert start(people.alice, incident).code == 0


def test_two_persons_are_enough_without_a_commander(people, incident):
    assert start(people.bob, incident).json["state"] == "pending"
    assert "must be another" in people.bob.fails("emergency", "confirm", "EMG-1").err
    assert people.vera.fails("emergency", "confirm", "EMG-1").code == 4
    confirmed = people.carol.json("emergency", "confirm", "EMG-1")
    assert confirmed["state"] == "active" and confirmed["second"] == "carol"
    assert people.carol.json("emergency", "renew", "EMG-1", "--ttl", "1h")["renewals"] == 1
    assert "renewed already" in people.carol.fails("emergency", "renew", "EMG-1", "--ttl", "1h").err


def test_an_override_is_confirmed_by_an_admin(people, incident):
    start(people.alice, incident)
    people.alice.ok("emergency", "end", "EMG-1")
    assert start(people.alice, incident, "--override").json["state"] == "pending"
    assert people.bob.fails("emergency", "confirm", "EMG-2").code == 4
    let_pass = people.admin.json("emergency", "confirm", "EMG-2")
    assert let_pass["override"] is True and let_pass["second"] == "admin"


def test_a_drill_owes_nothing(people):
    assert start(people.alice, None, "--drill").json["state"] == "pending"
    assert people.bob.fails("emergency", "confirm", "EMG-1").code == 4
    assert people.admin.json("emergency", "confirm", "EMG-1")["state"] == "active"
    people.alice.ok("emergency", "end", "EMG-1")
    assert "follow_up" not in people.vera.json("emergency", "show", "EMG-1")
    assert people.vera.fails("follow-up", "close", "EMG-1", "--verdict", "justified", "--note", "x").code != 0


def test_a_closed_incident_starts_nothing(people, incident):
    people.alice.ok("incident", "close", incident, "--finding", "over")
    refused = start(people.alice, incident)
    assert refused.code == 5 and "INC-1 is closed" in refused.err


def test_who_only_looks_starts_nothing(people, incident):
    assert start(people.vera, incident).code == 4
    assert people.vera.json("emergency", "list") == []


@pytest.mark.parametrize("changes, field", [
    ({"reason": "too short"}, "reason"),
    ({"reason": " " * 40}, "reason"),
    ({"reason": "x" * 19}, "reason"),
    ({"reason": "a reason that deceives \u202e the reader"}, "reason"),
    ({"ttl": "61m"}, "ttl"),
    ({"ttl": "forever"}, "ttl"),
    ({"ttl": None}, "ttl"),
    ({"scope": "checkout"}, "scope"),
    ({"scope": "all:x"}, "scope"),
    ({"scope": "host:"}, "scope"),
    ({"scope": "host:checkout-2"}, "scope"),
    ({"scope": "svc:chekcout"}, "scope"),
    ({"incident": None}, "incident"),
    ({"incident": "7"}, "incident"),
    ({"drill": "yes"}, "drill"),
    ({"approved": True}, "approved"),
])
def test_bad_input_names_the_field(daemon, people, incident, changes, field):
    body = {"scope": "svc:checkout", "reason": REASON, "incident": incident, "ttl": "30m", **changes}
    body = {name: value for name, value in body.items() if value is not None}
    reply = daemon.post("/api/v1/emergencies", body, token=people.token("alice"))
    assert reply.status == 400 and reply.json["field"] == field, reply.json
    assert people.vera.json("emergency", "list") == []


def test_a_stale_confirmation_is_refused(daemon, people, incident):
    start(people.bob, incident)
    reply = daemon.post("/api/v1/emergencies/EMG-1/confirm", token=people.token("carol"), headers={"If-Match": '"v9"'})
    assert reply.status == 412
    assert people.vera.json("emergency", "show", "EMG-1")["state"] == "pending"


def test_everybody_is_told_at_once(daemon, people, incident):
    start(people.alice, incident)
    told = wait_until(lambda: [line for line in daemon.log.splitlines() if "emergency.started" in line], "a word in the log")
    assert len(told) == 1 and "approvals and windows are skipped" in told[0]


def test_all_of_it_is_audited(people, incident):
    start(people.bob, incident)
    people.carol.ok("emergency", "confirm", "EMG-1")
    people.bob.ok("emergency", "end", "EMG-1")
    people.alice.ok("follow-up", "close", "EMG-1", "--verdict", "justified", "--note", "x")
    actions = [record["action"] for record in people.admin.json("audit", "list", "--limit", 50)]
    assert {"emergency.start", "emergency.confirm", "emergency.end", "follow-up.close"} <= set(actions)


TAMPERS = {
    "one that ended goes on": ("UPDATE emergency SET state = 'active' WHERE seq = 1", "state"),
    "another person's": ("UPDATE emergency SET person_id = 'X' WHERE seq = 1", "person_id"),
    "it lasts longer": ("UPDATE emergency SET ends_at_us = ends_at_us + 1 WHERE seq = 1", "ends_at_us"),
    "of another scope": ("UPDATE emergency SET scope = 'svc:pay' WHERE seq = 1", "scope"),
    "a drill": ("UPDATE emergency SET is_drill = 1 WHERE seq = 1", "is_drill"),
    "one that never was": ("INSERT INTO emergency SELECT 9, incident, reason, person_id, person, second_id, second, team, scope, 'active',"
                           " '', is_drill, is_override, ttl_us, asked_at_us, started_at_us, ends_at_us, 0, renewals, version"
                           " FROM emergency WHERE seq = 1", "EMG-9"),
    "a follow-up, closed": ("UPDATE follow_up SET verdict = 'justified' WHERE emergency_seq = 1", "verdict"),
    "a follow-up, gone": ("DELETE FROM follow_up WHERE emergency_seq = 1", "not there"),
    "a follow-up that is due later": ("UPDATE follow_up SET due_at_us = due_at_us + 1 WHERE emergency_seq = 1", "due_at_us"),
    "a verdict turned round": ("UPDATE follow_up SET verdict = 'justified' WHERE emergency_seq = 2", "verdict"),
}


def verify(database):
    done = subprocess.run([bin_folder() / "redbuttond", "--verify", "--db", database, "--json"], capture_output=True,
                          text=True, timeout=60, env=environment(), check=False)
    return done.returncode, json.loads(done.stdout)


def test_a_hand_in_the_rows_is_found(daemon, people, incident, tmp_path):
    start(people.alice, incident)
    people.alice.ok("emergency", "end", "EMG-1")
    start(people.bob, incident)
    people.carol.ok("emergency", "confirm", "EMG-2")
    people.carol.ok("emergency", "renew", "EMG-2", "--ttl", "1h")
    people.bob.ok("emergency", "end", "EMG-2")
    people.alice.ok("follow-up", "close", "EMG-2", "--verdict", "unjustified", "--note", "no")
    daemon.stop()
    whole = daemon.data_dir / "redbutton.db"
    assert verify(whole)[0] == 0
    for name, (statement, words) in TAMPERS.items():
        copy = tmp_path / "copy.db"
        shutil.copy(whole, copy)
        with sqlite3.connect(copy) as db:
            assert db.execute(statement).rowcount == 1, name
        db.close()
        code, told = verify(copy)
        assert code == 9 and words in told["message"], (name, told)
