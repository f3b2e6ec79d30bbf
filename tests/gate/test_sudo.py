"""The sudo plugin in the real sudo: what is asked, what is allowed, what is said."""
from harness.sudo_gate import allow, deny, grant, review


def test_what_the_gate_allows_runs(box, gate):
    done = box.sudo("id", "-u")
    assert (done.code, done.out, done.err) == (0, "0\n", "")


def test_what_the_gate_is_asked(box, gate):
    box.sudo("id", "-u", "a b", "\xe9", env={"RCM_CHANGE": "CHG-12", "RCM_STEP": "2"})
    ask, = gate.asks
    assert ask["source"] == "sudo"
    assert (ask["actor_uid"], ask["actor_user"]) == (4001, "alice")
    assert (ask["change"], ask["step"], ask["parent_run"]) == ("CHG-12", 2, "")
    run = ask["exec"]
    assert run["path"] == "/usr/bin/id" and run["argv"] == ["id", "-u", "a b", "\xe9"]
    assert (run["cwd"], run["runas"], run["stdin_kind"]) == ("/tmp", "root", 0)
    assert run["is_trusted"] == 1
    assert "SUDO_USER=alice" in run["env"]


def test_a_refusal_says_why_and_runs_nothing(box, gate):
    gate.answer = deny
    done = box.sudo("id", "-u")
    assert (done.code, done.out) == (1, "")
    assert done.err == "rcm: deny[14 used_up] CHG-12 step 2: the grant was used\n"


def test_a_review_runs_nothing(box, gate):
    gate.answer = review
    done = box.sudo("id", "-u")
    assert (done.code, done.out) == (1, "")
    assert done.err == "rcm: review[10 no_change]: no change allows this: rcm new\n"


def test_a_granted_command_is_watched_and_its_end_is_told(box, gate):
    gate.answer = grant
    done = box.sudo("sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.code, done.out, done.err) == (7, "out\n", "err\n")
    assert gate.watches == ["RUN-1"]
    end, = gate.ends
    assert (end["run"], end["status"]) == ("RUN-1", 7 << 8)


def test_a_readonly_command_needs_no_watch(box, gate):
    gate.answer = allow
    assert box.sudo("id", "-u").code == 0
    assert gate.watches == [] and gate.ends == []
