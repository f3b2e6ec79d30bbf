"""A run that must be recorded: asciicast, whole, and its digest told with the end."""
import hashlib
import json
import os

import pytest
from harness import sudo_gate as g


@pytest.fixture
def recorded(box, gate):
    gate.answer = lambda ask: g.grant(ask, must=g.PARENT | g.RECORD)
    return box


def read(path):
    header, *events = [json.loads(line) for line in open(path, encoding="utf-8")]
    return header, events


def shown(events, kind="o"):
    return "".join(text for _, each, text in events if each == kind)


def test_the_recording_is_there_whole_and_told(recorded, gate, shared_box):
    done = recorded.sudo("sh", "-c", "echo out; echo err >&2")
    assert done.code == 0
    end, = gate.ends
    header, events = read(end["recording"])
    assert header["version"] == 2 and header["rcm"]["run"] == "RUN-1" and header["rcm"]["change"] == "CHG-12"
    assert shown(events) in ("out\nerr\n", "err\nout\n")
    assert [text for _, kind, text in events if kind == "m"] == ["start sh -c echo out; echo err >&2", "end exit 0"]
    data = open(end["recording"], "rb").read()
    assert end["is_recording_whole"] == 1 and end["recording_bytes"] == len(data)
    assert end["recording_sha256"] == hashlib.sha256(data).hexdigest()
    state = os.stat(end["recording"])
    assert (state.st_uid, state.st_mode & 0o777) == (0, 0o600)
    assert os.stat(shared_box.folder / "recordings").st_mode & 0o777 == 0o700


def test_a_terminal_is_recorded_both_ways(recorded, gate):
    code, screen = recorded.terminal("sh", "-c", "echo question; read answer; echo got $answer",
                                     typed=[("question", b"blue\n")])
    assert code == 0 and "got blue" in screen
    _, events = read(gate.ends[0]["recording"])
    assert "blue" in shown(events, "i") and "got blue" in shown(events)


def test_a_secret_typed_at_a_prompt_is_masked(recorded, gate):
    recorded.terminal("sh", "-c", "stty -echo; printf 'Password: '; read answer; stty echo; echo; echo ok",
                      typed=[("Password: ", b"hunter2\n")])
    data = open(gate.ends[0]["recording"], encoding="utf-8").read()
    assert "hunter2" not in data and "<masked:" in data


def test_a_folder_that_others_can_look_into_records_nothing_and_runs_nothing(recorded, gate, shared_box):
    folder = shared_box.folder / "open"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    recorded.plugin(socket=gate.path, record_dir=folder)
    done = recorded.sudo("echo", "ran")
    assert done.code == 1 and done.out == "" and "not this account's alone" in done.err
    assert gate.ends[0]["status"] == 126 << 8 and gate.ends[0]["recording"] == ""


def test_a_recording_that_cannot_be_written_ends_the_command(recorded, gate, shared_box):
    """A file system of one page fills up."""
    import subprocess
    folder = shared_box.folder / "full"
    folder.mkdir(exist_ok=True)
    enter = ["nsenter", f"--mount=/proc/{recorded.holder.pid}/ns/mnt"]
    subprocess.run([*enter, "mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", str(folder)], check=True)
    try:
        recorded.plugin(socket=gate.path, record_dir=folder)
        done = recorded.sudo("sh", "-c", "while :; do seq 1 10000; sleep 0.1; done")
    finally:
        subprocess.run([*enter, "umount", str(folder)], check=True)
    assert done.code != 0 and "its recording could not be written" in done.err
    assert gate.ends[0]["is_recording_whole"] == 0


def test_a_command_inside_is_recorded_with_the_one_around_it(box, gate):
    box.intercept()
    gate.answer = lambda ask: (g.inside(ask, must=g.RECORD) if ask["parent_run"]
                               else g.grant(ask, must=g.PARENT | g.RECORD))
    done = box.sudo("bash", "-c", "id -u; :")
    assert done.out == "0\n"
    _, events = read(gate.ends[0]["recording"])
    assert shown(events) == "0\n"


def test_a_command_inside_that_must_be_recorded_is_not_run_without(box, gate):
    box.intercept()
    gate.answer = lambda ask: g.inside(ask, must=g.RECORD) if ask["parent_run"] else g.grant(ask)
    done = box.sudo("bash", "-c", "id -u; echo $?; :")
    assert done.out == "126\n" and "the one around it is not" in done.err
