"""What rcm makes of each answer of the gate: runs it, in place or below itself, or does not."""
import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from harness import gate
from harness.rcm import ENVIRONMENT, ROOT

# code: word, verdict, exit code, as reason.h has them
REASONS = re.findall(r'X\(\w+, "(\w+)", (\w+), (\d+)\)', (ROOT / "change/gate/reason.h").read_text())


def test_a_proved_read_runs_in_place(host):
    process = host.start("exec", "--", "sh", "-c", "echo $$; exit 3")
    out, err = process.communicate(timeout=20)
    assert (out, err, process.returncode) == (f"{process.pid}\n", "", 3)
    assert [message["kind"] for message in host.gate.asked] == ["decide"]


def test_a_grant_runs_below_and_its_end_is_told(host):
    host.gate.answer = gate.allow
    process = host.start("exec", "CHG-7", "--", "sh", "-c", "echo $$; exit 3")
    out, err = process.communicate(timeout=20)
    assert out != f"{process.pid}\n" and (err, process.returncode) == ("", 3)
    end = host.gate.wait_for("end")[0]
    assert (end["run"], os.waitstatus_to_exitcode(end["status"])) == ("RUN-1", 3)


@pytest.mark.parametrize("must", [gate.PARENT, gate.RECORD, gate.MASK])
def test_a_read_with_an_obligation_stays_below(host, must):
    host.gate.answer = lambda ask: gate.read_only(ask, must=must)
    process = host.start("exec", "--", "sh", "-c", "echo $$")
    assert process.communicate(timeout=20)[0] != f"{process.pid}\n"


