"""Templates of standard changes: added, approved by two, rendered with values that stay values, ended."""
import copy
import json
import shutil
import sqlite3
import subprocess

import pytest
from harness.daemon import bin_folder, environment

TEMPLATE = {
    "name": "nginx/restart", "summary": "重启一台机器上的 nginx", "owner": "web-owners",
    "params": {
        "unit": {"type": "enum", "values": ["nginx", "php-fpm"], "help": "which unit"},
        "seconds": {"type": "int", "min": 0, "max": 300},
        "tag": {"type": "text", "pattern": "[a-z0-9.]+", "example": "v1.2"},
    },
    "body": {"services": ["checkout"], "steps": [{
        "argv": ["systemctl", "restart", {"param": "unit"}, {"join": ["--wait=", {"param": "seconds"}]}, {"param": "tag"}],
        "targets": ["web-1"], "phase": "full"}]},
}


@pytest.fixture
def add(people, tmp_path):
    people.admin.ok("group", "add", "web-owners")
    people.admin.ok("group", "add-member", "web-owners", "carol")

    def make(**changes):
        path = tmp_path / "template.json"
        path.write_text(json.dumps({**copy.deepcopy(TEMPLATE), **changes}))
        return people.alice.run("template", "add", path, "--json")
    return make


@pytest.fixture
def active(people, add):
    assert add().code == 0
    approve(people, people.alice.json("template", "submit", "nginx/restart@1"))


def approve(people, submitted):
    assert submitted["state"] == "in_review"
    for person in (people.bob, people.carol):
        person.ok("approval", "approve", submitted["approval"], "--yes", "--digest", submitted["digest"])


def test_two_approve_it_and_it_is_rendered(people, active):
    shown = people.vera.json("template", "show", "nginx/restart")
    assert shown["state"] == "active" and shown["usable"] is True and shown["number"] == 1
    made = people.vera.json("template", "render", "nginx/restart", "unit=nginx", "seconds=30", "tag=v2")
    assert made["number"] == 1 and made["body"]["type"] == "standard"
    assert made["body"]["steps"][0]["argv"] == ["systemctl", "restart", "nginx", "--wait=30", "v2"]
    assert made["body"]["template"] == {"name": "nginx/restart", "version": 1,
                                        "params": {"unit": "nginx", "seconds": "30", "tag": "v2"}}
    assert people.vera.json("template", "list")[0]["name"] == "nginx/restart"
    assert "--wait=" in people.vera.ok("template", "show", "nginx/restart@1")


def test_an_approver_sees_all_of_it(people, add):
    add()
    asked = people.alice.json("template", "submit", "nginx/restart@1")["approval"]
    shown = people.bob.ok("approval", "show", asked)
    assert '"--wait="' in shown and '"php-fpm"' in shown and '"max": 300' in shown


def test_who_wrote_it_does_not_approve_it(people, add):
    people.admin.ok("grant", "add", "--person", "alice", "--role", "approver")
    add()
    submitted = people.alice.json("template", "submit", "nginx/restart@1")
    assert people.alice.fails("approval", "approve", submitted["approval"], "--yes", "--digest", submitted["digest"]).code == 4
    people.bob.ok("approval", "approve", submitted["approval"], "--yes", "--digest", submitted["digest"])
    assert people.vera.json("template", "show", "nginx/restart")["state"] == "in_review"
    assert people.vera.fails("template", "render", "nginx/restart", "unit=nginx", "seconds=1", "tag=v").code == 5


BAD_VALUES = [
    ("unit", "apache"), ("unit", "nginx\n"), ("unit", ["nginx"]), ("unit", {"param": "tag"}),
    ("seconds", 301), ("seconds", "1; id"), ("seconds", -1), ("seconds", True), ("seconds", "0x1f"),
    ("tag", "--force"), ("tag", "v1\nrm -rf /"), ("tag", "v1 && id"), ("tag", "$(id)"), ("tag", ""), ("tag", None), ("tag", "v\u202e1"),
    ("more", "x"),
]


def test_a_value_that_is_none_is_refused(daemon, people, active):
    for param, value in BAD_VALUES:
        params = {"unit": "nginx", "seconds": 1, "tag": "v1", param: value}
        reply = daemon.post("/api/v1/templates/nginx%2Frestart/render", {"params": params}, token=people.token("alice"))
        assert reply.status == 400 and reply.json["field"] == param, (param, value, reply.json)


