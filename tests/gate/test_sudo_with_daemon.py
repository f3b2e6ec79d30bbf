"""The real sudo with the plugin, and a real redbuttond behind its socket: from the change to the command and back."""
import contextlib
import json
import os
import time

import pytest
from harness import sudo
from harness.changes import at
from harness.cli import Cli
from harness.forward import Forward, Way
from harness.production import HERE, Production
from process import wait_until

CALENDAR = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\n{}END:VCALENDAR\r\n"
EVENT = "BEGIN:VEVENT\r\nUID:now\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Sales\r\nDTSTART:{}\r\nDTEND:{}\r\nEND:VEVENT\r\n"


@pytest.fixture(scope="module")
def production(make_world, shared_box):
    """alice's account in the box is alice's at the gate, by the peer's uid."""
    production = Production(make_world)
    production.people.admin.ok("peer", "map", str(sudo.UID), "alice")
    yield production
    production.close()


@pytest.fixture
def box(shared_box, production):
    """Both halves of the plugin ask the daemon, and believe only what it signed."""
    shared_box.sudoers(sudo.SUDOERS)
    shared_box.plugin(socket=production.path, public_key=production.hex_key, record_dir=shared_box.folder / "recordings")
    return shared_box


@pytest.fixture
def marks(production):
    """A folder of root's, where a command of the test leaves its mark."""
    folder = production.host.folder / f"marks-{len(list(production.host.folder.iterdir()))}"
    folder.mkdir()
    return folder


def at_root(production, *argv, **more):
    return production.step(*argv, **{"runas": "root", **more})


class Rcm(Cli):
    PROGRAM = "rcm-client"


def rcm(production, who):
    return Rcm(production.daemon, production.people.token_file(who))


def refused(done, *texts):
    assert done.code == 1 and done.out == "", done
    for text in texts:
        assert text in done.err, done


# --- what needs no change, and what does ---

def test_a_proved_read_passes(box, production):
    done = box.sudo("id", "-u")
    assert (done.code, done.out, done.err) == (0, "0\n", "")


@pytest.mark.parametrize("words, message", [
    (["touch", "{mark}"], "no change covers it (it changes something)"),
    (["bash", "-c", "touch $(echo {mark})"], "no change covers it (it is not proved to read only)"),
])
def test_what_no_change_covers_is_refused(box, marks, words, message):
    mark = marks / "mark"
    done = box.sudo(*[word.format(mark=mark) for word in words])
    assert (done.code, done.out) == (1, "")
    assert done.err == f"rcm: review[10 no_change]: {message}\nfile one: rcm new\n"
    assert not mark.exists()


# --- the approved bytes, once ---

def test_exactly_what_was_approved_runs_once_and_is_kept(box, production, approve, marks):
    mark = marks / "a b"
    name = approve(at_root(production, "/usr/bin/touch", str(mark)))
    for other in (f"{mark}c", str(mark).replace("a b", "a c")):
        refused(box.sudo("touch", other), "review[10 no_change]")
        named = box.sudo("touch", other, env={"RCM_CHANGE": name})
        refused(named)
        assert named.err == (f'rcm: deny[14 fingerprint_mismatch] {name}: argument 1 is "{other}", and "{mark}" was approved\n')
    assert list(marks.iterdir()) == [] and production.runs(name) == []

    done = box.sudo("touch", str(mark))
    assert (done.code, done.out, done.err) == (0, "", "") and mark.exists()
    mark.unlink()
    again = box.sudo("touch", str(mark))
    assert again.err == f"rcm: deny[14 used_up] {name} step 1: it was run as often as it may be\n" and again.code == 1
    assert not mark.exists()

    run, = production.runs(name)
    assert (run["state"], run["status"], run["person"], run["target"]) == ("ended", 0, "alice", "here"), run
    assert run["is_recording_whole"] and os.path.getsize(run["recording"]) == run["recording_bytes"]
    header = json.loads(open(run["recording"], encoding="utf-8").readline())
    assert header["rcm"] == {**header["rcm"], "change": name, "run": run["id"]}
    shown, = production.changes.show(name)["runs"]
    assert (shown["id"], shown["recording_sha256"]) == (run["id"], run["recording_sha256"])
    assert "verified" in production.world.verify_audit()


