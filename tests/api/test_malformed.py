"""Malformed anything: 4xx, a problem that names what was wrong, and nothing changed.

Each operation of docs/openapi.json is asked rightly but for one thing (harness/mutate.py), then rightly.
RB_SEED draws other pairs of faults.
"""
import hashlib
import os
import sqlite3
import time

import pytest
from harness.asks import Asks
from harness.contract import contract
from harness.mutate import mutations

SEED = os.environ.get("RB_SEED", "1")
PROBLEM = "application/problem+json"
PULSE = "executor_life"     # the engine says every few seconds that it lives
# Asking them rightly is the business of other tests.
NOT_ENDED = {"get_events", "get_audit_checkpoint"}


@pytest.fixture(scope="module")
def asks(make_world):
    world = make_world(environment_name="lab")
    world.activate("paper-set.lua", "paper/set")
    world.activate("paper-gate.lua", "paper/gate")
    return Asks(world)


class Rows:
    """What the database holds: a digest of each table, and the audit's records."""

    def __init__(self, daemon):
        self.path = daemon.data_dir / "redbutton.db"

    def read(self):
        with sqlite3.connect(f"file:{self.path}?mode=ro", uri=True) as db:
            names = [name for name, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
            tables = {name: self._digest(db, name) for name in names if not name.startswith(("audit", "sqlite_", PULSE))}
            self.audit = list(db.execute("SELECT seq, action FROM audit ORDER BY seq"))
        db.close()
        return tables

    def read_at_rest(self):
        """When nothing has moved for a moment: what the operation before asked for goes on by itself."""
        now = self.read()
        for _ in range(40):
            time.sleep(0.1)
            last, now = now, self.read()
            if now == last:
                return now
        raise AssertionError("the daemon does not come to rest")

    @staticmethod
    def _digest(db, name):
        rows = hashlib.sha256()
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({name})") if row[1] not in ("used_at_us", "touched_at_us")]
        for row in db.execute(f"SELECT {', '.join(columns)} FROM {name} ORDER BY 1"):
            rows.update(repr(row).encode())
        return rows.hexdigest()


def complaint(wrong, reply):
    """What is wrong with the answer, or None."""
    if wrong.raw is not None and reply.status < 400 and wrong.method == "GET":
        return "a body was taken"
    if not 400 <= reply.status < 500:
        return f"answered {reply.status}: {reply.body[:300]!r}"
    if (reply.headers["Content-Type"] or "") != PROBLEM:
        return f"{reply.status} is {reply.headers['Content-Type']}"
    problem = reply.json
    named = problem.get("field", "")
    if wrong.field and wrong.field.lower() not in (named + " " + problem["detail"]).lower():
        return f"names {named!r}, not {wrong.field!r}: {problem['detail']}"
    if not named and not problem.get("place") and reply.status not in (404, 405):
        return f"names nothing: {problem['code']}: {problem['detail']}"
    return None


@pytest.mark.parametrize("name", [operation.id for operation in contract().operations])
def test_what_is_malformed_changes_nothing(asks, name):
    ask = asks.make(name)
    daemon, token = asks.world.daemon, asks.world.people.token(ask.who)
    rows = Rows(daemon)
    before = rows.read_at_rest()
    records = len(rows.audit)
    faults, count = [], 0
    for wrong in mutations(ask, asks, SEED):
        count += 1
        try:
            fault = complaint(wrong, wrong.send(daemon, token))
        except AssertionError as broken:
            fault = str(broken)[:300]
        if fault:
            faults.append(f"{wrong.what}: {fault}")
    after = rows.read()
    changed = [table for table in after if after[table] != before.get(table)]
    told = [action for _, action in rows.audit[records:] if action != "access.denied"]
    assert not faults, f"{len(faults)} of {count}:\n" + "\n".join(faults)
    assert not changed and not told, (changed, told)
    assert count >= 8
    if name not in NOT_ENDED:
        reply = asks.send(ask)
        assert 200 <= reply.status < 300, ("asked rightly", reply.body)


def test_the_daemon_never_called_it_its_own_fault(asks):
    assert not [line for line in asks.world.daemon.log.splitlines() if line.startswith("error ")]
