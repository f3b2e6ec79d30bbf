"""What may let something run stands in rows beside the log: a hand in any of them is found by
`redbuttond --verify`, and the record that says otherwise is named."""
import json
import shutil
import sqlite3
import subprocess

import pytest
from harness.daemon import bin_folder, environment
from harness.plans import approve_waiting
from harness.world import World

TAMPERS = {
    # name: (SQL, action of the record that is named, words of the message)
    "an execution that failed says it succeeded":
        ("UPDATE execution SET state = 'FAILED' WHERE id = :run", "execution.state", "state"),
    "an execution's message": ("UPDATE execution SET message = 'all fine' WHERE id = :run", "execution.state", "message"),
    "who asked for it": ("UPDATE execution SET requested_by = 'X' WHERE id = :run", "execution.create", "requested_by"),
    "its parameters": ("UPDATE execution SET params = '{}' WHERE id = :run", "execution.create", "params"),
    "its deadline": ("UPDATE execution SET within_ms = within_ms + 1 WHERE id = :run", "execution.create", "within_ms"),
    "its approval, taken away": ("UPDATE execution SET approval_id = NULL WHERE id = :run", "execution.create", "approval_id"),
    "another graph": ("UPDATE execution SET graph_digest = 'sha256:' || hex(zeroblob(32)) WHERE id = :run",
                      "execution.state", "graph_digest"),
    "an execution that never was":
        ("INSERT INTO execution SELECT 'FORGED', plan, version_id, version_number, graph_digest, kind, action, mode,"
         " params, state, reason, message, why, requested_by, requested_name, preview_id, restores_id, approval_id,"
         " reading, is_undo, rollback_at_deadline, has_exceptions, is_phase_rollback, within_ms, deadline_at_us,"
         " expires_ms, on_expiry, created_at_us, started_at_us, ended_at_us, changed_at_us, version, owner, epoch,"
         " attempts, command_seq FROM execution WHERE id = :run", None, "FORGED"),
    "an execution, gone": ("PRAGMA foreign_keys = OFF; DELETE FROM execution WHERE id = :run", "execution.create", "not there"),
    "an approval that was used waits again":
        ("UPDATE approval SET state = 'APPROVED' WHERE subject_id = :run", "approval.use", "state"),
    "an approval of something else":
        ("UPDATE approval SET subject_digest = 'sha256:00' WHERE subject_id = :run", "approval.open", "subject_digest"),
    "an approval that needs fewer":
        ("UPDATE approval SET levels = '[]' WHERE subject_id = :run", "approval.open", "levels"),
    "an approval that excludes nobody":
        ("UPDATE approval SET excluded = '[]' WHERE subject_id = :run", "approval.open", "excluded"),
    "an approval that lasts longer":
        ("UPDATE approval SET expires_at_us = expires_at_us + 1 WHERE subject_id = :run", "approval.open", "expires_at_us"),
    "what the approver was shown":
        ("UPDATE approval SET reading = '{}' WHERE subject_id = :run", "approval.open", "reading"),
    "a decision turned round":
        ("UPDATE approval_decision SET decision = 'reject' WHERE approval_id = :approval", "approval.decide", "decision"),
    "a decision of another person":
        ("UPDATE approval_decision SET person_id = 'X' WHERE approval_id = :approval", "approval.decide", "person_id"),
    "a decision over another digest":
        ("UPDATE approval_decision SET digest = 'x' WHERE approval_id = :approval", "approval.decide", "digest"),
    "a decision, gone":
        ("DELETE FROM approval_decision WHERE approval_id = :approval", "approval.decide", "not there"),
    "a decision that nobody took":
        ("INSERT INTO approval_decision SELECT 'FORGED', approval_id, 'Y', level, decision, digest, reason,"
         " decided_at_us, for_person_id, delegation_id FROM approval_decision WHERE approval_id = :approval", None, "FORGED"),
    "the bytes of the graph":
        ("UPDATE plan_graph SET bytes = CAST(replace(CAST(bytes AS TEXT), '50', '51') AS BLOB)", "execution.create",
         "not what its digest says"),
    "the digest of the graph":
        ("UPDATE plan_graph SET digest = 'sha256:00' WHERE digest ="
         " (SELECT graph_digest FROM execution WHERE id = :run)", "preview.create", "not there"),
    "the class of the graph": ("UPDATE plan_graph SET class = 'R0'", "preview.create", "class"),
    "the plan's text":
        ("UPDATE plan_version SET script = script || ' '", "plan.activate", "not the one of its digest"),
    "a module of the plan":
        ("UPDATE plan_version SET modules = '{\"x\":\"y\"}'", "plan.activate", "not the one of its digest"),
    "the plan's manifest": ("UPDATE plan_version SET manifest = '{}'", "plan.add", "manifest"),
    "the plan's state": ("UPDATE plan_version SET state = 'RETIRED'", "plan.activate", "state"),
    "the text and its digest": ("UPDATE plan_version SET digest = 'sha256:00'", "plan.activate", "digest"),
    "what the preview read": ("UPDATE preview SET reading = '{}'", "preview.create", "reading"),
    "what an effect would be undone to":
        ("UPDATE effect SET baseline = '\"7\"' WHERE execution_id = :run", "effect.outcome", "baseline"),
    "an effect's outcome": ("UPDATE effect SET state = 'NOOP' WHERE execution_id = :run", "effect.outcome", "state"),
    "which register an effect wrote":
        ("UPDATE effect SET register = register + 1 WHERE execution_id = :run", "effect.outcome", "register"),
    "an effect, gone": ("DELETE FROM effect WHERE execution_id = :run", "effect.intent", "not there"),
}


def verify(database):
    done = subprocess.run([bin_folder() / "redbuttond", "--verify", "--db", database, "--json"], capture_output=True,
                          text=True, timeout=60, env=environment(), check=False)
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """The file of a daemon after one approved run and one that was rejected; with their ids."""
    folder = tmp_path_factory.mktemp("rows")
    world = World(folder, environment_name="production")
    try:
        world.activate("paper-set.lua", "paper/set")
        run = world.run("paper/set", f"server={world.server()}", "to=50")
        approve_waiting(world.people)
        world.wait(run["id"], "SUCCEEDED")
        other = world.run("paper/set", f"server={world.server()}", "to=40")
        world.people.bob.ok("approval", "reject", other["approval"], "--reason", "not today")
        world.wait(other["id"], "REJECTED")
        world.people.alice.ok("execution", "rollback", run["id"])
        names = {"run": run["id"], "approval": run["approval"]}
    finally:
        world.close()
    return world.daemon.data_dir / "redbutton.db", names


def test_what_the_daemon_wrote_is_what_its_log_says(ended):
    code, told = verify(ended[0])
    assert (code, told["verified"]) == (0, True), told
    assert told["records"] > 40


@pytest.mark.parametrize("what", TAMPERS)
def test_a_changed_row_is_found_and_named(ended, tmp_path, what):
    statements, action, words = TAMPERS[what]
    database = tmp_path / "redbutton.db"
    shutil.copy(ended[0], database)
    with sqlite3.connect(database) as db:
        for statement in statements.split("; "):
            done = db.execute(statement, {key: value for key, value in ended[1].items() if f":{key}" in statement})
        assert done.rowcount > 0, "nothing was changed"
    code, told = verify(database)
    assert (code, told["verified"]) == (9, False)
    assert words in told["message"]
    named = db.execute("SELECT action FROM audit WHERE seq = ?", (told.get("bad_seq"),)).fetchone()
    assert (named and named[0]) == action, told["message"]
    db.close()