BAD_TEMPLATES = [
    ({"owner": "nobody"}, "no group"),
    ({"name": "../x"}, "name"),
    ({"summary": "two\nlines"}, "summary"),
    ({"params": {}}, "names no parameter"),
    ({"params": {**TEMPLATE["params"], "more": {"type": "enum", "values": ["a"]}}}, "used nowhere"),
    ({"params": {**TEMPLATE["params"], "tag": {"type": "text", "pattern": "(", "example": "a"}}}, "cannot be read"),
    ({"params": {**TEMPLATE["params"], "tag": {"type": "shell"}}}, "type"),
    ({"body": {"steps": [{"argv": [{"param": "unit"}, {"param": "seconds"}, {"param": "tag"}]}]}}, "program of a step is fixed"),
    ({"body": {**TEMPLATE["body"], "executors": ["alice"]}}, "when a change is made"),
    ({"body": {**TEMPLATE["body"], "zone": {"param": "tag"}}}, "may stand here"),
    ({"more": 1}, "more"),
]


def test_a_bad_template_is_refused(people, add):
    for changes, words in BAD_TEMPLATES:
        refused = add(**changes)
        assert refused.code == 2 and words in refused.err, (changes, refused.err)
    assert people.vera.json("template", "list") == []


def test_the_same_again_has_no_effect_and_another_is_a_version(people, add, active):
    assert add(summary="restarts").json["number"] == 2
    assert add(summary="restarts").code == 5
    approve(people, people.alice.json("template", "submit", "nginx/restart@2"))
    first = people.vera.json("template", "show", "nginx/restart@1")
    assert first["state"] == "retired" and first["state_reason"] == "version 2 is active"


def test_it_is_retired(people, active):
    assert people.vera.fails("template", "retire", "nginx/restart@1", "--reason", "x").code == 4
    assert people.alice.json("template", "retire", "nginx/restart@1", "--reason", "a job does it now")["state"] == "retired"
    refused = people.alice.fails("template", "render", "nginx/restart", "unit=nginx", "seconds=1", "tag=v")
    assert refused.code == 5 and "a job does it now" in refused.err


def test_a_stale_submission_is_refused(daemon, people, add):
    add()
    reply = daemon.post("/api/v1/templates/nginx%2Frestart/versions/1/submit", token=people.token("alice"),
                        headers={"If-Match": '"v9"'})
    assert reply.status == 412
    assert people.vera.json("template", "show", "nginx/restart")["state"] == "draft"


TAMPERS = {
    "made active by hand": ("UPDATE change_template SET state = 'active', approved_at_us = 1 WHERE version = 2", "state"),
    "approved later": ("UPDATE change_template SET approved_at_us = approved_at_us + 1 WHERE version = 1", "approved_at_us"),
    "another body": ("UPDATE change_template SET body = replace(body, 'restart', 'stop') WHERE version = 1", "digest"),
    "wider parameters": ("UPDATE change_template SET params = replace(params, '300', '999') WHERE version = 1", "digest"),
    "another owner": ("UPDATE change_template SET owner = 'x' WHERE version = 1", "digest"),
    "one that never was": ("INSERT INTO change_template SELECT name, 9, summary, owner, params, body, digest, author_id, author, 'retired',"
                           " '', created_at_us, approved_at_us, row_version FROM change_template WHERE version = 1", "@9"),
}


def verify(database):
    done = subprocess.run([bin_folder() / "redbuttond", "--verify", "--db", database, "--json"], capture_output=True,
                          text=True, timeout=60, env=environment(), check=False)
    return done.returncode, json.loads(done.stdout)


def test_a_hand_in_the_rows_is_found(daemon, people, add, active, tmp_path):
    add(summary="restarts")
    people.alice.ok("template", "retire", "nginx/restart@1", "--reason", "x")
    daemon.stop()
    whole = daemon.data_dir / "redbutton.db"
    assert verify(whole)[0] == 0
    for name, (statement, words) in TAMPERS.items():
        copied = tmp_path / "copy.db"
        shutil.copy(whole, copied)
        with sqlite3.connect(copied) as db:
            assert db.execute(statement).rowcount == 1, name
        db.close()
        code, told = verify(copied)
        assert code == 9 and words in told["message"], (name, told)
