"""What a person may tell a run, what it answers, and that a command without effect is refused."""
import pytest
from process import wait_until


@pytest.fixture(scope="module")
def lab(make_world):
    world = make_world()
    for name in ("ramp", "set", "gate"):
        world.activate(f"paper-{name}.lua", f"paper/{name}")
    return world


@pytest.fixture
def world(lab):
    yield lab
    for edge in lab.edges:
        edge.let_go()
        if edge.listener.fileno() < 0:
            edge.start()


def tell(world, execution, verb, *words):
    return world.people.alice.ok("execution", verb, execution, *words)


def refused(world, execution, verb, *words, code=5):
    result = world.people.alice.fails("execution", verb, execution, *words)
    assert result.code == code, (result.code, result.err)
    return result.err


@pytest.fixture
def slow(world):
    """A run that is in its last hold: (server, id)."""
    server = world.server()
    run = world.run("paper/set", f"server={server}", "hold=5m")
    world.wait_written(server, 1, edge=1)
    yield server, run["id"]
    if not world.show(run["id"])["terminal"]:
        world.post(f"/api/v1/executions/{run['id']}/abort")


@pytest.fixture
def failed(world):
    """A run whose second step failed: (server, id); the edge is back."""
    world.edges[1].stop()
    server = world.server()
    run = world.run("paper/set", f"server={server}")
    world.wait(run["id"], "PAUSED")
    world.edges[1].start()
    return server, run["id"]


def test_pause_and_resume(world, slow):
    _, run = slow
    assert "it pauses at the next node" in tell(world, run, "pause", "--reason", "lunch")
    paused = world.wait(run, "PAUSED")
    assert paused["reason"] == "operator"
    assert paused["message"].startswith("lunch; ") and f"redbutton execution resume {run}" in paused["message"]
    assert "it goes on" in tell(world, run, "resume")
    world.wait(run, "RUNNING")


def test_abort_keeps_what_is_in_effect_and_lists_it(world, slow):
    server, run = slow
    assert "redbutton effects" in tell(world, run, "abort")
    world.wait(run, "ABORTED")
    assert world.weights(server) == [40, 40] and len(world.effects(server)) == 2
    tell(world, run, "rollback")
    assert world.weights(server) == [100, 100] and world.effects(server) == []


def test_rollback_in_the_middle_undoes_it(world, slow):
    server, run = slow
    tell(world, run, "rollback", "--reason", "enough")
    assert world.show(run)["state"] == "ROLLED_BACK"
    assert world.weights(server) == [100, 100] and world.effects(server) == []


@pytest.mark.parametrize("verb, words", [
    ("resume", []), ("retry", []), ("skip", ["--reason", "x"]), ("mark", ["done", "--reason", "x"]),
    ("accept", []), ("force-close", ["--reason", "x"])])
def test_a_running_run_refuses_what_has_no_effect_and_lists_what_has(world, slow, verb, words):
    _, run = slow
    said = refused(world, run, verb, *words)
    assert f"{verb} has no effect on execution {run}: it is RUNNING" in said
    assert "what has an effect now: pause, abort, answer, rollback" in said
    assert world.show(run)["state"] == "RUNNING"


@pytest.fixture(scope="module")
def ended(lab):
    run = lab.run("paper/set", f"server={lab.server()}")["id"]
    lab.wait(run, "SUCCEEDED")
    return run


@pytest.mark.parametrize("verb, words", [
    ("pause", []), ("resume", []), ("abort", []), ("retry", []), ("skip", ["--reason", "x"]), ("accept", []),
    ("force-close", ["--reason", "x"])])
def test_an_ended_run_refuses_everything_but_undo(world, ended, verb, words):
    assert f"redbutton execution rollback {ended}" in refused(world, ended, verb, *words)


def test_resume_over_a_failed_step_says_what_to_decide(world, failed):
    _, run = failed
    assert "retry, skip --reason, mark done|not_done" in refused(world, run, "resume")
    tell(world, run, "abort")


def test_retry(world, failed):
    server, run = failed
    assert "tries what failed again" in tell(world, run, "retry")
    world.wait(run, "SUCCEEDED")
    assert world.weights(server) == [40, 40]


def test_skip_needs_a_reason_and_is_no_plain_success(world, failed):
    server, run = failed
    refused(world, run, "skip", code=2)
    assert "skipped" in tell(world, run, "skip", "--reason", "edge-2 is empty")
    world.wait(run, "SUCCEEDED_WITH_EXCEPTIONS")
    assert world.weights(server) == [40, 100]
    assert "skipped by alice: edge-2 is empty" in tell(world, run, "show")


