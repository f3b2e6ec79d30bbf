"""What anybody may ask of a daemon that has just started."""
from harness.people import People
from harness.plans import PLANS
from process import wait_until


def test_healthz_tells_that_it_lives(daemon):
    reply = daemon.get("/healthz")
    assert reply.status == 200
    assert reply.json["status"] == "ok"
    assert reply.json["version"]


def test_readyz_names_each_part(daemon):
    checks = daemon.get("/readyz").json["checks"]
    assert {name: check["ok"] for name, check in checks.items()} == {
        "store": True, "space": True, "audit": True, "engine": True, "jail": True}


def test_both_listeners_answer(daemon):
    assert daemon.get("/healthz", unix=True).status == 200
    assert daemon.get("/healthz", unix=False).status == 200


def test_an_unknown_path_is_a_problem_with_a_code(daemon):
    reply = daemon.get("/api/v1/nothing-of-the-kind", unix=True)
    assert reply.status == 404
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    assert reply.json["code"] == "not_found"


def test_a_wrong_method_names_the_right_ones(daemon):
    reply = daemon.request("DELETE", "/healthz")
    assert reply.status == 405
    assert "GET" in reply.headers["Allow"]


def test_it_ends_in_order_and_starts_again_on_the_same_store(daemon):
    assert daemon.stop() == 0
    daemon.start()
    assert daemon.is_alive()


def test_it_comes_back_after_a_kill(daemon):
    daemon.kill()
    daemon.start()
    assert daemon.is_alive()


def test_a_second_daemon_on_the_same_data_is_refused(daemon, tmp_path):
    from harness.daemon import Daemon
    second = Daemon(tmp_path / "second", data_dir=daemon.data_dir)
    try:
        second.start()
    except RuntimeError as refused:
        assert "redbuttond ended with" in str(refused)
    else:
        second.stop()
        raise AssertionError("two daemons on one store")
    assert daemon.is_alive()


def test_readyz_says_when_the_checkpoint_cannot_be_kept_outside(make_daemon, tmp_path):
    """And only that: the other checks stay good. It is ready again once the place is there."""
    outside = tmp_path / "outside"
    outside.mkdir()
    daemon = make_daemon(checkpoint_file=outside / "checkpoint")
    people = People(daemon, only=["alice", "bob"])

    def decide(script):
        """An end that the next checkpoint must cover soon."""
        (tmp_path / "plan.lua").write_text(script)
        people.alice.ok("plan", "add", tmp_path / "plan.lua")
        approval = people.alice.json("plan", "submit", "checkout/drain-zone")["approval"]
        people.bob.ok("approval", "reject", approval, "--yes", "--reason", "a test")

    def readiness(status):
        reply = daemon.get("/readyz")
        return reply.json if reply.status == status else None

    script = (PLANS / "checkout-drain-zone.lua").read_text()
    assert readiness(200)["checks"]["audit"]["outside"] is True
    outside.rename(tmp_path / "gone")
    decide(script)
    checks = wait_until(lambda: readiness(503), "a checkpoint that failed")["checks"]
    assert [name for name, check in checks.items() if not check["ok"]] == ["audit"]
    assert "checkpoint" in checks["audit"]["detail"]
    (tmp_path / "gone").rename(outside)
    decide(script + "-- again\n")
    wait_until(lambda: readiness(200), "the next one")
