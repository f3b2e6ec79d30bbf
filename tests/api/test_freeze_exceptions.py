"""An exception to a freeze: asked with a reason, given by the calendar's own approvers besides the others, for exactly
what the calendar said then."""
import itertools
import sqlite3

import pytest
from harness.asker import Asker
from harness.changes import Changes, at, host_identity
from harness.freezes import Freezes

WHY = "the shop is down, and the sale with it"
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def changes(make_world):
    world = make_world()
    changes = Changes(world.daemon, world.people)
    changes.asker = Asker(changes)
    for name, team, roles in (("sally", "sales-team", ["approver"]), ("sam", "sales-team", ["approver"]),
                              ("sofia", "sales-team", ["author", "approver"])):
        world.people.add(name, team, roles)
    return changes


class Case:
    """A host, a service and a calendar of the test's own."""

    def __init__(self, changes):
        number = next(numbers)
        self.changes, self.asker = changes, changes.asker
        self.service, self.host, self.leads = f"unit-{number}", f"app-{number}", f"leads-{number}"
        self.identity, self.sales, self.audit = host_identity(number + 10), f"sales-{number}", f"audit-{number}"
        changes.people.admin.ok("target", "add", self.host, "--kind", "host", "--address", self.identity,
                                "--environment", "production", "--service", self.service, "--label", "gate=gate-1")
        changes.group(f"{self.service}-owners", "bob", "carol")
        changes.group(self.leads, "sally", "sofia")
        self.freezes = Freezes(changes, service=self.service)
        self.argv = ("/usr/bin/systemctl", "restart", self.service)

    def body(self, *calendars, max_runs=1, **more):
        exception = {"freeze_exception": {"calendars": list(calendars), "reason": WHY}} if calendars else {}
        steps = (self.changes.step(*self.argv, targets=[self.host], max_runs=max_runs),
                 self.changes.step("/usr/bin/systemctl", "start", self.service, phase="rollback", targets=[self.host]))
        return self.changes.body(*steps, services=[self.service], **exception, **more)

    def send(self, *calendars, who="alice", **more):
        return self.changes.ask(who, "POST", "/api/v1/changes", {"title": "restart", "body": self.body(*calendars, **more)})

    def submitted(self, *calendars, **more):
        made = self.send(*calendars, **more)
        assert made.status == 201, made.body
        return made.json["name"], self.changes.submit(made.json["name"])

    def approve(self, name, *who):
        for person in who:
            reply = self.changes.approve(person, name)
            assert reply.status == 200, (person, reply.json)

    def approved(self, *calendars, **more):
        name, _ = self.submitted(*calendars, **more)
        self.approve(name, "oscar", "bob", "sally")
        assert self.changes.show(name)["state"] == "approved"
        return name

    def ask(self):
        return self.asker.decide(*self.argv, target=self.identity)

    def reason(self):
        answer = self.ask()
        return answer["reason"]


@pytest.fixture
def case(changes):
    return Case(changes)


def rules_of(shown):
    return [finding["rule"] for finding in shown["report"]["findings"]]


def groups_of(shown):
    return [level.get("group", level.get("role")) for level in shown["approval"]["levels"]]


# --- asking ---

def test_the_calendars_own_group_is_asked_besides_the_others(case):
    case.freezes.add(case.sales, approvers=case.leads)
    name, shown = case.submitted(case.sales)
    assert "TIME-001" not in rules_of(shown) and "TIME-005" in rules_of(shown)
    assert groups_of(shown) == ["approver", f"{case.service}-owners", case.leads]
    text = case.changes.ask("sally", "GET", f"/api/v1/changes/{name}/render").json["text"]
    assert f"FREEZE EXCEPTION asked of: {case.sales}" in text and WHY in text
    assert f"{case.sales} needs a yes of the group {case.leads} to the sale" in text
    case.approve(name, "oscar", "bob")
    assert case.changes.show(name)["state"] == "pending" and case.reason() != "ok_grant"
    case.approve(name, "sally")
    assert case.changes.show(name)["state"] == "approved"
    answer = case.ask()
    assert (answer["verdict"], answer["reason"]) == ("allow", "ok_grant"), answer