def test_the_end_of_a_command_is_told_as_it_was(box, production, approve, marks):
    name = approve(at_root(production, "/usr/bin/bash", "-c", f"touch {marks}/x; exit 7"))
    assert box.sudo("bash", "-c", f"touch {marks}/x; exit 7").code == 7
    assert [(run["state"], run["status"]) for run in production.runs(name)] == [("ended", 7 << 8)]


def test_another_account_than_the_approved_one_is_refused(box, production, approve, marks):
    name = approve(at_root(production, "/usr/bin/touch", str(marks / "x")))
    done = box.sudo("-u", "alice", "touch", str(marks / "x"), env={"RCM_CHANGE": name})
    refused(done, "deny[14 fingerprint_mismatch]", "it would run as alice, and root was approved")
    assert box.sudo("touch", str(marks / "x"), user="root").code == 1, "root is nobody's account"
    assert production.runs(name) == []


# --- the terminal ---

def test_a_step_without_input_runs_from_a_terminal_and_reads_nothing_of_it(box, production, approve, marks):
    name = approve(at_root(production, "/usr/bin/tee", str(marks / "x")))
    code, shown = box.terminal("tee", str(marks / "x"), typed=[("", b"evil\n")])
    assert code == 0, shown
    assert (marks / "x").read_text() == ""
    assert [run["status"] for run in production.runs(name)] == [0]


def test_what_comes_by_a_pipe_was_not_approved(box, production, approve, marks):
    name = approve(at_root(production, "/usr/bin/tee", str(marks / "x")))
    read, write = os.pipe()
    os.write(write, b"evil\n")
    os.close(write)
    done = box.sudo("tee", str(marks / "x"), env={"RCM_CHANGE": name}, stdin=read)
    os.close(read)
    refused(done, "deny[14 fingerprint_mismatch]", "approved without standard input", "< /dev/null")
    assert not (marks / "x").exists() and production.runs(name) == []


def test_a_proved_read_keeps_the_terminal(box, production, marks):
    (marks / "x").write_text("ready\n")
    code, shown = box.terminal("cat", str(marks / "x"), "-", typed=[("ready", b"mirror\n"), ("mirror\r\nmirror", b"\x04")])
    assert code == 0 and shown.count("mirror") == 2, shown


def test_a_session_keeps_the_terminal_and_so_do_its_steps(box, production, approve, marks):
    """sudo does not say what a command inside reads: a session is approved with its terminal, and recorded."""
    box.intercept()
    name = approve(at_root(production, "/usr/bin/bash", "--norc", kind="shell", irreversible_reason="a session"),
                   at_root(production, "/usr/bin/touch", str(marks / "x")))
    code, shown = box.terminal("bash", "--norc", typed=[("#", f"touch {marks}/x; echo done-$?\n".encode()),
                                                        ("done-0", f"touch {marks}/y; echo done-$?\n".encode()),
                                                        ("done-126", b"exit 4\n")])
    assert code == 4 and os.listdir(marks) == ["x"], shown
    runs = sorted(production.runs(name), key=lambda run: run["step"])
    assert [(run["step"], run["state"]) for run in runs] == [(1, "ended"), (2, "ended")]
    assert f"touch {marks}/x" in open(runs[0]["recording"], encoding="utf-8").read()


# --- what ends a command ---

