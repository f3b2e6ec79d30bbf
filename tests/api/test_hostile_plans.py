"""Plans that want the daemon down: they end in time with a sentence, and nobody else notices."""
import threading
import time

import pytest

LIMIT_S = 5.0 + 10.0     # of a plan, and what a loaded machine adds
HEAD = 'plan { name = "hostile/plan", kind = "limit", summary = "hostile", owner = "nobody" }\n'

HOSTILE = {
    "eats memory": ('local s, t, n = "xxxxxxxx", {}, 0 while #s < 65536 do s = s .. s end '
                    'while true do n = n + 1 t[n] = s .. n end', "plan_error"),
    "doubles a text": ('local s = "xxxxxxxx" while true do s = s .. s end', "plan_error"),
    "recurses": ("local function f() return 1 + f() end return f()", "plan_error"),
    "reaches for os": ('os.execute("touch /tmp/was-here")', "plan_error"),
    "reaches for io": ('io.open("/etc/passwd")', "plan_error"),
    "loads code": ('return load("return 1")()', "plan_error"),
    "reaches for a file by require": ('require "/etc/passwd"', "plan_error"),
}


SLY = """
plan {
  name    = "hostile/sly",
  kind    = "limit",
  summary = "Well-behaved, but for one value",
  owner   = "nobody",
  params  = { n = { type = "integer", min = 0, max = 9, default = 1, help = "which" } },
}

function apply(p, t)
  while p.n == 7 do end
  return { hold("1s") }
end
"""


@pytest.fixture(scope="module")
def world(make_world):
    return make_world(edges=1)


def lint(world, body):
    script = f"{HEAD}function apply(p, t)\n{body}\nend\n"
    began = time.monotonic()
    reply = world.post("/api/v1/plans/lint", {"file": "hostile.lua", "script": script})
    return reply, time.monotonic() - began


@pytest.mark.parametrize("what", HOSTILE)
def test_it_ends_within_its_limit_and_says_why(world, what):
    body, code = HOSTILE[what]
    reply, took = lint(world, body)
    assert took < LIMIT_S, f"{took:.2f} s"
    assert reply.status == 422 and reply.json["code"] == code, reply.body
    assert len(reply.json["detail"]) > 10
    assert world.daemon.is_alive()


def test_a_forbidden_name_is_told_with_its_line(world):
    reply, _ = lint(world, 'os.execute("touch /tmp/was-here")')
    error = reply.json["errors"][0]
    assert (error["file"], int(error["line"])) == ("hostile.lua", 3) and "os" in error["message"]


def test_nothing_hostile_is_stored(world):
    script = f'{HEAD}function apply() os.execute("touch /tmp/was-here") end\n'
    assert world.post("/api/v1/plans", {"file": "h.lua", "script": script}).status == 422
    assert world.get("/api/v1/plans")["items"] == []


def test_an_approved_plan_that_loops_for_some_value_ends_a_preview_in_time_and_nothing_else(world, tmp_path):
    (tmp_path / "sly.lua").write_text(SLY)
    world.activate(tmp_path / "sly.lua", "hostile/sly")
    began = time.monotonic()
    said = world.people.alice.fails("run", "hostile/sly", "n=7", "--yes")
    assert time.monotonic() - began < LIMIT_S + 1 and "longer than 5s" in said.err, said.err
    assert world.get("/api/v1/executions")["items"] == []
    assert world.people.alice.json("preview", "hostile/sly", "n=1")["digest"]


def test_others_are_answered_meanwhile(world):
    """Three loops at once end in time; the slowest of many small requests stays quick, and a good plan gets its turn."""
    ended = []
    loops = [threading.Thread(target=lambda: ended.append(lint(world, "while true do end"))) for _ in range(3)]
    for loop in loops:
        loop.start()
    time.sleep(0.3)
    answers = []

    def ask():
        for _ in range(40):
            began = time.monotonic()
            answers.append((world.daemon.get("/healthz").status, time.monotonic() - began))
    asking = threading.Thread(target=ask)
    asking.start()
    good, took = lint(world, 'return { hold("1s") }')
    is_meanwhile = any(loop.is_alive() for loop in loops)
    for thread in (*loops, asking):
        thread.join()
    slowest = max(took for _, took in answers)
    assert [status for status, _ in answers] == [200] * 40
    assert is_meanwhile, "the loops had ended already: nothing was shown"
    assert slowest < 3.0, f"{slowest:.2f} s: a loop lasts 5 s"
    assert good.status == 200 and took < LIMIT_S, good.body
    assert [(reply.status, reply.json["code"]) for reply, _ in ended] == [(422, "runner_timeout")] * 3
    assert all(took < LIMIT_S for _, took in ended), [took for _, took in ended]
    assert all("longer than 5s" in reply.json["detail"] for reply, _ in ended), ended[0][0].body
