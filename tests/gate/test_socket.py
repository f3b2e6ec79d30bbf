"""The daemon's own socket: who asks is known by the kernel, contents come sealed, and what must stop is told."""
import itertools
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from harness.asker import Asker
from harness.changes import Changes, at, host_identity
from harness.gate import encode
from harness.gate_socket import SocketAsker

NOBODY = 65534
HERE = host_identity(77)
numbers = itertools.count(1)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may ask for another account")


@pytest.fixture(scope="module")
def changes(make_world, tmp_path_factory):
    path = tmp_path_factory.mktemp("gate") / "gate.sock"
    world = make_world(gate_socket=path, gate_identity=HERE, gate_key=f"file:{path.parent}/gate.key")
    changes = Changes(world.daemon, world.people)
    changes.path = path
    world.people.admin.ok("target", "add", "here", "--kind", "host", "--address", HERE, "--environment", "production",
                          "--service", "shop", "--label", "gate=gate-1")
    changes.asker = Asker(changes)
    return changes


@pytest.fixture
def asker(changes):
    asker = SocketAsker(changes.path)
    yield asker
    asker.close()


@pytest.fixture
def unit():
    return f"unit-{next(numbers)}"


@pytest.fixture
def approve(changes):
    made = []

    def make(*steps, **more):
        name = changes.file(*steps, **more)
        changes.submit(name)
        changes.approve_all(name)
        made.append(name)
        return name

    yield make
    for name in made:
        run = [run for run in changes.asker.get(f"/api/v1/gate/runs?change={name}").json["items"] if run["state"] == "started"]
        for one in run:
            assert changes.asker.post(f"/api/v1/gate/runs/{one['id']}/end", {"status": 256}).status == 204
        for verb in ("cancel", "done", "close"):
            changes.do("alice", name, verb, {} if verb == "done" else {"reason": "the test is over"})
        assert changes.show(name)["state"] in ("cancelled", "closed")


def exclusive(changes, unit, **more):
    return changes.step("/usr/bin/systemctl", "restart", unit, targets=["here"], **more)


def test_a_proved_read(asker):
    answer = asker.decide("/usr/bin/id")
    assert (answer["kind"], answer["verdict"], answer["reason"]) == ("verdict", 0, "ok_readonly")
    assert answer["is_signed"] == 1 and answer["must"] == 0 and answer["run"] == ""


def test_a_grant_is_taken_once_and_ends(asker, changes, approve, unit):
    name = approve(exclusive(changes, unit))
    argv = ("/usr/bin/systemctl", "restart", unit)
    answer = asker.decide(*argv)
    assert (answer["verdict"], answer["reason"], answer["change"]) == (0, "ok_grant", name), answer
    assert answer["must"] & 8 and answer["must"] & 1 and answer["lease_s"] == 60
    assert asker.decide(*argv)["reason"] == "used_up"
    assert asker.ask("heartbeat", run=answer["run"])["kind"] == "noted"
    ended = asker.ask("end", run=answer["run"], status=256, recording="", recording_sha256="", recording_bytes=0,
                      is_recording_whole=0)
    assert ended["kind"] == "noted"
    assert asker.ask("heartbeat", run=answer["run"])["kind"] == "stop"


def test_a_check_takes_nothing(asker, changes, approve, unit):
    approve(exclusive(changes, unit))
    request = asker.request("/usr/bin/systemctl", "restart", unit)
    assert asker.ask("check", **request)["reason"] == "ok_grant"
    assert asker.ask("decide", **request)["reason"] == "ok_grant"


def test_a_script_comes_sealed(asker, changes, approve, unit):
    text = f"#!/bin/sh\nsystemctl restart {unit}\n"
    sha256 = changes.content(text)
    name = approve({"kind": "script", "argv": ["fix.sh", "now"], "targets": ["here"],
                    "contents": [{"role": "script", "name": "fix.sh", "sha256": sha256, "mode": 0o755}]})
    step = asker.ask("fetch", change=name, step=1, phase="")
    assert (step["kind"], step["step"]) == ("script", 1) and step["exec"]["path"] == f"sha256:{sha256}"
    fd = asker.descriptors[0]
    with pytest.raises(OSError):
        os.write(fd, b"x")
    assert asker.contents() == [text.encode()]
    command = {**step["exec"], "env": ["PATH=/usr/bin"], "is_trusted": 0}
    request = {**asker.request("x"), "exec": command, "change": name, "step": 1}
    answer = asker.ask("decide", **request)
    assert answer["reason"] == "ok_grant" and answer["must"] & 2, answer
    other = {**command, "path": "sha256:" + "0" * 64, "contents": [(role, "0" * 64, size) for role, _, size in command["contents"]]}
    assert asker.ask("decide", **{**asker.request("x"), "exec": other, "change": name, "step": 1})["reason"] == "content_mismatch"
    # What a bound script starts is covered by its run; what is not trusted is not.
    child = asker.decide("/usr/bin/systemctl", "restart", unit, parent_run=answer["run"])
    assert child["reason"] == "ok_grant" and child["run"] == answer["run"], child
    assert asker.decide("/tmp/x", "y", parent_run=answer["run"], is_trusted=0)["verdict"] != 0


