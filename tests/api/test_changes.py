"""Changes over the API: filed, assessed, approved by those who had no part in them, void when edited."""
import sqlite3

import pytest
from harness.changes import Changes, METRIC, at, host_identity
from harness.daemon import Daemon
from harness.people import People


@pytest.fixture
def changes(daemon, people):
    made = Changes(daemon, people)
    people.admin.ok("target", "add", "prom", "--kind", "prometheus", "--address", "http://127.0.0.1:9", "--environment", "lab")
    return made


@pytest.fixture
def pending(changes):
    name = changes.file()
    assert changes.submit(name)["state"] == "pending"
    return name


# --- filing ---

def test_a_change_is_filed_with_its_defaults_and_the_identity_of_its_targets(changes):
    shown = changes.show(changes.file())
    assert shown["name"] == "CHG-1" and shown["state"] == "draft" and shown["revision"] == 1
    body = shown["body"]
    assert body["targets"] == [{"name": "web-1", "kind": "host", "identity": host_identity(1)}]
    assert body["executors"] == ["alice"] and body["steps"][0]["path"] == "/usr/bin/systemctl"
    assert shown["requester"] == "alice" and "approval" not in shown


@pytest.mark.parametrize("change, field", [
    ({"environment": ""}, "environment"),
    ({"services": []}, "services"),
    ({"services": ["a", "b", "c", "d"]}, "services"),
    ({"executors": ["nobody-here"]}, "executors"),
    ({"end": at(-30)}, "end"),
    ({"start": "2026-02-30 10:00"}, "start"),
    ({"zone": "Mars/Olympus"}, "zone"),
    ({"zone": "Europe/Berlin", "start": "2027-03-28 02:30"}, "start"),
    ({"zone": "Europe/Berlin", "start": "2027-10-31 02:30"}, "start"),
    ({"steps": []}, "steps"),
    ({"type": "emergency"}, "type"),
    ({"nobody_knows_it": 1}, "nobody_knows_it"),
    ({"coordinated_with": ["CHG-99"]}, "coordinated_with"),
    ({"verification": [{**METRIC, "op": "!="}]}, "op"),
    ({"verification": [{**METRIC, "threshold": "0.01x"}]}, "threshold"),
    ({"verification": [METRIC, {**METRIC, "target": "no-prom"}]}, "target"),
    ({"verification": [{**METRIC, "target": "web-1"}]}, "target"),
    ({"objects": ["svc:shop", "shop"]}, "objects"),
    ({"objects": ["svc:"]}, "objects"),
    ({"incident": "INC-77"}, "incident"),
    ({"incident": "the shop is down"}, "incident"),
])
def test_bad_fields_are_named_and_nothing_is_filed(changes, change, field):
    body = {**changes.body(), **change}
    reply = changes.ask("alice", "POST", "/api/v1/changes", {"title": "x", "body": body})
    assert reply.status in (400, 404) and reply.json["field"] == f"body.{field}", reply.json
    assert changes.ask("alice", "GET", "/api/v1/changes").json["items"] == []


@pytest.mark.parametrize("step, field", [
    ({"argv": []}, "argv"),
    ({"argv": ["systemctl"]}, "path"),
    ({"kind": "edit", "path": "sudoedit", "argv": ["sudoedit"]}, "argv"),
    ({"kind": "edit", "path": "sudoedit", "argv": ["sudoedit", "hosts"]}, "argv"),
    ({"kind": "edit", "path": "/usr/bin/vi", "argv": ["vi", "/etc/hosts"]}, "argv"),
    ({"path": "/usr/bin/../bin/x"}, "path"),
    ({"targets": []}, "targets"),
    ({"targets": ["web-9"]}, "target"),
    ({"argv": ["/bin/a", "a\u202eb"]}, "argv"),
    ({"argv": ["/bin/a", {"b64": "YWJj"}]}, "argv"),
    ({"env": ["A"]}, "env"),
    ({"env": ["A=1", "A=2"]}, "env"),
    ({"cwd": "srv"}, "cwd"),
    ({"kind": "script"}, "contents"),
    ({"contents": [{"role": "file", "sha256": "0" * 64}]}, "sha256"),
    ({"stdin": "0" * 64}, "stdin"),
    ({"max_runs": 0}, "max_runs"),
])
def test_bad_steps_are_named_with_their_place(changes, step, field):
    body = changes.body({**changes.step("/usr/bin/true"), **step})
    reply = changes.ask("alice", "POST", "/api/v1/changes", {"title": "x", "body": body})
    assert reply.status in (400, 404) and reply.json["field"] == f"body.{field}", reply.json


