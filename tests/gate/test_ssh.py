"""A real sshd whose ForceCommand is `rcm ssh`: commands, files, sessions, as the gate says."""
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from harness import gate
from harness.rcm import ENVIRONMENT
from harness.terminal import Shell
from process import free_port

SFTP_SERVER = "/usr/lib/openssh/sftp-server"


class Sshd:
    def __init__(self, host):
        self.host, self.port = host, free_port()
        self.folder = host.folder / "sshd"
        self.folder.mkdir(0o755)
        self.key = self._make_key("client")
        authorized = self.folder / "authorized_keys"
        shutil.copy(f"{self.key}.pub", authorized)
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        config = self.folder / "sshd_config"
        config.write_text(f"""
ListenAddress 127.0.0.1:{self.port}
HostKey {self._make_key("host")}
AuthorizedKeysFile {authorized}
PidFile none
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
StrictModes no
Subsystem sftp internal-sftp
ForceCommand {host.rcm} ssh --config {host.config}
""")
        self.process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", config], stderr=subprocess.PIPE, text=True)
        self._wait()

    def _make_key(self, name):
        path = self.folder / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
        return path

    def _wait(self):
        import socket
        end = time.monotonic() + 60
        while time.monotonic() < end:
            assert self.process.poll() is None, self.process.stderr.read()
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("sshd did not listen")

    def options(self):
        return ["-F", "none", "-i", str(self.key), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes"]

    def ssh_words(self, *words):
        return ["ssh", *self.options(), "-p", str(self.port), "root@127.0.0.1", *words]

    def ssh(self, *words, **more):
        more = {"timeout": 30, **({} if "input" in more else {"stdin": subprocess.DEVNULL}), **more}
        return subprocess.run(self.ssh_words(*words), capture_output=True, text=True, **more)

    def scp(self, *words):
        return subprocess.run(["scp", *self.options(), "-P", str(self.port), *map(str, words)], capture_output=True,
                              text=True, timeout=30, stdin=subprocess.DEVNULL)

    def close(self):
        self.process.terminate()
        self.process.communicate(timeout=10)


@pytest.fixture
def sshd(host):
    sshd = Sshd(host)
    yield sshd
    sshd.close()


def asked(sshd):
    return sshd.host.gate.of("decide")


def only(*names):
    """Allows these programs, denies others."""
    def answer(ask):
        known = os.path.basename(ask["exec"]["path"]) in names
        return gate.allow(ask) if known else gate.deny(ask, reason="no_change", verdict=gate.REVIEW, message="file a change")
    return answer


def test_a_command_is_asked_about_and_runs(sshd):
    sshd.host.gate.answer = only("printf")
    done = sshd.ssh("printf '%s|' 'a b' c")
    assert (done.stdout, done.returncode) == ("a b|c|", 0), done.stderr
    ask = asked(sshd)[0]
    assert (ask["source"], ask["actor_uid"], ask["exec"]["argv"]) == ("ssh", 0, ["printf", "%s|", "a b", "c"])
    assert ask["session"].startswith("ssh 127.0.0.1 ")
    assert not [line for line in ask["exec"]["env"] if line.startswith("SSH_ORIGINAL_COMMAND")]


def test_its_status_and_its_signal_come_through(sshd):
    sshd.host.gate.answer = gate.allow
    assert sshd.ssh("sh -c 'exit 7'").returncode == 7
    assert sshd.ssh("perl -e 'kill 9, 0 + readlink q(/proc/self)'").returncode == 137
    assert sshd.ssh("cat", input="through").stdout == "through"


def test_a_denied_command_does_not_run(sshd):
    sshd.host.gate.answer = only()
    done = sshd.ssh(f"touch {sshd.host.folder}/ran")
    assert done.returncode == 125 and "rcm: review[10 no_change]: file a change" in done.stderr
    assert not (sshd.host.folder / "ran").exists()


@pytest.mark.parametrize("line", ["true; touch {ran}", "echo $(touch {ran})", "echo `touch {ran}`", "true && touch {ran}",
                                  "true\ntouch {ran}", "cat /etc/passwd > {ran}", "touch {ran} &", "X=1 touch {ran}"])
def test_what_needs_a_shell_is_refused_with_its_remedy(sshd, line):
    sshd.host.gate.answer = gate.allow
    done = sshd.ssh(line.format(ran=sshd.host.folder / "ran"))
    assert done.returncode == 125 and "deny[15 dynamic]" in done.stderr
    assert "rcm new --script FILE; then: ssh HOST rcm exec CHG-n --step n" in done.stderr
    assert not (sshd.host.folder / "ran").exists() and not asked(sshd)


@pytest.mark.parametrize("flags", [[], ["-O"]])
@pytest.mark.parametrize("allowed", [True, False])
def test_files_are_asked_about_as_the_program_that_moves_them(sshd, flags, allowed):
    sshd.host.gate.answer = only("sftp-server", "scp") if allowed else only()
    source, there, back = (sshd.host.folder / name for name in ("source", "there", "back"))
    source.write_text("content")
    put = sshd.scp(*flags, source, f"root@127.0.0.1:{there}")
    assert (put.returncode == 0, there.exists()) == (allowed, allowed), put.stderr
    argv = asked(sshd)[0]["exec"]["argv"]
    assert argv == (["scp", "-t", str(there)] if flags else [SFTP_SERVER])
    assert asked(sshd)[0]["exec"]["path"] == ("/usr/bin/scp" if flags else SFTP_SERVER)
    if allowed:
        got = sshd.scp(*flags, f"root@127.0.0.1:{there}", back)
        assert (got.returncode, back.read_text()) == (0, "content")
        assert not flags or asked(sshd)[1]["exec"]["argv"] == ["scp", "-f", str(there)]


def test_sftp_is_the_same(sshd):
    sshd.host.gate.answer = only("sftp-server")
    batch = sshd.host.folder / "batch"
    batch.write_text(f"ls {sshd.folder}\n")
    done = subprocess.run(["sftp", *sshd.options(), "-P", str(sshd.port), "-b", batch, "root@127.0.0.1"],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and "sshd_config" in done.stdout, done.stderr
    assert asked(sshd)[0]["exec"]["argv"] == [SFTP_SERVER]


def test_a_session_is_the_login_shell_and_is_recorded(sshd):
    sshd.host.gate.answer = lambda ask: gate.allow(ask, must=gate.RECORD)
    shell = Shell(sshd.ssh_words("-tt"), {**ENVIRONMENT, "TERM": "dumb", "HOME": os.environ.get("HOME", "/")})
    shell.wait_for(r"[$#] ")
    shell.type("echo in-$((1 + 1)); tty; exit 5\r")
    shell.wait_for("in-2")
    shell.wait_for("/dev/pts/")
    _, status = os.waitpid(shell.pid, 0)
    os.close(shell.fd)
    assert os.waitstatus_to_exitcode(status) == 5
    ask = asked(sshd)[0]
    assert ask["exec"]["argv"][1:] == ["-l"] and ask["tty"].startswith("/dev/pts/")
    recording = Path(sshd.host.gate.wait_for("end")[0]["recording"]).read_text()
    assert "in-2" in recording and "exit 5" in recording


def test_no_grant_no_session(sshd):
    sshd.host.gate.answer = lambda ask: gate.deny(ask, reason="interactive_shell", message="ask for a session")
    done = subprocess.run(sshd.ssh_words("-tt"), capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
    assert done.returncode == 125 and "interactive_shell" in done.stdout + done.stderr


def test_without_a_gate_nobody_gets_in(sshd):
    sshd.host.gate.close()
    done = sshd.ssh("true")
    assert done.returncode == 125 and "gate_unavailable" in done.stderr
