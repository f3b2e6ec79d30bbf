"""Risk rules: what is loaded, and their own tests in the jail."""
import subprocess

import pytest
from harness.daemon import Daemon, environment
from harness.people import People

RULE = """local lib = require "lib"
return {{ id = "SHOP-001", severity = "H", tier = "WARN", on_error = "block", waivable = "approver", owner = "shop",
title = "restarts the ranker", looks_at = "restarts", why = "It warms up.", suggestion = "Reload it.", doc = "docs/shop.md",
check = function(input, report) lib.impacts(input, function(impact, command, step)
  {body}
end) end,
tests = {{
  fires = {{ {{ name = "a restart", input = lib.change("systemctl restart ranker", {{ verb = "restart", kind = "unit", object = "ranker" }}) }} }},
  quiet = {{ {{ name = "a reload", input = lib.change("systemctl reload ranker", {{ verb = "reload", kind = "unit", object = "ranker" }}) }} }},
}} }}
"""
GOOD = RULE.format(body='if impact.verb == "restart" and impact.kind == "unit" and impact.object == "ranker" then '
                        'report(lib.finding(step, command, impact.object, "restarts the ranker")) end')


def test_the_built_in_rules_are_listed(daemon, people):
    reply = daemon.get("/api/v1/rules", token=people.token("vera"))
    assert reply.status == 200 and reply.json["revision"].startswith("sha256:")
    rules = {rule["id"]: rule for rule in reply.json["items"]}
    assert len(rules) >= 48 and not [rule for rule in rules.values() if "fault" in rule]
    assert rules["FS-001"]["severity"] == "critical" and rules["FS-001"]["waivable"] == "owner"
    assert people.vera.json("rules", "show", "FS-001") == rules["FS-001"]
    assert "FS-001" in people.vera.ok("rules", "list")


def test_what_is_no_rule_is_not_found(people):
    failed = people.vera.fails("rules", "show", "FS-999")
    assert failed.code == 6 and "rules list" in failed.err


def test_the_loaded_rules_pass_their_tests(people):
    answer = people.alice.json("rules", "test")
    assert answer["ok"] and answer["errors"] == [] and all(rule["tests"] >= 2 for rule in answer["rules"])


def test_a_rule_on_disk_is_tested(people, tmp_path):
    rule = tmp_path / "SHOP-001.lua"
    rule.write_text(GOOD)
    assert people.alice.json("rules", "test", rule)["rules"][0]["example"] == "restarts the ranker"
    rule.write_text(RULE.format(body="local unused = impact.verb"))
    failed = people.alice.fails("rules", "test", rule)
    assert failed.code == 8 and "it should fire and is quiet" in failed.out + failed.err
    rule.write_text("return {")
    assert people.alice.fails("rules", "test", rule).code == 8
    rule.write_text("while true do end")
    failed = people.alice.fails("rules", "test", rule)
    assert failed.code == 8 and "FS-001" not in failed.err


def test_a_file_that_is_no_rule_is_refused_before_it_is_sent(people, tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    assert people.alice.fails("rules", "test", tmp_path / "notes.txt").code == 2
    assert people.alice.fails("rules", "test", tmp_path / "SHOP-009.lua").code == 2
    assert people.alice.fails("rules", "test", tmp_path).code == 2


@pytest.mark.parametrize("body, field", [
    ({"rules": []}, "rules"),
    ({"rules": 5}, "rules"),
    ({"modules": {"lib": ""}}, "rules"),
    ({"rules": [{"file": "x.lua", "script": ""}]}, "file"),
    ({"rules": [{"file": "../FS-001.lua", "script": ""}]}, "file"),
    ({"rules": [{"file": "FS-001.lua"}]}, "script"),
    ({"rules": [{"file": "FS-001.lua", "script": "", "severity": "L"}]}, "severity"),
    ({"rules": [{"file": "FS-001.lua", "script": ""}], "modules": {"../lib": ""}}, "modules"),
    ({"rules": [{"file": "FS-001.lua", "script": ""}], "modules": {"lib": 1}}, "modules"),
    ({"more": 1}, "more"),
])
def test_bad_input_names_the_field(daemon, people, body, field):
    reply = daemon.post("/api/v1/rules/test", body, token=people.token("alice"))
    assert reply.status == 400 and reply.json["field"] == field, reply.json


def test_rules_that_reach_out_say_so_and_nothing_else(daemon, people):
    for body in ("os.execute('id')", "io.open('/etc/passwd')", "require 'os'"):
        reply = daemon.post("/api/v1/rules/test", {"rules": [{"file": "SHOP-001.lua", "script": RULE.format(body=body)}]},
                            token=people.token("alice"))
        assert reply.status == 200 and not reply.json["ok"] and reply.json["errors"]


def test_who_may_not_write_rules_may_not_test_them(people):
    assert people.vera.fails("rules", "test").code == 4


@pytest.fixture
def folder(tmp_path):
    rules = tmp_path / "rules"
    rules.mkdir()
    return rules


def test_a_folder_is_used_instead(make_daemon, folder):
    (folder / "SHOP-001.lua").write_text('return { id = "SHOP-001" }')
    daemon = make_daemon(rules=folder)
    shown = People(daemon, only=["vera"]).vera.json("rules", "list")["items"]
    assert [rule["id"] for rule in shown] == ["SHOP-001"]
    assert "is missing" in shown[0]["fault"] and shown[0]["severity"] == "critical"
    assert "it blocks every change" in daemon.log


def test_a_folder_with_what_is_no_rule_keeps_the_daemon_from_starting(tmp_path, folder):
    (folder / "shop 1.lua").write_text("return {}")
    command = Daemon(tmp_path / "daemon", rules=folder).command()
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=20, check=False, env=environment())
    assert done.returncode != 0 and "neither a rule nor a module" in done.stderr
