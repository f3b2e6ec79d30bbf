"""A backup while people work, and the way back: restore, two admins, runs that ask."""
import os
import shutil
import sqlite3
import stat
import subprocess
import threading

import pytest
from harness.daemon import bin_folder, environment
from process import wait_until


@pytest.fixture(scope="module")
def make_production(make_world, tmp_path_factory):
    """With a checkpoint outside."""
    def make():
        outside = tmp_path_factory.mktemp("outside")
        return make_world(edges=2, checkpoint_file=outside / "checkpoint", signing_key=f"file:{outside / 'key'}")
    return make


@pytest.fixture(scope="module")
def world(make_production):
    return make_production()


@pytest.fixture
def own(make_production):
    """For what leaves another history behind."""
    return make_production()


def redbuttond(world, *words, **more):
    flags = [str(word) for name, value in world.daemon.settings.items()
             for word in (f"--{name.replace('_', '-')}", value)]
    return subprocess.run([bin_folder() / "redbuttond", *map(str, words), *flags], capture_output=True, text=True,
                          timeout=60, env=environment(**more), check=False)


def verify(file):
    return subprocess.run([bin_folder() / "redbuttond", "--verify", "--db", file, "--checkpoint", f"{file}.checkpoint"],
                          capture_output=True, text=True, timeout=60, env=environment(), check=False)


def accept(world, first, second):
    settings = {f"RB_{name.upper()}": str(value) for name, value in world.daemon.settings.items()}
    return subprocess.run([bin_folder() / "redbutton", "audit", "accept-restore", "--reason", "the disk died",
                           "--first-token-file", first, "--second-token-file", second],
                          capture_output=True, text=True, timeout=60, env=environment(**settings), check=False)


def second_admin(world):
    people = world.people
    people.add("dora", "sre-team", ["admin"])
    return people.admin.daemon.admin_token_file, people.token_file("dora")


class Load:
    """People who do not stop working."""

    def __init__(self, world):
        self.world, self.is_over, self.done, self.failed = world, False, 0, []
        self.thread = threading.Thread(target=self._work)

    def _work(self):
        while not self.is_over:
            reply = self.world.daemon.post("/api/v1/persons", {"name": f"p{self.done}", "team": "load"},
                                           token=self.world.people.token("admin"))
            if reply.status != 201:
                self.failed.append(reply)
            self.done += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.thread.join()


