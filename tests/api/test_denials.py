"""Whoever is refused on any room's route is in the audit, once, with what was said to them."""
import pytest
from process import wait_until


@pytest.fixture(scope="module")
def world(make_world):
    world = make_world(environment_name="production")
    world.activate("paper-set.lua", "paper/set")
    return world


@pytest.fixture(scope="module")
def places(world):
    """What the rows below name: a run of alice's that waits, and its approval. She is an approver too."""
    people = world.people
    run = world.run("paper/set", f"server={world.server()}")
    people.admin.ok("grant", "add", "--person", "alice", "--role", "approver")
    return {"run": run["id"], "approval": run["approval"], "digest": run["digest"]}


def denials(world):
    return [item["record"]["detail"]["reason"] for item in world.get("/api/v1/audit?action=access.denied&limit=20",
                                                                     who="admin")["items"]]


VERSION = "/api/v1/plans/paper%2Fset/versions/1"
ROWS = {
    "plans": ("vera", "POST", "/api/v1/plans", {"script": "x"}),
    "a version": ("bob", "POST", f"{VERSION}/retire", {}),
    "approval of one's own request": ("alice", "POST", "/api/v1/approvals/{approval}/approve", {"digest": "{digest}"}),
    "approval without the role": ("vera", "POST", "/api/v1/approvals/{approval}/reject",
                                  {"digest": "{digest}", "reason": "no"}),
    "executions": ("vera", "POST", "/api/v1/executions/{run}/abort", {}),
    "audit": ("vera", "GET", "/api/v1/audit", None),
    "notify": ("vera", "POST", "/api/v1/hooks", {"name": "x", "kind": "log"}),
    "targets": ("vera", "POST", "/api/v1/targets", {"name": "x"}),
}


@pytest.mark.parametrize("what", ROWS)
def test_a_refusal_is_recorded(world, places, what):
    who, method, path, body = ROWS[what]
    body = body and {key: value.format(**places) for key, value in body.items()}
    before = denials(world)
    reply = world.daemon.request(method, path.format(**places), body, token=world.people.token(who),
                                 headers={"If-Match": "*"} if "versions" in path else {})
    assert reply.status == 403, reply.body
    wait_until(lambda: len(denials(world)) > len(before), "its record, which the next turn writes")
    assert denials(world) == [reply.json["detail"], *before], "once"
