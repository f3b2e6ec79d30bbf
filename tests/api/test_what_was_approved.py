"""What was approved is what runs: anything else voids, refuses or cancels, and says why."""
import pytest
from harness.world import PLANS


@pytest.fixture(scope="module")
def world(make_world):
    world = make_world(environment_name="production")
    world.activate("paper-set.lua", "paper/set")
    return world


@pytest.fixture
def change_a_target(world):
    yield lambda: world.people.admin.ok("target", "set", "edge-1", "--allow", "haproxy.weight checkout/s*")
    world.people.admin.ok("target", "set", "edge-1", "--allow", "haproxy.weight checkout/*")


@pytest.fixture
def two_sites(world):
    """More than one site is class R3: two approvers of different teams."""
    world.people.admin.ok("target", "set", "edge-1", "--site", "east")
    world.people.admin.ok("target", "set", "edge-2", "--site", "west")
    yield
    world.people.admin.ok("target", "set", "edge-2", "--site", "east")


def preview(world):
    return world.people.alice.json("preview", "paper/set", f"server={world.server()}")


def start(world, shown, **more):
    return world.post("/api/v1/executions", {"preview": shown["id"], "digest": shown["digest"], **more})


def test_an_edited_plan_voids_the_open_approval_of_its_version_and_says_why(world, tmp_path):
    people, text = world.people, (PLANS / "paper-set.lua").read_text().replace("paper/set", "paper/edited")
    file = tmp_path / "edited.lua"
    file.write_text(text)
    people.alice.ok("plan", "add", file)
    approval = people.alice.json("plan", "submit", "paper/edited")["approval"]
    file.write_text(text.replace("default = 40", "default = 0"))
    people.alice.ok("plan", "add", file)
    people.alice.ok("plan", "submit", "paper/edited")
    refused = people.bob.fails("approval", "approve", approval, "--yes")
    assert "edited: version 2 replaces it" in refused.err
    assert people.bob.json("approval", "show", approval)["state"] == "VOID"
    assert people.alice.fails("plan", "activate", "paper/edited@1").code == 5


def test_the_digest_of_another_preview_is_refused(world):
    one, other = preview(world), preview(world)
    assert one["digest"] != other["digest"]
    reply = world.post("/api/v1/executions", {"preview": one["id"], "digest": other["digest"]})
    assert reply.status == 412 and reply.json["code"] == "stale" and "preview" in reply.json["remedy"]


def test_a_digest_that_nobody_previewed_is_refused(world):
    reply = world.post("/api/v1/executions", {"preview": preview(world)["id"], "digest": "sha256:" + "0" * 64})
    assert reply.status == 404 and "preview first" in reply.json["remedy"]


def test_the_same_graph_has_the_same_digest(world):
    first = world.people.alice.json("preview", "paper/set", "server=same")
    assert world.people.bob.json("preview", "paper/set", "server=same")["digest"] == first["digest"]


def test_targets_changed_after_the_preview_refuse_the_start_with_the_remedy(world, change_a_target):
    shown = preview(world)
    change_a_target()
    reply = start(world, shown)
    assert reply.status == 409 and reply.json["code"] == "targets_changed"
    assert "edge-1" in reply.json["detail"] and "preview again" in reply.json["remedy"]


def test_targets_changed_after_the_start_cancel_the_run_when_it_is_approved(world, change_a_target):
    shown = preview(world)
    run = start(world, shown).json
    change_a_target()
    world.people.bob.ok("approval", "approve", run["approval"], "--yes")
    ended = world.wait(run["id"], "CANCELED")
    assert "the targets changed since the preview" in ended["message"] and "edge-1" in ended["message"]
    assert all(sent == [] for sent in world.written(shown["params"]["server"]))


def test_an_approval_names_the_digest_that_was_shown(world):
    run = start(world, preview(world)).json
    other = preview(world)["digest"]
    refused = world.people.bob.fails("approval", "approve", run["approval"], "--yes", "--digest", other)
    assert refused.code == 7
    assert world.show(run["id"])["state"] == "PENDING_APPROVAL"
    world.people.alice.ok("execution", "abort", run["id"])


def test_one_approval_starts_one_run(world):
    shown = preview(world)
    first = start(world, shown).json
    world.people.bob.ok("approval", "approve", first["approval"], "--yes")
    world.wait(first["id"], "SUCCEEDED")
    second = start(world, shown).json
    assert second["state"] == "PENDING_APPROVAL" and second["approval"] != first["approval"]
    world.people.alice.ok("execution", "abort", second["id"])


