"""Deciding in another's place: explicit, for a time, both names kept, and never a way around who may not decide."""
import itertools
import sqlite3

import pytest
from harness.asker import Asker
from harness.changes import Changes, at, host_identity
from harness.plans import PLANS
from harness.rows import Rows

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def changes(make_world):
    world = make_world()
    changes = Changes(world.daemon, world.people)
    changes.asker = Asker(changes)
    for name, team, roles in (("dora", "edge-team", ["author", "approver"]), ("dan", "third-team", ["approver"]),
                              ("emil", "third-team", ["approver"]), ("olga", "oncall-team", ["approver"])):
        world.people.add(name, team, roles)
    return changes


class Case:
    """A service with owners of its own; ended with the test."""

    def __init__(self, changes):
        number = next(numbers)
        self.changes, self.made = changes, []
        self.service, self.host, self.identity = f"unit-{number}", f"app-{number}", host_identity(number + 10)
        changes.people.admin.ok("target", "add", self.host, "--kind", "host", "--address", self.identity,
                                "--environment", "production", "--service", self.service, "--label", "gate=gate-1")
        self.owners = f"{self.service}-owners"
        changes.group(self.owners, "carol")
        self.argv = ("/usr/bin/systemctl", "restart", self.service)

    def delegate(self, who, to, **more):
        body = {"to": to, "end": at(60), "reason": "away until tomorrow", **more}
        reply = self.changes.ask(who, "POST", "/api/v1/delegations", body)
        if reply.status == 201:
            self.made.append(reply.json["id"])
        return reply

    def withdraw(self, who, delegation):
        return self.changes.ask(who, "POST", f"/api/v1/delegations/{delegation}/withdraw")

    def pending(self, who="alice", **more):
        """Of level 2: a peer, then an owner."""
        step = self.changes.step(*self.argv, targets=[self.host])
        name = self.changes.file(step, who=who, services=[self.service], objects=[f"svc:{self.service}"], **more)
        shown = self.changes.submit(name)
        assert shown["state"] == "pending" and shown["level"] == 2, shown["report"]
        return name

    def decide(self, who, name, verb="approve", on_behalf_of=None, reason=None):
        body = {"on_behalf_of": on_behalf_of} if on_behalf_of else {}
        if reason:
            body["reason"] = reason
        digest = self.changes.show(name)["revision_digest"]
        headers = {"If_Match": f'"{digest}"'} if verb == "approve" else {}
        return self.changes.do(who, name, verb, body, **headers)

    def reason(self):
        return self.changes.asker.decide(*self.argv, target=self.identity)["reason"]


@pytest.fixture
def case(changes):
    case = Case(changes)
    yield case
    for delegation in case.made:
        changes.ask("admin", "POST", f"/api/v1/delegations/{delegation}/withdraw")


# --- what it does ---

def test_the_decision_says_both_names_and_counts_once(case):
    name = case.pending()
    assert case.decide("bob", name).status == 200
    refused = case.decide("dan", name, on_behalf_of="carol")
    assert refused.status == 403 and refused.json["field"] == "on_behalf_of" and "delegated nothing" in refused.json["detail"]
    assert case.delegate("carol", "dan").status == 201
    shown = case.changes.show(name, "dan")["approval"]
    assert not shown["may_decide"] and shown["may_decide_for"] == ["carol"]
    mine = case.changes.ask("dan", "GET", "/api/v1/approvals?mine=true").json["items"]
    assert [one["subject"]["id"] for one in mine] == [name]
    assert case.decide("dan", name).status == 403, "in their own name dan is no owner"
    reply = case.decide("dan", name, on_behalf_of="carol")
    assert reply.status == 200, reply.json
    shown = case.changes.show(name)
    assert shown["state"] == "approved"
    vote = shown["approval"]["decisions"][-1]
    assert vote["person"]["name"] == "dan" and vote["on_behalf_of"]["name"] == "carol"
    assert [level["given"] for level in shown["approval"]["levels"]] == [1, 1]
    assert case.reason() == "ok_grant"


def test_a_plan_is_approved_in_anothers_place_too(case, changes):
    reply = changes.ask("alice", "POST", "/api/v1/plans", {"file": "drain-zone.lua", "script": (PLANS / "checkout-drain-zone.lua").read_text()})
    assert reply.status == 201, reply.body
    submitted = changes.ask("alice", "POST", "/api/v1/plans/checkout%2Fdrain-zone/versions/1/submit", {}, If_Match='"v1"')
    assert submitted.status == 200, submitted.body
    approval = changes.ask("bob", "GET", "/api/v1/approvals?state=PENDING").json["items"][0]
    assert case.delegate("bob", "dan").status == 201
    path, body = f"/api/v1/approvals/{approval['id']}/approve", {"digest": approval["subject"]["digest"], "on_behalf_of": "bob"}
    assert changes.ask("alice", "POST", path, body).status == 403
    reply = changes.ask("dan", "POST", path, body)
    assert reply.status == 200 and reply.json["decisions"][0]["on_behalf_of"]["name"] == "bob", reply.json


