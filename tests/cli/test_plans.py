"""A plan from its file to its active version, as people do it."""
import json

import pytest
from harness.daemon import ROOT, bin_folder, environment
from harness.plans import PLANS

DRAIN = PLANS / "checkout-drain-zone.lua"
NAME = "checkout/drain-zone"
SMALL = """plan {
  name = "shop/small", kind = "limit", summary = "Lower one weight", owner = "edge-team",
  params = { to = { type = "integer", min = 0, max = 100, default = 50 } },
  targets = { edge = { haproxy = "edge-1" } },
}
function apply(p, t)
  return { step "lower it" { set(t.edge:weight("checkout/zone-a"), p.to) } }
end
"""


def add_edges(people, environment_name="production"):
    for number in (1, 2):
        people.admin.ok("target", "add", f"edge-{number}", "--kind", "haproxy", "--address", f"unix:/run/h{number}.sock",
                        "--environment", environment_name, "--site", "east", "--service", "checkout", "--tier", "edge",
                        "--allow", "haproxy.weight checkout/zone-*")
    people.admin.ok("target", "add", "prom-main", "--kind", "prometheus", "--address", "http://127.0.0.1:9",
                    "--environment", environment_name, "--allow", "prometheus.value")


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.lua"
    path.write_text(SMALL)
    return path


def only(rows):
    assert len(rows) == 1, rows
    return rows[0]


def approval_of(people):
    return only(people.admin.json("approval", "list"))


def test_the_whole_way(people):
    add_edges(people)
    assert "checkout/drain-zone@1 is DRAFT" in people.alice.ok("plan", "add", DRAIN)
    out = people.alice.ok("plan", "submit", NAME)
    assert "checkout/drain-zone@1 is IN_REVIEW" in out and "class R2" in out
    waiting = approval_of(people)
    assert waiting["subject"]["id"] == f"{NAME}@1" and waiting["class"] == "R2"
    shown = people.bob.ok("approval", "approve", waiting["id"], "--reason", "read it")
    assert waiting["subject"]["digest"] in shown and "is APPROVED" in shown
    assert "is ACTIVE" in people.alice.ok("plan", "activate", NAME)
    plan = only(people.vera.json("plan", "list"))
    assert plan["active"] == 1 and plan["newest_state"] == "ACTIVE"


def test_add_again_is_the_same_version(people):
    first = people.alice.json("plan", "add", DRAIN)
    assert people.alice.json("plan", "add", DRAIN)["id"] == first["id"]


def test_errors_name_file_and_line(people, tmp_path):
    bad = tmp_path / "bad.lua"
    bad.write_text(SMALL.replace("step", "stpe"))
    result = people.alice.fails("plan", "add", bad)
    assert result.code == 8 and "bad.lua:7: " in result.err and "step" in result.err
    assert result.err.count("bad.lua:7: ") == 1, "told once"
    assert people.alice.json("plan", "list") == []
    assert "bad.lua:7: " in people.vera.fails("plan", "lint", bad).err


def test_a_viewer_adds_nothing(people):
    assert people.vera.fails("plan", "add", DRAIN).code == 4


def test_self_approval_is_refused(people, small):
    people.admin.ok("grant", "add", "--person", "alice", "--role", "approver")
    people.admin.ok("token", "create", "--name", "both", "--role", "approver", "--expires", "1d", "--person", "alice",
                    "--write", people.token_file("alice-approves"))
    people.alice.ok("plan", "add", small)
    people.alice.ok("plan", "submit", "shop/small")
    people.alice.token_file = people.token_file("alice-approves")
    result = people.alice.fails("approval", "approve", approval_of(people)["id"])
    assert result.code == 4 and "nobody decides their own request" in result.err


def test_a_rejection_says_why(people, small):
    add_edges(people)
    people.alice.ok("plan", "add", small)
    people.alice.ok("plan", "submit", "shop/small")
    people.bob.ok("approval", "reject", approval_of(people)["id"], "--reason", "too low")
    version = people.alice.json("plan", "show", "shop/small@1")
    assert version["state"] == "REJECTED" and version["state_reason"] == "bob: too low"
    assert people.alice.fails("plan", "activate", "shop/small@1").code == 5


def test_a_newer_version_voids_the_older_request(people, small):
    add_edges(people)
    people.alice.ok("plan", "add", small)
    people.alice.ok("plan", "submit", "shop/small")
    old = approval_of(people)["id"]
    small.write_text(SMALL.replace("50", "60"))
    people.alice.ok("plan", "add", small)
    people.alice.ok("plan", "submit", "shop/small")
    result = people.bob.fails("approval", "approve", old)
    assert result.code == 7 and "edited: version 2 replaces it" in result.err


