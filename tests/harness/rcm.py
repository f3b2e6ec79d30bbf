"""rcm of the tree that RB_BUILD names, in a folder that only root can change, with a gate of the test's own."""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness.gate import Gate

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def program(name="rcm"):
    path = Path(os.environ.get("RB_BUILD", ROOT / "build" / "release")) / "bin" / name
    assert path.exists(), f"no {path}: script/build release"
    return path


class Host:
    """A gate, the settings that name it, and rcm: what a production host has."""

    def __init__(self, has_gate=True, **settings):
        """Without a gate of the test's own, another will listen at its path."""
        # Not below /tmp: whoever can make names beside a file can take its place.
        self.folder = Path(tempfile.mkdtemp(prefix="rcm-test-", dir="/var/lib"))
        self.folder.chmod(0o755)
        self.recordings = self.folder / "recordings"
        self.rcm = self.folder / "rcm"
        shutil.copy(program(), self.rcm)
        self.gate = Gate(self.folder / "gate.sock")
        if has_gate:
            self.gate.start()
        self.config = self.folder / "rcm.conf"
        self.write_config(**settings)

    def write_config(self, **settings):
        settings = {"socket": self.gate.path, "recordings": self.recordings, **settings}
        self.config.write_text("".join(f"{name.replace('_', '-')} = {value}\n" for name, value in settings.items()))
        self.config.chmod(0o644)

    def words(self, verb, *words):
        return [str(self.rcm), verb, "--config", str(self.config), *map(os.fspath, words)]

    def run(self, verb, *words, **more):
        """exec, check, shell, ssh; as nobody with user=NOBODY."""
        more = {"env": ENVIRONMENT, "stdin": subprocess.DEVNULL, "timeout": 30, **more}
        if "user" in more:
            more.update(group=more["user"], extra_groups=[])
        return subprocess.run(self.words(verb, *words), capture_output=True, text=True, **more)

    def start(self, verb, *words, **more):
        more = {"env": ENVIRONMENT, "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                **more}
        return subprocess.Popen(self.words(verb, *words), text=True, **more)

    def script(self, name, text, mode=0o755, owner=NOBODY):
        """A file that others than root can change, in a folder of theirs."""
        folder = self.folder / "theirs"
        folder.mkdir(exist_ok=True)
        os.chown(folder, owner, owner)
        path = folder / name
        path.write_text(text)
        path.chmod(mode)
        os.chown(path, owner, owner)
        return path

    def close(self):
        self.gate.close()
        shutil.rmtree(self.folder)
