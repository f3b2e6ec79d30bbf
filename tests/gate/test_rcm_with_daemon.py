"""rcm, a person's account and the daemon itself: from the question to the row."""
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from harness.asker import Asker
from harness.changes import Changes, host_identity
from harness.rcm import ENVIRONMENT, NOBODY, program
from harness.terminal import Shell
from process import wait_until

HERE = host_identity(66)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can say whom rcm believes")


@pytest.fixture(scope="module")
def host(make_world):
    folder = Path(tempfile.mkdtemp(prefix="rcm-test-", dir="/var/lib"))
    folder.chmod(0o755)
    world = make_world(gate_socket=folder / "gate.sock", gate_identity=HERE)
    host = Changes(world.daemon, world.people)
    world.people.admin.ok("target", "add", "here", "--kind", "host", "--address", HERE, "--environment", "production",
                          "--service", "shop", "--label", "gate=gate-1")
    host.asker = Asker(host)
    assert host.asker.put(f"/api/v1/gate/accounts/here/{NOBODY}", {"person": "alice"}).status == 200
    host.folder, host.rcm = folder, folder / "rcm"
    shutil.copy(program(), host.rcm)
    (folder / "rcm.conf").write_text(f"socket = {folder}/gate.sock\nrecordings = {folder}/recordings\n")
    (folder / "recordings").mkdir(mode=0o700)
    os.chown(folder / "recordings", NOBODY, NOBODY)
    yield host
    shutil.rmtree(folder)


def rcm(host, verb, *words):
    return subprocess.run([str(host.rcm), verb, "--config", str(host.folder / "rcm.conf"), *words], env=ENVIRONMENT,
                          capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, user=NOBODY, group=NOBODY,
                          extra_groups=[], check=False)


def test_a_proved_read_runs(host):
    done = rcm(host, "exec", "--", "/usr/bin/id", "-u")
    assert (done.returncode, done.stdout) == (0, f"{NOBODY}\n"), done.stderr


def test_what_no_change_covers_does_not(host):
    done = rcm(host, "exec", "--", "/usr/bin/touch", str(host.folder / "x"))
    assert done.returncode == 125 and "no_change" in done.stderr, (done.returncode, done.stderr)
    checked = rcm(host, "check", "--", "/usr/bin/touch", str(host.folder / "x"))
    assert checked.returncode == 10


def test_a_check_tells_an_engineer_what_the_rules_find(host):
    done = rcm(host, "check", "--", "/usr/bin/rm", "-rf", "/etc")
    assert (done.returncode, done.stdout) == (10, "")
    lines = done.stderr.splitlines()
    assert lines[0] == "rcm: review[10 no_change]: no change covers it (it changes something)"
    assert any(line.startswith("  critical FS-001: deletes /etc recursively") for line in lines)
    assert any(line.startswith("    do: ") for line in lines)
    assert lines[-1].startswith("  the command alone: score ") and "level 3: 2 of group shop-owners" in lines[-1]


def test_an_approved_step_runs_once_and_ends(host):
    file = host.folder / "theirs"
    file.mkdir()
    os.chown(file, NOBODY, NOBODY)
    name = host.file(host.step("/usr/bin/touch", str(file / "made"), targets=["here"], runas="nobody"))
    host.submit(name)
    host.approve_all(name)
    done = rcm(host, "exec", name, "--step", "1")
    assert done.returncode == 0 and (file / "made").exists(), done.stderr
    again = rcm(host, "exec", name, "--step", "1")
    assert again.returncode == 125 and "used_up" in again.stderr, again.stderr
    run = host.asker.get(f"/api/v1/gate/runs?change={name}").json["items"][0]
    assert (run["state"], run["status"], run["person"]) == ("ended", 0, "alice"), json.dumps(run)
    assert run["recording_sha256"] and run["is_recording_whole"]
    wait_until(lambda: host.show(name).get("verdict") == "inconclusive", "the verdict: nothing is measured")
    closed = host.do("alice", name, "close", {"reason": "the next test needs this host"})
    assert closed.status == 200, closed.body


