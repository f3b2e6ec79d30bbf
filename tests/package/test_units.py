"""The units of systemd, and what is installed, judged by systemd's own tools; no systemd runs."""
import base64
import re
import shutil
import subprocess

import pytest
from harness.changes import host_identity
from harness.daemon import ROOT, Daemon, environment
from harness.gate_socket import SocketAsker
from process import Process, free_port, is_listening

UNITS = ("redbuttond.service", "redbuttond-local.socket", "redbuttond-control.socket", "redbuttond-gate.socket",
         "redbutton-gate.service", "redbutton-gate.socket")


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
    return {name: tmp_path / name for name in UNITS}


def test_systemd_understands_every_line(units):
    done = run("systemd-analyze", "verify", "--man=no", *units.values())
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("service", ["redbuttond.service", "redbutton-gate.service"])
def test_the_exposure_is_at_most_one_point_five(units, service):
    done = run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=15", units[service])
    assert done.returncode == 0, done.stdout + done.stderr


def lines_of(unit, name):
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), re.M)


def sockets_of(units, service):
    return [name for name in UNITS if name.endswith(".socket") and lines_of(units[name], "Service") == [service]]


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
    assert called - permitted(unit_folder(staged) / "redbuttond.service") == set()


def test_the_filter_permits_what_the_gate_calls(staged, tmp_path):
    """Asked, with a daemon that is away, a sealed code and a spool."""
    trace, token = tmp_path / "trace", tmp_path / "token"
    token.write_text("rb_agent_of_this_host")
    token.chmod(0o600)
    words = [staged / "usr/sbin/redbuttond", "--gate-glass", tmp_path / "glass"]
    code = run(words[0], "--gate-breakglass-new", *words[1:]).stdout.strip()
    gate = Process("redbuttond --gate",
                   ["strace", "-D", "-f", "-qq", "-e", "signal=none", "-o", trace, words[0], "--gate",
                    f"https://127.0.0.1:{free_port()}", *words[1:], "--gate-token", f"file:{token}", "--gate-public-key",
                    base64.b64encode(bytes(range(32))).decode(), "--gate-identity", host_identity(88), "--gate-socket",
                    tmp_path / "gate.sock", "--gate-spool", tmp_path / "spool"], tmp_path / "log", env=environment())
    gate.start()
    gate.wait_ready(lambda: is_listening(tmp_path / "gate.sock"), 60)
    asker = SocketAsker(tmp_path / "gate.sock")
    answers = [asker.decide("/usr/bin/id"), asker.decide("/usr/bin/id", typed_key=code)]
    asker.close()
    gate.stop()
    assert [answer["kind"] for answer in answers] == ["verdict", "verdict"] and not (tmp_path / "glass").exists(), answers
    called = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.M))
    assert {"connect", "fdatasync", "unlink"} & called, "it asked, and it wrote"
    assert called - permitted(unit_folder(staged) / "redbutton-gate.service") == set()


def test_sockets_bear_the_names_that_the_program_knows(units):
    names = {name: lines_of(unit, "FileDescriptorName") for name, unit in units.items() if name.endswith(".socket")}
    assert names == {"redbuttond-local.socket": ["local"], "redbuttond-control.socket": ["control"],
                     "redbuttond-gate.socket": ["gate"], "redbutton-gate.socket": ["gate"]}


@pytest.mark.parametrize("service, count", [("redbuttond.service", 3), ("redbutton-gate.service", 1)])
def test_the_service_is_given_each_of_its_sockets(units, service, count):
    sockets = sockets_of(units, service)
    assert len(sockets) == count
    for name in ("Sockets", "Also"):
        assert lines_of(units[service], name)[0].split() == sockets


@pytest.mark.parametrize("name", ["redbuttond-gate.socket", "redbutton-gate.socket"])
def test_the_gate_listens_where_rcm_asks(units, name):
    path = re.search(r'^#define GATE_SOCKET_PATH +"(.+)"$', (ROOT / "change/gate/gate_message.h").read_text(), re.M)
    assert lines_of(units[name], "ListenSequentialPacket") == [path[1]]
    assert lines_of(units[name], "SocketUser") == [], "root listens: by that it is known"


@pytest.mark.parametrize("user, service", [("redbutton", "redbuttond.service"), ("redbutton-gate", "redbutton-gate.service")])
def test_the_user_can_be_made(staged, units, tmp_path, user, service):
    (tmp_path / "etc").mkdir()
    done = run("systemd-sysusers", f"--root={tmp_path}", staged / f"usr/lib/sysusers.d/{user}.conf")
    assert done.returncode == 0, done.stderr
    assert re.search(rf"^{user}:x:\d+:\d+:.*:/var/lib/{user}:/usr/sbin/nologin$", (tmp_path / "etc/passwd").read_text(), re.M)
    assert lines_of(units[service], "User") == [user]


def test_the_gates_state_is_where_its_defaults_point(units):
    source = (ROOT / "main/gate.c").read_text()
    state = f"/var/lib/{lines_of(units['redbutton-gate.service'], 'StateDirectory')[0]}/"
    for name in ("gate-spool", "gate-glass"):
        assert re.search(rf'{{"{name}", CONFIG_PATH, "([^"]+)"', source)[1].startswith(state)
    credential = lines_of(units["redbutton-gate.service"], "LoadCredential")[0].split(":")[0]
    assert f'{{"gate-token", CONFIG_TEXT, "cred:{credential}"' in source


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
    daemon.process.wait_ready(daemon.is_ready, 60)
    assert daemon.get("/readyz").json["checks"]["jail"]["ok"] is True
    assert daemon.stop() == 0
