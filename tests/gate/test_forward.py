"""The gate of a production host: nothing runs there without a grant or a follow-up that is owed, whatever becomes of
the daemon, the way to it, the clocks, or the answers."""
import itertools
import json
import os
import time

import pytest
from harness.asker import Asker
from harness.changes import Changes, host_identity
from harness.forward import SLOW_S, Forward, Way
from harness.gate_socket import SocketAsker

THERE = host_identity(88)
ARGV = ("/usr/bin/systemctl", "restart")
numbers = itertools.count(1)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may ask for another account")


@pytest.fixture(scope="module")
def changes(make_world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("forward")
    world = make_world(gate_key=f"file:{folder}/gate.key")
    changes = Changes(world.daemon, world.people)
    changes.folder, changes.key = folder, (folder / "gate.key.pub").read_text().strip()
    world.people.admin.ok("target", "add", "there", "--kind", "host", "--address", THERE, "--environment", "production",
                          "--service", "shop", "--label", "gate=gate-1")
    changes.asker = Asker(changes)
    return changes


@pytest.fixture(scope="module")
def way(changes):
    way = Way(changes.daemon)
    yield way
    way.close()


@pytest.fixture(scope="module")
def forward(changes, way):
    forward = Forward(changes.folder, way, changes.people.token_file("gate-1"), changes.key, THERE).start()
    yield forward
    forward.stop()


@pytest.fixture
def asker(forward, way):
    asker = SocketAsker(forward.socket)
    yield asker
    asker.close()
    way.mode, way.ask, way.spoil = "up", lambda path, body: body, lambda path, body, answer: answer


@pytest.fixture
def unit():
    return f"unit-{next(numbers)}"


@pytest.fixture
def approve(changes):
    made = []

    def make(unit):
        name = changes.file(changes.step(*ARGV, unit, targets=["there"]))
        changes.submit(name)
        changes.approve_all(name)
        made.append(name)
        return name

    yield make
    for name in made:
        for run in changes.asker.get(f"/api/v1/gate/runs?change={name}").json["items"]:
            if run["state"] == "started":
                assert changes.asker.post(f"/api/v1/gate/runs/{run['id']}/end", {"status": 256}).status == 204
        for verb in ("cancel", "done", "close"):
            changes.do("alice", name, verb, {} if verb == "done" else {"reason": "the test is over"})


@pytest.fixture
def emergency(changes):
    incident = changes.people.carol.json("incident", "open", "the shop answers nothing", "--severity", 1)["name"]
    started = changes.people.alice.json("emergency", "start", "--scope", "host:there", "--incident", incident, "--ttl", "30m",
                                        "--reason", "the shop answers nothing, and the unit must be restarted")
    yield started["name"]
    changes.people.alice.run("emergency", "end", started["name"])
    changes.people.bob.ok("follow-up", "close", started["name"], "--verdict", "justified", "--note", "a test of the gate")


def follow_ups(changes):
    return {one["emergency"] for one in changes.people.vera.json("follow-up", "list", "--open")}


def wait_for(what, seconds=60):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)


# --- what spoils the way ---

def turn_back_clock(path, body):
    if "/gate/decide" not in path:
        return body
    asked = json.loads(body)
    return json.dumps({**asked, "ts": "2020-01-01T00:00:00.000000Z"}).encode()


def say_allow(path, body, answer):
    if "/gate/decide" not in path:
        return answer
    told = json.loads(answer)
    return json.dumps({**told, "verdict": "allow", "reason": "ok_grant", "run": "01J00000000000000000000000"}).encode()


def unsigned(path, body, answer):
    told = json.loads(answer)
    told.pop("sig", None)
    told.pop("attestation", None)
    return json.dumps(told).encode()


class Stale:
    """The first good answer, told again later: signed, of this very question, and over."""
    kept = None

    def __call__(self, path, body, answer):
        if "/gate/decide" in path:
            self.kept = self.kept or answer
            return 200, self.kept
        return answer


WAYS = ["up", "slow", "down", "lying", "unsigned", "clock", "stale"]


def spoil(way, how):
    way.mode = {"slow": "slow", "down": "cut"}.get(how, "up")
    way.spoil = {"lying": say_allow, "unsigned": unsigned, "stale": Stale()}.get(how, way.spoil)
    way.ask = turn_back_clock if how == "clock" else way.ask