@contextlib.contextmanager
def running(box, production, approve, **more):
    """A granted command that would go on for minutes."""
    name = approve(at_root(production, "/usr/bin/bash", "-c", "echo up; sleep 300; echo on", **more))
    process = box.start_sudo("bash", "-c", "echo up; sleep 300; echo on")
    try:
        assert process.stdout.readline() == b"up\n", process.stderr.read()
        yield name, process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_who_stops_a_run_ends_what_it_is(box, production, approve):
    with running(box, production, approve) as (name, process):
        run, = production.runs(name)
        path = f"/api/v1/gate/runs/{run['id']}/stop"
        assert production.changes.ask("vera", "POST", path, {"reason": "I only look"}).status == 403
        assert process.poll() is None
        rcm(production, "bob").ok("run", "stop", run["id"], "--reason", "it is the wrong host")
        done = box.finish(process)
        assert production.changes.ask("bob", "POST", path, {"reason": "once more"}).status == 409
    assert done.code != 0 and "on" not in done.out, done
    assert f"rcm: deny[14 revoked] {name} step 1: stopped by bob: it is the wrong host" in done.err, done
    run, = production.runs(name)
    assert run["state"] == "ended" and run["status"] & 0x7F, run
    assert production.changes.show(name)["verdict"] == "failed"
    refused(box.sudo("bash", "-c", "echo up; sleep 300; echo on"), "deny[14 used_up]")


def test_a_change_that_was_cancelled_runs_no_more(box, production, approve, marks):
    name = approve(at_root(production, "/usr/bin/touch", str(marks / "x")))
    assert production.changes.do("alice", name, "cancel", {"reason": "it is the wrong host"}).status == 200
    refused(box.sudo("touch", str(marks / "x")), f"deny[14 revoked] {name} step 1: ", "the change was cancelled")
    assert not (marks / "x").exists()


@pytest.fixture
def freeze(production, tmp_path):
    """freeze(*flags): from now on for an hour, until the test is over."""
    def put(*flags):
        stamp = lambda minutes: at(minutes).replace("-", "").replace(":", "")
        path = tmp_path / "now.ics"
        path.write_text(CALENDAR.format(EVENT.format(stamp(-1), stamp(60))), encoding="utf-8", newline="")
        production.people.admin.ok("calendar", "add", "now", path, *flags)
    yield put
    production.people.admin.run("calendar", "remove", "now", "--yes")


def test_a_freeze_refuses_what_was_approved_before_it(box, production, approve, freeze, marks):
    name = approve(at_root(production, "/usr/bin/touch", str(marks / "x")))
    freeze()
    refused(box.sudo("touch", str(marks / "x")), f"rcm: deny[12 frozen] {name} step 1: frozen by Sales (now)")
    assert not (marks / "x").exists() and production.runs(name) == []
    assert box.sudo("id", "-u").out == "0\n", "to look is no change"


def test_a_freeze_that_kills_ends_what_runs(box, production, approve, freeze):
    with running(box, production, approve) as (name, process):
        freeze("--overrun", "kill")
        done = box.finish(process)
    assert done.code != 0 and "on" not in done.out and f"rcm: deny[14 revoked] {name} step 1: " in done.err, done


# --- commands inside a command ---

@pytest.fixture
def inside(box):
    box.intercept()
    return box


def test_what_a_granted_command_starts_is_judged_in_its_run(inside, production, approve, marks):
    """A proved read is covered; what changes something needs a grant of its own, and then is a run beside the first."""
    text = f"id -u; touch {marks}/x; echo $?; mkdir {marks}/y; echo $?"
    name = approve(at_root(production, "/usr/bin/bash", "-c", text), at_root(production, "/usr/bin/touch", f"{marks}/x"))
    done = inside.sudo("bash", "-c", text)
    assert (done.code, done.out) == (0, "0\n0\n126\n"), done
    assert "deny[14 fingerprint_mismatch]" in done.err and os.listdir(marks) == ["x"]
    runs = sorted(production.runs(name), key=lambda run: run["step"])
    assert [(run["step"], run["state"], run["status"]) for run in runs] == [(1, "ended", 0), (2, "ended", 0)]