def test_class_follows_the_targets(people, small):
    add_edges(people, "lab")
    people.alice.ok("plan", "add", small)
    assert people.alice.json("plan", "submit", "shop/small")["class"] == "R1"


def test_without_targets_the_class_is_the_highest(people, small):
    people.alice.ok("plan", "add", small)
    answer = people.alice.json("plan", "submit", "shop/small")
    assert answer["class"] == "R3"


def test_what_cannot_be_run_is_not_submitted(people):
    people.alice.ok("plan", "add", PLANS / "shop-degrade.lua")
    people.admin.ok("target", "add", "prom-main", "--kind", "prometheus", "--address", "http://127.0.0.1:9",
                    "--environment", "lab", "--allow", "prometheus.value")
    result = people.alice.fails("plan", "submit", "shop/degrade")
    assert result.code == 8 and "`choose` is not carried out by this release" in result.err
    assert "shop-degrade.lua:" in result.err


def test_a_key_outside_the_allow_list_is_not_submitted(people, small):
    small.write_text(SMALL.replace("checkout/zone-a", "pay/zone-a"))
    add_edges(people)
    people.alice.ok("plan", "add", small)
    result = people.alice.fails("plan", "submit", "shop/small")
    assert result.code == 8 and "edge-1" in result.err


def test_diff(people, small):
    people.alice.ok("plan", "add", small)
    small.write_text(SMALL.replace("default = 50", "default = 40"))
    people.alice.ok("plan", "add", small)
    out = people.vera.ok("plan", "diff", "shop/small@1", "shop/small@2")
    assert "-  params = { to = { type = \"integer\", min = 0, max = 100, default = 50 } }," in out
    assert '-      "default": 50,' in out and '+      "default": 40,' in out


def test_modules_go_along(people, tmp_path):
    (tmp_path / "pacing.lua").write_text("return { slow = 40 }\n")
    plan = tmp_path / "small.lua"
    plan.write_text('local pacing = require "pacing"\n' + SMALL.replace("default = 50", "default = pacing.slow"))
    first = people.alice.json("plan", "add", plan)
    assert first["modules"] == {"pacing": "return { slow = 40 }\n"}
    (tmp_path / "pacing.lua").write_text("return { slow = 30 }\n")
    assert people.alice.json("plan", "add", plan)["number"] == 2


def test_retire_and_discard(people, small):
    add_edges(people)
    people.alice.ok("plan", "add", small)
    people.alice.ok("plan", "discard", "shop/small@1", "--reason", "not needed")
    assert people.alice.json("plan", "show", "shop/small@1")["state"] == "DISCARDED"
    assert people.alice.fails("plan", "submit", "shop/small@1").code == 5


def test_names_that_are_not_there_name_the_nearest(people, small):
    people.alice.ok("plan", "add", small)
    result = people.alice.fails("plan", "show", "shop/smal")
    assert result.code == 6 and "did you mean shop/small?" in result.err


def dry_run(*words):
    import subprocess
    return subprocess.run([bin_folder() / "redbutton", "plan", *map(str, words)], capture_output=True, text=True,
                          timeout=60, env=environment(RB_SOCKET="/nowhere/at.all"), check=False)


def test_lint_and_test_need_no_daemon():
    assert dry_run("lint", DRAIN).stdout == "checkout/drain-zone is fine\n"
    done = dry_run("test", DRAIN, "zone=a")
    assert done.returncode == 0 and "ramp 75 % -> 50 % -> 25 % -> 0 %" in done.stdout
    assert dry_run("test", DRAIN, "zone=c").returncode == 8


def test_the_dry_run_gives_the_same_bytes_twice():
    first = dry_run("test", DRAIN, "zone=a", "--json")
    assert first.returncode == 0 and json.loads(first.stdout)["plan"] == NAME
    assert dry_run("test", DRAIN, "zone=a", "--json").stdout == first.stdout


def test_the_dry_run_takes_an_inventory(tmp_path):
    targets = [{"name": f"e-{n}", "kind": "haproxy", "tier": "edge", "service": "checkout"} for n in (1, 2, 3)]
    file = tmp_path / "targets.json"
    file.write_text(json.dumps(targets + [{"name": "prom-main", "kind": "prometheus"}]))
    graph = json.loads(dry_run("test", DRAIN, "zone=a", "--json", "--inventory", file).stdout)
    assert [row["name"] for row in graph["targets"]["edges"]["list"]] == ["e-1", "e-2", "e-3"]


@pytest.mark.parametrize("plan", sorted(PLANS.glob("*.lua")), ids=lambda path: path.stem)
def test_every_plan_of_ours_is_fine(plan):
    done = dry_run("lint", plan)
    assert done.returncode == 0, done.stderr
    assert ROOT in plan.parents