REFUSALS = {"slow": "gate_unavailable", "down": "gate_unavailable", "lying": "bad_signature", "unsigned": "bad_signature",
            "clock": "clock_skew", "stale": "policy_stale"}


@pytest.mark.parametrize("what", ["grant", "none", "emergency"])
@pytest.mark.parametrize("how", WAYS)
def test_no_cell_allows_without_a_grant_or_a_follow_up(request, asker, changes, way, approve, unit, how, what):
    if what == "grant":
        approve(unit)
    elif what == "emergency":
        request.getfixturevalue("emergency")
    spoil(way, how)
    asked = asker.request(*ARGV, unit)
    began = time.monotonic()
    answer = asker.ask("decide", **asked)
    if how == "stale":
        time.sleep(5.5)
        answer = asker.ask("decide", **asked)
    assert time.monotonic() - began < SLOW_S + (5.5 if how == "stale" else 0), "it waited for the answer"
    if how == "up":
        expected = {"grant": "ok_grant", "none": "no_change", "emergency": "ok_emergency"}[what]
    else:
        expected = REFUSALS[how]
        if how == "stale" and what == "none":
            expected = "no_change"  # a no does not have to be fresh
    assert answer["reason"] == expected, answer
    allowed = answer["verdict"] == 0
    assert allowed == (how == "up" and what != "none")
    if allowed and what == "grant":
        runs = changes.asker.get(f"/api/v1/gate/runs?change={answer['change']}").json["items"]
        assert [run["id"] for run in runs] == [answer["run"]]
    if allowed and what == "emergency":
        assert follow_ups(changes) and answer["must"] & 1
        assert asker.ask("end", run=answer["run"], status=0, recording="", recording_sha256="", recording_bytes=0,
                         is_recording_whole=0)["kind"] == "noted"


# --- the sealed code ---

def test_the_sealed_code_opens_once_and_is_owed(asker, changes, forward, way, unit):
    code = forward.new_code()
    # While the daemon answers, the code is only a wrong key.
    assert asker.decide(*ARGV, unit, typed_key=code)["reason"] == "no_change"
    way.mode = "cut"
    assert asker.decide(*ARGV, unit)["reason"] == "gate_unavailable"
    assert asker.decide(*ARGV, unit, typed_key="AAAAA-AAAAA-AAAAA-AAAAA-AAAAA")["reason"] == "gate_unavailable"
    assert asker.decide(*ARGV, unit, typed_key=code, env=["LD_PRELOAD=/tmp/x.so"])["reason"] == "gate_unavailable"
    assert forward.glass.stat().st_mode & 0o777 == 0o600 and code not in forward.glass.read_text()
    answer = asker.decide(*ARGV, unit, typed_key=code.lower())
    assert (answer["verdict"], answer["reason"]) == (0, "ok_emergency") and answer["must"] & 1 and answer["must"] & 8
    assert [record["kind"] for record in forward.records()][-1] == "glass" and not forward.glass.exists()
    assert code not in forward.spool.read_text()
    assert asker.decide(*ARGV, unit, typed_key=code)["reason"] == "gate_unavailable"
    assert asker.ask("heartbeat", run=answer["run"])["kind"] == "noted"
    assert asker.ask("end", run=answer["run"], status=0, recording="/r", recording_sha256="0" * 64, recording_bytes=5,
                     is_recording_whole=1)["kind"] == "noted"
    before = follow_ups(changes)
    way.mode = "up"
    wait_for(lambda: follow_ups(changes) - before)
    owed = (follow_ups(changes) - before).pop()
    runs = lambda: {run["id"]: run for run in changes.asker.get("/api/v1/gate/runs").json["items"]}
    wait_for(lambda: runs().get(answer["run"], {}).get("state") == "ended")
    run = runs()[answer["run"]]
    assert run["emergency"] == owed and run["person"] == "alice" and run["recording"] == "/r"
    changes.people.bob.ok("follow-up", "close", owed, "--verdict", "justified", "--note", "a test of the sealed code")