def test_a_script_runs_from_its_approved_copy_by_rcm_below_sudo(box, production, approve, marks):
    """rcm asks for itself, so it may run below sudo; what the script starts is within the run that rcm watches."""
    program = production.host.rcm
    box.sudoers(f"Defaults intercept\nDefaults!{program} !intercept\n" + sudo.SUDOERS)
    text = f"#!/bin/sh\nid -u\ntouch {marks}/x | cat\necho done\n"
    script = {"kind": "script", "contents": [{"role": "script", "name": "fix.sh", "mode": 0o755,
                                              "sha256": production.changes.content(text)}]}
    name = approve(at_root(production, "fix.sh", path="", **script))
    recordings, config = marks / "recordings", marks / "rcm.conf"
    recordings.mkdir(0o700)
    config.write_text(f"socket = {production.path}\ngate-key = {production.hex_key}\nrecordings = {recordings}\n")
    words = [str(program), "exec", "--config", str(config), name, "--step", "1"]
    done = box.sudo(*words)
    assert (done.code, done.out) == (0, "0\ndone\n") and (marks / "x").exists(), done
    run, = production.runs(name)
    assert (run["state"], run["status"], run["person"]) == ("ended", 0, "alice"), run
    again = box.sudo(*words)
    assert again.code == 125 and "used_up" in again.err
    refused(box.sudo(str(program), "approve", name), "deny[15 opaque]")


def test_a_script_on_disk_is_not_its_approved_copy(box, production, approve, marks):
    file = marks / "fix.sh"
    text = f"#!/bin/sh\ntouch {marks}/x\n"
    file.write_text(text)
    file.chmod(0o755)
    script = {"kind": "script", "contents": [{"role": "script", "name": "fix.sh", "mode": 0o755,
                                              "sha256": production.changes.content(text)}]}
    name = approve(at_root(production, "fix.sh", path="", **script))
    refused(box.sudo(str(file), env={"RCM_CHANGE": name}), f"deny[14 content_mismatch] {name}: ",
            f"rcm exec {name} --step 1")
    assert not (marks / "x").exists()


# --- an emergency ---

BLINDS = ("systemctl", "stop", "auditd")


@pytest.fixture
def emergency(production):
    incident = production.people.carol.json("incident", "open", "everything is down", "--severity", 1)["name"]
    started = production.people.alice.json("emergency", "start", "--scope", "host:here", "--incident", incident, "--ttl", "30m",
                                           "--reason", "the audit daemon fills the disk of this host")
    yield started["name"]
    production.people.alice.run("emergency", "end", started["name"])
    production.people.carol.run("follow-up", "close", started["name"], "--verdict", "justified",
                                "--note", "it was needed, and it helped")


def newest_run(production):
    return production.asker.get("/api/v1/gate/runs").json["items"][0]


def test_an_emergency_needs_no_change_and_is_recorded(box, production, emergency, marks):
    done = box.sudo("touch", str(marks / "x"))
    assert (done.code, done.err) == (0, "") and (marks / "x").exists(), done
    run = newest_run(production)
    assert (run["emergency"], run["state"], run["status"]) == (emergency, "ended", 0) and run["is_recording_whole"], run


def test_what_an_emergency_does_not_skip_needs_the_key_of_a_second_person(box, production, emergency):
    box.plugin(socket=production.path, public_key=production.hex_key, record_dir=box.folder / "recordings", interactive="yes")
    before = newest_run(production)["id"]
    refused(box.sudo(*BLINDS), "deny[11 rule:SYS-003]", "a second person types their key")
    for wrong in ("rb_nonsense", production.people.token("alice")):
        code, shown = box.terminal(*BLINDS, typed=[("second key", wrong.encode() + b"\n")])
        assert code == 1 and "second key" in shown and wrong not in shown
    assert newest_run(production)["id"] == before
    key = production.people.token("bob")
    code, shown = box.terminal(*BLINDS, typed=[("second key", key.encode() + b"\n")])
    run = newest_run(production)
    assert run["emergency"] == emergency and run["state"] == "ended" and key not in shown, (run, shown)


