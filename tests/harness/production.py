"""A host of production as it is: the daemon with its gate, rcm that believes it, accounts of people.

production = Production(make_world); production.run("exec", "--", "id"); production.approve(step, ...)
Accounts: li is alice's (files and runs), bo is bob's, wu is nobody's. None of them is in /etc/passwd.
"""
import base64
import json
import os
import shutil
import subprocess
import time
from typing import NamedTuple

from harness.asker import Asker
from harness.changes import Changes, host_identity
from harness.gate_socket import SocketAsker
from harness.rcm import ENVIRONMENT, Host

HERE, THERE = host_identity(77), host_identity(88)
LI, BO, WU = 41001, 41002, 41003
RUNAS = f"#{LI}"
ENDED = ("cancelled", "closed", "rejected", "expired")


class Told(NamedTuple):
    """What rcm did: its exit code, what it said, and the verdict that it wrote to --status-fd."""
    code: int
    out: str
    err: str
    verdict: dict

    @property
    def reason(self):
        return self.verdict.get("reason", "")

    @property
    def is_allowed(self):
        return self.verdict.get("verdict") == "allow"


class Production:
    def __init__(self, make_world, **settings):
        self.host = Host(has_gate=False)
        self.path = self.host.folder / "gate.sock"
        key = self.host.folder / "gate.key"
        self.world = make_world(gate_socket=self.path, gate_identity=HERE, gate_key=f"file:{key}", **settings)
        self.daemon, self.people = self.world.daemon, self.world.people
        self.public_key = (self.host.folder / "gate.key.pub").read_text().strip()
        self.changes = Changes(self.daemon, self.people)
        for name, identity in (("here", HERE), ("there", THERE)):
            self.people.admin.ok("target", "add", name, "--kind", "host", "--address", identity, "--environment", "production",
                                 "--service", "shop", "--label", "gate=gate-1")
        self.asker = Asker(self.changes)
        for uid, person in ((LI, "alice"), (BO, "bob")):
            reply = self.asker.put(f"/api/v1/gate/accounts/@all/{uid}", {"person": person})
            assert reply.status == 200, reply.body
        self.host.write_config(gate_key=self.hex_key)
        self.host.recordings.mkdir(0o700)
        os.chown(self.host.recordings, LI, LI)
        self.theirs = self.host.folder / "theirs"     # where li writes, and where a bypass would leave its mark
        self.theirs.mkdir()
        os.chown(self.theirs, LI, LI)

    def close(self):
        """After the daemon, which leaves its socket."""
        shutil.rmtree(self.host.folder)

    @property
    def hex_key(self):
        return base64.b64decode(self.public_key).hex()

    # --- asking ---

    def run(self, verb, *words, user=LI, config=None, cwd=None, env=None, told=True, **more):
        """rcm as that account; the verdict comes by --status-fd."""
        read, write = os.pipe()
        command = [str(self.host.rcm), verb, "--config", str(config or self.host.config)]
        command += ["--status-fd", str(write)] if told else []
        try:
            done = subprocess.run([*command, *map(os.fspath, words)], capture_output=True, pass_fds=[write], timeout=30,
                                  user=user, group=user, extra_groups=[], cwd=cwd or self.theirs,
                                  env={**ENVIRONMENT, **(env or {})}, check=False,
                                  **{"stdin": subprocess.DEVNULL, **more})
            os.close(write)
            write = None
            text = os.read(read, 1 << 20)
        finally:
            for fd in (read, write):
                if fd is not None:
                    os.close(fd)
        return Told(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"),
                    json.loads(text) if text.strip() else {})

    def at_socket(self):
        return SocketAsker(self.path)

    # --- changes ---

    def step(self, *argv, **more):
        return self.changes.step(*argv, **{"targets": ["here"], "runas": RUNAS, **more})

    def file(self, *steps, **more):
        name = self.changes.file(*steps, **more)
        self.changes.submit(name)
        return name

    def approve(self, *steps, **more):
        """The name of a change that everybody agreed to."""
        name = self.file(*steps, **more)
        self.changes.approve_all(name)
        return name

    def end(self, name):
        """Out of the way of the next: runs are ended, what is left is cancelled or closed."""
        for run in self.runs(name):
            if run["state"] == "started":
                assert self.asker.post(f"/api/v1/gate/runs/{run['id']}/end", {"status": 256}).status == 204
        end = time.monotonic() + 60
        while self.changes.show(name)["state"] not in ENDED:
            for verb in ("cancel", "done", "close"):
                self.changes.do("alice", name, verb, {} if verb == "done" else {"reason": "the test is over"})
            assert time.monotonic() < end, self.changes.show(name)
            time.sleep(0.05)

    def runs(self, name):
        return self.asker.get(f"/api/v1/gate/runs?change={name}").json["items"]
