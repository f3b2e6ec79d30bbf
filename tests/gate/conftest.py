"""host: rcm with a gate of the test's own. Only root may say who the gate is, so these need root.
box, gate: sudo with rcm_approval.so in a namespace of its own, and the other end of its socket.
production: the daemon, rcm and accounts, all of them real."""
import os

import pytest
from harness import sudo
from harness.production import Production
from harness.rcm import Host, program
from harness.sudo_gate import SudoGate


@pytest.fixture
def host():
    if os.geteuid() != 0:
        pytest.skip("only root can say whom rcm believes")
    host = Host()
    yield host
    host.close()
    assert host.gate.problems == []


@pytest.fixture(scope="module")
def shared_box(tmp_path_factory):
    if not sudo.can_run():
        pytest.skip("needs root and sudo 1.9: script/deps")
    if b"libasan" in program("rcm_approval.so").read_bytes():
        pytest.skip("sudo loads the plugin of the release tree: no sanitizer comes into a process that is not ours")
    folder = tmp_path_factory.mktemp("sudo")
    for above in [folder, *folder.parents]:     # alice's sudo loads nothing from here, but reads her folder
        if str(above).startswith("/tmp/"):
            os.chmod(above, 0o755)
    box = sudo.SudoBox(folder, program("rcm_approval.so")).start()
    yield box
    box.close()


@pytest.fixture
def gate(shared_box):
    gate = SudoGate(shared_box.folder / "gate.sock").start()
    yield gate
    gate.close()


@pytest.fixture
def box(shared_box, gate):
    """With both halves in its sudo.conf, asking the gate."""
    shared_box.sudoers(sudo.SUDOERS)
    shared_box.plugin(socket=gate.path, record_dir=shared_box.folder / "recordings")
    return shared_box


@pytest.fixture(scope="module")
def production(make_world):
    """One daemon for a whole file."""
    if os.geteuid() != 0:
        pytest.skip("only root can say whom rcm believes, and become others")
    production = Production(make_world)
    yield production
    production.close()


@pytest.fixture
def approve(production):
    """approve(step, ...): ended with the test."""
    made = []

    def make(*steps, **more):
        made.append(production.approve(*steps, **more))
        return made[-1]

    yield make
    for name in made:
        production.end(name)
