"""Malformed anything: 4xx, a problem that names what was wrong, and nothing changed.

Each operation of docs/openapi.json is asked rightly but for one thing (harness/mutate.py), then rightly.
RB_SEED draws other pairs of faults.
"""
import os

import pytest
from harness.asks import Asks
from harness.contract import contract
from harness.mutate import mutations
from harness.rows import Rows

SEED = os.environ.get("RB_SEED", "1")
PROBLEM = "application/problem+json"
# Asking them rightly is the business of other tests.
NOT_ENDED = {"get_events", "get_audit_checkpoint"}


@pytest.fixture(scope="module")
def asks(make_world):
    world = make_world(environment_name="lab")
    world.activate("paper-set.lua", "paper/set")
    world.activate("paper-gate.lua", "paper/gate")
    return Asks(world)


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
