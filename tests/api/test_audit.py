"""The audit over HTTP and the command line: who may read it, that reading is recorded, pages, the
feed, exports and what verifies them, an older file put back."""
import base64
import json
import shutil
import socket
import sqlite3
import subprocess
import sys
import time

import pytest
from harness.daemon import ROOT, bin_folder, environment
from harness.people import People

SCRIPT = ROOT / "docs" / "verify-export.py"
ORIGIN = "redbutton.test/audit"


@pytest.fixture
def signed(make_daemon, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    daemon = make_daemon(checkpoint_file=outside / "checkpoint", signing_key=f"file:{outside / 'key'}", origin=ORIGIN)
    daemon.outside = outside
    return daemon


@pytest.fixture
def token(daemon):
    return daemon.admin_token_file.read_text().strip()


def read(daemon, token, path):
    reply = daemon.get(path, token=token)
    assert reply.status == 200, reply.body
    return reply.json


def newest(daemon, token, action):
    return read(daemon, token, f"/api/v1/audit?limit=1&action={action}")["items"][0]


def fill(daemon, token, count):
    """That many reads, each a record."""
    for _ in range(count):
        read(daemon, token, "/api/v1/audit?limit=1")


# --- reading ---

def test_only_an_auditor_or_admin_reads_it(daemon):
    people = People(daemon, only=["vera"])
    for path in ("/api/v1/audit", "/api/v1/audit/1", "/api/v1/audit/export", "/api/v1/audit/checkpoint"):
        assert daemon.get(path, token=people.token("vera")).status == 403
        assert daemon.get(path).status == 401


@pytest.mark.parametrize("path,detail", [
    ("/api/v1/audit?limit=3&subject=admin", {"limit": 3, "subject": "admin"}),
    ("/api/v1/audit/2", {"seq": 2}),
])
def test_reading_is_recorded(daemon, token, path, detail):
    read(daemon, token, path)
    record = read(daemon, token, "/api/v1/audit?limit=1")["items"][0]["record"]
    assert record["action"] == "audit.read"
    assert record["detail"] == detail
    assert record["actor"]["name"] == "admin"


def test_every_piece_of_an_export_is_recorded_also_one_from_the_middle(daemon, token):
    assert daemon.get("/api/v1/audit/export?after=1", token=token).status == 200
    assert newest(daemon, token, "audit.export")["record"]["detail"]["after"] == 1


def test_pages_reach_the_first_record_without_a_gap(daemon, token):
    fill(daemon, token, 12)
    seen, path = [], "/api/v1/audit?limit=5"
    while path:
        page = read(daemon, token, path)
        seen += [item["seq"] for item in page["items"]]
        path = f"/api/v1/audit?limit=5&before={page['next_before']}" if "next_before" in page else None
    assert seen == list(range(seen[0], 0, -1))


def test_filters_by_action_actor_and_subject(daemon, token):
    People(daemon, only=["vera"])
    items = read(daemon, token, "/api/v1/audit?action=person.create&limit=10")["items"]
    assert {item["action"] for item in items} == {"person.create"}
    subject = items[0]["subject"]
    assert {item["subject"] for item in read(daemon, token, f"/api/v1/audit?subject={subject}")["items"]} == {subject}
    assert read(daemon, token, "/api/v1/audit?actor=nobody")["items"] == []


@pytest.mark.parametrize("path", [
    "/api/v1/audit?limit=0", "/api/v1/audit?limit=501", "/api/v1/audit?before=0", "/api/v1/audit?before=x",
    "/api/v1/audit?colour=red", "/api/v1/audit/0", "/api/v1/audit/abc", "/api/v1/audit/99999999999999999999",
    "/api/v1/audit/export?after=-1", "/api/v1/events?since=-1"])
def test_bad_input_is_refused(daemon, token, path):
    assert daemon.get(path, token=token).status == 400


def test_a_record_that_does_not_exist_is_not_found(daemon, token):
    assert daemon.get("/api/v1/audit/999999", token=token).status == 404


# --- the feed ---

def dechunk(raw):
    """The bytes of the chunks that are whole."""
    text = b""
    while b"\r\n" in raw:
        size, _, rest = raw.partition(b"\r\n")
        if len(rest) < int(size, 16) + 2:
            break
        text, raw = text + rest[:int(size, 16)], rest[int(size, 16) + 2:]
    return text


class Feed:
    """The events of one stream, read with a time-out."""

    def __init__(self, daemon, token, path="/api/v1/events", headers=""):
        self.socket = socket.create_connection(("127.0.0.1", daemon.port), timeout=10)
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost:{daemon.port}\r\n"
                            f"Authorization: Bearer {token}\r\n{headers}\r\n".encode())
        self.raw = b""
        while b"\r\n\r\n" not in self.raw:
            self.raw += self.socket.recv(65536)
        self.head, _, self.raw = self.raw.partition(b"\r\n\r\n")
        assert b" 200 " in self.head and b"chunked" in self.head, self.head

    def whole(self):
        return [json.loads(event.partition(b"\ndata: ")[2]) for event in dechunk(self.raw).split(b"\n\n")[:-1]
                if b"\ndata: " in event]

    def events(self, count, seconds=10):
        self.socket.settimeout(0.2)
        end = time.monotonic() + seconds
        while time.monotonic() < end and len(self.whole()) < count:
            try:
                self.raw += self.socket.recv(65536)
            except TimeoutError:
                continue
        return self.whole()

    def close(self):
        self.socket.close()