def test_no_key_is_asked_for_where_none_would_do(box, production, marks):
    box.plugin(socket=production.path, public_key=production.hex_key, record_dir=box.folder / "recordings", interactive="yes")
    for words in (BLINDS, ("touch", str(marks / "x"))):
        code, shown = box.terminal(*words)
        assert code == 1 and "no_change" in shown and "second key" not in shown


# --- the daemon away ---

def test_without_the_daemon_nothing_runs_and_with_it_again_it_does(box, production, approve, marks):
    name = approve(at_root(production, "/usr/bin/touch", str(marks / "x")))
    assert production.daemon.stop() == 0
    try:
        for words in (("id", "-u"), ("touch", str(marks / "x"))):
            began = time.monotonic()
            refused(box.sudo(*words), "rcm: deny[20 gate_unavailable]: ")
            assert time.monotonic() - began < 10
    finally:
        production.daemon.start()
    assert not (marks / "x").exists() and production.runs(name) == []
    assert box.sudo("id", "-u").out == "0\n"
    assert box.sudo("touch", str(marks / "x")).code == 0 and (marks / "x").exists()
    wait_until(lambda: production.runs(name)[0]["state"] == "ended", "the end of the run")
    assert "verified" in production.world.verify_audit()


# --- a production host: the daemon is elsewhere ---

@pytest.fixture(scope="module")
def way(production):
    way = Way(production.daemon)
    yield way
    way.close()


@pytest.fixture(scope="module")
def forward(production, way, tmp_path_factory):
    """redbuttond --gate, to which alice's account here is alice's by the daemon's map."""
    assert production.asker.put(f"/api/v1/gate/accounts/@all/{sudo.UID}", {"person": "alice"}).status == 200
    token = production.people.token_file("gate-1")
    forward = Forward(tmp_path_factory.mktemp("forward"), way, token, production.public_key, HERE).start()
    yield forward
    assert forward.stop() in (0, None)


@pytest.fixture
def far(box, production, forward, way):
    box.plugin(socket=forward.socket, public_key=production.hex_key, record_dir=box.folder / "recordings")
    yield box
    way.mode = "up"


def test_a_host_that_asks_another_runs_what_was_approved_at_its_terminal(far, production, approve, marks):
    name = approve(at_root(production, "/usr/bin/tee", str(marks / "x")))
    refused(far.sudo("tee", str(marks / "y")), "review[10 no_change]")
    code, shown = far.terminal("tee", str(marks / "x"), typed=[("", b"evil\n")])
    assert code == 0 and (marks / "x").read_text() == "", shown
    assert [(run["state"], run["status"], run["person"]) for run in production.runs(name)] == [("ended", 0, "alice")]
    refused(far.sudo("tee", str(marks / "x")), f"deny[14 used_up] {name} step 1: ")


def test_who_stops_a_run_ends_it_on_another_host(far, production, approve):
    with running(far, production, approve) as (name, process):
        run, = production.runs(name)
        rcm(production, "bob").ok("run", "stop", run["id"], "--reason", "it is the wrong host")
        done = far.finish(process)
    assert done.code != 0 and "on" not in done.out and "stopped by bob: it is the wrong host" in done.err, done
    wait_until(lambda: production.runs(name)[0]["state"] == "ended", "the end of the run")


def test_out_of_reach_the_sealed_code_opens_one_command(far, production, forward, way, marks):
    """A key that is pinned refuses it: nothing signed it."""
    code = forward.new_code()
    far.plugin(socket=forward.socket, record_dir=far.folder / "recordings", interactive="yes")
    way.mode = "cut"
    refused(far.sudo("touch", str(marks / "x")), "deny[20 gate_unavailable]")
    done, shown = far.terminal("touch", str(marks / "x"), typed=[("second key", code.encode() + b"\n")])
    assert done == 0 and (marks / "x").exists() and code not in shown, shown
    done, shown = far.terminal("touch", str(marks / "y"), typed=[("second key", code.encode() + b"\n")])
    assert done == 1 and not (marks / "y").exists(), shown
