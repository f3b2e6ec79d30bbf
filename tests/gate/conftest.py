"""box: sudo with rcm_approval.so in a namespace of its own; gate: the other end of its socket."""
import os
from pathlib import Path

import pytest
from harness import sudo
from harness.sudo_gate import SudoGate


@pytest.fixture(scope="module")
def shared_box(tmp_path_factory):
    if not sudo.can_run():
        pytest.skip("needs root and sudo 1.9: script/deps")
    folder = tmp_path_factory.mktemp("sudo")
    for above in [folder, *folder.parents]:     # alice's sudo loads nothing from here, but reads her folder
        if str(above).startswith("/tmp/"):
            os.chmod(above, 0o755)
    box = sudo.SudoBox(folder, Path(os.environ.get("RB_BUILD", "build/release")) / "bin" / "rcm_approval.so").start()
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