def test_who_asks_for_nothing_stays_frozen_whoever_approves(case):
    case.freezes.add(case.sales, approvers=case.leads)
    name, shown = case.submitted()
    assert "TIME-001" in rules_of(shown) and "TIME-005" not in rules_of(shown) and case.leads not in groups_of(shown)
    case.changes.approve_all(name)
    assert case.reason() == "frozen"


def test_a_calendar_without_a_group_has_no_exception(case):
    case.freezes.add(case.sales)
    refused = case.send(case.sales)
    assert refused.status == 400 and refused.json["field"] == "body.freeze_exception.calendars"
    assert "no approvers" in refused.json["detail"]


@pytest.mark.parametrize("exception, field", [
    ({"calendars": [], "reason": WHY}, "freeze_exception.calendars"),
    ({"calendars": ["nobody-has-it"], "reason": WHY}, "freeze_exception.calendars"),
    ({"calendars": ["a", "a"], "reason": WHY}, "calendars"),
    ({"calendars": ["a", "b", "c", "d", "e"], "reason": WHY}, "calendars"),
    ({"calendars": ["a"], "reason": "because"}, "freeze_exception.reason"),
    ({"calendars": ["a"]}, "reason"),
    ({"calendars": ["a"], "reason": WHY, "until": "ever"}, "until"),
    ([], "freeze_exception"),
    ("sales", "freeze_exception"),
])
def test_what_is_asked_badly_is_refused(case, exception, field):
    refused = case.send(freeze_exception=exception)
    assert refused.status in (400, 404) and refused.json["field"] == f"body.{field}", refused.json


def test_the_exception_is_in_the_digest(case):
    case.freezes.add(case.sales, approvers=case.leads)
    bare = case.send(start="2027-01-01T00:00:00Z", end="2027-01-01T01:00:00Z").json["revision_digest"]
    asked = case.send(case.sales, start="2027-01-01T00:00:00Z", end="2027-01-01T01:00:00Z").json["revision_digest"]
    assert bare != asked


# --- who may give it ---

def test_nobody_gives_it_to_themselves(case):
    case.freezes.add(case.sales, approvers=case.leads)
    name, _ = case.submitted(case.sales, who="sofia", executors=["alice"])
    case.approve(name, "oscar", "bob")
    refused = case.changes.approve("sofia", name)
    assert refused.status == 403 and refused.json["reason"] == "self_approval"
    assert case.changes.approve("sam", name).status == 403, "nor does who is not of the group"
    assert case.changes.show(name)["state"] == "pending"


def test_one_person_is_not_both_owner_and_lead(case):
    case.freezes.add(case.sales, approvers=f"{case.service}-owners")
    name, _ = case.submitted(case.sales)
    case.approve(name, "oscar", "bob")
    assert case.changes.approve("bob", name).status == 403
    case.approve(name, "carol")
    assert case.reason() == "ok_grant"


def test_a_lead_who_left_does_not_count(case):
    case.freezes.add(case.sales, approvers=case.leads)
    case.approved(case.sales)
    path = f"/api/v1/groups/{case.leads}/members/sally"
    assert case.changes.ask("admin", "DELETE", path).status < 300
    assert case.reason() == "approver_invalid"
    assert case.changes.ask("admin", "PUT", path).status < 300
    assert case.reason() == "ok_grant"


def test_a_waiver_does_not_take_the_group_away(case):
    case.freezes.add(case.sales, approvers=case.leads)
    name, _ = case.submitted(case.sales)
    refused = case.changes.do("oscar", name, "waive", {"rule": "TIME-005", "reason": "it is quite all right",
                                                       "expires_at": at(60)})
    assert refused.status in (400, 403, 409), refused.body
    assert case.leads in groups_of(case.changes.show(name))


# --- what it covers ---