def test_a_viewer_files_nothing(changes):
    reply = changes.ask("vera", "POST", "/api/v1/changes", {"title": "x", "body": changes.body()})
    assert reply.status == 403


def test_contents_lie_under_their_sha256(changes):
    sha256 = changes.content("#!/bin/sh\necho hi\n")
    reply = changes.ask("vera", "GET", f"/api/v1/contents/{sha256}")
    assert reply.body == b"#!/bin/sh\necho hi\n"
    again = changes.ask("alice", "POST", "/api/v1/contents", {"b64": "IyEvYmluL3NoCmVjaG8gaGkK"})
    assert again.json == {"sha256": sha256, "size": 18}
    assert changes.ask("alice", "POST", "/api/v1/contents", {"b64": "IyE"}).status == 400


# --- what is shown ---

def test_the_rendering_holds_all_of_it_and_hides_nothing(changes):
    script = "#!/bin/sh\n# \u202egnp.exe\nprintf '\\x1b[2J' \x1b[8m\n"
    sha256 = changes.content(script)
    name = changes.file(
        {"kind": "script", "argv": ["rotate.sh", {"b64": "AQ=="}], "targets": ["web-1", "web-2"],
         "env": ["LOUD=1"], "contents": [{"role": "script", "name": "rotate.sh", "sha256": sha256}]})
    changes.submit(name)
    text = changes.ask("bob", "GET", f"/api/v1/changes/{name}/render").json["text"]
    assert sha256 in text and r"\u{202e}gnp.exe" in text and r"\x1b[8m" in text and "\x1b" not in text
    assert r'[1] "\x01"   (1 bytes, some are spelled out)' in text
    assert host_identity(2) in text and '"LOUD=1"' in text
    assert "+08:00 Asia/Shanghai" in text and "TEXT-001" in text


def test_the_digest_covers_what_is_done_and_not_what_is_said(changes):
    name = changes.file(title="one")
    digest = changes.show(name)["revision_digest"]
    changes.do("bob", name, "comment", {"text": "looks fine"})
    assert changes.show(name)["revision_digest"] == digest
    assert changes.show(name)["comments"][0]["written_by"] == "bob"


# --- approval ---

def test_who_asks_edits_or_runs_it_does_not_approve_it(changes, people):
    people.add("erin", "sre-team", ["author", "approver"])
    name = changes.file(executors=["carol"])
    assert changes.edit(name, who="erin", executors=["carol"], observe_s=1).status == 200
    assert changes.edit(name, executors=["carol"], observe_s=2).status == 200
    changes.submit(name)
    for who in ("alice", "erin", "carol"):
        refused = changes.approve(who, name)
        assert refused.status == 403 and refused.json["reason"] == "self_approval", (who, refused.json)
    approval = changes.show(name)["approval"]
    reply = changes.ask("erin", "POST", f"/api/v1/approvals/{approval['id']}/approve",
                        {"digest": approval["subject"]["digest"]})
    assert reply.status == 403, "nor by the room of approvals"
    assert changes.show(name)["state"] == "pending"


