"""What the daemon and systemd say to each other: sockets handed over, READY, the watchdog, STOPPING."""
import os
import signal
import socket
import struct
import subprocess

import pytest
from harness import gate
from harness.daemon import Daemon, environment
from process import Process, is_listening, wait_until


class Activated(Daemon):
    """Started by systemd-socket-activate at the first connection, as systemd itself would."""

    fdname = "local:control"

    def command(self):
        self.settings.update(socket="off", listen="off")
        return ["systemd-socket-activate", "-l", str(self.socket), "-l", f"127.0.0.1:{self.port}",
                f"--fdname={self.fdname}", *super().command()]


@pytest.fixture
def activated(tmp_path):
    daemon = Activated(tmp_path / "activated")
    yield daemon
    daemon.stop()


def test_sockets_are_taken_over_from_systemd(activated):
    activated.start()
    assert activated.get("/healthz").status == 200
    assert activated.get("/healthz", unix=True).status == 200
    token = activated.admin_token_file.read_text().strip()
    assert activated.get("/api/v1/plans", token=token).status == 200


def test_a_socket_of_systemd_stays_when_the_daemon_ends(activated):
    activated.start()
    assert activated.stop() == 0
    assert activated.socket.exists(), "it is systemd's: others wait at it for the next daemon"


def test_one_socket_is_enough(activated):
    activated.command = lambda: ["systemd-socket-activate", "-l", str(activated.socket), "--fdname=local",
                                 *Daemon.command(activated)]
    activated.settings["listen"] = "off"
    activated.start(lambda: is_listening(activated.socket))
    wait_until(lambda: activated.get("/readyz", unix=True).status == 200, "the daemon to be ready")


def test_a_wrong_name_is_refused(activated):
    activated.fdname = "control:local"
    activated.process = Process("redbuttond", activated.command(), activated.folder / "redbuttond.log",
                                env=environment())
    activated.process.start()
    knock(activated.port)
    wait_until(lambda: not activated.process.is_running(), "the daemon to end")
    assert "of the other kind" in activated.log and "FileDescriptorName=local" in activated.log


def test_two_sockets_of_one_kind_are_refused(activated, tmp_path):
    command = ["systemd-socket-activate", "-l", str(tmp_path / "one"), "-l", str(tmp_path / "two"),
               *Daemon.command(activated)]
    activated.process = Process("redbuttond", command, activated.folder / "redbuttond.log", env=environment())
    activated.process.start()
    wait_until(lambda: is_listening(tmp_path / "two"), "the sockets")
    with socket.socket(socket.AF_UNIX) as knocking:
        knocking.connect(str(tmp_path / "two"))
        wait_until(lambda: not activated.process.is_running(), "the daemon to end")
    assert "one too many" in activated.log


@pytest.fixture
def gated(tmp_path):
    """A daemon whose gate is a socket that somebody else listens on; its own listeners are its own."""
    daemon = Daemon(tmp_path / "gated")
    daemon.gate = tmp_path / "gate.sock"
    daemon.fdname = "gate"
    daemon.command = lambda: ["systemd-socket-activate", "--seqpacket", "-l", str(daemon.gate),
                              f"--fdname={daemon.fdname}", *Daemon.command(daemon)]
    yield daemon
    daemon.stop()


def asker(daemon):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(15)
    connection.connect(str(daemon.gate))
    return connection


def knock_at_the_gate(daemon):
    daemon.process = Process("redbuttond", daemon.command(), daemon.folder / "redbuttond.log", env=environment())
    daemon.process.start()
    wait_until(lambda: is_listening(daemon.gate), "the gate's socket")
    return asker(daemon)


def test_the_gate_answers_at_a_socket_of_systemd(gated):
    with knock_at_the_gate(gated) as first:
        first.send(b"no message of ours")
        assert gate.decode(first.recv(1 << 16))["kind"] == "fault"
        peer = struct.unpack("3i", first.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
        assert peer[1] == os.geteuid(), "who asks sees who listens, and that is systemd"
    wait_until(gated.is_ready, "the daemon")
    assert gated.stop() == 0
    assert gated.gate.exists(), "it is systemd's: who asks waits at it for the next daemon"


def test_the_gate_of_systemd_outranks_the_setting(gated):
    gated.settings["gate_socket"] = gated.folder / "other.sock"
    with knock_at_the_gate(gated):
        wait_until(gated.is_ready, "the daemon")
        assert not (gated.folder / "other.sock").exists()


def test_the_gates_socket_has_no_other_name(gated):
    gated.fdname = "local"
    with knock_at_the_gate(gated):
        wait_until(lambda: not gated.process.is_running(), "the daemon to end")
    assert "of the other kind" in gated.log and "FileDescriptorName=gate" in gated.log


def test_systemd_is_told_ready_alive_and_stopping(tmp_path):
    daemon = Daemon(tmp_path / "notifying")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(15)
        env = environment(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="400000")
        with subprocess.Popen([str(word) for word in daemon.command()], env=env, stderr=subprocess.DEVNULL) as child:
            try:
                said = [ear.recv(4096).decode() for _ in range(4)]
                assert "READY=1" in said, "told once it listens"
                assert said.count("WATCHDOG=1") >= 2, "at least every half of the interval"
                assert daemon.get("/readyz").status == 200
                os.kill(child.pid, signal.SIGSTOP)
                drain(ear)
                with pytest.raises(TimeoutError):
                    ear.settimeout(1)
                    ear.recv(4096)
                os.kill(child.pid, signal.SIGCONT)
                ear.settimeout(15)
                child.terminate()
                while ear.recv(4096) != b"STOPPING=1":
                    pass
                assert child.wait(20) == 0
            finally:
                child.kill()


def drain(ear):
    """Forgets what was said before now."""
    ear.settimeout(0.2)
    try:
        while True:
            ear.recv(4096)
    except TimeoutError:
        pass


def knock(port):
    wait_until(lambda: is_open(port), "the port to be open")


def is_open(port):
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
        return True
    except OSError:
        return False