def test_a_folder_whose_name_is_no_utf8_is_refused_and_says_so(host):
    folder = os.fsencode(host.folder) + b"/\xb9\xa4"      # as GBK writes a name
    os.mkdir(folder)
    done = subprocess.run(host.words("exec", "--", "ls"), env=ENVIRONMENT, cwd=folder, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 125 and host.gate.asked == []
    assert "deny[15 encoding]: exec.cwd is no UTF-8" in done.stderr and "another folder" in done.stderr


def test_a_change_that_the_gate_does_not_know_is_no_gate_that_is_away(host):
    host.gate.step = lambda ask: (gate.encode("fault", field="change", message="there is no change CHG-99"), [])
    done = host.run("exec", "CHG-99", "--step", "1")
    assert done.returncode == 125 and "deny[10 no_change] CHG-99 step 1: " in done.stderr
    assert "there is no change CHG-99" in done.stderr
    host.gate.step = lambda ask: (gate.encode("fault", field="", message="the store is held"), [])
    assert "deny[20 gate_unavailable]" in host.run("exec", "CHG-99", "--step", "1").stderr


def test_settings_that_are_no_file_are_named_as_such(host):
    done = subprocess.run([host.rcm, "check", "--config", "/dev/null", "--", "ls"], env=ENVIRONMENT, capture_output=True,
                          text=True, timeout=20)
    assert done.returncode == 78 and "/dev/null is no file of settings" in done.stderr and "chmod" not in done.stderr


def test_the_question_is_what_runs(host):
    words = ["printf", "%s|", "a b", "", "*", b"\xff\xfe", "\x01"]
    done = subprocess.run([*host.words("exec", "--env", "A=1 2", "--env", "B=", "--"), *words], env=ENVIRONMENT, cwd="/usr",
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
    assert done.stdout == b"a b||*|\xff\xfe|\x01|"
    asked = host.gate.asked[0]
    assert [os.fsencode(word) for word in asked["exec"]["argv"]] == [os.fsencode(word) for word in words]
    assert {"A=1 2", "B=", "LC_ALL=C.UTF-8", "USER=root"} <= set(asked["exec"]["env"])
    assert (asked["exec"]["cwd"], asked["exec"]["path"], asked["exec"]["runas"]) == ("/usr", "/usr/bin/printf", "root")
    assert asked["exec"]["is_trusted"] == 1 and asked["exec"]["contents"] == []
    assert (asked["actor_uid"], asked["actor_user"], asked["source"]) == (0, "root", "terminal")


def test_the_child_gets_the_environment_that_was_asked_about(host):
    host.gate.answer = gate.allow
    done = host.run("exec", "--", "env", env={**ENVIRONMENT, "X": "y"})
    assert sorted(done.stdout.splitlines()) == sorted(host.gate.asked[0]["exec"]["env"])


def test_each_question_has_a_nonce_and_an_id_of_its_own(host):
    for _ in range(3):
        host.run("check", "--", "true")
    for name in ("nonce", "request_id"):
        assert len({ask[name] for ask in host.gate.asked}) == 3
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
                        host.gate.asked[0]["request_id"])


def test_a_denial_says_what_why_and_what_to_do(host):
    host.gate.answer = lambda ask: gate.deny(ask, message="its one run was taken by bob\nfile a new change: rcm new")
    done = host.run("exec", "CHG-12", "--step", "2", "--", "touch", host.folder / "ran")
    assert (done.returncode, done.stdout) == (125, "")
    assert done.stderr == ("rcm: deny[14 used_up] CHG-12 step 2: its one run was taken by bob\n"
                           "  file a new change: rcm new\n")
    assert not (host.folder / "ran").exists()


def test_what_the_gate_says_cannot_act_on_the_terminal(host):
    host.gate.answer = lambda ask: gate.deny(ask, message="\x1b[2Jgone \u202e")
    assert "\x1b" not in (err := host.run("exec", "--", "true").stderr) and "\\x1b[2Jgone \\u{202e}" in err


@pytest.mark.parametrize("word, verdict, code", REASONS)
def test_check_ends_with_the_code_of_its_reason(host, word, verdict, code):
    assert len(REASONS) > 30
    number = {"ALLOW": gate.ALLOW, "REVIEW": gate.REVIEW, "DENY": gate.DENY}[verdict]
    host.gate.answer = lambda ask: gate.verdict(ask, reason=word, verdict=number)
    done = host.run("check", "--strict", "--", "touch", host.folder / "ran")
    assert (done.returncode, done.stdout) == (int(code), "")
    assert done.stderr.startswith(f"rcm: {verdict.lower()}[{code} {word}]: ")
    assert host.gate.asked[0]["kind"] == "check" and host.gate.asked[0]["is_strict"] == 1
    assert not (host.folder / "ran").exists()


def test_a_rule_is_named(host):
    host.gate.answer = lambda ask: gate.deny(ask, reason="rule:FS-001", message="deletes /etc")
    done = host.run("check", "--json", "--", "rm", "-r", "/nowhere")
    assert done.returncode == 11 and "deny[11 rule:FS-001]: deletes /etc" in done.stderr
    assert json.loads(done.stdout)["reason"] == "rule:FS-001"


def test_the_status_descriptor_tells_a_childs_125_from_ours(host):
    def status_of(answer):
        host.gate.answer = answer
        ours, theirs = os.pipe()
        done = host.run("exec", f"--status-fd={theirs}", "--", "sh", "-c", f"ls /proc/$$/fd/{theirs} 2>&1; exit 125",
                        pass_fds=[theirs])
        os.close(theirs)
        with os.fdopen(ours) as status:
            lines = status.read().splitlines()
        assert len(lines) == 1 and done.returncode == 125
        return json.loads(lines[0]), done
    allowed, done = status_of(gate.read_only)
    assert allowed["verdict"] == "allow" and "No such file" in done.stdout
    assert status_of(lambda ask: gate.deny(ask, detail='{"a":1,\n"verdict":"deny"}'))[0] == {"a": 1, "verdict": "deny"}
    host.gate.close()
    refused = status_of(None)[0]
    assert (refused["verdict"], refused["reason"], refused["exit_code"]) == ("deny", "gate_unavailable", 20)


@pytest.mark.parametrize("command, code", [
    (["sh", "-c", "kill -9 $$"], 137), (["sh", "-c", "kill -15 $$"], 143), (["false"], 1), (["/nonexistent/x"], 127),
    (["no-such-program"], 127), (["/etc/passwd"], 126), (["/usr"], 126), ([""], 127)])
def test_exit_codes(host, command, code):
    host.gate.answer = gate.allow
    assert host.run("exec", "--", *command).returncode == code


def test_without_a_gate_it_is_no_within_50_ms(host):
    host.gate.close()
    took = []
    while len(took) < 3 or min(took) >= 0.05 and len(took) < 30:     # what else runs here only makes it longer
        began = time.monotonic()
        done = host.run("exec", "--", "touch", host.folder / "ran")
        took.append(time.monotonic() - began)
        assert done.returncode == 125 and "deny[20 gate_unavailable]" in done.stderr
    assert min(took) < 0.05, took
    assert not (host.folder / "ran").exists()
    assert host.run("check", "--", "true").returncode == 20


def test_a_line_is_split_and_never_given_to_a_shell(host):
    done = host.run("exec", "--line", """printf '%s|' "a b" c\\ d 'x'y""")
    assert done.stdout == "a b|c d|xy|"
    for line in ("true; true", "echo $HOME", "ls *", "a | b", "x > y", "echo `id`", "true &", "", "echo 'open"):
        before = len(host.gate.asked)
        done = host.run("exec", "--line", line)
        assert done.returncode == 125 and "deny[15 dynamic]" in done.stderr
        assert "rcm new --script FILE; then: rcm exec CHG-n --step n\n" in done.stderr
        assert len(host.gate.asked) == before
        assert host.run("check", "--line", line).returncode == 15 and len(host.gate.asked) == before


def test_a_line_is_checked_as_it_would_run(host):
    done = host.run("check", "--line", """printf '%s|' "a b" c\\ d""")
    assert done.returncode == 0, done.stderr
    ask, = host.gate.of("check")
    assert ask["exec"]["argv"] == ["printf", "%s|", "a b", "c d"]
    assert host.run("check", "--line", "true", "--", "true").returncode == 64


@pytest.mark.parametrize("words", [
    ["exec"], ["exec", "ls"], ["exec", "--"], ["exec", "CHG-7"], ["exec", "--step", "2", "--", "true"],
    ["exec", "--status-fd", "77", "--", "true"], ["exec", "--status-fd", "x", "--", "true"], ["exec", "--bogus"],
    ["exec", "--line", "true", "--", "true"], ["exec", "--record=yes", "--", "true"], ["exec", "--step"],
    ["exec", "CHG-7", "CHG-8", "--", "true"], ["exec", "chg-7", "--step", "1"], ["check"], ["check", "--record", "--", "true"],
    ["shell"], ["shell", "CHG-7", "--", "true"], ["identity", "x"], ["recording"]])
def test_wrong_arguments_ask_nobody(host, words):
    done = subprocess.run([host.rcm, *words], capture_output=True, text=True, env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                          timeout=20)
    assert done.returncode == (125 if words[0] in ("exec", "shell") else 64)
    assert done.stderr.startswith("rcm: ") and "rcm help" in done.stderr and host.gate.asked == []


@pytest.mark.parametrize("break_it, what", [
    (lambda config: config.chmod(0o664), "written to by others"),
    (lambda config: os.chown(config, 65534, 65534), "belongs to uid 65534"),
    (lambda config: config.parent.chmod(0o777), "written to by others"),
    (lambda config: config.unlink(), "No such file"),
    (lambda config: config.write_text("gate-user = nosuchuser\n"), "gate-user"),
    (lambda config: config.write_text("gate-key = 00\n"), "gate-key"),
    (lambda config: config.write_text("nonsense = 1\n"), "nonsense")])
def test_settings_that_others_can_change_are_not_believed(host, break_it, what):
    break_it(host.config)
    done = host.run("exec", "--", "true")
    assert done.returncode == 125 and what in done.stderr and host.gate.asked == []
    assert host.run("check", "--", "true").returncode == 78


def test_it_is_static_and_small(host):
    dynamic = subprocess.run(["readelf", "-d", host.rcm], capture_output=True, text=True, check=True).stdout
    assert "no dynamic section" in dynamic and host.rcm.stat().st_size < 4_000_000


def test_help_version_and_what_is_not_here(tmp_path):
    import shutil
    from harness.rcm import program
    alone = shutil.copy(program(), tmp_path / "rcm")

    def say(*words):
        return subprocess.run([alone, *words], capture_output=True, text=True, timeout=20)
    assert say("--version").stdout.startswith("rcm ") and say("help").returncode == 0
    for verb in ("exec", "check", "shell", "ssh", "identity", "recording"):
        assert f"rcm {verb}" in say("help").stdout
    assert say().returncode == 64
    done = say("approve", "CHG-7")
    assert done.returncode == 64 and "rcm-client is not installed" in done.stderr


def test_other_verbs_go_to_the_client_beside_it(host):
    client = host.folder / "rcm-client"
    client.write_text('#!/bin/sh\necho "client: $*"\nexit 9\n')
    client.chmod(0o755)
    done = subprocess.run([host.rcm, "approve", "CHG-7"], capture_output=True, text=True, timeout=20,
                          env={"PATH": "/nonexistent"})
    assert (done.stdout, done.returncode) == ("client: approve CHG-7\n", 9)


def test_closed_standard_descriptors_are_no_trap(host):
    host.gate.answer = gate.allow
    done = subprocess.run(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *host.words("exec", "--", "sh", "-c", "ls -l /proc/$$/fd > " + str(host.folder / "fds"))],
                          timeout=20)
    assert done.returncode == 0
    assert (host.folder / "fds").read_text().count("/dev/null") >= 2
    assert host.gate.asked[0]["exec"]["stdin_kind"] == 0


def test_identity_is_machine_and_host_key():
    from harness.rcm import program
    done = subprocess.run([program(), "identity"], capture_output=True, text=True, timeout=20)
    machine = Path("/etc/machine-id").read_text().strip()
    shown = subprocess.run(["ssh-keygen", "-l", "-f", "/etc/ssh/ssh_host_ed25519_key.pub"], capture_output=True, text=True)
    assert shown.returncode == 0, "openssh-server made a host key: " + shown.stderr
    assert done.stdout == f"host:{machine}/{shown.stdout.split()[1]}\n"
