"""rcm-client: an engineer files a change, reads what the rules say, others approve exactly what they were shown."""
import json
import os
import shutil
import subprocess

import pytest
from harness.changes import Changes, at, host_identity
from harness.cli import Cli
from harness.daemon import bin_folder, environment


class Rcm(Cli):
    PROGRAM = "rcm-client"

    def command(self, *words):
        """What stands behind -- stays there."""
        at_end = words.index("--") if "--" in words else len(words)
        behind = [word for word in words[at_end:] if word != "--json"]
        flags = [word for word in words[at_end:] if word == "--json"]
        return super().command(*words[:at_end], *flags) + [str(word) for word in behind]


@pytest.fixture
def changes(daemon, people):
    made = Changes(daemon, people)
    people.admin.ok("target", "add", "prom", "--kind", "prometheus", "--address", "http://127.0.0.1:9", "--environment", "lab")
    return made


@pytest.fixture
def rcm(daemon, people, changes):
    """rcm("alice", ...): the command line of that person."""
    return lambda who: Rcm(daemon, people.token_file(who))


def new(rcm, *words, **more):
    flags = ["--title", "restart the shop", "--environment", "production", "--service", "shop",
             "--start", at(-1), "--end", at(60)]
    for name, value in more.items():
        flags += [f"--{name.replace('_', '-')}", value]
    return rcm("alice").json("new", *flags, *words)


def test_help_names_its_verbs(rcm):
    text = rcm("alice").ok("help")
    for verb in ("new", "submit", "approve", "rollback", "findings", "waive"):
        assert f" {verb} " in text or f" {verb}\n" in text, text


def test_a_command_becomes_batches_with_a_way_back(rcm, changes):
    filed = new(rcm, "--target", "service=shop", "--batches", "1,100%", "--rollback", "/usr/bin/systemctl start 'the shop'",
                "--verify", "errors: shop_errors < 0.01 over 5m on prom", "--env", "B=2", "--env", "A=1",
                "--", "/usr/bin/env", "true")
    steps = filed["body"]["steps"]
    assert [(step["phase"], step["targets"]) for step in steps] == [
        ("canary", ["web-1"]), ("full", ["web-2"]), ("rollback", ["web-1", "web-2"])]
    assert steps[0]["argv"] == ["/usr/bin/env", "true"] and steps[0]["env"] == ["A=1", "B=2"]
    assert steps[2]["argv"][1:] == ["start", "the shop"]
    assert filed["body"]["verification"][0]["window_s"] == 300


FAKE_RCM = """#!/bin/sh
case $1 in
identity) echo "$IDENTITY" ;;
exec) shift; echo "$*" >> "$0.asked"; echo verdict > "/proc/self/fd/$FD" ;;
esac
"""


def test_rollback_hands_the_gates_settings_on(rcm, changes, tmp_path):
    """It runs the rcm beside it: here one that writes down what it was asked."""
    filed = new(rcm, "--target", "web-1", "--rollback", "/usr/bin/systemctl start shop", "--", "/usr/bin/systemctl", "stop", "shop")
    fake, client = tmp_path / "rcm", tmp_path / "rcm-client"
    fake.write_text(FAKE_RCM)
    fake.chmod(0o755)
    shutil.copy(bin_folder() / "rcm-client", client)
    verdicts = os.open(tmp_path / "verdicts", os.O_RDWR | os.O_CREAT)
    words = rcm("alice").command("rollback", filed["name"], "--config", "/etc/other.conf", "--gate-socket", "/run/other.sock",
                                 "--status-fd", verdicts)
    done = subprocess.run([client, *words[1:]], capture_output=True, text=True, pass_fds=[verdicts], check=False, timeout=60,
                          env=environment(IDENTITY=host_identity(1), FD=str(verdicts)))
    os.close(verdicts)
    assert done.returncode == 0, done.stderr
    step = next(step["seq"] for step in filed["body"]["steps"] if step["phase"] == "rollback")
    assert (tmp_path / "rcm.asked").read_text() == (f"{filed['name']} --step {step} --phase rollback --status-fd {verdicts} "
                                                     "--socket /run/other.sock --config /etc/other.conf\n")
    assert (tmp_path / "verdicts").read_text() == "verdict\n"


