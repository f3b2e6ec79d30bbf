"""Who is refused, what is malformed, what is stale: 4xx with the reason, and nothing changes."""
import subprocess
import time

import pytest
from harness.daemon import environment
from process import wait_until

KEYS = {"type", "title", "status", "detail", "code"}


@pytest.fixture(scope="module")
def world(make_world):
    world = make_world()
    world.activate("paper-set.lua", "paper/set")
    return world


def problem(reply, status, code=None):
    """It is an RFC 9457 problem of that status."""
    assert reply.status == status, (reply.status, reply.body)
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    assert reply.json.keys() >= KEYS and reply.json["status"] == status
    assert code is None or reply.json["code"] == code, reply.json
    return reply.json


def make_token(world, name, **flags):
    """A token of a viewer's; (id, text)."""
    path = world.people.folder / f"{name}-{time.monotonic_ns()}"
    words = [word for flag, value in flags.items() for word in (f"--{flag}", value)]
    made = world.people.admin.json("token", "create", "--name", name, "--role", "viewer", "--person", "vera",
                                   "--write", path, *words)
    return made["id"], path.read_text().strip()


# --- who ---

def test_without_a_token_nothing_is_told(world):
    assert "token" in problem(world.daemon.get("/api/v1/executions"), 401, "unauthenticated")["detail"]


def test_an_expired_token_is_told_so(world):
    _, token = make_token(world, "short", expires="5s")
    assert world.daemon.get("/api/v1/executions", token=token).status == 200
    reply = wait_until(lambda: (answer := world.daemon.get("/api/v1/executions", token=token)).status != 200 and answer,
                       "the token to expire")
    assert "expired at" in problem(reply, 401)["detail"]


def test_a_revoked_token_is_told_so(world):
    number, token = make_token(world, "lost", expires="1d")
    world.people.admin.ok("token", "revoke", number)
    assert "was revoked at" in problem(world.daemon.get("/api/v1/executions", token=token), 401)["detail"]


def test_a_disabled_person_is_told_so(world):
    mallory = world.people.add("mallory", "edge-team", ["author"])
    world.people.admin.ok("person", "disable", "mallory")
    reply = world.daemon.get("/api/v1/executions", token=world.people.token("mallory"))
    assert "mallory is disabled" in problem(reply, 403, "forbidden")["detail"]
    refused = mallory.fails("plan", "list")
    assert refused.code == 4 and "disabled" in refused.err


def test_a_viewer_starts_nothing(world):
    preview = world.people.vera.json("preview", "paper/set", f"server={world.server()}")
    before = len(world.get("/api/v1/executions")["items"])
    reply = world.post("/api/v1/executions", {"preview": preview["id"], "digest": preview["digest"]}, who="vera")
    problem(reply, 403, "forbidden")
    assert len(world.get("/api/v1/executions")["items"]) == before


# --- what: each row is a body that a start refuses, and the field that it names ---

@pytest.fixture(scope="module")
def preview(world):
    return world.people.alice.json("preview", "paper/set", "server=refused")


BAD_STARTS = {
    "no preview": (lambda p: {"digest": p["digest"]}, "preview"),
    "no digest": (lambda p: {"preview": p["id"]}, "digest"),
    "wrong type": (lambda p: {"preview": p["id"], "digest": 7}, "digest"),
    "null": (lambda p: {"preview": None, "digest": p["digest"]}, "preview"),
    "unknown field": (lambda p: {"preview": p["id"], "digest": p["digest"], "digets": "x"}, "digets"),
    "bad duration": (lambda p: {"preview": p["id"], "digest": p["digest"], "within": "soon"}, "within"),
    "bad word": (lambda p: {"preview": p["id"], "digest": p["digest"], "at_deadline": "explode"}, "at_deadline"),
    "control characters": (lambda p: {"preview": p["id"], "digest": p["digest"], "reason": "a\u0007b"}, "reason"),
    "endless reason": (lambda p: {"preview": p["id"], "digest": p["digest"], "reason": "x" * 2001}, "reason"),
}


@pytest.mark.parametrize("what", BAD_STARTS)
def test_a_start_names_the_field_that_is_wrong(world, preview, what):
    make, field = BAD_STARTS[what]
    before = len(world.get("/api/v1/executions")["items"])
    answer = problem(world.post("/api/v1/executions", make(preview)), 400)
    assert answer.get("field") == field or field in answer["detail"], answer
    assert len(world.get("/api/v1/executions")["items"]) == before