def test_an_edit_is_of_the_approved_files_alone(asker, changes, approve, unit):
    file = f"/etc/default/{unit}"
    name = approve({"kind": "edit", "path": "sudoedit", "argv": ["sudoedit", file], "targets": ["here"]})
    edit = {**asker.request("sudoedit", file)["exec"], "path": "sudoedit", "argv": ["sudoedit", file], "env": [], "stdin_kind": 2}

    def ask(kind="decide", **exec_):
        return asker.ask(kind, **{**asker.request("x"), "source": "sudo", "exec": {**edit, **exec_}, "change": name, "step": 1})
    assert ask(argv=["sudoedit", "/etc/shadow"])["reason"] == "fingerprint_mismatch"
    assert ask(path="/usr/bin/sudoedit")["reason"] == "fingerprint_mismatch"
    assert ask("check")["reason"] == "ok_grant"
    assert ask()["reason"] == "ok_grant"
    assert ask()["reason"] == "used_up"


def test_what_an_exec_step_starts_is_not_covered(asker, changes, approve, unit):
    approve(exclusive(changes, unit))
    run = asker.decide("/usr/bin/systemctl", "restart", unit)["run"]
    assert asker.decide("/usr/bin/id", parent_run=run)["reason"] == "ok_grant"
    assert asker.decide("/usr/bin/systemctl", "stop", unit, parent_run=run)["reason"] == "fingerprint_mismatch"
    assert asker.decide("/usr/bin/id", parent_run=run, user="bo", uid=1001)["reason"] == "session_state"
    assert asker.decide("/usr/bin/id", parent_run="01J00000000000000000000000")["reason"] == "session_state"


AS_NOBODY = """
import os, sys
sys.path.insert(0, {folder!r})
os.setgid({nobody}); os.setuid({nobody})
from harness.gate_socket import SocketAsker
asker = SocketAsker({path!r})
answer = asker.decide("/usr/bin/id", uid=int(sys.argv[1]), user=sys.argv[2])
print(answer["kind"], answer.get("reason") or answer.get("field"))
print(asker.hear() if answer["kind"] == "fault" else "-")
"""


@pytest.mark.parametrize("uid, user, mapped, said", [
    (1000, "li", False, ["fault actor_uid", "None"]),
    (NOBODY, "li", False, ["verdict actor_mismatch", "-"]),    # a name that somebody says of himself proves nothing
    (NOBODY, "li", True, ["verdict ok_readonly", "-"]),
])
def test_only_root_asks_for_another(changes, uid, user, mapped, said):
    changes.path.parent.parent.chmod(0o755)
    for folder in changes.path.parents:
        if os.stat(folder).st_uid == 0 and str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    code = AS_NOBODY.format(folder=tests, nobody=NOBODY, path=str(changes.path))
    if mapped:
        assert changes.asker.put("/api/v1/gate/accounts/here/nobody", {"person": "vera"}).status == 200
    done = subprocess.run([sys.executable, "-c", code, str(uid), user], capture_output=True, text=True, timeout=30, check=False)
    if mapped:
        assert changes.ask("admin", "DELETE", "/api/v1/gate/accounts/here/nobody").status == 204
    assert done.stdout.splitlines() == said, done.stderr


@pytest.mark.parametrize("packet", [b"", b"RCM1", b"RCM2\x01", b"RCM1\x07", b"RCM1\xff", os.urandom(2000), b"RCM1\x01" + b"\0" * 500])
def test_what_is_no_message_is_refused_and_hung_up_on(changes, packet):
    asker = SocketAsker(changes.path)
    asker.say(packet)
    answer = asker.hear()
    assert answer is None or answer["kind"] == "fault"
    asker.close()
    again = SocketAsker(changes.path)
    assert again.decide("/usr/bin/id")["reason"] == "ok_readonly"
    again.close()