def test_the_end_of_a_run_is_kept_while_the_daemon_is_away(asker, changes, forward, way, approve, unit):
    name = approve(unit)
    run = asker.decide(*ARGV, unit)["run"]
    way.mode = "cut"
    assert asker.ask("heartbeat", run=run)["kind"] == "noted"
    told = dict(run=run, status=256, recording="", recording_sha256="", recording_bytes=0, is_recording_whole=0)
    assert asker.ask("end", **told)["kind"] == "noted"
    assert forward.records()[-1]["run"] == run
    way.mode = "up"
    shown = lambda: changes.asker.get(f"/api/v1/gate/runs?change={name}").json["items"][0]["state"]
    wait_for(lambda: shown() == "ended")


def test_records_hold_together(forward):
    records = forward.records()
    assert [record["seq"] for record in records] == list(range(1, len(records) + 1))
    assert len({record["chain"] for record in records}) == 1


def test_a_record_that_was_changed_is_not_taken(changes):
    def spool(record, who="gate-1"):
        return changes.asker.post("/api/v1/gate/spool", {"record": json.dumps(record, sort_keys=True, separators=(",", ":"))}, who)

    record = {"chain": "01J00000000000000000000001", "kind": "end", "prev": "", "seq": 1, "target": THERE,
              "run": "01J00000000000000000000002", "status": 0, "at_us": 1}
    assert spool(record).json == {"gap": False}
    assert spool(record).json == {"gap": False}
    assert spool({**record, "status": 1}).status == 409
    assert spool({**record, "seq": 3}).json == {"gap": True}
    assert spool({**record, "chain": "01J00000000000000000000003", "target": host_identity(1)}).status == 200
    changes.people.add("gate-9", "sre-team", ["agent"])
    assert spool({**record, "chain": "01J00000000000000000000004"}, "gate-9").status == 403


def test_a_step_comes_through_with_its_bytes(asker, changes):
    text = "#!/bin/sh\necho hi\n"
    name = changes.file({"kind": "script", "argv": ["hi.sh"], "targets": ["there"],
                         "contents": [{"role": "script", "name": "hi.sh", "sha256": changes.content(text), "mode": 0o755}]})
    step = asker.ask("fetch", change=name, step=1, phase="")
    assert step["kind"] == "script" and asker.contents() == [text.encode()]
    assert asker.ask("fetch", change="CHG-99", step=1, phase="")["kind"] == "fault"
    assert asker.ask("fetch", change="../persons", step=1, phase="")["kind"] == "fault"


def test_a_revocation_reaches_who_watches(asker, changes, forward, unit):
    name = changes.file(changes.step(*ARGV, unit, targets=["there", "web-2"]))
    changes.submit(name)
    changes.approve_all(name)
    first, second = asker.decide(*ARGV, unit), changes.asker.decide(*ARGV, unit, target=host_identity(2))
    assert (first["reason"], second["reason"]) == ("ok_grant", "ok_grant"), (first, second)
    run, other = first["run"], second["run"]
    watcher = SocketAsker(forward.socket, timeout=20)
    assert watcher.ask("watch", run=run)["kind"] == "noted"
    assert changes.asker.post(f"/api/v1/gate/runs/{other}/end", {"status": 256}).status == 204
    stop = watcher.hear()
    assert stop["kind"] == "stop" and "a command failed" in stop["message"]
    asker.socket.settimeout(20)
    assert asker.hear()["kind"] == "stop"
    watcher.close()
    assert asker.ask("end", run=run, status=15, recording="", recording_sha256="", recording_bytes=0, is_recording_whole=0)["kind"] == "noted"
    changes.do("alice", name, "close", {"reason": "the test is over"})


@pytest.mark.parametrize("words, remedy", [
    (["--gate", "http://gate.example:7433"], "https://"),
    (["--gate", "http://127.0.0.1:1/x/"], "no more"),
    (["--gate", "ftp://x"], ""),
    (["--gate"], "redbuttond --gate"),
])
def test_a_gate_that_is_asked_wrongly_does_not_start(words, remedy, tmp_path):
    import subprocess
    from harness.daemon import bin_folder, environment
    done = subprocess.run([bin_folder() / "redbuttond", *words, "--gate-public-key", "AAAA", "--gate-identity", THERE,
                           "--gate-socket", str(tmp_path / "s"), "--gate-spool", str(tmp_path / "p")],
                          capture_output=True, text=True, env=environment(), timeout=30, check=False)
    assert done.returncode != 0 and remedy in done.stderr, done.stderr
