"""redbuttond --gate as a service: its socket from systemd, its settings, its account."""
import base64
import os
import re
import socket
import struct
import subprocess

import pytest
from harness.changes import host_identity
from harness.daemon import bin_folder, environment
from harness.gate_socket import SocketAsker
from process import Process, free_port, is_listening, wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may ask for another account, and give files away")


class Service:
    """A gate whose daemon is away, started by whoever connects first."""

    def __init__(self, folder, *sockets):
        self.folder, self.socket, self.own_socket = folder, folder / "gate.sock", folder / "own.sock"
        token = folder / "token"
        token.write_text("rb_agent_of_this_host")
        token.chmod(0o600)
        self.command = ["systemd-socket-activate", *(sockets or ("--seqpacket", "-l", self.socket, "--fdname=gate")),
                        "-E", f"RB_GATE_URL=http://127.0.0.1:{free_port()}", bin_folder() / "redbuttond", "--gate",
                        "--gate-token", f"file:{token}", "--gate-public-key", base64.b64encode(bytes(range(32))).decode(),
                        "--gate-identity", host_identity(88), "--gate-socket", self.own_socket,
                        "--gate-spool", folder / "spool", "--gate-glass", folder / "glass"]
        self.process = Process("redbuttond --gate", [str(word) for word in self.command], folder / "log", env=environment())

    def start(self):
        self.process.start()
        wait_until(lambda: is_listening(self.socket), "the socket")
        return self

    @property
    def log(self):
        return (self.folder / "log").read_text(errors="replace")


@pytest.fixture
def service(tmp_path):
    service = Service(tmp_path)
    yield service
    service.process.stop()


def test_who_asks_at_systemds_socket_is_answered_and_knows_who_listens(service):
    service.start()
    asker = SocketAsker(service.socket)
    answer = asker.decide("/usr/bin/systemctl", "restart", "nginx")
    assert answer["kind"] == "fault" or (answer["kind"] == "verdict" and answer["verdict"] != 0), "nobody allows anything"
    peer = struct.unpack("3i", asker.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    assert peer[1] == 0
    asker.close()
    assert service.process.stop() in (0, None)
    assert service.socket.exists(), "it is systemd's"
    assert not service.own_socket.exists() and 'socket="systemd"' in service.log


@pytest.mark.parametrize("sockets, said", [
    (("-l", "{}"), "is of no use here"),
    (("--seqpacket", "-l", "{}", "--fdname=local"), "is of the other kind"),
])
def test_another_socket_is_refused(tmp_path, sockets, said):
    service = Service(tmp_path, *[word.format(tmp_path / "gate.sock") for word in sockets]).start()
    kind = socket.SOCK_SEQPACKET if "--seqpacket" in sockets else socket.SOCK_STREAM
    with socket.socket(socket.AF_UNIX, kind) as knock:
        knock.connect(str(service.socket))
        wait_until(lambda: not service.process.is_running(), "the gate to end")
    assert said in service.log and "FileDescriptorName=gate" in service.log


def test_a_sealed_code_made_by_root_is_the_gates_to_use(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir(0o700)
    os.chown(folder, 4711, 4712)
    made = subprocess.run([bin_folder() / "redbuttond", "--gate-breakglass-new", "--gate-glass", folder / "glass"],
                          capture_output=True, text=True, env=environment(), check=True)
    info = (folder / "glass").stat()
    assert re.fullmatch(r"(?:[A-Z2-9]{5}-){4}[A-Z2-9]{5}\n", made.stdout)
    assert (info.st_uid, info.st_gid, info.st_mode & 0o777) == (4711, 4712, 0o600)