@pytest.mark.parametrize("kind", ["decide", "check"])
@pytest.mark.parametrize("field", ["session", "tty", "user", "typed_key", "path", "cwd", "runas", "contents"])
def test_text_that_is_no_utf8_is_refused_by_its_name(changes, kind, field):
    """Nobody could be shown it, and JSON cannot hold it."""
    odd = b"/usr/bin/\xff\xfe"
    asker = SocketAsker(changes.path)
    more = {field: [(odd, "0" * 64, 1)] if field == "contents" else odd}
    answer = asker.ask(kind, **asker.request("/usr/bin/id", **more) | ({"exec": {**asker.request("/usr/bin/id")["exec"],
                       "path": odd}} if field == "path" else {}))
    named = {"user": "actor_user"}.get(field, field if field in ("session", "tty", "typed_key") else f"exec.{field}")
    assert (answer["kind"], answer["field"]) == ("fault", named), answer
    asker.close()
    again = SocketAsker(changes.path)
    assert again.decide("/usr/bin/id")["reason"] == "ok_readonly"
    assert again.ask("end", run="01M8QJT02KFZ5V4AFKE4MGJYWP", status=0, recording=odd, recording_sha256="",
                     recording_bytes=0, is_recording_whole=0)["field"] == "recording"
    again.close()


def test_too_much_is_refused(changes):
    asker = SocketAsker(changes.path)
    asker.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    asker.say(b"RCM1\x01" + b"x" * (193 * 1024))
    answer = asker.hear()
    assert answer is None or answer["kind"] == "fault"
    asker.close()


def test_the_same_question_twice_is_one_run(asker, changes, approve, unit):
    approve(exclusive(changes, unit))
    request = asker.request("/usr/bin/systemctl", "restart", unit)
    first, second = asker.ask("decide", **request), asker.ask("decide", **request)
    assert first == second and first["reason"] == "ok_grant"
    other = {**request, "is_strict": 1}
    assert asker.ask("decide", **other)["reason"] == "idempotency_conflict"


FREEZE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//tests//EN
BEGIN:VEVENT
UID:freeze
DTSTAMP:20260101T000000Z
DTSTART:{start}
DTEND:{end}
SUMMARY:双11
END:VEVENT
END:VCALENDAR
"""


def freeze(changes, minutes=0, overrun="kill"):
    def utc(offset):
        return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + offset * 60))
    body = {"name": "sales", "default": "open", "zone": "UTC", "selector": {"environment": "production"},
            "overrun": overrun, "grace_ms": 1000, "ics": FREEZE.format(start=utc(minutes - 1), end=utc(minutes + 60))}
    return changes.ask("admin", "POST", "/api/v1/calendars", body)


def thaw(changes):
    etag = changes.ask("admin", "GET", "/api/v1/calendars/sales").headers["ETag"]
    assert changes.ask("admin", "DELETE", "/api/v1/calendars/sales", If_Match=etag).status == 204


def test_a_freeze_stops_what_runs_and_lets_nothing_begin(asker, changes, approve, unit):
    approve(exclusive(changes, unit, max_runs=2))
    run = asker.decide("/usr/bin/systemctl", "restart", unit)["run"]
    watcher = SocketAsker(changes.path, timeout=30)
    assert watcher.ask("watch", run=run)["kind"] == "noted"
    made = freeze(changes)
    assert made.status == 201, made.body
    try:
        refused = asker.decide("/usr/bin/systemctl", "restart", unit)
        assert refused["reason"] == "frozen" and "双11" in refused["message"], refused
        asker.socket.settimeout(30)
        assert watcher.hear()["kind"] == "stop"
        stop = asker.hear()
        assert stop["kind"] == "stop" and stop["run"] == run and "calendar" in stop["message"]
        assert watcher.ask("watch", run=run)["kind"] == "stop"
    finally:
        thaw(changes)
    watcher.close()


def test_one_account_holds_so_many_connections(changes):
    """Root is not bounded by account, only by all."""
    askers = [SocketAsker(changes.path) for _ in range(40)]
    assert all(asker.decide("/usr/bin/id")["reason"] == "ok_readonly" for asker in askers)
    for asker in askers:
        asker.close()


def test_an_answer_that_nobody_waits_for_is_dropped(changes):
    for _ in range(20):
        asker = SocketAsker(changes.path)
        asker.say(encode("decide", **asker.request("/usr/bin/id")))
        asker.close()
    again = SocketAsker(changes.path)
    assert again.decide("/usr/bin/id")["reason"] == "ok_readonly"
    again.close()