def test_another_calendars_freeze_still_refuses(case):
    case.freezes.add(case.sales, approvers=case.leads)
    case.freezes.add(case.audit, case.freezes.event(title="the audit"), approvers=case.leads)
    name, shown = case.submitted(case.sales)
    assert "TIME-001" in rules_of(shown) and "TIME-005" in rules_of(shown)
    for who in ("oscar", "bob", "carol", "oscar", "sally"):
        case.changes.approve(who, name)
    assert case.changes.show(name)["state"] == "approved"
    answer = case.ask()
    assert answer["reason"] == "frozen" and answer["verdict"] == "deny"


@pytest.mark.parametrize("change", ["a new freeze", "a longer one", "a moved one", "another group", "no group", "too old"])
def test_what_the_calendar_did_not_say_then_is_not_covered(case, change):
    case.freezes.add(case.sales, approvers=case.leads)
    case.approved(case.sales)
    case.changes.group(f"{case.leads}-too", "sally")
    event, text = case.freezes.event, case.freezes.text
    fields = {"a new freeze": {"ics": text(event(), event(uid="2", title="the other sale"))},
              "a longer one": {"ics": text(event(hours=13))},
              "a moved one": {"ics": text(event(after=-1, hours=13))},
              "another group": {"approvers": f"{case.leads}-too"},
              "no group": {"approvers": None},
              "too old": {"max_age_ms": 1}}[change]
    case.freezes.set(case.sales, **fields)
    answer = case.ask()
    assert answer["reason"] == ("calendar_stale" if change == "too old" else "frozen"), answer
    if change == "too old":
        return
    case.freezes.set(case.sales, ics=text(event()), approvers=case.leads)
    assert case.reason() == "ok_grant", "what was approved is what it says again"


def test_a_new_revision_asks_again(case):
    case.freezes.add(case.sales, approvers=case.leads)
    name = case.approved(case.sales)
    etag = case.changes.ask("alice", "GET", f"/api/v1/changes/{name}").headers["ETag"]
    edited = case.changes.do("alice", name, "edit", {"body": case.body(observe_s=7)}, If_Match=etag)
    assert edited.status == 200, edited.body
    assert case.reason() != "ok_grant"
    case.changes.submit(name)
    case.changes.approve_all(name)
    assert case.reason() == "frozen", "the exception was of the revision before"


def test_what_runs_goes_on_in_an_excepted_freeze(case):
    case.freezes.add(case.sales, approvers=case.leads, overrun="kill", grace_ms=1000)
    case.approved(case.sales)
    run = case.ask()["run"]
    assert case.asker.post(f"/api/v1/gate/runs/{run}/heartbeat", {}).status == 204
    assert case.asker.post(f"/api/v1/gate/runs/{run}/end", {"status": 0}).status == 204


def test_a_closed_calendar_is_excepted_until_its_next_window(case):
    case.freezes.add(case.sales, case.freezes.event(title="the window", after=6, hours=1), default="closed",
                     approvers=case.leads)
    case.approved(case.sales, max_runs=2)
    assert case.reason() == "ok_grant"
    case.freezes.set(case.sales, ics=case.freezes.text(case.freezes.event(title="the window", after=7, hours=1)))
    assert case.reason() == "outside_window"


# --- the rows ---

def test_an_exception_that_somebody_wrote_into_the_rows_is_found(daemon, people):
    changes = Changes(daemon, people)
    asker = Asker(changes)
    people.add("sally", "sales-team", ["approver"])
    changes.group("leads", "sally")
    Freezes(changes, service="shop").add("sales", approvers="leads")
    asked = changes.file(freeze_exception={"calendars": ["sales"], "reason": WHY})
    changes.submit(asked)
    bare = changes.file()
    changes.submit(bare)
    changes.approve_all(bare)
    with sqlite3.connect(daemon.data_dir / "redbutton.db") as rows:
        rows.execute("UPDATE change_revision SET exceptions ="
                     " (SELECT exceptions FROM change_revision WHERE change_seq = 1) WHERE change_seq = 2")
    rows.close()
    answer = asker.decide("/usr/bin/systemctl", "restart", "shop", target=host_identity(1))
    assert answer["reason"] == "revision_mismatch", answer
    daemon.stop()
    found = people.admin.fails("audit", "verify", "--data-dir", daemon.data_dir)
    assert found.code == 9 and "exceptions" in found.out + found.err, (found.out, found.err)
