"""Completion in real shells: the script of each, the words of this program, names of a real daemon."""
import json
import os
import subprocess
import time

import pytest
from harness.completion import in_bash
from harness.daemon import bin_folder, environment
from harness.plans import PLANS
from harness.terminal import Shell

SHELLS = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"],
          "fish": ["fish", "--no-config", "-i"]}


def environ(**more):
    return environment(PATH=f"{bin_folder().resolve()}:{os.environ['PATH']}", TERM="dumb", **more)


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """{shell: file}"""
    folder = tmp_path_factory.mktemp("scripts")
    for shell in SHELLS:
        done = subprocess.run([bin_folder() / "redbutton", "completion", shell], capture_output=True, check=True,
                              env=environment())
        (folder / shell).write_bytes(done.stdout)
    return {shell: folder / shell for shell in SHELLS}


def complete(*words, **more):
    """What the program itself offers: {word: what it is}."""
    done = subprocess.run([bin_folder() / "redbutton", "--complete", "--", *words], capture_output=True, text=True,
                          timeout=60, check=True, env=environment(**more))
    assert done.stderr == ""
    return dict(line.split("\t") for line in done.stdout.splitlines() if "\t" in line)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_clean(scripts, shell):
    done = subprocess.run([shell, "-n", scripts[shell]], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_bash_gets_nouns_verbs_flags_and_values(scripts):
    env = environ(RB_SOCKET="/nonexistent/socket")
    assert in_bash("redbutton", scripts["bash"], "redbutton pl", env) == ["plan"]
    assert in_bash("redbutton", scripts["bash"], "redbutton execution re", env) == ["resume", "retry"]
    assert in_bash("redbutton", scripts["bash"], "redbutton token create --exp", env) == ["--expires"]
    assert in_bash("redbutton", scripts["bash"], "redbutton execution mark X ", env) == ["done", "not_done"]
    assert in_bash("redbutton", scripts["bash"], "redbutton plan show ", env) == []


def test_bash_gets_files_where_files_stand(scripts, tmp_path):
    (tmp_path / "limit.lua").touch()
    assert in_bash("redbutton", scripts["bash"], f"redbutton plan add {tmp_path}/li", environ()) == [f"{tmp_path}/limit.lua"]
    line = f"redbutton plan list --token-file {tmp_path}/l"
    assert in_bash("redbutton", scripts["bash"], line, environ()) == [f"{tmp_path}/limit.lua"]


@pytest.fixture
def names(people):
    """A daemon with a plan and targets; where it is, as the environment says it."""
    people.alice.ok("plan", "add", PLANS / "checkout-drain-zone.lua")
    people.admin.ok("target", "add", "edge-1", "--kind", "haproxy", "--address", "unix:/nowhere", "--environment",
                    "production", "--site", "east", "--service", "checkout", "--tier", "edge", "--allow",
                    "haproxy.weight checkout/zone-*")
    people.admin.ok("target", "add", "edge-2", "--kind", "haproxy", "--address", "unix:/nowhere", "--environment",
                    "production", "--site", "east", "--service", "checkout", "--tier", "edge", "--allow",
                    "haproxy.weight checkout/zone-*")
    return {"RB_SOCKET": str(people.daemon.socket), "RB_TOKEN_FILE": str(people.token_file("alice"))}


def test_names_come_from_the_daemon(names):
    plan = {"checkout/drain-zone": complete("plan", "show", "", **names)["checkout/drain-zone"]}
    assert "zone" in plan["checkout/drain-zone"], "the summary stands beside it"
    for words in (("run", ""), ("preview", "check"), ("can", "checkout/d"), ("plan", "activate", "")):
        assert complete(*words, **names) == plan
    assert complete("target", "show", "edge", **names) == {"edge-1": "haproxy", "edge-2": "haproxy"}
    assert complete("target", "add", "", **names) == {}, "it names what is not there yet"
    assert complete("run", "other", **names) == {}


def test_executions_are_offered_with_their_state(names, people):
    people.admin.ok("target", "add", "prom-main", "--kind", "prometheus", "--address", "http://127.0.0.1:9",
                    "--environment", "production", "--allow", "prometheus.value")
    people.alice.ok("plan", "submit", "checkout/drain-zone")
    people.bob.ok("approval", "approve", people.admin.json("approval", "list")[0]["id"], "--yes", "--reason", "read")
    end = time.monotonic() + 60
    while people.alice.run("plan", "activate", "checkout/drain-zone").code:
        assert time.monotonic() < end
    started = people.alice.run("run", "checkout/drain-zone", "zone=a", "--yes", "--no-follow", "--json")
    offered = complete("execution", "show", "", **names)
    assert list(offered) == [row["id"] for row in people.alice.json("execution", "list")], started.err


def test_flags_of_the_line_say_where_to_ask(names):
    where = ("--socket", names["RB_SOCKET"], "--token-file", names["RB_TOKEN_FILE"])
    assert list(complete("run", *where, "")) == ["checkout/drain-zone"]


def test_bash_completes_names_with_a_slash(scripts, names):
    assert in_bash("redbutton", scripts["bash"], "redbutton run che", environ(**names)) == ["checkout/drain-zone"]


def test_a_silent_daemon_costs_less_than_two_seconds(bad):
    port, took = bad("silent").port, []
    while not took or min(took) >= 2 and len(took) < 10:    # what else runs here only makes it longer
        started = time.monotonic()
        assert complete("run", "", RB_URL=f"http://127.0.0.1:{port}") == {}
        took.append(time.monotonic() - started)
    assert min(took) < 2, took


HOSTILE = ["$(touch owned)", "`touch owned`", "a;touch owned", "x\n:files", "\x1b[31mred", "ok-name"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_hostile_name_is_text(bad, scripts, tmp_path, shell):
    """What stands where a daemon should is believed in nothing; names are never run."""
    body = json.dumps([{"name": name} for name in HOSTILE]).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    server = bad("nonsense", head + body)
    env = environ(RB_URL=f"http://127.0.0.1:{server.port}", HOME=str(tmp_path))
    offered = complete("run", "", RB_URL=env["RB_URL"])
    assert "ok-name" in offered and "\x1b[31mred" not in offered and ":files" not in offered
    if shell == "bash":
        drive = ["bash", "--norc", "-c", 'source "$1"; COMP_LINE="redbutton run "; COMP_POINT=14; '
                 'COMP_WORDS=(redbutton run ""); COMP_CWORD=2; _redbutton; printf "%s\\n" "${COMPREPLY[@]}"']
    elif shell == "fish":
        drive = ["fish", "--no-config", "-c", 'source $argv[1]; complete -C "redbutton run "']
    else:
        drive = ["zsh", "-f", "-c", 'compdef() { :; }; source "$1"; words=(redbutton run ""); CURRENT=3; PREFIX=; '
                 'compadd() { print -rl -- $said; }; _redbutton']
    words = [*drive, scripts[shell]] if shell == "fish" else [*drive, shell, scripts[shell]]
    done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False, env=env, cwd=tmp_path)
    assert "ok-name" in done.stdout, done.stderr
    if shell == "bash":
        assert r"\$\(touch\ owned\)" in done.stdout, "quoted, or the next Return would run it"
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("shell, load", [
    ("bash", "source '{}'"), ("zsh", "autoload -Uz compinit && compinit -u -D && source '{}'"), ("fish", "source '{}'")])
def test_the_tab_key_completes(names, scripts, tmp_path, shell, load):
    terminal = Shell(SHELLS[shell], environ(**names, HOME=str(tmp_path), PS1="> ", INPUTRC="/dev/null"))
    try:
        terminal.type(load.format(scripts[shell]) + " && echo lo''aded\r")
        terminal.wait_for("loaded")
        terminal.type("redbutton pl\t")
        terminal.wait_for("redbutton pl\x08*.*an ?" if shell == "fish" else "plan ")
        terminal.type("sho\tchecko\t")
        terminal.wait_for("ut/drain-zone" if shell != "fish" else "drain-zone")
    finally:
        terminal.close()