def test_only_what_was_shown_is_approved(changes, pending):
    assert changes.do("bob", pending, "approve").status == 428
    stale = changes.approve("bob", pending, "sha256:" + "0" * 64)
    assert stale.status == 412 and stale.json["reason"] == "stale_revision"
    assert changes.show(pending)["state"] == "pending"


def test_the_last_yes_mints_a_grant_for_each_step_and_target(changes):
    name = changes.file(changes.step("/usr/bin/systemctl", "restart", "shop", targets=["web-1", "web-2"], max_runs=3),
                        changes.step("/usr/bin/systemctl", "start", "shop", targets=["web-1", "web-2"], phase="rollback"))
    changes.submit(name)
    assert changes.show(name)["grants"] == []
    shown = changes.approve_all(name)
    assert [(grant["step"], grant["target"], grant["runs_left"]) for grant in shown["grants"]] == [
        (1, "web-1", 3), (1, "web-2", 3), (2, "web-1", 1), (2, "web-2", 1)]
    assert len({grant["fingerprint"] for grant in shown["grants"]}) == 4


def test_an_edit_voids_what_was_approved(changes, pending):
    old = changes.approve_all(pending)
    reply = changes.edit(pending, end=at(90))
    assert reply.status == 200 and reply.json["state"] == "draft" and reply.json["revision"] == 2
    shown = changes.show(pending)
    assert {grant["revoked"] for grant in shown["grants"]} <= {"a new revision was made"}
    assert "approval" not in shown
    approval = changes.ask("bob", "GET", f"/api/v1/approvals/{old['approval']['id']}").json
    assert approval["state"] == "VOID"
    diff = changes.ask("bob", "GET", f"/api/v1/changes/{pending}/diff").json["items"]
    assert [item["path"] for item in diff] == ["end", "start"] or [item["path"] for item in diff] == ["end"]
    changes.submit(pending)
    stale = changes.approve("bob", pending, old["revision_digest"])
    assert stale.status == 412
    assert "changed since revision 1" in changes.ask("bob", "GET", f"/api/v1/changes/{pending}/render").json["text"]


def test_an_edit_is_of_what_was_read_and_changes_something(changes):
    name = changes.file()
    body = changes.show(name)["body"]
    stale = changes.do("alice", name, "edit", {"body": body}, If_Match='"v9"')
    assert stale.status == 412
    same = changes.do("alice", name, "edit", {"body": body}, If_Match='"v1"')
    assert same.status == 409 and same.json["code"] == "no_effect"
    assert changes.do("alice", name, "edit", {"body": body}).status == 428


def test_one_no_ends_it(changes, pending):
    assert changes.do("bob", pending, "reject", {"reason": "no"}).status == 400
    reply = changes.do("bob", pending, "reject", {"reason": "the window is in the sale"})
    assert reply.status == 200 and reply.json["state"] == "rejected"
    assert changes.approve("carol", pending).status == 409
    assert changes.do("alice", pending, "submit").status == 409


def test_a_cancelled_change_is_over(changes, pending):
    changes.approve_all(pending)
    assert changes.do("vera", pending, "cancel").status == 403
    reply = changes.do("alice", pending, "cancel", {"reason": "not needed"})
    assert reply.status == 200 and reply.json["state"] == "cancelled"
    assert all(grant["revoked"] for grant in reply.json["grants"])
    assert changes.do("alice", pending, "cancel").status == 409


def test_nobody_is_waited_for_once_it_is_cancelled(changes, pending):
    assert changes.show(pending)["approval"]["levels"][0]["state"] == "open"
    assert changes.do("alice", pending, "cancel").status == 200
    shown = changes.show(pending)["approval"]
    assert (shown["state"], {level["state"] for level in shown["levels"]}) == ("VOID", {"ended"})


# --- levels ---