def test_neither_of_the_two_decides_again(case):
    case.changes.ask("admin", "PUT", f"/api/v1/groups/{case.owners}/members/dan")
    name = case.pending()
    case.delegate("bob", "dan")
    assert case.decide("dan", name, on_behalf_of="bob").status == 200
    for who in ("bob", "dan"):
        refused = case.decide(who, name)
        assert refused.status == 403 and "already" in refused.json["detail"], refused.json
    case.delegate("carol", "dan")
    assert case.decide("dan", name, on_behalf_of="carol").status == 403
    case.delegate("bob", "olga")
    assert case.decide("olga", name, on_behalf_of="bob").status == 403
    assert case.changes.show(name)["state"] == "pending"


def test_a_no_in_anothers_place_ends_it(case):
    name = case.pending()
    case.delegate("carol", "dan")
    assert case.decide("dan", name, "reject", "carol", "not during the sale").status == 200
    assert case.changes.show(name)["state"] == "rejected"
    assert "dan for carol" in case.changes.show(name)["approval"]["state_reason"]


# --- what it never does ---

@pytest.mark.parametrize("who, place, file", [
    ("dora", "carol", {"who": "dora", "executors": ["alice"]}),       # who asked, in an owner's place
    ("dora", "carol", {"executors": ["dora"]}),                       # who runs it
    ("dan", "dora", {"who": "dora", "executors": ["alice"]}),         # in the place of who asked
    ("dan", "dora", {"executors": ["dora"]}),                         # in the place of who runs it
])
def test_who_has_a_part_in_it_decides_in_no_direction(case, who, place, file):
    case.changes.ask("admin", "PUT", f"/api/v1/groups/{case.owners}/members/dora")
    name = case.pending(**file)
    assert case.delegate(place, who).status == 201
    for _ in range(2):
        refused = case.decide(who, name, on_behalf_of=place)
        assert refused.status == 403 and refused.json["reason"] == "self_approval", refused.json
        approval = case.changes.show(name)["approval"]
        by_room = case.changes.ask(who, "POST", f"/api/v1/approvals/{approval['id']}/approve",
                                   {"digest": approval["subject"]["digest"], "on_behalf_of": place})
        assert by_room.status == 403, by_room.body
        case.decide("bob", name)
    assert case.changes.show(name)["state"] == "pending"


def test_who_edited_it_delegates_nothing(case):
    case.changes.ask("admin", "PUT", f"/api/v1/groups/{case.owners}/members/dora")
    name = case.pending()
    step = case.changes.step(*case.argv, targets=[case.host])
    more = {"services": [case.service], "objects": [f"svc:{case.service}"], "executors": ["alice"]}
    assert case.changes.edit(name, step, who="dora", observe_s=3, **more).status == 200
    case.changes.submit(name)
    case.delegate("dora", "dan")
    assert case.decide("bob", name).status == 200
    assert case.decide("dan", name, on_behalf_of="dora").json["reason"] == "self_approval"


def test_it_is_not_passed_on(case):
    name = case.pending()
    case.decide("bob", name)
    case.delegate("carol", "dan")
    case.delegate("dan", "emil")
    for place in ("carol", "dan"):
        refused = case.decide("emil", name, on_behalf_of=place)
        assert refused.status == 403, (place, refused.json)
    assert case.changes.show(name)["state"] == "pending"


def test_a_delegate_is_an_approver_there(case):
    name = case.pending()
    case.decide("bob", name)
    assert case.delegate("carol", "vera").status == 201
    refused = case.decide("vera", name, on_behalf_of="carol")
    assert refused.status == 403 and "delegate must be an approver" in refused.json["detail"]


def test_who_decides_nothing_delegates_nothing(case):
    refused = case.delegate("vera", "dan")
    assert refused.status == 403 and "no approver" in refused.json["detail"]


# --- its time, its end ---

@pytest.mark.parametrize("more, field", [
    ({"to": "bob"}, "to"),
    ({"to": "nobody-here"}, "to"),
    ({"end": at(-1)}, "end"),
    ({"end": at(32 * 24 * 60)}, "end"),
    ({"start": at(100 * 24 * 60), "end": at(101 * 24 * 60)}, "start"),
    ({"start": at(30), "end": at(20)}, "end"),
    ({"end": "tomorrow"}, "end"),
    ({"reason": ""}, "reason"),
    ({"chain": True}, "chain"),
])
def test_what_is_asked_badly_is_refused_and_writes_nothing(case, more, field):
    before = Rows(case.changes.daemon).read_at_rest()
    refused = case.delegate("bob", **{"to": "dan", **more})
    assert refused.status in (400, 404) and refused.json["field"] == field, refused.json
    assert Rows(case.changes.daemon).read_at_rest() == before


