"""redbutton doctor: with the daemon up and down, on a healthy host and on a broken one."""
import json
import subprocess

import pytest
from harness.cli import Cli
from harness.daemon import bin_folder, environment

OK, WARN, FAIL = 0, 1, 2


def doctor(daemon, *words, **more):
    settings = {f"RB_{name.upper()}": str(value) for name, value in {**daemon.settings, **more}.items()}
    return subprocess.run([bin_folder() / "redbutton", "doctor", *words], capture_output=True, text=True, timeout=60,
                          env=environment(**settings), check=False)


def checks(daemon, **more):
    done = doctor(daemon, "--json", **more)
    assert done.stdout, done.stderr
    return {check["check"]: check for check in json.loads(done.stdout)["checks"]}, done.returncode


@pytest.fixture
def whole(make_daemon, tmp_path):
    """With all that a doctor looks for: a key, a checkpoint outside, a second admin."""
    return make_daemon(checkpoint_file=tmp_path / "outside", signing_key=f"file:{tmp_path / 'key'}")


def test_a_daemon_that_runs_has_nothing_broken(whole):
    found, code = checks(whole)
    assert {name: check for name, check in found.items() if check["state"] == "fail"} == {}
    assert code in (OK, WARN)
    for name in ("daemon", "data directory", "database", "signing key", "checkpoint", "socket", "listener", "runner",
                 "jail", "wall seccomp", "wall no_new_privs", "wall rlimits", "disk", "disk sync", "clock", "descriptors"):
        assert name in found, name
    assert found["daemon"]["text"] == f"runs, pid {whole.process.child.pid}"
    assert found["admins"]["state"] == "warn", "one admin cannot accept a restore"
    assert found["first token"]["state"] == "warn"


def test_with_the_daemon_down_it_says_so_and_looks_on(whole):
    whole.stop()
    found, code = checks(whole)
    assert (found["daemon"]["state"], code) == ("warn", WARN)
    assert found["database"]["state"] == found["checkpoint"]["state"] == found["jail"]["state"] == "ok"
    assert not list(whole.data_dir.glob(".doctor*"))
    whole.start()


def test_every_line_that_is_not_ok_has_a_remedy(whole):
    whole.stop()
    (whole.data_dir / "redbutton.db").chmod(0o644)
    whole.data_dir.chmod(0o777)
    found, code = checks(whole, runner="/no/such/runner")
    assert code == FAIL
    for name in ("database mode", "data directory", "runner"):
        assert found[name]["state"] == "fail", name
    assert all(check.get("remedy") for check in found.values() if check["state"] != "ok"), found
    shown = doctor(whole, runner="/no/such/runner")
    assert "fail  data directory" in shown.stdout and "> chmod 700" in shown.stdout
    whole.data_dir.chmod(0o700)


@pytest.mark.parametrize("what, name", [
    (lambda daemon: (daemon.data_dir / "redbutton.db").write_bytes(b"no database" * 1000), "database"),
    (lambda daemon: (daemon.folder.parent / "key").chmod(0o644), "signing key"),
    (lambda daemon: (daemon.folder.parent / "outside").write_text("torn"), "checkpoint"),
    (lambda daemon: (daemon.folder.parent / "outside").unlink(), "checkpoint"),
])
def test_what_would_keep_it_from_starting_is_named(whole, what, name):
    whole.stop()
    what(whole)
    found, code = checks(whole)
    assert (found[name]["state"], code) == ("fail", FAIL)
    with pytest.raises(RuntimeError):
        whole.start()
    whole.process = None  # it ended badly, as it should


def test_targets_are_asked_and_credentials_read(whole, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("word")
    secret.chmod(0o600)
    Cli(whole, whole.admin_token_file).ok("target", "add", "前置机", "--kind", "haproxy", "--address", "tcp:127.0.0.1:1",
                                          "--environment", "lab", "--allow", "haproxy.weight checkout/*",
                                          "--credential", f"file:{secret}")
    secret.chmod(0o644)
    found, code = checks(whole)
    assert (found["target 前置机"]["state"], found["credential 前置机"]["state"], code) == ("warn", "fail", FAIL)
    assert "unreachable" in found["target 前置机"]["text"]


def test_settings_that_the_daemon_would_refuse(whole):
    found, _ = checks(whole, listen="0.0.0.0:7433")
    assert found["listener"]["state"] == "fail"
    found, _ = checks(whole, socket="off")
    assert found["socket"]["state"] == "warn"


def test_a_host_without_anything(tmp_path, make_daemon):
    daemon = make_daemon()
    found, code = checks(daemon, data_dir=tmp_path / "none")
    assert (found["data directory"]["state"], code) == ("fail", FAIL)
    assert doctor(daemon, "--nonsense").returncode == 2