def test_a_critical_finding_needs_owners_of_two_teams_and_who_is_on_call(changes):
    name = changes.file(changes.step("/usr/bin/rm", "-rf", "/etc"))
    shown = changes.submit(name)
    assert "FS-001" in [finding["rule"] for finding in shown["report"]["findings"]] and shown["level"] == 3
    assert [level["text"] for level in shown["approval"]["levels"]] == [
        "2 of group shop-owners, of different teams", "1 of group sre-oncall"]
    assert "critical: " in shown["approval"]["summary"] and "FS-001" in shown["approval"]["summary"]
    for who, state in (("bob", "pending"), ("carol", "pending"), ("oscar", "approved")):
        assert changes.approve(who, name).json["state"] == state


def test_a_finding_is_waived_by_who_may_and_the_level_falls(changes):
    name = changes.file()
    shown = changes.submit(name)
    assert [finding["rule"] for finding in shown["report"]["findings"]] == ["OBS-001"] and shown["level"] == 2
    waiver = {"rule": "OBS-001", "reason": "watched by hand tonight", "expires_at": at(120)}
    own = changes.do("alice", name, "waive", waiver)
    assert own.status == 403
    assert changes.do("bob", name, "waive", {**waiver, "rule": "FS-001"}).status == 404
    assert changes.do("bob", name, "waive", {**waiver, "expires_at": at(60 * 24 * 9)}).status == 400
    reply = changes.do("bob", name, "waive", waiver)
    assert reply.status == 200 and reply.json["level"] == 1 and reply.json["report"]["score"] == 0
    assert len(reply.json["approval"]["levels"]) == 1
    assert changes.do("bob", name, "waive", waiver).json["code"] == "no_effect"
    assert changes.approve("bob", name).status == 403, "who lowered the level does not approve at it"
    assert changes.approve("carol", name).json["state"] == "approved"


def test_nobody_eligible_is_no_yes(changes, people):
    name = changes.file(services=["pay"])
    shown = changes.submit(name)
    assert shown["level"] == 2
    assert changes.approve("bob", name).json["state"] == "pending"
    assert "pay-owners" in changes.show(name)["approval"]["note"]


@pytest.fixture
def no_jail(tmp_path):
    broken = tmp_path / "runner"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    daemon = Daemon(tmp_path / "daemon", runner=broken)
    yield daemon.start(is_ready=daemon.is_alive)
    assert daemon.stop() == 0


def test_without_a_jail_nothing_can_be_approved(no_jail):
    changes = Changes(no_jail, People(no_jail))
    name = changes.file()
    shown = changes.submit(name)
    assert shown["state"] == "pending" and shown["state_reason"] == "rule_error"
    assert [finding["rule"] for finding in shown["report"]["findings"]] == ["rule_error"]
    assert "approval" not in shown and shown["report"]["has_error"]
    refused = changes.approve("bob", name)
    assert refused.status == 409 and "rule_error" in refused.json["detail"]
    assert changes.show(name)["grants"] == []
    assert changes.do("bob", name, "waive", {"rule": "rule_error", "reason": "it is fine, really",
                                             "expires_at": at(60)}).status == 403


# --- standard changes ---

TEMPLATE = {"name": "shop/status", "summary": "look at the shop", "owner": "shop-owners",
            "params": {"unit": {"type": "enum", "values": ["shop", "nginx"]}},
            "body": {"environment": "production", "services": ["shop"],
                     "steps": [{"argv": ["/usr/bin/systemctl", "status", {"param": "unit"}], "targets": ["web-1"]}]}}


@pytest.fixture
def template(changes):
    added = changes.ask("alice", "POST", "/api/v1/templates", TEMPLATE)
    assert added.status == 201, added.body
    submitted = changes.ask("alice", "POST", "/api/v1/templates/shop%2Fstatus/versions/1/submit", {},
                            If_Match=added.headers["ETag"]).json
    for who in ("oscar", "bob"):
        changes.ask(who, "POST", f"/api/v1/approvals/{submitted['approval']}/approve", {"digest": submitted["digest"]})
    return {"name": "shop/status", "params": {"unit": "shop"}}