def at_a_terminal(host, *words):
    """rcm on a terminal of its own."""
    whole = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", str(host.rcm), words[0], "--config",
             str(host.folder / "rcm.conf"), *words[1:]]
    return Shell(["sh", "-c", '"$@"; echo "code $?"', "sh", *whole], {**ENVIRONMENT, "TERM": "dumb"})


def test_a_step_without_input_reads_nothing_of_a_terminal(host):
    """The command of the step, typed at a terminal: what is typed to it is not approved."""
    file = host.folder / "typed"
    file.mkdir()
    os.chown(file, NOBODY, NOBODY)
    name = host.file(host.step("/usr/bin/tee", str(file / "x"), targets=["here"], runas="nobody"))
    host.submit(name)
    host.approve_all(name)
    shell = at_a_terminal(host, "exec", "--", "/usr/bin/tee", str(file / "x"))
    try:
        shell.type("evil\n")
        assert shell.wait_for(r"code (\d+)").group(1) == "0"
    finally:
        shell.close()
    assert (file / "x").read_text() == ""
    wait_until(lambda: host.show(name).get("verdict") == "inconclusive", "the verdict: nothing is measured")
    assert host.do("alice", name, "close", {"reason": "the next test needs this host"}).status == 200


# --- an emergency, and what needs a second person's key ---

BLINDS = ("exec", "--", "/usr/bin/systemctl", "stop", "auditd")


@pytest.fixture
def emergency(host):
    incident = host.people.carol.json("incident", "open", "everything is down", "--severity", 1)["name"]
    started = host.people.alice.json("emergency", "start", "--scope", "host:here", "--incident", incident, "--ttl", "30m",
                                     "--reason", "the audit daemon fills the disk of this host")
    yield started["name"]
    host.people.alice.run("emergency", "end", started["name"])
    host.people.carol.run("follow-up", "close", started["name"], "--verdict", "justified", "--note", "it was needed, and it helped")


def type_key(host, key):
    """What is shown when the key is typed at the prompt, and the exit code."""
    shell = at_a_terminal(host, *BLINDS)
    try:
        shell.wait_for("second key .*: ")
        shell.type(key + "\n")
        code = int(shell.wait_for(r"code (\d+)").group(1))
        return code
    finally:
        shell.close()


def test_a_second_key_is_asked_for_where_it_would_do(host, emergency):
    before = len(host.asker.get("/api/v1/gate/runs").json["items"])
    alone = rcm(host, *BLINDS)
    assert alone.returncode == 125 and "SYS-003" in alone.stderr
    for wrong in ("", "rb_nonsense", host.people.token("alice")):
        assert type_key(host, wrong) == 125
    assert len(host.asker.get("/api/v1/gate/runs").json["items"]) == before
    assert type_key(host, host.people.token("bob")) != 125
    run = host.asker.get("/api/v1/gate/runs").json["items"][0]
    assert (run["emergency"], run["state"]) == (emergency, "ended"), run
    assert b"rb_" not in b"".join(file.read_bytes() for file in (host.folder / "recordings").iterdir())


def test_a_script_is_the_same_by_its_step_and_by_its_file(host):
    """A script that its user can change runs from a sealed copy: what is bound is its bytes, wherever it lay."""
    text = "#!/bin/sh\necho rotated\n"
    script = host.folder / "rotate.sh"
    script.write_text(text)
    script.chmod(0o755)
    os.chown(script, NOBODY, NOBODY)
    sha256 = host.content(text)
    step = host.step("rotate.sh", targets=["here"], runas="nobody", kind="script", path="", max_runs=2,
                     contents=[{"role": "script", "name": "rotate.sh", "sha256": sha256, "mode": 0o755}])
    name = host.file(step)
    host.submit(name)
    host.approve_all(name)
    by_file = rcm(host, "exec", "--", str(script))
    assert (by_file.returncode, by_file.stdout) == (0, "rotated\n"), by_file.stderr
    script.write_text(text + "#\n")
    assert rcm(host, "exec", name, "--", str(script)).returncode == 125
    by_step = rcm(host, "exec", name, "--step", "1")
    assert (by_step.returncode, by_step.stdout) == (0, "rotated\n"), by_step.stderr
