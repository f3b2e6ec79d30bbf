"""A database of the first release, with work in it, under the program of today."""
import sqlite3
import subprocess

import pytest
from harness.daemon import ROOT, Daemon, bin_folder, environment

OLD = ROOT / "tests" / "data" / "schema-1.sql"  # dumped from a daemon of then; it is never made anew
# What a start does not touch by itself: every row stays as it was, in the columns of then.
KEPT = ("audit", "audit_checkpoint", "person", "person_group", "plan_graph", "plan_version_editor", "preview", "target",
        "notify_hook", "approval_decision", "effect", "execution_node", "execution_sample", "execution_command")
# What time and the engine go on with: every row is still there.
ALIVE = {"approval": "id", "execution": "id", "notify_event": "id", "person_grant": "id", "person_token": "id",
         "plan_version": "id", "safety_item": "id"}


def columns(database, table):
    return [row[1] for row in database.execute(f"PRAGMA table_info({table})")]


def rows(database, table, names):
    return set(database.execute(f"SELECT {', '.join(names)} FROM {table}"))


@pytest.fixture
def old(tmp_path):
    """The old database in its place, and what was in it."""
    daemon = Daemon(tmp_path / "daemon")
    daemon.data_dir.mkdir(mode=0o700)
    database = sqlite3.connect(daemon.data_dir / "redbutton.db")
    database.executescript(OLD.read_text())
    database.commit()
    database.execute("PRAGMA journal_mode = WAL")
    names = {table: columns(database, table) for table in (*KEPT, *ALIVE)}
    before = {table: rows(database, table, names[table]) for table in KEPT}
    before |= {table: rows(database, table, [key]) for table, key in ALIVE.items()}
    database.close()
    yield daemon, names, before
    daemon.stop()


def test_all_that_was_there_is_there(old):
    daemon, names, before = old
    daemon.start()
    assert daemon.stop() == 0
    database = sqlite3.connect(daemon.data_dir / "redbutton.db")
    for table in KEPT:
        assert before[table], f"the old database has something in {table}"
        assert before[table] <= rows(database, table, names[table]), table
    for table, key in ALIVE.items():
        assert before[table] <= rows(database, table, [key]), table
    versions = dict(database.execute("SELECT room, version FROM schema_version"))
    assert versions["lib/server"] >= 1, "it was not there then"
    database.close()
    done = subprocess.run([bin_folder() / "redbuttond", "--verify", "--db", daemon.data_dir / "redbutton.db"],
                          capture_output=True, text=True, timeout=60, env=environment(), check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_daemon_shows_it_as_it_showed_then(old):
    daemon, _, _ = old
    daemon.start()
    runs = {run["params"]["server"]: run["state"] for run in
            daemon.get("/api/v1/executions", unix=True).json["items"] if run["action"] == "apply"}
    assert (runs["s1"], runs["s2"], runs["s4"]) == ("SUCCEEDED", "SUCCEEDED", "PAUSED")
    items = daemon.get("/api/v1/effects", unix=True).json["items"]
    assert sorted(item["register"] for item in items) == sorted(
        f"edge-{edge} haproxy.weight checkout/{server}" for edge in (1, 2) for server in ("s1", "s4"))
    for run in daemon.get("/api/v1/executions", unix=True).json["items"]:
        assert daemon.get(f"/api/v1/executions/{run['id']}", unix=True).status == 200


def test_it_is_copied_first_and_the_audit_tells(old):
    daemon, _, before = old
    daemon.start()
    (copy,) = daemon.data_dir.glob("redbutton.db.before-*")
    assert copy.stat().st_mode & 0o777 == 0o600
    saved = sqlite3.connect(copy)
    assert rows(saved, "audit", columns(saved, "audit")) == before["audit"]
    assert not saved.execute("SELECT 1 FROM schema_version WHERE room = 'lib/server'").fetchone()
    saved.close()
    assert daemon.stop() == 0
    database = sqlite3.connect(daemon.data_dir / "redbutton.db")
    (told,) = database.execute("SELECT bytes FROM audit WHERE action = 'database.upgrade'").fetchall()
    assert b'"lib/server":{"from":0,"to":1}' in told[0] and copy.name.encode() in told[0]
    database.close()
    daemon.start()
    assert len(list(daemon.data_dir.glob("redbutton.db.before-*"))) == 1, "the second start upgrades nothing"


def test_a_newer_database_is_refused_with_both_versions_and_the_remedy(old):
    daemon, _, _ = old
    database = sqlite3.connect(daemon.data_dir / "redbutton.db")
    database.execute("UPDATE schema_version SET version = 41 WHERE room = 'people'")
    database.commit()
    database.close()
    before = (daemon.data_dir / "redbutton.db").read_bytes()
    with pytest.raises(RuntimeError):
        daemon.start()
    assert "newer release: people has schema 41, this program" in daemon.log
    assert "restore a backup made by this one" in daemon.log
    assert (daemon.data_dir / "redbutton.db").read_bytes() == before
    assert not list(daemon.data_dir.glob("redbutton.db.before-*"))
