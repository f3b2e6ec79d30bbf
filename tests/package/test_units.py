"""The units of systemd, and what is installed, judged by systemd's own tools; no systemd runs."""
import re
import shutil
import subprocess

import pytest
from harness.daemon import Daemon, environment
from process import Process

UNITS = ("redbuttond.service", "redbuttond-local.socket", "redbuttond-control.socket")


def run(*words, **more):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60, check=False,
                          env=environment(), **more)


def unit_folder(staged):
    return staged / "usr/lib/systemd/system"


@pytest.fixture
def units(staged, tmp_path):
    """The units, with the program at its staged place."""
    for name in UNITS:
        text = (unit_folder(staged) / name).read_text()
        (tmp_path / name).write_text(text.replace("=/usr/sbin/", f"={staged}/usr/sbin/"))
    return [tmp_path / name for name in UNITS]


def test_systemd_understands_every_line(units):
    done = run("systemd-analyze", "verify", "--man=no", *units)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_exposure_is_at_most_one_point_five(units):
    done = run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=15", units[0])
    assert done.returncode == 0, done.stdout + done.stderr


def lines_of(unit, name):
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), re.M)


def members(group):
    """The system calls of a group of systemd's, its groups resolved."""
    found = set()
    for word in run("systemd-analyze", "syscall-filter", "--no-pager", group).stdout.split("\n")[1:]:
        word = word.strip()
        if word.startswith("@"):
            found |= members(word)
        elif word and not word.startswith("#"):
            found.add(word)
    return found


def permitted(unit):
    """The allow-list that the lines of SystemCallFilter= make, read as systemd reads them."""
    allowed = members("@default")
    for line in lines_of(unit, "SystemCallFilter"):
        is_removed = line.startswith("~")
        for word in line.lstrip("~").split():
            names = members(word) if word.startswith("@") else {word}
            allowed = allowed - names if is_removed else allowed | names
    return allowed


def test_the_filter_permits_what_daemon_and_runner_call(staged, tmp_path):
    """A call that the filter refuses would be a wall of the jail less, silently."""
    trace = tmp_path / "trace"
    daemon = Daemon(tmp_path / "traced")
    plain = daemon.command()[1:]
    plan = staged / "usr/share/redbutton/plans/media-drain-zone.lua"
    words = ["strace", "-D", "-f", "-qq", "-e", "signal=none", "-o", trace, staged / "usr/sbin/redbuttond"]
    daemon.command = lambda: [*words, *plain]
    daemon.start()
    tested = run(*words[:-1], staged / "usr/bin/redbutton", "plan", "test", plan, "zone=a", cwd=tmp_path)
    daemon.stop()
    assert tested.returncode == 0, tested.stderr
    called = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.M))
    assert {"landlock_restrict_self", "seccomp", "capset"} <= called, "the jail was built under strace"
    assert called - permitted(unit_folder(staged) / UNITS[0]) == set()


def test_sockets_bear_the_names_that_the_daemon_knows(units):
    names = {unit.name: lines_of(unit, "FileDescriptorName") for unit in units[1:]}
    assert names == {"redbuttond-local.socket": ["local"], "redbuttond-control.socket": ["control"]}


def test_the_user_can_be_made(staged, tmp_path):
    (tmp_path / "etc").mkdir()
    done = run("systemd-sysusers", f"--root={tmp_path}", staged / "usr/lib/sysusers.d/redbutton.conf")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^redbutton:x:\d+:\d+:.*:/var/lib/redbutton:/usr/sbin/nologin$",
                     (tmp_path / "etc/passwd").read_text(), re.M)


def test_the_settings_file_names_every_setting(staged):
    daemon, settings = staged / "usr/sbin/redbuttond", staged / "etc/redbutton/redbuttond.conf"
    defaults = dict(re.findall(r"^([\w-]+) = (.*)$", run(daemon, "--print-config", "--config", "/dev/null").stdout, re.M))
    ours = dict(re.findall(r"^#?([\w-]+) =[ ]?(.*)$", settings.read_text(), re.M))
    assert ours.keys() == defaults.keys()
    changed = {name for name in ours if ours[name] != defaults[name]}
    assert changed == {"checkpoint-file", "signing-key"}
    held = run(daemon, "--print-config", "--config", settings)
    assert held.returncode == 0 and f"checkpoint-file = {ours['checkpoint-file']}" in held.stdout


def test_what_is_installed_finds_its_parts(staged, tmp_path):
    """The runner in libexec, the modules in share, the daemon from the command line."""
    plan = shutil.copy(staged / "usr/share/redbutton/plans/media-drain-zone.lua", tmp_path)
    done = run(staged / "usr/bin/redbutton", "plan", "test", plan, "zone=a", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    daemon = Daemon(tmp_path / "installed")
    daemon.process = Process("redbuttond", [staged / "usr/sbin/redbuttond", *daemon.command()[1:]],
                             tmp_path / "log", env=environment())
    daemon.process.start()
    daemon.process.wait_ready(daemon.is_ready, 15)
    assert daemon.get("/readyz").json["checks"]["jail"]["ok"] is True
    assert daemon.stop() == 0