def test_an_approver_who_asks_for_the_run_cannot_approve_it_by_any_route(world):
    dora = world.people.add("dora", "edge-team", ["author", "commander", "approver"])
    run = world.run("paper/set", f"server={world.server()}", who=dora)
    assert "nobody decides their own request" in dora.fails("approval", "approve", run["approval"], "--yes").err
    for verb in ("approve", "reject"):
        reply = world.post(f"/api/v1/approvals/{run['approval']}/{verb}",
                           {"digest": run["digest"], "reason": "mine"}, who="dora")
        assert reply.status == 403 and "nobody decides their own request" in reply.json["detail"]
    assert world.show(run["id"])["state"] == "PENDING_APPROVAL"
    world.people.bob.ok("approval", "approve", run["approval"], "--yes")
    world.wait(run["id"], "SUCCEEDED")


def test_an_approver_who_lost_the_role_does_not_count_any_more(world, two_sites):
    """The first of two loses the role before the second decides."""
    erin = world.people.add("erin", "other-team", ["approver"])
    run = world.run("paper/set", f"server={world.server()}")
    assert world.people.erin.json("approval", "show", run["approval"])["class"] == "R3"
    erin.ok("approval", "approve", run["approval"], "--yes")
    grant = [row for row in world.people.admin.json("grant", "list") if "erin" in str(row) and row["role"] == "approver"]
    world.people.admin.ok("grant", "revoke", grant[0]["id"])
    world.people.bob.ok("approval", "approve", run["approval"], "--yes")
    assert world.show(run["id"])["state"] == "PENDING_APPROVAL"
    world.people.carol.ok("approval", "approve", run["approval"], "--yes")
    world.wait(run["id"], "SUCCEEDED")


def test_a_canceled_run_asks_nobody_any_more(world):
    run = start(world, preview(world)).json
    world.people.alice.ok("execution", "abort", run["id"], "--reason", "not needed")
    approval = world.people.bob.json("approval", "show", run["approval"])
    assert approval["state"] == "VOID" and "CANCELED" in approval["state_reason"]
    assert run["approval"] not in [row["id"] for row in world.people.bob.json("approval", "list")]
    assert world.people.bob.fails("approval", "approve", run["approval"], "--yes").code == 7
    assert world.show(run["id"])["state"] == "CANCELED"


def test_a_suspended_version_starts_nothing_until_it_is_resumed(world):
    """Neither what is new nor what waits for its approval; the record verifies."""
    people, shown = world.people, preview(world)
    waiting = start(world, shown).json
    people.admin.ok("plan", "suspend", "paper/set", "--reason", "its guard is wrong")
    try:
        assert world.get("/api/v1/plans/paper%2Fset/versions/1")["state_reason"] == "its guard is wrong"
        assert start(world, shown).status == 409
        refused = people.alice.fails("preview", "paper/set", "server=s1")
        assert "suspended: its guard is wrong" in refused.err and "redbutton plan resume" in refused.err
        people.bob.ok("approval", "approve", waiting["approval"], "--yes")
        assert "SUSPENDED" in world.wait(waiting["id"], "CANCELED")["message"]
        assert people.bob.fails("plan", "resume", "paper/set").code == 4
        stale = world.post("/api/v1/plans/paper%2Fset/versions/1/resume", {}, headers={"If-Match": '"v1"'})
        assert stale.status == 412
        world.verify_audit()
    finally:
        people.admin.ok("plan", "resume", "paper/set")
    assert world.written(shown["params"]["server"]) == [[], []]
    assert preview(world)["digest"]


def test_a_world_that_moved_since_the_preview_pauses_before_the_first_effect(world):
    world.activate("paper-ramp.lua", "paper/ramp")
    server = world.server()
    run = world.run("paper/ramp", f"server={server}")
    world.edges[0].weights[f"checkout/{server}"] = 60
    world.people.bob.ok("approval", "approve", run["approval"], "--yes")
    paused = world.wait(run["id"], "PAUSED")
    assert paused["reason"] == "conflict" and world.written(server) == [[], []]
    assert "45" in paused["message"] and "75" in paused["message"], "75 % of 60 is not what was shown"
    world.people.alice.ok("execution", "abort", run["id"])
