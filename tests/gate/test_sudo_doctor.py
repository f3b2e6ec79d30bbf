"""`rcm doctor` on a host that is right, and on one for each way to set it up wrongly."""
import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from harness import sudo_gate as g
from harness.rcm import program
from harness.sudo import DEFAULT_PLUGINS, SUDOERS, SudoBox, can_run

GOOD_SUDOERS = "Defaults intercept\nDefaults!/usr/bin/rcm !intercept\n" + SUDOERS


class Host:
    """A sudo box in a folder that only root can change, and the doctor in it."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="rcm-doctor-", dir="/var/lib"))
        self.box = SudoBox(self.folder, program("rcm_approval.so")).start()
        self.library = self.folder / "lib"
        self.library.mkdir(mode=0o755)
        self.box.so = self.box.so.rename(self.library / self.box.so.name)
        self.rcm, self.config = self.folder / "rcm", self.folder / "rcm.conf"
        shutil.copy(program("rcm"), self.rcm)
        self.socket, self.recordings = self.folder / "gate.sock", self.folder / "recordings"
        self.reset()

    def reset(self):
        self.box.sudoers(GOOD_SUDOERS)
        self.conf()
        self.box.so.chmod(0o644)
        os.chown(self.box.so, 0, 0)
        self.library.chmod(0o755)
        self.config.write_text(f"socket = {self.socket}\n")
        shutil.rmtree(self.recordings, ignore_errors=True)
        self.recordings.mkdir(mode=0o700)
        (self.box.etc / "machine-id").write_text("0123456789abcdef" * 2 + "\n")
        ssh = self.box.etc / "ssh"
        ssh.mkdir(exist_ok=True)
        for key in ssh.glob("ssh_host_*"):
            key.unlink()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ssh / "ssh_host_ed25519_key"], check=True)

    def lines(self, **options):
        options = {"socket": self.socket, "record_dir": self.recordings, **options}
        words = " ".join(f"{name}={value}" for name, value in options.items())
        return DEFAULT_PLUGINS + [f"{part} {self.box.so} {words}" for part in ("rcm_approval", "rcm_io")]

    def conf(self, **options):
        self.box.conf(self.lines(**options))

    def run(self):
        words = [str(self.rcm), "doctor", "--config", str(self.config)]
        done = self.box.finish(subprocess.Popen(self.box.command(words, "root", None), stdout=subprocess.PIPE,
                                                stderr=subprocess.PIPE, stdin=subprocess.DEVNULL))
        found = {}
        for word, name, text in re.findall(r"^(ok|weak|BROKEN) +(\S+(?: \S+)?)  +(.*)$", done.out, re.M):
            found[name] = (word, text)
        return done, found    # {check: (word, text)}

    @contextlib.contextmanager
    def other_sudo(self, says):
        """Another program under the name of sudo, in the box alone."""
        fake = self.folder / "sudo"
        fake.write_text(f"#!/bin/sh\necho '{says}'\n")
        fake.chmod(0o755)
        enter = ["nsenter", f"--mount=/proc/{self.box.holder.pid}/ns/mnt"]
        subprocess.run([*enter, "mount", "--bind", str(fake), "/usr/bin/sudo"], check=True)
        try:
            yield
        finally:
            subprocess.run([*enter, "umount", "/usr/bin/sudo"], check=True)

    def close(self):
        self.box.close()
        shutil.rmtree(self.folder)


@pytest.fixture(scope="module")
def shared_host():
    if not can_run():
        pytest.skip("needs root and sudo 1.9: script/deps")
    host = Host()
    yield host
    host.close()


@pytest.fixture
def doctor(shared_host):
    shared_host.gate = g.SudoGate(shared_host.socket).start()
    shared_host.gate.answer = g.allow
    yield shared_host
    shared_host.gate.close()
    shared_host.reset()


def test_a_host_that_is_right(doctor):
    done, found = doctor.run()
    assert len(found) == 14, done
    # What this machine is, no file of the box can change.
    assert {name for name, (word, _) in found.items() if word != "ok"} <= {"execveat", "clock"}, done
    assert done.code in (0, 1) and done.err == ""
    assert [ask["kind"] for ask in doctor.gate.asked] == ["check"], "it takes nothing"


def world_writable_conf(host):
    (host.box.etc / "sudo.conf").chmod(0o666)


def conf_of_another(host):
    os.chown(host.box.etc / "sudo.conf", 4001, 4001)


def no_conf(host):
    (host.box.etc / "sudo.conf").unlink()


def without(part):
    return lambda host: host.box.conf([line for line in host.lines() if not line.startswith(part)])


def twice(host):
    host.box.conf(host.lines() + host.lines()[-1:])


def commented(host):
    path = host.box.etc / "sudo.conf"
    path.write_text(path.read_text().replace("Plugin rcm_io", "#Plugin rcm_io"))


def writable_plugin(host):
    host.box.so.chmod(0o666)


def executable_plugin(host):
    host.box.so.chmod(0o755)


def plugin_of_another(host):
    os.chown(host.box.so, 4001, 4001)


def writable_folder(host):
    host.library.chmod(0o777)


def missing_plugin(host):
    host.box.conf(DEFAULT_PLUGINS + ["rcm_approval /usr/libexec/sudo/nothing.so", "rcm_io /usr/libexec/sudo/nothing.so"])


def two_files(host):
    lines = host.lines()
    lines[-1] = lines[-1].replace("rcm_approval.so", "other.so")
    host.box.conf(lines)


def bad_option(host):
    host.conf(fail_open="yes")


def two_gates(host):
    lines = host.lines()
    lines[-1] = lines[-1].replace("gate.sock", "other.sock")
    host.box.conf(lines)


def another_gate_than_rcm(host):
    host.config.write_text("socket = /run/redbutton/other.sock\n")


def dso(host):
    host.box.sudoers("Defaults intercept_type=dso\n" + GOOD_SUDOERS)


def rcm_intercepted(host):
    host.box.sudoers("Defaults intercept\nDefaults!/usr/bin/rcmx !intercept\n" + SUDOERS)


def no_intercept(host):
    host.box.sudoers(SUDOERS)


def no_verify(host):
    host.box.sudoers("Defaults !intercept_verify\n" + GOOD_SUDOERS)


def broken_sudoers(host):
    (host.box.etc / "sudoers").chmod(0o666)


def nobody_listens(host):
    host.gate.close()


def another_account(host):
    host.gate.close()
    host.gate = g.SudoGate(host.socket, uid=65534).start()


def silent_gate(host):
    host.gate._reply = lambda connection, message: None


def unsigned_gate(host):
    host.conf(public_key="00" * 32)


def skewed_gate(host):
    host.gate._reply = lambda connection, message: connection.send(
        g.encode("verdict", **g.allow(message, expires_at_us=g.now_us() + 3_600_000_000)))


def open_recordings(host):
    host.recordings.chmod(0o755)


def recordings_of_another(host):
    os.chown(host.recordings, 4001, 4001)


def no_host_key(host):
    for key in (host.box.etc / "ssh").glob("ssh_host_*"):
        key.unlink()


def no_machine_id(host):
    (host.box.etc / "machine-id").unlink()


WRONG = [
    (world_writable_conf, "sudo.conf", "BROKEN", "chmod 0644"),
    (conf_of_another, "sudo.conf", "BROKEN", "chown root"),
    (no_conf, "sudo.conf", "BROKEN", "five Plugin lines"),
    (without("sudoers_policy"), "plugin lines", "BROKEN", "add a Plugin line"),
    (without("sudoers_io"), "plugin lines", "BROKEN", "add a Plugin line"),
    (without("sudoers_audit"), "plugin lines", "BROKEN", "add a Plugin line"),
    (without("rcm_approval"), "plugin lines", "BROKEN", "add a Plugin line"),
    (without("rcm_io"), "plugin lines", "BROKEN", "add a Plugin line"),
    (twice, "plugin lines", "BROKEN", "leave one"),
    (commented, "plugin lines", "BROKEN", "add a Plugin line"),
    (writable_plugin, "plugin file", "BROKEN", "chmod 0644"),
    (executable_plugin, "plugin file", "BROKEN", "chmod 0644"),
    (plugin_of_another, "plugin file", "BROKEN", "chown root"),
    (writable_folder, "plugin file", "BROKEN", "folders that only root can change"),
    (missing_plugin, "plugin file", "BROKEN", "install it"),
    (two_files, "plugin file", "BROKEN", "same file"),
    (bad_option, "plugin options", "BROKEN", "there are: socket="),
    (two_gates, "plugin options", "BROKEN", "same options"),
    (another_gate_than_rcm, "plugin options", "weak", "agree"),
    (dso, "trace", "BROKEN", "intercept_type=trace"),
    (no_intercept, "intercept", "weak", "Defaults intercept"),
    (rcm_intercepted, "intercept", "weak", "Defaults!/usr/bin/rcm !intercept"),
    (no_verify, "intercept", "BROKEN", "!intercept_verify"),
    (broken_sudoers, "intercept", "BROKEN", "visudo"),
    (nobody_listens, "socket", "BROKEN", "start redbuttond"),
    (nobody_listens, "gate", "BROKEN", "every command is refused"),
    (another_account, "socket", "BROKEN", "who took the gate's place"),
    (silent_gate, "gate", "BROKEN", "journalctl"),
    (unsigned_gate, "gate", "BROKEN", "pin the key"),
    (skewed_gate, "gate", "BROKEN", "NTP"),
    (open_recordings, "recordings", "BROKEN", "chmod 0700"),
    (recordings_of_another, "recordings", "BROKEN", "chown root"),
    (no_host_key, "identity", "BROKEN", ""),
    (no_machine_id, "identity", "BROKEN", "systemd-machine-id-setup"),
]


@pytest.mark.parametrize("wrong, name, word, remedy", WRONG,
                         ids=[f"{row[1]}-{getattr(row[0], '__name__', '')}-{i}" for i, row in enumerate(WRONG)])
def test_what_is_wrong_is_found(doctor, wrong, name, word, remedy):
    wrong(doctor)
    done, found = doctor.run()
    assert found[name][0] == word, done
    advice = re.search(rf"^{word} +{name}  .*\n +remedy: (.*)$", done.out, re.M).group(1)
    assert advice and remedy in advice, done
    assert done.code == (2 if "BROKEN" in {each for each, _ in found.values()} else 1)


@pytest.mark.parametrize("says, word", [("sudo-rs 0.2.3", "BROKEN"), ("Sudo version 1.9.11p3", "BROKEN"),
                                        ("Sudo version 1.8.31", "BROKEN"), ("", "BROKEN"),
                                        ("Sudo version 1.9.12", "ok"), ("Sudo version 1.10.0", "ok"),
                                        ("Sudo version 2.0", "ok")])
def test_which_sudo_it_is(doctor, says, word):
    with doctor.other_sudo(says):
        done, found = doctor.run()
    assert found["sudo"][0] == word, done


def test_a_newer_sudo_sees_execveat(doctor):
    with doctor.other_sudo("Sudo version 1.9.18"):
        assert doctor.run()[1]["execveat"][0] == "ok"


def test_without_root_it_says_so(doctor):
    done = subprocess.run([str(doctor.rcm), "doctor", "--config", str(doctor.config)], user=65534, group=65534,
                          extra_groups=[], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "run it as root" in done.stdout
