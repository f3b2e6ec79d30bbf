"""redbuttond from the tree that RB_BUILD names, with everything of its own: directory, port."""
import http.client
import json
import os
import socket
import urllib.parse
from pathlib import Path
from typing import NamedTuple

from harness.contract import contract
from process import Process, free_port

ROOT = Path(__file__).resolve().parents[2]


def bin_folder():
    """$RB_BUILD/bin; without it the newest tree that script/build made."""
    chosen = os.environ.get("RB_BUILD")
    trees = [Path(chosen)] if chosen else [ROOT / "build" / "asan", ROOT / "build" / "release"]
    for tree in trees:
        if (tree / "bin" / "redbuttond").exists():
            return tree / "bin"
    raise RuntimeError(f"no redbuttond in {' or '.join(map(str, trees))}: script/build, or set RB_BUILD")


def environment(**more):
    """Ours without RB_* settings, so that nothing of the caller's leaks in."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RB_")}
    return {**kept, "LC_ALL": "C.UTF-8", "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0", **more}


class Reply(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=30):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Daemon:
    def __init__(self, folder, **settings):
        """settings: the daemon's, with _ for - (log="debug")."""
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data_dir = self.folder / "data"
        self.socket = self.folder / "redbutton.sock"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = {"data_dir": self.data_dir, "socket": self.socket, "listen": f"127.0.0.1:{self.port}",
                         "config": "/dev/null",
                         "space_reserve": 0, **settings}
        self.process, self.variables = None, {}     # more of its environment

    def command(self):
        flags = []
        for name, value in self.settings.items():
            flags += [f"--{name.replace('_', '-')}", str(value)]
        return [bin_folder() / "redbuttond", *flags]

    def start(self, is_ready=None):
        """Back when it answers /readyz with 200 (or what `is_ready` asks for)."""
        self.process = Process("redbuttond", self.command(), self.folder / "redbuttond.log",
                               env=environment(**self.variables))
        self.process.start()
        self.process.wait_ready(is_ready or self.is_ready, 60)
        return self

    def is_ready(self):
        try:
            return self.get("/readyz").status == 200
        except OSError:
            return False

    def is_alive(self):
        try:
            return self.get("/healthz").status == 200
        except OSError:
            return False

    def stop(self):
        """The exit code of an orderly end."""
        return self.process.stop(20) if self.process else None

    def kill(self):
        """As by power loss: SIGKILL."""
        return self.process.kill()

    def restart(self):
        self.stop()
        return self.start()

    @property
    def log(self):
        path = self.folder / "redbuttond.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def admin_token_file(self):
        """Written by the first start."""
        return self.data_dir / "bootstrap-token"

    # --- HTTP, without the CLI; every answer is held against the API document ---

    def request(self, method, path, body=None, token=None, unix=False, headers=None, timeout=30):
        connection = (UnixConnection(self.socket, timeout) if unix else
                      http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout))
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
            reply = Reply(answer.status, answer.headers, answer.read())
        finally:
            connection.close()
        contract().check(method, path, body.encode() if isinstance(body, str) else body, reply)
        return reply

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, key=None, **more):
        """With an Idempotency-Key, drawn when none is given."""
        headers = {"Idempotency-Key": key or os.urandom(12).hex(), **more.pop("headers", {})}
        return self.request("POST", path, body=body if body is not None else {}, headers=headers, **more)

    def quote(self, name):
        return urllib.parse.quote(name, safe="")
