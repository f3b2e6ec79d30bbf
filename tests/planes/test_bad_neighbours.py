"""Targets that are away, forget, hang or lie while a run is under way. The edges are of paper, so
that what was sent is known, not only what came of it."""
import pytest
from process import wait_until


@pytest.fixture(scope="module")
def world(make_world):
    world = make_world()
    world.activate("paper-ramp.lua", "paper/ramp")
    world.activate("paper-set.lua", "paper/set")
    return world


@pytest.fixture
def edges(world):
    yield world.edges
    for edge in world.edges:
        edge.loses = edge.mute = False
        edge.talks, edge.drips, edge.halves = None, 0, False
        edge.let_go()


def run(world, plan, server, *params):
    return world.run(plan, f"server={server}", *params)["id"]


def command(world, execution, verb, *words, who="alice"):
    return getattr(world.people, who).ok("execution", verb, execution, *words)


@pytest.fixture
def away(edges):
    """The second edge refuses connections until the test says otherwise."""
    edges[1].stop()
    yield edges[1]
    if edges[1].listener.fileno() < 0:
        edges[1].start()


def test_a_target_that_is_away_before_the_start_is_named_and_nothing_is_sent_to_it(world, away):
    server = world.server()
    execution = run(world, "paper/set", server)
    paused = world.wait(execution, "PAUSED")
    assert paused["reason"] == "failed_step" and "edge-2" in paused["message"]
    assert world.written(server) == [[40], []]
    away.start()
    command(world, execution, "retry")
    world.wait(execution, "SUCCEEDED")
    assert world.written(server) == [[40], [40]]


def test_can_names_the_target_that_is_away_and_how_to_look(world, away):
    answer = world.people.alice.ok("can", "paper/set", f"server={world.server()}")
    assert "edge-2" in answer and "redbutton target check edge-2" in answer


def test_a_target_that_goes_away_in_the_middle_stops_the_ramp_for_all(world, edges):
    server = world.server()
    execution = run(world, "paper/ramp", server, "hold=2s")
    wait_until(lambda: [row["state"] for row in world.journal(execution)] == ["CONFIRMED"] * 2,
               "the first level on both (before that its loss is in doubt)")
    edges[1].stop()
    paused = world.wait(execution, "PAUSED")
    edges[1].start()
    assert paused["reason"] == "failed_step" and "edge-2" in paused["message"]
    command(world, execution, "retry")
    world.wait(execution, "SUCCEEDED")
    assert world.weights(server) == [0, 0]
    assert all(sent == sorted(set(sent), reverse=True) for sent in world.written(server)), world.written(server)


def test_rollback_undoes_what_it_can_and_says_what_it_could_not(world, edges):
    server = world.server()
    execution = run(world, "paper/set", server)
    world.wait(execution, "SUCCEEDED")
    edges[1].stop()
    world.people.alice.run("execution", "rollback", execution)
    undo = world.people.alice.json("execution", "list", "--plan", "paper/set", "--limit", "1")[0]
    edges[1].start()
    assert undo["state"] == "PAUSED" and "not undone: " in undo["message"]
    assert world.weights(server) == [100, 40]
    command(world, undo["id"], "retry")
    world.wait(undo["id"], "ROLLED_BACK")
    assert world.weights(server) == [100, 100] and world.effects(server) == []


def test_nonsense_as_the_answer_to_a_write_is_read_back_before_it_is_believed(world, edges):
    server = world.server()
    execution = run(world, "paper/ramp", server)
    world.wait_written(server, 1)
    edges[0].talks = b"<html>\x00 no such thing\n"
    paused = world.wait(execution, "PAUSED")
    assert paused["reason"] in ("failed_step", "in_doubt") and "edge-1" in paused["message"]
    assert "\x00" not in paused["message"]


def test_a_write_without_an_answer_that_took_place_is_confirmed_by_reading(world, edges):
    server = world.server()
    edges[0].mute = True
    execution = run(world, "paper/set", server)
    world.wait(execution, "SUCCEEDED", seconds=60)
    assert world.written(server) == [[40], [40]]


def test_a_write_that_got_lost_is_not_reported_as_done(world, edges):
    server = world.server()
    edges[0].loses = True
    execution = run(world, "paper/set", server)
    paused = world.wait(execution, "PAUSED", seconds=60)
    assert paused["reason"] in ("failed_step", "in_doubt") and "edge-1" in paused["message"]
    assert world.written(server) == [[40], []], "nothing is sent after a failed step"
    assert [row["state"] for row in world.journal(execution)] in (["IN_DOUBT"], ["MISMATCH"])
    edges[0].loses = False
    command(world, execution, "retry")
    world.wait(execution, "SUCCEEDED")
    assert world.weights(server) == [40, 40]


def test_a_haproxy_that_forgot_in_the_middle_is_a_conflict_and_is_not_written_over(world, edges):
    server = world.server()
    execution = run(world, "paper/ramp", server, "hold=2s")
    world.wait_written(server, 1)
    world.wait_confirmed(execution)
    edges[0].restart()
    edges[0].weights[f"checkout/{server}"] = 90
    paused = world.wait(execution, "PAUSED")
    assert paused["reason"] == "conflict" and "90" in paused["message"] and "75" in paused["message"]
    assert world.weights(server)[0] == 90 and world.written(server)[0] == [75]


@pytest.mark.parametrize("choice, state, weight", [
    ("keep", "ROLLED_BACK_WITH_EXCEPTIONS", 33), ("baseline", "ROLLED_BACK", 100)])
def test_undo_over_a_third_value_asks_with_three_values(world, edges, choice, state, weight):
    server = world.server()
    execution = run(world, "paper/set", server)
    world.wait(execution, "SUCCEEDED")
    edges[0].weights[f"checkout/{server}"] = 33
    world.people.alice.run("execution", "rollback", execution)
    undo = world.people.alice.json("execution", "list", "--plan", "paper/set", "--limit", "1")[0]
    assert (undo["state"], undo["reason"]) == ("PAUSED", "conflict")
    message = [row["message"] for row in world.journal(undo["id"]) if row["state"] == "CONFLICT"]
    assert message == ["baseline 100, ours 40, now 33"]
    assert world.weights(server) == [33, 100], "the others are undone, this one is left alone"
    command(world, undo["id"], "answer", choice)
    world.wait(undo["id"], state)
    assert world.weights(server)[0] == weight and world.effects(server) == []


@pytest.mark.parametrize("fault, value", [("drips", 0.5), ("halves", True)])
def test_an_answer_that_drips_or_breaks_off_in_the_middle_of_a_ramp_is_no_answer(world, edges, fault, value):
    server = world.server()
    execution = run(world, "paper/ramp", server)
    world.wait_written(server, 1)
    setattr(edges[0], fault, value)
    paused = world.wait(execution, "PAUSED", seconds=60)
    assert paused["reason"] in ("failed_step", "in_doubt") and "edge-1" in paused["message"]
    setattr(edges[0], fault, 0)
    edges[0].let_go()
    command(world, execution, "retry")
    world.wait(execution, "SUCCEEDED")
    assert world.weights(server) == [0, 0]
    assert all(sent == sorted(sent, reverse=True) for sent in world.written(server)), world.written(server)


def test_an_answer_that_drips_and_comes_in_time_is_an_answer(world, edges):
    server = world.server()
    edges[0].drips = 0.05
    execution = run(world, "paper/set", server)
    world.wait(execution, "SUCCEEDED")
    assert world.written(server) == [[40], [40]]
