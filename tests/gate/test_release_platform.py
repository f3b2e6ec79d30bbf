"""docs/examples/release_platform.py against the daemon: it waits for a freeze, a change and a model, then publishes."""
import datetime
import http.server
import itertools
import json
import subprocess
import sys
import threading
import time

import pytest
from harness.asker import Asker
from harness.changes import Changes, host_identity
from harness.daemon import ROOT

PROGRAM = ROOT / "docs" / "examples" / "release_platform.py"
MODEL = {"eval_report": True, "traffic_step_percent": 10, "shadow_period_s": 86400, "rollback_model": "41"}
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def changes(make_world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("key")
    world = make_world(gate_key=f"file:{folder}/gate.key")
    changes = Changes(world.daemon, world.people)
    changes.key = (folder / "gate.key.pub").read_text().strip()
    changes.asker = Asker(changes)
    world.people.add("releases", "delivery", ["agent"])
    return changes


class Platform:
    """One release of a service of its own, under way as a process."""

    def __init__(self, changes, folder):
        self.changes, self.folder, self.number = changes, folder, next(numbers)
        self.service, self.host, self.target = f"svc-{self.number}", f"app-{self.number}", host_identity(self.number + 20)
        changes.people.admin.ok("target", "add", self.host, "--kind", "host", "--address", self.target, "--environment",
                                "production", "--service", self.service, "--label", "gate=gate-1")
        self.deployed = folder / "deployed"
        self.deploy = folder / "deploy"
        self.deploy.write_text(f'#!/bin/sh\necho "$*" >> {self.deployed}\n')
        self.deploy.chmod(0o755)
        self.process, self.said = None, []

    def start(self, *more, url=None, key=None, wait=30):
        words = [sys.executable, PROGRAM, "--url", url or self.changes.daemon.url, "--key", key or self.changes.key,
                 "--token-file", self.changes.people.token_file("releases"), "--service", self.service, "--from", "41",
                 "--to", "42", "--digest", f"sha256:{self.number:064x}", "--deploy", self.deploy, "--every", "0.1",
                 "--wait", wait, *more]
        self.process = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return self

    def next(self, event):
        """The next line of that kind; others before it are kept."""
        for line in self.process.stdout:
            self.said.append(json.loads(line))
            if self.said[-1]["event"] == event:
                return self.said[-1]
        raise AssertionError(f"no {event}: {self.said} {self.process.stderr.read()}")

    def waits(self, reason):
        while (said := self.next("waits"))["reason"] != reason:
            pass
        before = self.did()
        time.sleep(0.5)
        assert self.process.poll() is None and self.did() == before, "it went on without a yes"
        return said

    def did(self):
        return self.deployed.read_text().splitlines() if self.deployed.exists() else []

    def finish(self):
        out, err = self.process.communicate(timeout=40)
        self.said += [json.loads(line) for line in out.splitlines()]
        assert not err, err
        return self.process.returncode

    def release(self):
        return next(one for one in self.changes.asker.get("/api/v1/gate/releases").json["items"]
                    if one["service"] == self.service)

    def published(self):
        assert self.finish() == 0, self.said
        assert [line.split()[2:] for line in self.did()] == [["test", "0"], ["staging", "0"], ["canary", "1"], ["batch", "10"],
                                                             ["batch", "50"], ["full", "100"]]
        assert (self.release()["state"], self.release()["phase"]) == ("done", "full")


@pytest.fixture
def platform(changes, tmp_path):
    platform = Platform(changes, tmp_path)
    yield platform
    if platform.process and platform.process.poll() is None:
        platform.process.kill()
        platform.process.communicate()


def test_it_publishes_in_batches(platform):
    platform.start().published()
    assert [said["phase"] for said in platform.said if said["event"] == "begins"][:3] == ["test", "staging", "canary"]


def test_a_phase_that_fails_ends_it_and_is_told(platform):
    platform.deploy.write_text('#!/bin/sh\ntest "$3" != canary\n')
    assert platform.start().finish() == 1
    assert (platform.release()["state"], platform.release()["phase"]) == ("failed", "canary")


FREEZE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//tests//EN
BEGIN:VEVENT
UID:freeze
DTSTAMP:20260101T000000Z
DTSTART:{0:%Y%m%dT%H%M%SZ}
DTEND:{1:%Y%m%dT%H%M%SZ}
SUMMARY:quarter end
END:VEVENT
END:VCALENDAR
"""


def test_it_waits_for_a_freeze_to_end(platform, changes):
    now = datetime.datetime.now(datetime.timezone.utc)
    ends = now + datetime.timedelta(seconds=8)
    ics = FREEZE.format(now - datetime.timedelta(hours=1), ends)
    body = {"name": platform.service, "default": "open", "zone": "UTC", "selector": {"service": platform.service}, "ics": ics}
    made = changes.ask("admin", "POST", "/api/v1/calendars", body)
    assert made.status == 201, made.body
    said = platform.start().waits("frozen")
    assert "quarter end" in said["message"]
    begun = platform.next("begins")
    assert begun["phase"] == "test" and datetime.datetime.now(datetime.timezone.utc) >= ends.replace(microsecond=0)
    platform.published()


def test_it_waits_for_a_black_screen_change_of_its_service(platform, changes):
    argv = ("/usr/bin/systemctl", "restart", platform.service)
    name = changes.file(changes.step(*argv, targets=[platform.host]), services=[platform.service],
                        objects=[f"svc:{platform.service}"])
    changes.submit(name)
    changes.approve_all(name)
    run = changes.asker.decide(*argv, target=platform.target)["run"]
    assert run
    said = platform.start().waits("conflict")
    assert name in said["message"]
    assert changes.asker.post(f"/api/v1/gate/runs/{run}/end", {"status": 256}).status == 204
    assert changes.do("alice", name, "close", {"reason": "it failed, and is over"}).status == 200
    platform.published()


def test_it_waits_for_what_a_model_lacks(platform, tmp_path):
    model = tmp_path / "model.json"
    model.write_text(json.dumps({**MODEL, "eval_report": False}))
    said = platform.start("--model", model).waits("rule:REL-002")
    assert "no evaluation report" in said["message"]
    model.write_text(json.dumps({**MODEL, "traffic_step_percent": 30}))
    time.sleep(0.5)
    assert not platform.did()
    model.write_text(json.dumps(MODEL))
    platform.published()


# --- an answer that is no fresh yes ---

class Liar:
    """Hands the question on, and makes something else of the answer."""

    def __init__(self, daemon, spoil):
        liar = self
        self.asked = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *words):
                pass

            def do_POST(self):
                liar.asked += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                token = self.headers["Authorization"].removeprefix("Bearer ")
                reply = daemon.request("POST", self.path, body, token=token, headers={"Content-Type": "application/json"})
                status, answer = spoil(reply)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def changed(**fields):
    return lambda reply: (200, json.dumps({**reply.json, **fields}).encode())


class Replay:
    first = None

    def __call__(self, reply):
        self.first = self.first or reply.body
        return 200, self.first if self.first is not reply.body else b"{}"


LIES = {
    "a status": (lambda reply: (503, reply.body), "no_decision"),
    "no JSON": (lambda reply: (200, b"allow"), "gate_unavailable"),
    "a list": (lambda reply: (200, b"[]"), "no_decision"),
    "nothing": (lambda reply: (200, b"{}"), "no_decision"),
    "another nonce": (changed(nonce="0" * 32), "no_decision"),
    "an old answer": (Replay(), "no_decision"),
    "another time": (changed(expires_at="2999-01-01T00:00:00.000000Z"), "bad_signature"),
    "no signature": (lambda reply: (200, json.dumps({k: v for k, v in reply.json.items() if k != "sig"}).encode()), "bad_signature"),
    "a signature of nothing": (changed(sig="A" * 86 + "=="), "bad_signature"),
    "a signature that is none": (changed(sig="?"), "no_decision"),
    "late": (lambda reply: (time.sleep(8), (200, reply.body))[1], "gate_unavailable"),
}


@pytest.mark.parametrize("lie", LIES)
def test_everything_but_a_fresh_yes_is_no(platform, changes, lie):
    spoil, reason = LIES[lie]
    liar = Liar(changes.daemon, spoil)
    try:
        assert platform.start(url=liar.url, wait=0.5).finish() == 3
    finally:
        liar.close()
    assert platform.said[-1]["event"] == "gave up" and platform.said[-1]["reason"] == reason, platform.said
    assert liar.asked and not platform.did()


def test_a_no_is_never_made_a_yes(platform, changes, tmp_path):
    """What signs is the gate alone: a refusal with its words changed is not believed."""
    model = tmp_path / "model.json"
    model.write_text(json.dumps({**MODEL, "shadow_period_s": 0}))
    liar = Liar(changes.daemon, changed(verdict="allow", reason="ok_grant"))
    try:
        assert platform.start("--model", model, url=liar.url, wait=0.5).finish() == 3
    finally:
        liar.close()
    assert platform.said[-1]["reason"] == "bad_signature" and not platform.did()


def test_another_key_than_the_pinned_one_is_not_believed(platform):
    assert platform.start(key="A" * 43 + "=", wait=0.3).finish() == 3
    assert platform.said[-1]["reason"] == "bad_signature" and not platform.did()


def test_a_gate_that_is_away_is_no_yes(platform):
    assert platform.start(url="http://127.0.0.1:9", wait=0.3).finish() == 3
    assert platform.said[-1]["reason"] == "gate_unavailable" and not platform.did()
