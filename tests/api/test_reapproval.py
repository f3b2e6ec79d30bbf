"""Fast re-approval: a revision that only does less than one that a person approved is shown to them as that."""
import itertools

import pytest
from harness.changes import Changes, at, host_identity

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def changes(make_world):
    world = make_world()
    return Changes(world.daemon, world.people)


class Case:
    """A change of two hosts of a service of its own, approved by its peer bob and its owner carol; then edited."""

    def __init__(self, changes):
        number = next(numbers)
        self.changes, self.service = changes, f"unit-{number}"
        self.hosts = [f"app-{number}-a", f"app-{number}-b"]
        for position, host in enumerate(self.hosts):
            changes.people.admin.ok("target", "add", host, "--kind", "host", "--environment", "production", "--service",
                                    self.service, "--address", host_identity(number * 2 + position + 10))
        changes.group(f"{self.service}-owners", "carol")
        self.start, self.end = at(10), at(120)
        self.name = changes.file(*self.steps(self.hosts), **self.frame())
        changes.submit(self.name)

    def steps(self, hosts, verb="restart"):
        return (self.changes.step("/usr/bin/systemctl", verb, self.service, targets=hosts),
                self.changes.step("/usr/bin/systemctl", "start", self.service, phase="rollback", targets=hosts))

    def frame(self, **more):
        return {"services": [self.service], "objects": [f"svc:{self.service}"], "start": self.start, "end": self.end, **more}

    def edit(self, hosts=None, verb="restart", **more):
        edited = self.changes.edit(self.name, *self.steps(hosts or self.hosts, verb), **self.frame(**more))
        assert edited.status == 200, edited.body
        return self.changes.submit(self.name)

    def approve(self, *who):
        for person in who:
            reply = self.changes.approve(person, self.name)
            assert reply.status == 200, (person, reply.json)

    def again(self, who, digest=None):
        digest = digest or self.changes.show(self.name)["revision_digest"]
        return self.changes.do(who, self.name, "reapprove", If_Match=f'"{digest}"')

    def narrows(self, who):
        return self.changes.show(self.name, who).get("narrows")


@pytest.fixture
def case(changes):
    case = Case(changes)
    case.approve("bob", "carol")
    assert changes.show(case.name)["state"] == "approved"
    yield case
    changes.do("alice", case.name, "cancel", {"reason": "the test is over"})


def test_fewer_targets_and_a_shorter_window_are_shown_as_that(case):
    shown = case.edit(case.hosts[:1], start=at(20), end=at(100))
    assert shown["state"] == "pending", "never by itself"
    for who in ("bob", "carol"):
        narrows = case.narrows(who)
        assert narrows["revision"] == 1
        assert {item["path"].split("[")[0] for item in narrows["items"]} >= {"start", "end", "targets"}
    assert case.narrows("oscar") is None and case.narrows("alice") is None
    assert case.again("bob").status == 200
    assert case.changes.show(case.name)["state"] == "pending", "each for themselves"
    assert case.narrows("bob") is None, "asked once"
    again = case.again("bob")
    assert again.status == 403 and "you decided already" in again.json["detail"]
    reply = case.again("carol")
    assert reply.status == 200 and reply.json["state"] == "approved"
    votes = reply.json["approval"]["decisions"]
    assert all("only narrower than revision 1" in vote["reason"] for vote in votes)


@pytest.mark.parametrize("edit", [
    {"verb": "reload"},                       # another command
    {"end_minutes": 130},                     # a longer window
    {"start_minutes": 5},                     # that begins earlier
    {"observe_s": 7},                         # something else
    {"coordinated": True},
])
def test_whatever_does_more_or_else_is_read_in_full(case, edit):
    more = {}
    if "end_minutes" in edit:
        more["end"] = at(edit["end_minutes"])
    if "start_minutes" in edit:
        more["start"] = at(edit["start_minutes"])
    if "observe_s" in edit:
        more["observe_s"] = edit["observe_s"]
    if "coordinated" in edit:
        more["coordinated_with"] = [case.name]
    case.edit(case.hosts[:1], edit.get("verb", "restart"), **more)
    assert case.narrows("bob") is None
    refused = case.again("bob")
    assert refused.status == 409 and "not just narrower" in refused.json["detail"]
    assert case.changes.show(case.name)["approval"]["decisions"] == []


def test_a_target_that_was_not_there_is_no_narrowing(case):
    case.edit(case.hosts[:1])
    case.approve("bob", "carol")
    case.edit(case.hosts)
    assert case.narrows("bob") is None and case.again("bob").status == 409


@pytest.mark.parametrize("kept", [0, 1], ids=["without its way back", "only its way back"])
def test_a_target_is_taken_away_from_all_steps_or_it_is_read_in_full(case, kept):
    steps = [{**step, "targets": case.hosts[:1]} for step in case.steps(case.hosts)]
    steps[kept]["targets"] = case.hosts
    edited = case.changes.edit(case.name, *steps, **case.frame())
    assert edited.status == 200, edited.body
    case.changes.submit(case.name)
    assert case.narrows("bob") is None and case.again("bob").status == 409


def test_who_did_not_approve_then_reads_it_in_full(case):
    case.edit(case.hosts[:1])
    assert case.again("oscar").status == 409


def test_who_edits_it_does_not_approve_it_so_either(case, changes):
    changes.people.add(f"ed-{case.service}", "ops-team", ["author", "approver"])
    editor = f"ed-{case.service}"
    edited = changes.edit(case.name, *case.steps(case.hosts[:1]), who=editor, **case.frame(executors=["alice"]))
    assert edited.status == 200, edited.body
    changes.submit(case.name)
    refused = case.again(editor)
    assert refused.status == 403 and refused.json["reason"] == "self_approval"


def test_another_digest_is_stale(case):
    case.edit(case.hosts[:1])
    refused = case.again("bob", "sha256:" + "0" * 64)
    assert refused.status == 412 and refused.json["reason"] == "stale_revision"
    assert case.changes.do("bob", case.name, "reapprove").status == 428


def test_what_was_never_approved_is_not_narrowed(changes):
    case = Case(changes)
    case.edit(case.hosts[:1])
    assert case.narrows("bob") is None and case.again("bob").status == 409


def test_a_new_finding_is_read(case, changes):
    changes.people.admin.ok("incident", "open", "the shop is slow", "--severity", "2", "--environment", "production",
                            "--service", case.service)
    shown = case.edit(case.hosts[:1])
    assert "OBS-002" in [finding["rule"] for finding in shown["report"]["findings"]]
    assert case.narrows("bob") is None and case.again("bob").status == 409
