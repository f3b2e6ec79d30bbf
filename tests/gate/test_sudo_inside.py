"""Defaults intercept: each command that an allowed one starts is asked too, in its session."""
import pytest
from harness import sudo_gate as g


@pytest.fixture
def inside(box):
    box.intercept()
    return box


def name_of(ask):
    return " ".join(ask["exec"]["argv"])


def first_granted(then):
    """The first question is granted as RUN-1; those inside it are judged by `then`."""
    return lambda ask: then(ask) if ask["parent_run"] else g.grant(ask)


def test_each_command_inside_is_asked_with_the_run_around_it(inside, gate):
    gate.answer = first_granted(lambda ask: g.inside(ask))
    done = inside.sudo("bash", "-c", "id -u; echo a | cat | tr a b")
    assert (done.code, done.out, done.err) == (0, "0\nb\n", "")
    assert [name_of(ask) for ask in gate.asks[:2]] == ["bash -c id -u; echo a | cat | tr a b", "id -u"]
    assert sorted(name_of(ask) for ask in gate.asks[2:]) == ["cat", "tr a b"]
    assert [ask["parent_run"] for ask in gate.asks] == ["", "RUN-1", "RUN-1", "RUN-1"]
    assert len({ask["nonce"] for ask in gate.asks}) == len({ask["request_id"] for ask in gate.asks}) == 4
    assert gate.watches == ["RUN-1"] and len(gate.ends) == 1


def test_one_that_is_refused_ends_with_126_and_the_rest_go_on(inside, gate):
    gate.answer = first_granted(lambda ask: g.deny(ask, "rule:SYS-001", "stops nginx")
                                if "sleep" in name_of(ask) else g.inside(ask))
    done = inside.sudo("bash", "-c", "sleep 0; echo $?; id -u; sleep 0 | cat; echo done")
    assert done.code == 0 and done.out == "126\n0\ndone\n", done
    assert done.err.count("rcm: deny[11 rule:SYS-001] CHG-12 step 2: stops nginx") == 2


def test_where_a_command_inside_runs_is_where_it_is(inside, gate):
    gate.answer = first_granted(lambda ask: g.inside(ask))
    inside.sudo("bash", "-c", "cd /var; ls -d . >/dev/null; :")
    assert [ask["exec"]["cwd"] for ask in gate.asks] == ["/tmp", "/var"]
    assert gate.asks[1]["exec"]["argv"] == ["ls", "-d", "."]


def test_a_variable_that_steers_is_refused_inside(inside, gate):
    gate.answer = first_granted(lambda ask: g.inside(ask))
    done = inside.sudo("bash", "-c", "LD_PRELOAD=/tmp/x.so id -u; echo $?; export BASH_ENV=/tmp/x; id -g; echo $?; :")
    assert done.out == "126\n126\n", done
    assert "rcm: deny[11 rule:EXEC-005]: environment changes what runs: LD_PRELOAD" in done.err
    assert "environment changes what runs: BASH_ENV" in done.err
    assert len(gate.asks) == 1


def test_the_environment_of_the_caller_is_looked_at_too(box, gate):
    box.sudoers('Defaults env_keep += "PERL5OPT"\nalice ALL=(ALL:ALL) NOPASSWD: ALL\n')
    done = box.sudo("id", "-u", env={"PERL5OPT": "-MEvil"})
    assert done.code == 1 and done.out == "" and gate.asks == []
    assert done.err == "rcm: deny[11 rule:EXEC-005]: environment changes what runs: PERL5OPT\n"


def test_a_command_inside_with_a_grant_of_its_own_is_watched_beside_the_first(inside, gate):
    gate.answer = first_granted(lambda ask: g.grant(ask, run="RUN-2"))
    done = inside.sudo("bash", "-c", "id -u; echo $?; :")
    assert done.out == "0\n0\n", done
    assert gate.watches == ["RUN-1", "RUN-2"]
    assert sorted((end["run"], end["status"]) for end in gate.ends) == [("RUN-1", 0), ("RUN-2", 0)]


def test_the_stop_of_a_run_inside_ends_all(inside, gate):
    gate.answer = first_granted(lambda ask: g.grant(ask, run="RUN-2"))
    process = inside.start_sudo("bash", "-c", "sleep 300; echo on")
    gate.wait_for("watch", 2)
    gate.stop_run("RUN-2", "revoked", "step 2 was revoked")
    done = inside.finish(process)
    assert done.code != 0 and done.out == "" and "deny[14 revoked] CHG-12 step 2: step 2 was revoked" in done.err
    assert len(gate.wait_for("end", 2)) == 2


def test_a_run_inside_that_nobody_watches_does_not_start(inside, gate):
    gate.answer = first_granted(lambda ask: g.grant(ask, run="RUN-2"))
    gate.note = lambda message: (g.encode("fault", field="run", message="no such run")
                                 if message["kind"] == "watch" and message["run"] == "RUN-2" else g.encode("noted"))
    done = inside.sudo("bash", "-c", "id -u; echo $?; :")
    assert done.out == "126\n" and "does not watch the run" in done.err
    assert ("RUN-2", 126 << 8) in [(end["run"], end["status"]) for end in gate.ends]


def test_a_command_inside_a_read_takes_no_grant(inside, gate):
    gate.answer = lambda ask: g.allow(ask) if "find" in name_of(ask) else g.grant(ask)
    done = inside.sudo("find", "/etc/hostname", "-exec", "id", "-u", ";")
    assert done.out == "" and "inside one without a run" in done.err and gate.watches == []


def test_a_command_inside_a_read_is_judged_for_itself(inside, gate):
    gate.answer = lambda ask: g.allow(ask) if "find" in name_of(ask) else g.review(ask)
    done = inside.sudo("find", "/etc/hostname", "-exec", "id", "-u", ";")
    assert done.out == ""
    assert len(gate.asks) > 1 and {ask["parent_run"] for ask in gate.asks} == {""}
    assert "rcm: review[10 no_change]" in done.err


def test_the_words_of_a_shell_come_as_one_program(inside, gate):
    gate.answer = first_granted(lambda ask: g.inside(ask))
    done = inside.sudo("-s", "--", "id", "-u")
    assert done.out == "0\n"
    shell, inner = gate.asks
    assert shell["exec"]["argv"] == ["sh", "-c", r"id -u"]
    assert inner["exec"]["path"] == "/usr/bin/id" and inner["parent_run"] == "RUN-1"


def test_a_metacharacter_given_to_sudo_s_reaches_the_gate_quoted(inside, gate):
    gate.answer = first_granted(lambda ask: g.inside(ask))
    inside.sudo("-s", "id -u; id -g")
    assert gate.asks[0]["exec"]["argv"] == ["sh", "-c", r"id\ -u\;\ id\ -g"]


def test_a_gate_that_goes_away_refuses_what_is_inside(inside, gate):
    gate.answer = first_granted(lambda ask: g.Close)
    done = inside.sudo("bash", "-c", "id -u; echo $?; :")
    assert done.out == "126\n" and "gate_unavailable" in done.err