def test_a_backup_under_load_is_whole_and_nobody_notices(world, tmp_path):
    file = tmp_path / "night.backup"
    with Load(world) as load:
        wait_until(lambda: load.done > 2, "people to work")
        before = load.done
        answer = world.people.admin.json("backup", file)
        wait_until(lambda: load.done > before, "them to go on")
    assert not load.failed and load.done > before
    assert answer["file"] == str(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not list(tmp_path.glob("*.part*"))
    done = verify(file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sqlite3.connect(f"file:{file}?mode=ro", uri=True).execute(
        "SELECT outcome FROM audit WHERE action = 'backup.create'").fetchall() == [("intent",)]
    records = world.people.admin.json("audit", "list", "--action", "backup.create")
    assert [record["outcome"] for record in records] == ["ok", "intent"]


def test_a_backup_overwrites_nothing_and_takes_an_admin_on_the_host(world, tmp_path):
    file = tmp_path / "b"
    file.write_text("mine")
    assert world.people.admin.fails("backup", file).code == 5
    assert file.read_text() == "mine"
    assert world.people.alice.fails("backup", tmp_path / "c").code == 4
    reply = world.daemon.post("/api/v1/backups", {"file": str(tmp_path / "d")}, token=world.people.token("admin"))
    assert (reply.status, reply.json["code"]) == (403, "forbidden")
    for bad in ("relative", "/tmp/../etc/x", "/tmp/x/"):
        reply = world.daemon.post("/api/v1/backups", {"file": bad}, token=world.people.token("admin"), unix=True)
        assert (reply.status, reply.json["field"]) == (400, "file"), bad
    failed = world.people.admin.fails("backup", "/no/such/directory/b")
    assert "/no/such/directory/b" in failed.err and "remedy: name a file in a folder" in failed.err
    assert world.people.admin.json("audit", "list", "--action", "backup.create")[0]["outcome"] == "failed"
    assert not (tmp_path / "c").exists() and not (tmp_path / "d").exists()


def test_after_a_restore_two_admins_accept_and_an_open_run_asks(own, tmp_path):
    world = own
    world.activate("paper-set.lua", "paper/set")
    first, second = second_admin(world)
    server = world.server()
    run = world.run("paper/set", f"server={server}", "hold=10m")["id"]
    wait_until(lambda: [row["state"] for row in world.journal(run)] == ["CONFIRMED"] * 2, "both weights")
    waiting = world.run("paper/set", f"server={server}", "to=10")["id"]
    assert world.show(waiting)["state"] == "QUEUED"
    file = tmp_path / "b"
    world.people.admin.ok("backup", file)
    world.people.alice.ok("execution", "abort", waiting)
    world.people.alice.ok("execution", "rollback", run, "--no-follow")
    world.wait(run, "ROLLED_BACK")

    refused = redbuttond(world, "--restore", file)
    assert refused.returncode == 5 and "another daemon" in refused.stderr
    world.daemon.stop()
    done = redbuttond(world, "--restore", file)
    assert done.returncode == 0, done.stderr
    assert "those of its checkpoint" in done.stdout
    kept = next(world.daemon.data_dir.glob("redbutton.db.replaced-*"))
    assert sqlite3.connect(kept).execute("SELECT state FROM execution WHERE id = ?", (run,)).fetchone() == ("ROLLED_BACK",)

    with pytest.raises(RuntimeError):
        world.daemon.start()
    assert "accept-restore" in world.daemon.log
    done = accept(world, first, second)
    assert done.returncode == 0, done.stderr
    world.daemon.start()
    now = world.wait(run, "PAUSED")
    assert now["reason"] == "in_doubt" and "older database" in now["message"]
    assert world.wait(waiting, "CANCELED")["message"].startswith("an older database")
    world.people.alice.ok("execution", "resume", run)
    world.people.alice.ok("execution", "rollback", run, "--no-follow")
    world.wait(run, "ROLLED_BACK")
    world.daemon.restart()
    assert not list(world.daemon.data_dir.glob("*.restor*"))
    started = world.people.dora.json("audit", "list", "--action", "daemon.start")
    assert [record["record"]["detail"].get("restored") for record in started][:2] == [None, True]


def test_a_backup_that_is_not_whole_is_refused_and_nothing_changes(world, tmp_path):
    good = tmp_path / "good"
    world.people.admin.ok("backup", good)
    world.daemon.stop()
    before = (world.daemon.data_dir / "redbutton.db").read_bytes()

    changed = tmp_path / "changed"
    shutil.copy(good, changed)
    database = sqlite3.connect(changed)
    database.execute("DROP TRIGGER audit_no_update")
    database.execute("UPDATE audit SET actor_id = 'nobody' WHERE seq = 5")
    database.commit()
    database.close()
    torn = tmp_path / "torn"
    torn.write_bytes(good.read_bytes()[:20000])
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    older = tmp_path / "older"
    shutil.copy(good, older)
    database = sqlite3.connect(older)
    database.execute("DROP TRIGGER audit_no_delete")
    database.execute("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)")
    database.commit()
    database.close()
    shutil.copy(f"{good}.checkpoint", f"{older}.checkpoint")
    newer = tmp_path / "newer"
    shutil.copy(good, newer)
    database = sqlite3.connect(newer)
    database.execute("UPDATE schema_version SET version = 99 WHERE room = 'safety'")
    database.commit()
    database.close()

    for bad in (changed, torn, empty, older, newer, tmp_path / "missing"):
        done = redbuttond(world, "--restore", bad)
        assert done.returncode != 0, bad
        assert (world.daemon.data_dir / "redbutton.db").read_bytes() == before, bad
        assert not list(world.daemon.data_dir.glob("*.restor*")), bad
    assert "safety has schema 99" in redbuttond(world, "--restore", newer).stderr
    world.daemon.start()


def test_a_restore_without_a_database_is_possible(world, tmp_path):
    """The last of this file: it leaves no daemon that starts."""
    file = tmp_path / "b"
    world.people.admin.ok("backup", file)
    first, second = second_admin(world)
    world.daemon.stop()
    for path in world.daemon.data_dir.glob("redbutton.db*"):
        os.unlink(path)
    done = redbuttond(world, "--restore", file)
    assert done.returncode == 0, done.stderr
    assert "kept" not in done.stdout
    assert accept(world, first, second).returncode != 0, "dora is of later than the backup"