def test_an_event_comes_with_its_commit_and_without_session_or_address(daemon, token):
    feed = Feed(daemon, token)
    began = time.monotonic()
    fill(daemon, token, 1)
    events = feed.events(1)
    took = time.monotonic() - began
    feed.close()
    assert [event["action"] for event in events] == ["audit.read"]
    assert set(events[0]["actor"]) == {"id", "kind", "name"}
    assert took < 5, "it did not come with its commit"


@pytest.mark.parametrize("how", ["since", "header"])
def test_a_stream_goes_on_behind_the_last_event_it_saw(daemon, token, how):
    fill(daemon, token, 10)
    last = newest(daemon, token, "audit.read")["seq"]
    feed = Feed(daemon, token, "/api/v1/events" + ("?since=4" if how == "since" else ""),
                "Last-Event-ID: 4\r\n" if how == "header" else "")
    events = feed.events(last - 4)
    feed.close()
    assert [event["seq"] for event in events][:last - 4] == list(range(5, last + 1))


def test_a_long_backlog_comes_whole_and_in_order(daemon, token):
    fill(daemon, token, 450)
    last = newest(daemon, token, "audit.read")["seq"]
    feed = Feed(daemon, token, "/api/v1/events?since=0")
    events = feed.events(last, 20)
    feed.close()
    assert [event["seq"] for event in events][:last] == list(range(1, last + 1))


def test_a_stream_of_one_subject_has_nothing_else(daemon, token):
    feed = Feed(daemon, token, "/api/v1/events?since=0&subject=audit")
    fill(daemon, token, 3)
    events = feed.events(3)
    feed.close()
    assert {event["subject"]["id"] for event in events} == {"audit"}


def test_a_stream_from_beyond_the_end_waits(daemon, token):
    feed = Feed(daemon, token, f"/api/v1/events?since={2**63 - 1}")
    fill(daemon, token, 2)
    assert feed.events(1, 1) == []
    feed.close()
    assert daemon.is_alive()


# --- exports ---

def script(*words):
    return subprocess.run([sys.executable, SCRIPT, *map(str, words)], capture_output=True, text=True, timeout=60,
                          check=False)


def verify(daemon, *words):
    done = subprocess.run([bin_folder() / "redbuttond", "--verify", *map(str, words), "--json"], capture_output=True,
                          text=True, timeout=60, env=environment(), check=False)
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
def export(signed, tmp_path):
    """A daemon that was stopped once, so that all is covered, and its export."""
    people = People(signed, only=["vera"])
    signed.restart()
    path = tmp_path / "export.jsonl"
    people.admin.ok("audit", "export", path)
    return path


def test_an_export_verifies_with_the_daemons_program_and_with_the_script(signed, export):
    key = signed.outside / "key.pub"
    code, told = verify(signed, "--export", export, "--key", key, "--checkpoint", signed.outside / "checkpoint")
    assert code == 0, told
    assert told["signatures"] == 1
    assert told["outside_compared"] is True
    done = script(export, key, signed.outside / "checkpoint")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"verified: {told['records']} records\n"


def with_note(lines, change):
    """The last line, with its note changed by change(text)."""
    note = json.loads(lines[-1])
    return lines[:-1] + [json.dumps({**note, "checkpoint": change(note["checkpoint"])}).encode() + b"\n"]


def edited(line, **members):
    """A record that says something else, canonical as before."""
    return json.dumps({**json.loads(line), **members}, separators=(",", ":"), sort_keys=True,
                      ensure_ascii=False).encode() + b"\n"