BAD_BYTES = {
    "not JSON": b"{",
    "twice the same key": b'{"preview":"a","preview":"b","digest":"c"}',
    "a list": b"[]",
    "not UTF-8": b'{"preview":"\xff","digest":"x"}',
    "a NUL": b'{"preview":"\\u0000","digest":"x"}',
    "too deep": b'{"preview":' + b"[" * 200 + b"]" * 200 + b"}",
    "NaN": b'{"preview":NaN,"digest":"x"}',
    "half a pair of surrogates": b'{"preview":"\\ud800","digest":"x"}',
    "empty": b"",
}


@pytest.mark.parametrize("what", BAD_BYTES)
@pytest.mark.parametrize("path", ["/api/v1/executions", "/api/v1/previews", "/api/v1/plans"])
def test_malformed_bytes_are_a_problem_of_the_client(world, path, what):
    reply = world.post(path, BAD_BYTES[what], headers={"Content-Type": "application/json"})
    assert 400 <= reply.status < 500, (reply.status, reply.body)
    problem(reply, reply.status)


def test_too_large_is_413_and_says_how_much_is_allowed(world):
    answer = problem(world.post("/api/v1/executions", {"reason": "x" * 70000}), 413, "too_large")
    assert "65536" in answer["detail"]


@pytest.mark.parametrize("path, status", [
    ("/api/v1/executions/nope", 400), ("/api/v1/executions/01AAAAAAAAAAAAAAAAAAAAAAAA", 404),
    ("/api/v1/executions?limit=x", 400), ("/api/v1/executions?limit=0", 400), ("/api/v1/executions?limt=3", 400),
    ("/api/v1/executions?state=%00", 400), ("/api/v1/../etc", 400), ("/api/v1/nothing", 404)])
def test_bad_paths_and_parameters(world, path, status):
    reply = world.daemon.get(path, token=world.people.token("alice"))
    problem(reply, status)


def test_a_list_of_an_unknown_state_is_refused_not_empty(world):
    reply = world.daemon.get("/api/v1/executions?state=RUNING", token=world.people.token("alice"))
    assert problem(reply, 400)["field"] == "state"


# --- when ---

def test_a_click_on_what_has_moved_on_is_412_and_changes_nothing(world):
    run = world.run("paper/set", f"server={world.server()}", "hold=20s")
    wait_until(lambda: "WAITING" in [step["state"] for step in world.show(run["id"])["steps"]], "the hold: nothing moves there")
    reply = world.post(f"/api/v1/executions/{run['id']}/abort", {}, headers={"If-Match": '"v99"'})
    answer = problem(reply, 412, "stale")
    assert run["id"] in answer["remedy"] and world.show(run["id"])["state"] == "RUNNING"
    version = world.show(run["id"])["version"]
    reply = world.post(f"/api/v1/executions/{run['id']}/abort", {}, headers={"If-Match": f'"v{version}"'})
    assert reply.status == 202, reply.body
    world.wait(run["id"], "ABORTED")


def test_the_same_key_with_another_body_is_refused(world, preview):
    body = {"preview": preview["id"], "digest": preview["digest"], "reason": "one"}
    first = world.post("/api/v1/executions", body, key="key-of-a-test")
    assert first.status == 202
    problem(world.post("/api/v1/executions", {**body, "reason": "two"}, key="key-of-a-test"), 422,
            "idempotency_key_reused")
    world.wait(first.json["id"], "SUCCEEDED")


def test_the_same_key_over_a_kill_is_still_one_run(world, preview):
    body = {"preview": preview["id"], "digest": preview["digest"], "reason": "over a kill"}
    first = world.post("/api/v1/executions", body, key="key-over-a-kill")
    world.daemon.kill()
    world.daemon.start()
    again = world.post("/api/v1/executions", body, key="key-over-a-kill")
    assert again.json["id"] == first.json["id"] and again.headers["Idempotency-Replayed"] == "true"
    runs = [run for run in world.get("/api/v1/executions")["items"] if run["why"] == "over a kill"]
    assert len(runs) == 1
    world.wait(first.json["id"])


def test_a_second_daemon_is_refused_and_the_first_goes_on(world):
    run = world.run("paper/set", f"server={world.server()}", "hold=2s")
    second = subprocess.run([str(word) for word in world.daemon.command()], capture_output=True, text=True,
                            timeout=20, env=environment(), check=False)
    assert second.returncode == 5
    assert f"another daemon (pid {world.daemon.process.pid})" in second.stderr
    assert world.daemon.socket.exists() and world.daemon.get("/readyz").status == 200
    assert world.people.alice.json("execution", "show", run["id"])["id"] == run["id"], "its socket is still there"
    world.wait(run["id"], "SUCCEEDED")


def test_nothing_in_this_file_was_the_daemons_own_failure(world):
    """It tells its own failures in the log, by lines that begin with their level."""
    lines = world.daemon.log.splitlines()
    assert [line for line in lines if line.startswith("info ")], "the log has another form"
    assert not [line for line in lines if line.startswith("error ")]