def standard(changes, template, **more):
    body = {"template": template, "start": at(-1), "end": at(60), **more}
    return changes.ask("alice", "POST", "/api/v1/changes", {"title": "status", "body": body})


def test_a_standard_change_without_findings_asks_nobody(changes, template):
    filed = standard(changes, template)
    assert filed.status == 201, filed.json
    assert filed.json["body"]["type"] == "standard" and filed.json["body"]["template"]["version"] == 1
    shown = changes.submit(filed.json["name"])
    assert shown["state"] == "approved" and shown["level"] == 0 and len(shown["grants"]) == 1, shown["report"]


def test_a_template_is_not_talked_into_anything_else(changes, template):
    steps = [{"argv": ["/usr/bin/systemctl", "stop", "shop"], "targets": ["web-1"]}]
    reply = standard(changes, template, steps=steps)
    assert reply.status == 400 and reply.json["field"] == "body.steps"
    assert standard(changes, {"name": "shop/status", "params": {"unit": "x"}}).status == 400
    reply = changes.ask("alice", "POST", "/api/v1/changes", {"title": "x", "body": changes.body(type="standard")})
    assert reply.status == 400 and reply.json["field"] == "body.type"


def test_a_standard_change_whose_template_was_retired_asks_a_peer(changes, template):
    name = standard(changes, template).json["name"]
    etag = changes.ask("alice", "GET", "/api/v1/templates/shop%2Fstatus/versions/1").headers["ETag"]
    retired = changes.ask("alice", "POST", "/api/v1/templates/shop%2Fstatus/versions/1/retire", {"reason": "old"},
                          If_Match=etag)
    assert retired.status == 200, retired.body
    shown = changes.submit(name)
    assert shown["state"] == "pending" and shown["level"] == 1


# --- the world ---

def test_a_frozen_calendar_is_critical(changes, people, tmp_path):
    ics = tmp_path / "freeze.ics"
    ics.write_text("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n"
                   "DTSTART:20200101T000000Z\r\nDTEND:20400101T000000Z\r\nSUMMARY:the sale\r\nEND:VEVENT\r\n"
                   "END:VCALENDAR\r\n")
    people.admin.ok("calendar", "add", "sales", ics, "--default", "open", "--zone", "UTC", "--label", "service=shop")
    shown = changes.submit(changes.file())
    assert "TIME-001" in [finding["rule"] for finding in shown["report"]["findings"]] and shown["level"] == 3


def test_two_changes_of_one_host_conflict_unless_each_names_the_other(changes):
    first = changes.file()
    changes.submit(first)
    second = changes.file()
    shown = changes.submit(second)
    assert "CONF-001" in [finding["rule"] for finding in shown["report"]["findings"]]
    changes.edit(first, coordinated_with=[second])
    changes.submit(first)
    changes.edit(second, coordinated_with=[first])
    assert "CONF-001" not in [finding["rule"] for finding in changes.submit(second)["report"]["findings"]]


def test_the_list_is_paged_and_filtered(changes, pending):
    draft = changes.file()
    names = lambda query: [one["name"] for one in changes.ask("vera", "GET", f"/api/v1/changes{query}").json["items"]]
    assert names("") == [draft, pending] and names("?state=pending") == [pending]
    assert names("?before=2") == [pending] and names("?limit=1") == [draft]
    assert names("?requester=bob") == []


def test_rows_that_somebody_changed_are_found(changes, people, daemon, pending):
    changes.approve_all(pending)
    people.admin.ok("audit", "verify", "--data-dir", daemon.data_dir)
    daemon.stop()
    with sqlite3.connect(daemon.data_dir / "redbutton.db") as rows:
        rows.execute("UPDATE change_revision SET body = replace(body, 'restart', 'disable')")
    found = people.admin.fails("audit", "verify", "--data-dir", daemon.data_dir)
    assert found.code == 9 and "CHG-1@1" in found.out + found.err, (found.out, found.err)