def test_a_template_makes_a_standard_change(rcm, changes, tmp_path):
    template = {"name": "shop/status", "summary": "look at the shop", "owner": "shop-owners",
                "params": {"unit": {"type": "enum", "values": ["shop", "nginx"]}},
                "body": {"environment": "production", "services": ["shop"],
                         "steps": [{"argv": ["/usr/bin/systemctl", "status", {"param": "unit"}], "targets": ["web-1"]}]}}
    file = tmp_path / "template.json"
    file.write_text(json.dumps(template))
    rcm("alice").ok("template", "add", file)
    approval = rcm("alice").json("template", "submit", "shop/status@1")["approval"]
    for who in ("oscar", "bob"):
        rcm(who).ok("approval", "approve", approval, "--yes")
    when = ["--start", at(-1), "--end", at(60)]
    filed = rcm("alice").json("new", "--title", "look", "--template", "shop/status", *when, "unit=nginx")
    assert filed["body"]["type"] == "standard" and filed["body"]["steps"][0]["argv"][-1] == "nginx"
    assert rcm("alice").json("submit", filed["name"])["state"] == "approved"
    assert rcm("alice").fails("new", "--title", "look", "--template", "shop/status", *when, "unit=x").code == 2
    both = rcm("alice").fails("new", "--title", "look", "--template", "shop/status", "--from", file, *when)
    assert both.code == 2 and "--from and --template" in both.err
    assert len(rcm("alice").json("list")) == 1


def test_a_script_is_bound_by_its_content(rcm, changes, tmp_path):
    script, data = tmp_path / "rotate.sh", tmp_path / "rows"
    script.write_text("#!/bin/sh\ncat\n")
    data.write_text("1\n2\n")
    filed = new(rcm, "--target", "web-1", "--script", script, "--stdin", data, "--", "--all")
    step = filed["body"]["steps"][0]
    assert step["kind"] == "script" and step["argv"] == ["rotate.sh", "--all"] and step["path"] == ""
    assert [content["role"] for content in step["contents"]] == ["script", "stdin"]
    assert step["stdin"] == step["contents"][1]["sha256"]
    assert "  | cat\n" in rcm("bob").ok("render", filed["name"])


def test_a_rollback_may_run_the_attached_script(rcm, changes, tmp_path):
    script = tmp_path / "weight.sh"
    script.write_text("#!/bin/sh\necho $1\n")
    filed = new(rcm, "--target", "service=shop", "--batches", "1,100%", "--rollback", "weight.sh 100", "--script", script, "--", "25")
    steps = filed["body"]["steps"]
    assert [step["phase"] for step in steps] == ["canary", "full", "rollback"]
    assert steps[2]["kind"] == "script" and steps[2]["argv"] == ["weight.sh", "100"]
    assert steps[2]["targets"] == ["web-1", "web-2"] and steps[2]["contents"] == steps[0]["contents"]


def test_an_edit_exchanges_the_rollback_steps(rcm, changes, tmp_path):
    script = tmp_path / "weight.sh"
    script.write_text("#!/bin/sh\necho $1\n")
    name = new(rcm, "--target", "web-1", "--rollback", "/usr/bin/true", "--script", script, "--", "25")["name"]
    steps = rcm("alice").json("edit", name, "--rollback", "weight.sh 100", "--rollback", "/usr/bin/true again")["body"]["steps"]
    assert [(step["phase"], step["kind"], step["argv"]) for step in steps] == [
        ("full", "script", ["weight.sh", "25"]), ("rollback", "script", ["weight.sh", "100"]),
        ("rollback", "exec", ["/usr/bin/true", "again"])]


def test_a_target_is_dropped_from_all_steps_and_that_is_less(rcm, changes):
    name = new(rcm, "--target", "web-1", "--target", "web-2", "--rollback", "/usr/bin/systemctl start shop", "--",
               "/usr/bin/systemctl", "stop", "shop")["name"]
    rcm("alice").ok("submit", name)
    rcm("bob").ok("approve", name, "--yes")
    body = rcm("alice").json("edit", name, "--drop-target", "web-2")["body"]
    assert [step["targets"] for step in body["steps"]] == [["web-1"], ["web-1"]]
    assert [target["name"] for target in body["targets"]] == ["web-1"]
    rcm("alice").ok("submit", name)
    assert f"rcm reapprove {name}" in rcm("bob").ok("show", name)
    assert "restart the shop" in rcm("bob").ok("reapprove", name, "--yes")
    assert "rcm reapprove" not in rcm("bob").ok("show", name)
    assert "decided it already" in rcm("bob").fails("reapprove", name, "--yes").err


@pytest.mark.parametrize("target, said", [("web-9", "no step is for web-9"), ("web-1", "step 1 would be left without a target")])
def test_a_target_that_cannot_be_dropped_is_said_and_changes_nothing(rcm, changes, target, said):
    name = new(rcm, "--target", "service=shop", "--batches", "1,100%", "--", "/usr/bin/true")["name"]
    refused = rcm("alice").fails("edit", name, "--drop-target", target)
    assert refused.code == 2 and said in refused.err
    assert rcm("alice").json("show", name)["revision"] == 1