def test_two_for_one_time_are_refused(case):
    assert case.delegate("bob", "dan").status == 201
    assert case.delegate("bob", "dan", start=at(30), end=at(90)).status == 409
    assert case.delegate("bob", "dan", start=at(61), end=at(90)).status == 201


def test_before_it_begins_it_is_none(case):
    name = case.pending()
    case.delegate("bob", "dan", start=at(30))
    assert case.decide("dan", name, on_behalf_of="bob").status == 403


@pytest.mark.parametrize("who", ["carol", "dan", "admin"])
def test_withdrawn_it_counts_no_more(case, who):
    name = case.pending()
    case.decide("bob", name)
    made = case.delegate("carol", "dan").json["id"]
    assert case.decide("dan", name, on_behalf_of="carol").status == 200
    assert case.changes.ask("emil", "POST", f"/api/v1/delegations/{made}/withdraw").status == 403
    assert case.withdraw(who, made).status == 200
    assert case.withdraw(who, made).status == 409, "once"
    assert case.reason() == "approver_invalid"


def group_without(case, person):
    return ("DELETE", f"/api/v1/groups/{case.owners}/members/{person}"), ("PUT", f"/api/v1/groups/{case.owners}/members/{person}")


def test_it_ends_when_who_delegated_is_no_owner_any_more(case):
    name = case.pending()
    case.decide("bob", name)
    case.delegate("carol", "dan")
    leave, come = group_without(case, "carol")
    assert case.changes.ask("admin", *leave).status < 300
    assert case.decide("dan", name, on_behalf_of="carol").status == 403
    assert case.changes.ask("admin", *come).status < 300
    assert case.decide("dan", name, on_behalf_of="carol").status == 200
    assert case.changes.ask("admin", *leave).status < 300
    assert case.reason() == "approver_invalid", "counted again when it is used"


@pytest.mark.parametrize("who", ["carol", "emil"])
def test_it_ends_when_either_is_disabled(case, who):
    name = case.pending()
    case.decide("bob", name)
    case.delegate("carol", "emil")
    admin = case.changes.people.admin
    try:
        admin.ok("person", "disable", who)
        assert case.decide("emil", name, on_behalf_of="carol").status in (401, 403)
        admin.ok("person", "enable", who)
        assert case.decide("emil", name, on_behalf_of="carol").status == 200
        admin.ok("person", "disable", who)
        assert case.reason() == "approver_invalid"
    finally:
        admin.ok("person", "enable", who)
    assert case.reason() == "ok_grant"


def test_it_ends_when_the_delegate_is_no_approver_any_more(case):
    name = case.pending()
    case.decide("bob", name)
    case.changes.people.add(f"fred-{case.service}", "third-team", ["approver"])
    fred = f"fred-{case.service}"
    case.delegate("carol", fred)
    assert case.decide(fred, name, on_behalf_of="carol").status == 200
    grant = [one for one in case.changes.ask("admin", "GET", "/api/v1/grants").json["items"] if one.get("person") == fred][0]
    revoked = case.changes.people.admin.run("grant", "revoke", grant["id"])
    assert revoked.code == 0, revoked.err
    assert case.reason() == "approver_invalid"


# --- the log ---

def test_both_are_in_the_log_and_rows_that_differ_are_found(daemon, people):
    changes = Changes(daemon, people)
    people.add("dan", "third-team", ["approver"])
    name = changes.file(changes.step("/usr/bin/systemctl", "restart", "shop"))
    changes.submit(name)
    changes.approve("bob", name)
    made = changes.ask("carol", "POST", "/api/v1/delegations", {"to": "dan", "end": at(60), "reason": "away"}).json["id"]
    digest = changes.show(name)["revision_digest"]
    assert changes.do("dan", name, "approve", {"on_behalf_of": "carol"}, If_Match=f'"{digest}"').status == 200
    records = people.admin.json("audit", "list", "--limit", "200")
    records = records["items"] if isinstance(records, dict) else records
    decided = [people.admin.json("audit", "show", one["seq"])["record"]["detail"] for one in records
               if one["action"] == "approval.decide"]
    assert [one.get("on_behalf_of") for one in decided if "on_behalf_of" in one] == ["carol"]
    assert made in [one.get("delegation") for one in decided]
    assert "delegation.create" in [one["action"] for one in records]
    people.admin.ok("audit", "verify", "--data-dir", daemon.data_dir)
    daemon.stop()
    for sql, word in (("UPDATE approval_decision SET for_person_id = NULL WHERE for_person_id IS NOT NULL", "for_person_id"),
                      ("UPDATE approval_delegation SET end_us = end_us + 1", "end_us"),
                      ("UPDATE approval_delegation SET withdrawn_by_id = 'X'", "withdrawn_by_id")):
        with sqlite3.connect(daemon.data_dir / "redbutton.db") as rows:
            rows.execute(sql)
        rows.close()
        found = people.admin.fails("audit", "verify", "--data-dir", daemon.data_dir)
        assert found.code == 9 and word in found.out + found.err, (word, found.out, found.err)