def test_mark_done_goes_on_with_an_exception(world, failed):
    server, run = failed
    tell(world, run, "mark", "done", "--reason", "by hand")
    world.wait(run, "SUCCEEDED_WITH_EXCEPTIONS")
    assert world.written(server)[1] == []


def test_mark_not_done_asks_again_and_is_an_exception(world, failed):
    _, run = failed
    tell(world, run, "mark", "not_done", "--reason", "looked")
    assert world.wait(run, "PAUSED")["message"] == "marked not done: retry, skip or roll back"
    tell(world, run, "retry")
    world.wait(run, "SUCCEEDED_WITH_EXCEPTIONS")


def test_mark_knows_two_words(world, failed):
    _, run = failed
    assert "\"done\" or \"not_done\"" in refused(world, run, "mark", "perhaps", "--reason", "x", code=2)
    tell(world, run, "abort")


def test_force_close_leaves_orphans_that_stay_listed(world, failed):
    server, run = failed
    assert "ORPHANED" in tell(world, run, "force-close", "--reason", "giving up")
    assert world.show(run)["state"] == "FAILED"
    listed = world.effects(server)
    assert len(listed) == 1 and "ORPHANED" in str(listed)


def test_accept_ends_a_rollback_that_cannot_be_finished(world):
    server = world.server()
    run = world.run("paper/set", f"server={server}")["id"]
    world.wait(run, "SUCCEEDED")
    world.edges[1].stop()
    undo = world.post(f"/api/v1/executions/{run}/undo").json["id"]
    world.wait(undo, "PAUSED")
    tell(world, undo, "accept", "--reason", "edge-2 is gone for good")
    world.wait(undo, "ROLLED_BACK_WITH_EXCEPTIONS")
    assert world.weights(server) == [100, 40]
    assert len(world.effects(server)) == 1, "what was not undone is still in effect"


def at_the_gate(world, server):
    run = world.run("paper/gate", f"server={server}")["id"]
    wait_until(lambda: "WAITING" in [step["state"] for step in world.show(run)["steps"]], "the gate")
    return run


def test_a_gate_is_answered_by_its_role_only(world):
    server = world.server()
    run = at_the_gate(world, server)
    denied = world.people.bob.fails("execution", "answer", run, "yes")
    assert denied.code == 4 and "commander" in denied.err
    assert world.written(server)[0] == []
    tell(world, run, "answer", "yes")
    world.wait(run, "SUCCEEDED")


def test_a_no_at_a_gate_pauses_and_sends_nothing(world):
    server = world.server()
    run = at_the_gate(world, server)
    tell(world, run, "answer", "no")
    assert world.wait(run, "PAUSED")["reason"] == "gate"
    assert world.written(server)[0] == []
    tell(world, run, "abort")


def test_a_viewer_commands_nothing(world, slow):
    _, run = slow
    for verb in ("pause", "abort", "rollback"):
        assert world.people.vera.fails("execution", verb, run).code == 4
    assert world.show(run)["state"] == "RUNNING"


def test_a_run_behind_a_lock_says_whose_and_starts_by_itself(world, slow):
    server, first = slow
    queued = world.people.alice.ok("run", "paper/ramp", f"server={server}", "--yes", "--no-follow")
    assert "QUEUED" in queued and "locks that another run holds" in queued
    second = world.people.alice.json("execution", "list", "--plan", "paper/ramp", "--limit", "1")[0]["id"]
    can = world.people.alice.ok("can", "paper/ramp", f"server={server}")
    assert "wait locks" in can and first in can
    tell(world, first, "abort")
    world.wait(second, "SUCCEEDED")
    assert world.written(server) == [[40, 30, 20, 10, 0]] * 2


def test_a_queued_run_is_canceled_with_nothing_done(world, slow):
    server, first = slow
    second = world.run("paper/ramp", f"server={server}")
    assert second["state"] == "QUEUED"
    assert "canceled: nothing was done" in tell(world, second["id"], "abort")
    assert world.show(second["id"])["state"] == "CANCELED"
    assert world.show(first)["state"] == "RUNNING" and world.weights(server) == [40, 40]


def test_runs_on_other_registers_do_not_wait(world, slow):
    other = world.run("paper/set", f"server={world.server()}")
    assert other["state"] == "RUNNING"
    world.wait(other["id"], "SUCCEEDED")