@pytest.mark.parametrize("words, said", [
    ((), "target"),
    (("--target", "web-1"), "what is to run"),
    (("--target", "service=nothing", "--", "/usr/bin/true"), "service=nothing"),
    (("--target", "web-1", "--batches", "50%", "--", "/usr/bin/true"), "batches"),
    (("--target", "web-1", "--rollback", "true | sh", "--", "/usr/bin/true"), "rollback"),
    (("--target", "web-1", "--verify", "errors", "--", "/usr/bin/true"), "verify"),
    (("--target", "web-1", "--", "no-such-program-here"), "no-such-program-here"),
])
def test_what_is_wrong_is_said_and_nothing_is_filed(rcm, changes, words, said):
    result = rcm("alice").fails("new", "--title", "x", "--environment", "production", "--service", "shop",
                                "--start", at(-1), "--end", at(60), *words)
    assert result.code == 2 and said in result.err, result.err
    assert rcm("alice").json("list") == []


def test_submit_says_what_was_found_why_and_who_must_approve(rcm, changes):
    name = new(rcm, "--target", "web-1", "--", "/usr/bin/systemctl", "restart", "shop")["name"]
    text = rcm("alice").ok("submit", name)
    assert "OBS-001" in text and "why   Without a metric" in text and "do    Name a metric" in text
    assert "score 16 = OBS-001 8 + ROLL-001 8" in text
    assert "1 of role approver (environment production, service shop)" in text and "1 of group shop-owners" in text
    assert "ROLL-001" in rcm("vera").ok("findings", name)


def test_approve_shows_it_first_and_sends_its_digest(rcm, changes):
    name = new(rcm, "--target", "web-1", "--", "/usr/bin/systemctl", "restart", "shop")["name"]
    rcm("alice").ok("submit", name)
    asked = rcm("bob").fails("approve", name)
    assert asked.code == 2 and "--yes" in asked.err, "nobody was asked on a terminal"
    stale = rcm("bob").fails("approve", name, "--yes", "--digest", "sha256:" + "0" * 64)
    assert stale.code == 7 and "stale_revision" in stale.err
    assert '[1] "restart"' in rcm("bob").ok("approve", name, "--yes")
    own = rcm("alice").fails("approve", name, "--yes")
    assert own.code == 4 and "self_approval" in own.err
    rcm("carol").ok("approve", name, "--yes")
    assert rcm("alice").json("show", name)["state"] == "approved"


def test_an_edit_is_a_new_revision_with_a_diff(rcm, changes, tmp_path):
    name = new(rcm, "--target", "web-1", "--", "/usr/bin/systemctl", "restart", "shop")["name"]
    rcm("alice").ok("edit", name, "--observe", "2m")
    assert rcm("bob").json("diff", name) == [{"path": "observe_s", "from": 300, "to": 120}]
    body = rcm("alice").json("show", name)["body"]
    body["steps"][0]["argv"][1] = "reload"
    path = tmp_path / "body.json"
    path.write_text(json.dumps(body))
    rcm("alice").ok("edit", name, "--from", path)
    assert '"reload"' in rcm("bob").ok("diff", name)
    assert rcm("alice").fails("edit", name, "--observe", "2m").code == 5, "no effect"


def test_the_other_verbs(rcm, changes):
    name = new(rcm, "--target", "web-1", "--", "/usr/bin/systemctl", "restart", "shop")["name"]
    rcm("alice").ok("submit", name)
    assert "waived" in rcm("bob").ok("waive", name, "OBS-001", "--reason", "watched by hand tonight").lower()
    rcm("vera").ok("comment", name, "looks fine")
    assert "looks fine" in rcm("alice").ok("show", name)
    assert rcm("bob").fails("reject", name, "--reason", "no").code == 2
    assert "rejected" in rcm("bob").ok("reject", name, "--reason", "not tonight, please")
    assert [one["name"] for one in rcm("vera").json("list", "--state", "rejected")] == [name]
    other = new(rcm, "--target", "web-1", "--", "/usr/bin/systemctl", "restart", "shop")["name"]
    assert "cancelled" in rcm("alice").ok("cancel", other)
    assert rcm("alice").fails("done", other).code == 5


def test_a_rollback_says_what_it_would_run_where(rcm, changes):
    name = new(rcm, "--target", "web-1", "--rollback", "/usr/bin/systemctl start shop",
               "--", "/usr/bin/systemctl", "restart", "shop")["name"]
    assert '["/usr/bin/systemctl","start","shop"]' in rcm("alice").ok("rollback", name, "--print")
    here = rcm("alice").fails("rollback", name)
    assert here.code == 5 and "no rollback step for this host" in here.err
