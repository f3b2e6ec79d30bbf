"""The routes of plans and approvals: bad input, stale clicks, what they answer."""
import pytest
from harness.plans import PLANS

DRAIN = (PLANS / "checkout-drain-zone.lua").read_text()
VERSIONS = "/api/v1/plans/checkout%2Fdrain-zone/versions"


@pytest.fixture
def call(daemon, people):
    def call(who, method, path, body=None, etag=None):
        headers = {"If-Match": f'"{etag}"'} if etag else {}
        return daemon.request(method, path, body, token=people.token(who), headers=headers)
    return call


def add(call, script=DRAIN):
    reply = call("alice", "POST", "/api/v1/plans", {"file": "drain-zone.lua", "script": script})
    assert reply.status == 201, reply.body
    return reply


def submit(call):
    add(call)
    reply = call("alice", "POST", f"{VERSIONS}/1/submit", {}, "v1")
    assert reply.status == 200, reply.body
    return reply.json


def test_add_answers_created_then_the_same(call):
    first = add(call)
    assert first.headers["ETag"] == '"v1"' and first.json["state"] == "DRAFT"
    again = call("alice", "POST", "/api/v1/plans", {"file": "other.lua", "script": DRAIN})
    assert again.status == 200 and again.json["id"] == first.json["id"]


def test_lint_takes_raw_lua_and_json(call):
    good = call("vera", "POST", "/api/v1/plans/lint", DRAIN)
    assert good.status == 200 and good.json["ok"] and good.json["manifest"]["name"] == "checkout/drain-zone"
    bad = call("vera", "POST", "/api/v1/plans/lint?file=x.lua", 'plan { name = "x" }')
    assert bad.status == 422 and bad.json["code"] == "plan_error"
    assert {"file", "line", "message"} <= bad.json["errors"][0].keys()
    assert bad.json["errors"][0]["file"] == "x.lua"
    assert call("vera", "POST", "/api/v1/plans/lint", {"script": DRAIN}).status == 200


def test_a_version_with_errors_is_not_stored(call):
    reply = call("alice", "POST", "/api/v1/plans", {"file": "x.lua", "script": "plan {"})
    assert reply.status == 422 and reply.json["errors"]
    assert call("alice", "GET", "/api/v1/plans").json["items"] == []


@pytest.mark.parametrize("body", [
    {}, {"script": 3}, {"script": ""}, {"script": "x", "modules": []}, {"script": "x", "modules": {"a": 1}},
    {"script": "x", "modules": {"../a": "return 1"}}, {"script": "x\r\n"}, {"script": "x", "file": "a/b.lua"},
    {"script": "x", "file": "a\u202e.lua"}, {"script": "x", "more": 1}, {"script": "x\u0000y"},
])
def test_bad_sources_are_refused(call, body):
    reply = call("alice", "POST", "/api/v1/plans", body)
    assert 400 <= reply.status < 500, reply.body


@pytest.mark.parametrize("script", [
    "while true do end", "local s = 'x' while true do s = s .. s end", "error({})", "return", "\x1bLua", "plan(nil)",
])
def test_hostile_texts_are_refused(call, script):
    reply = call("alice", "POST", "/api/v1/plans", {"file": "x.lua", "script": script})
    assert 400 <= reply.status < 500, reply.body
    assert call("alice", "GET", "/api/v1/plans").status == 200


def test_changes_want_if_match(call):
    add(call)
    assert call("alice", "POST", f"{VERSIONS}/1/submit", {}).status == 428
    stale = call("alice", "POST", f"{VERSIONS}/1/submit", {}, "v7")
    assert stale.status == 412 and stale.json["code"] == "stale"


def test_an_unknown_plan_or_version_is_404(call):
    add(call)
    assert call("vera", "GET", "/api/v1/plans/no%2Fplan").status == 404
    assert call("vera", "GET", f"{VERSIONS}/2").status == 404
    assert call("vera", "GET", f"{VERSIONS}/0").status == 400


def test_diff_wants_both_numbers(call):
    add(call)
    assert call("vera", "GET", "/api/v1/plans/checkout%2Fdrain-zone/diff?from=1").status == 400
    same = call("vera", "GET", "/api/v1/plans/checkout%2Fdrain-zone/diff?from=1&to=1")
    assert same.status == 200 and same.json["script"] == ""


def test_activate_without_approval_says_what_is_missing(call):
    submit(call)
    reply = call("alice", "POST", f"{VERSIONS}/1/activate", {}, "v2")
    assert reply.status == 409 and reply.json["code"] == "not_approved" and "still needs" in reply.json["detail"]


def test_approve_wants_the_digest_that_was_shown(call):
    approval = submit(call)["approval"]
    path = f"/api/v1/approvals/{approval}/approve"
    assert call("bob", "POST", path, {}).status == 400
    stale = call("bob", "POST", path, {"digest": "sha256:" + "0" * 64})
    assert stale.status == 412 and stale.json["field"] == "digest"
    digest = call("bob", "GET", f"/api/v1/approvals/{approval}").json["subject"]["digest"]
    assert call("bob", "POST", path, {"digest": digest}, "v9").status == 412
    reply = call("bob", "POST", path, {"digest": digest}, "v1")
    assert reply.status == 200, reply.body


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_nobody_decides_their_own_request_on_any_route(call, verb):
    approval = submit(call)["approval"]
    digest = call("alice", "GET", f"/api/v1/approvals/{approval}").json["subject"]["digest"]
    reply = call("alice", "POST", f"/api/v1/approvals/{approval}/{verb}", {"digest": digest, "reason": "x"})
    assert reply.status == 403 and "nobody decides their own request" in reply.json["detail"]


def test_who_may_not_decide_is_told_why(call):
    approval = submit(call)["approval"]
    shown = call("vera", "GET", f"/api/v1/approvals/{approval}").json
    assert shown["may_decide"] is False and "approver" in shown["may_not_because"]
    assert call("bob", "GET", f"/api/v1/approvals/{approval}").json["may_decide"] is True
    reply = call("vera", "POST", f"/api/v1/approvals/{approval}/approve", {"digest": shown["subject"]["digest"]})
    assert reply.status == 403 and "approver" in reply.json["detail"]


def test_mine_are_those_i_may_decide(call):
    submit(call)
    assert len(call("bob", "GET", "/api/v1/approvals?mine=true").json["items"]) == 1
    assert call("alice", "GET", "/api/v1/approvals?mine=true").json["items"] == []
    assert call("bob", "GET", "/api/v1/approvals?state=NONE").status == 400


def test_a_reject_needs_a_reason(call):
    approval = submit(call)["approval"]
    digest = call("bob", "GET", f"/api/v1/approvals/{approval}").json["subject"]["digest"]
    reply = call("bob", "POST", f"/api/v1/approvals/{approval}/reject", {"digest": digest})
    assert reply.status == 400 and reply.json["field"] == "reason"


def test_an_approval_outlives_a_restart(daemon, call):
    approval = submit(call)["approval"]
    digest = call("bob", "GET", f"/api/v1/approvals/{approval}").json["subject"]["digest"]
    for who in ("bob", "carol"):
        assert call(who, "POST", f"/api/v1/approvals/{approval}/approve", {"digest": digest}).status == 200
    daemon.kill()
    daemon.start()
    assert call("alice", "GET", f"{VERSIONS}/1").json["state"] == "APPROVED"