def changes(lines):
    middle, last = len(lines) // 2, len(lines) - 1
    yield "version", lines[:3] + [lines[3].replace(b'"v":1', b'"v":2')] + lines[4:]
    yield "action", lines[:3] + [edited(lines[3], action="plan.add")] + lines[4:]
    yield "time", lines[:middle] + [edited(lines[middle], at_us=1)] + lines[middle + 1:]
    yield "actor", lines[:1] + [edited(lines[1], actor={})] + lines[2:]
    yield "outcome", lines[:last - 1] + [edited(lines[last - 1], outcome="denied")] + lines[last:]
    yield "a space", lines[:5] + [lines[5].replace(b":", b": ", 1)] + lines[6:]
    yield "a bit of the first", [lines[0][:20] + bytes([lines[0][20] ^ 1]) + lines[0][21:]] + lines[1:]
    yield "number", lines[:6] + [edited(lines[6], seq=8)] + lines[7:]
    yield "first deleted", lines[1:]
    yield "deleted", lines[:3] + lines[4:]
    yield "twice", lines[:3] + [lines[2]] + lines[3:]
    yield "swapped", lines[:3] + [lines[4], lines[3]] + lines[5:]
    yield "renumbered", lines[:3] + [edited(line, seq=4 + at) for at, line in enumerate(lines[4:last])] + lines[last:]
    yield "cut", lines[:-1]
    yield "cut in a line", lines[:-1] + [lines[-1][:-3]]
    yield "shorter", lines[:-2] + lines[-1:]
    yield "empty", []
    yield "only the note", lines[-1:]
    yield "more behind it", lines + [lines[0]]
    yield "two notes", lines + lines[-1:]
    yield "signature", lines[:-1] + [lines[-1][:-9] + bytes([lines[-1][-9] ^ 1]) + lines[-1][-8:]]
    yield "no signature", with_note(lines, lambda note: note.partition("\n\n")[0] + "\n\n")
    yield "another log", with_note(lines, lambda note: note.replace(ORIGIN, "other.test/audit"))
    yield "another size", with_note(lines, lambda note: note.replace(f"\n{last}\n", f"\n{last - 1}\n"))
    yield "another root", with_note(lines, lambda note: note.replace(note.split("\n")[2], "A" * 43 + "="))


def test_a_changed_export_verifies_with_neither(signed, export):
    lines = export.read_bytes().splitlines(keepends=True)
    tampers = dict(changes(lines))
    assert len(tampers) >= 20
    for what, changed in tampers.items():
        assert changed != lines, what
        export.write_bytes(b"".join(changed))
        code, told = verify(signed, "--export", export, "--key", signed.outside / "key.pub")
        assert (code, told["verified"]) == (9, False), what
        done = script(export, signed.outside / "key.pub")
        assert done.returncode != 0, what
        assert done.stderr.startswith("NOT verified: "), (what, done.stderr)


def test_an_export_verifies_with_no_other_key(signed, export, tmp_path):
    name, _, key = (signed.outside / "key.pub").read_text().strip().split("+", 2)
    other = tmp_path / "other.pub"
    other.write_text(f"{name}+00000000+{key}\n")
    assert script(export, other).returncode != 0
    flipped = base64.b64decode(key)[:-1] + bytes([base64.b64decode(key)[-1] ^ 1])
    other.write_text(f"{name}+{(signed.outside / 'key.pub').read_text().split('+')[1]}+{base64.b64encode(flipped).decode()}\n")
    assert script(export, other).returncode != 0


def test_the_script_is_short_enough_to_be_read():
    assert len(SCRIPT.read_text().splitlines()) <= 100


# --- the file behind the daemon's back ---

def files(daemon):
    return ("--db", daemon.data_dir / "redbutton.db", "--checkpoint", daemon.outside / "checkpoint",
            "--key", daemon.outside / "key")


def test_verify_looks_at_a_running_and_at_a_stopped_daemons_file(signed):
    code, told = verify(signed, *files(signed))
    assert code in (0, 6), told  # the first checkpoint is made within a minute
    assert signed.stop() == 0
    code, told = verify(signed, *files(signed))
    assert code == 0, told
    assert told["checkpoint_size"] == told["records"]


def test_a_changed_record_is_named(signed):
    signed.stop()
    with sqlite3.connect(signed.data_dir / "redbutton.db") as db:
        db.execute("DROP TRIGGER audit_no_update")
        db.execute("UPDATE audit SET subject_id = 'mallory' WHERE seq = 2")
    db.close()
    code, told = verify(signed, *files(signed))
    assert (code, told["bad_seq"]) == (9, 2)
    assert "subject_id" in told["message"]


def test_an_older_file_is_refused_and_two_admins_accept_it(signed, tmp_path):
    people = People(signed, only=[])
    for name in ("dora", "emil"):
        people.add(name, "sre-team", ["admin"])
    signed.stop()
    older = tmp_path / "older.db"
    shutil.copy(signed.data_dir / "redbutton.db", older)
    signed.start()
    people.admin.ok("person", "add", "eve")
    signed.stop()
    shutil.copy(older, signed.data_dir / "redbutton.db")
    with pytest.raises(RuntimeError):
        signed.start()
    assert "accept-restore" in signed.log

    def accept(first, second):
        settings = {f"RB_{name.upper()}": str(value) for name, value in signed.settings.items()}
        return subprocess.run([bin_folder() / "redbutton", "audit", "accept-restore", "--reason", "disk died",
                               "--first-token-file", first, "--second-token-file", second],
                              capture_output=True, text=True, timeout=60, env=environment(**settings), check=False)

    dora, emil = people.token_file("dora"), people.token_file("emil")
    assert accept(dora, dora).returncode == 4
    done = accept(dora, emil)
    assert done.returncode == 0, done.stderr
    signed.start()
    record = newest(signed, dora.read_text().strip(), "audit.accept-restore")["record"]
    assert record["detail"]["reason"] == "disk died"
