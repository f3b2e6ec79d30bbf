"""kill -9 at chosen moments. The edges are of paper and record every write, so "not doubled" is
counted where it matters: at the plane."""
import time

import pytest

RAMP = [75, 50, 25, 0]


@pytest.fixture(scope="module")
def lab(make_world):
    world = make_world()
    world.activate("paper-ramp.lua", "paper/ramp")
    world.activate("paper-set.lua", "paper/set")
    return world


@pytest.fixture
def world(lab):
    """After each test the audit must hold, the edges are as new, and the daemon is there."""
    yield lab
    for edge in lab.edges:
        edge.loses = edge.mute = False
        edge.let_go()
    lab.verify_audit()


@pytest.fixture(scope="module")
def production(make_world):
    world = make_world(environment_name="production")
    world.activate("paper-ramp.lua", "paper/ramp")
    return world


def kill_and_start(world):
    world.daemon.kill()
    began = time.monotonic()
    world.daemon.start()
    assert time.monotonic() - began < 5


def test_killed_before_the_approval_it_still_waits_and_then_runs(production):
    world = production
    server = world.server()
    run = world.run("paper/ramp", f"server={server}")
    assert run["state"] == "PENDING_APPROVAL"
    kill_and_start(world)
    assert world.show(run["id"])["state"] == "PENDING_APPROVAL" and world.written(server) == [[], []]
    world.people.bob.ok("approval", "approve", run["approval"], "--yes")
    world.wait(run["id"], "SUCCEEDED")
    assert world.written(server) == [RAMP, RAMP]
    world.verify_audit()


def test_killed_right_after_the_approval_nothing_is_doubled(production):
    world = production
    server = world.server()
    run = world.run("paper/ramp", f"server={server}")
    world.people.bob.ok("approval", "approve", run["approval"], "--yes")
    kill_and_start(world)
    world.wait(run["id"], "SUCCEEDED")
    assert world.written(server) == [RAMP, RAMP]
    world.verify_audit()


@pytest.mark.parametrize("level", [1, 2, 4])
def test_killed_in_a_hold_the_ramp_goes_on_and_writes_nothing_twice(world, level):
    server = world.server()
    run = world.run("paper/ramp", f"server={server}")
    world.wait_written(server, level, edge=0)
    world.wait_written(server, level, edge=1)
    time.sleep(0.3)
    kill_and_start(world)
    world.wait(run["id"], "SUCCEEDED")
    assert world.written(server) == [RAMP, RAMP]


def test_killed_when_a_write_took_place_unheard_it_is_found_done(world):
    server = world.server()
    world.edges[0].mute = True
    run = world.run("paper/set", f"server={server}")
    world.wait_written(server, 1)
    world.daemon.kill()
    world.edges[0].mute = False
    world.daemon.start()
    world.wait(run["id"], "SUCCEEDED")
    assert world.written(server) == [[40], [40]]
    first = world.journal(run["id"])[0]
    assert (first["state"], first["message"]) == ("CONFIRMED", "found done after a restart")


def test_killed_when_a_write_got_lost_it_is_sent_again_with_the_same_key(world):
    server = world.server()
    world.edges[0].loses = True
    run = world.run("paper/set", f"server={server}")
    world.wait_written(server, 1)
    key = world.journal(run["id"])[0]["key"]
    world.daemon.kill()
    world.edges[0].loses = False
    world.daemon.start()
    world.wait(run["id"], "SUCCEEDED")
    assert world.written(server) == [[40, 40], [40]] and world.weights(server) == [40, 40]
    assert [row["key"] for row in world.journal(run["id"])][0] == key and len(world.journal(run["id"])) == 2


def test_killed_during_a_write_and_found_at_a_third_value_a_person_is_asked(world):
    server = world.server()
    world.edges[0].loses = True
    run = world.run("paper/set", f"server={server}")
    world.wait_written(server, 1)
    world.daemon.kill()
    world.edges[0].loses = False
    world.edges[0].weights[f"checkout/{server}"] = 60
    world.daemon.start()
    paused = world.wait(run["id"], "PAUSED")
    assert paused["reason"] == "in_doubt" and "60, neither 100 nor 40" in paused["message"]
    assert world.written(server) == [[40], []] and world.weights(server)[0] == 60
    world.people.alice.ok("execution", "mark", run["id"], "done", "--reason", "set by hand")
    world.wait(run["id"], "SUCCEEDED_WITH_EXCEPTIONS")


def test_killed_in_the_middle_of_a_rollback_it_is_undone_once(world):
    server = world.server()
    run = world.run("paper/set", f"server={server}")
    world.wait(run["id"], "SUCCEEDED")
    world.edges[0].mute = True
    undo = world.post(f"/api/v1/executions/{run['id']}/undo").json
    world.wait_written(server, 2, edge=0)
    world.daemon.kill()
    world.edges[0].mute = False
    world.daemon.start()
    world.wait(undo["id"], "ROLLED_BACK")
    assert world.written(server) == [[40, 100], [40, 100]] and world.effects(server) == []


def test_killed_while_paused_it_stays_paused_and_resumes(world):
    server = world.server()
    run = world.run("paper/ramp", f"server={server}")
    world.wait_written(server, 1)
    world.people.alice.ok("execution", "pause", run["id"])
    world.wait(run["id"], "PAUSED")
    sent = world.written(server)
    kill_and_start(world)
    time.sleep(1.5)
    assert world.show(run["id"])["state"] == "PAUSED" and world.written(server) == sent
    world.people.alice.ok("execution", "resume", run["id"])
    world.wait(run["id"], "SUCCEEDED")
    assert world.written(server) == [RAMP, RAMP]


def test_killed_while_another_run_is_queued_it_still_starts_by_itself(world):
    server = world.server()
    first = world.run("paper/ramp", f"server={server}")
    second = world.run("paper/set", f"server={server}")
    assert second["state"] == "QUEUED"
    kill_and_start(world)
    world.wait(first["id"], "SUCCEEDED")
    world.wait(second["id"], "SUCCEEDED")
    assert world.written(server) == [[*RAMP, 40], [*RAMP, 40]]


def test_restarted_more_than_three_times_it_asks(world):
    server = world.server()
    run = world.run("paper/ramp", f"server={server}", "hold=1m")
    world.wait_written(server, 1)
    for _ in range(4):
        kill_and_start(world)
    paused = world.wait(run["id"], "PAUSED")
    assert paused["reason"] == "in_doubt" and "restarted too often" in paused["message"]
    world.people.alice.ok("execution", "rollback", run["id"])
    assert world.weights(server) == [100, 100]


def test_after_all_that_every_run_has_ended(world, production):
    for one in (world, production):
        assert one.people.alice.json("execution", "list", "--state", "open") == []
