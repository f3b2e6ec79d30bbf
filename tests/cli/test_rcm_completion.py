"""Completion of rcm: its own verbs by itself, all others by rcm-client; one script for both."""
import json
import os
import shutil
import subprocess

import pytest
from harness.completion import in_bash
from harness.daemon import bin_folder, environment

OWN = ["exec", "check", "shell", "ssh", "identity", "doctor", "recording"]


def run(program, *words, **more):
    done = subprocess.run([bin_folder() / program, *words], capture_output=True, text=True, timeout=20, check=False,
                          env=environment(**more))
    assert (done.returncode, done.stderr) == (0, ""), words
    return done.stdout


def complete(*words, program="rcm", **more):
    return [line.split("\t")[0] for line in run(program, "--complete", "--", *words, **more).splitlines()]


def test_verbs_of_both_are_offered_once():
    offered = complete("")
    assert offered[:len(OWN)] == OWN and {"new", "approve", "emergency", "help"} <= set(offered)
    assert len(set(offered)) == len(offered)
    assert complete("exe") == ["exec"] and complete("em") == ["emergency"]


def test_a_verb_of_rcm_has_its_own_options():
    assert complete("exec", "--") == ["--step", "--phase", "--status-fd", "--record", "--line", "--env", "--socket",
                                      "--config", "--"]
    assert complete("check", "--st") == ["--step", "--status-fd", "--strict"]
    assert complete("identity", "--") == [] and complete("identity", "") == []


def test_files_are_offered_where_files_stand():
    for words in (("exec", "--config", ""), ("recording", ""), ("exec", "--", ""), ("exec", "--", "ls", "-")):
        assert complete(*words) == [":files"], words
    assert complete("exec", "--step", "") == []


@pytest.mark.parametrize("words", [("exec",), ("check", "--strict"), ("shell",), ("show",)])
def test_changes_are_asked_for(bad, words):
    body = json.dumps([{"name": "CHG-7", "title": "restart nginx"}, {"name": "CHG-12", "title": "more"}]).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    url = f"http://127.0.0.1:{bad('nonsense', head + body).port}"
    assert complete(*words, "CHG-1", RB_URL=url) == ["CHG-12"]


def test_help_of_a_noun_is_the_clients():
    assert "emergency confirm NAME" in run("rcm", "help", "emergency")
    assert run("rcm", "help", "exec") == run("rcm", "help")


def test_without_rcm_client_its_own_verbs_are_left(tmp_path):
    alone = tmp_path / "rcm"
    shutil.copy(bin_folder() / "rcm", alone)
    assert complete("", program=alone) == OWN


@pytest.mark.parametrize("program", ["rcm", "rcm-client"])
def test_each_has_a_script_of_its_own(tmp_path, program):
    scripts = {shell: tmp_path / shell for shell in ("bash", "zsh", "fish")}
    for shell, script in scripts.items():
        script.write_text(run(program, "completion", shell))
        done = subprocess.run([shell, "-n", script], capture_output=True, text=True, timeout=20, check=False)
        assert (done.returncode, done.stdout + done.stderr) == (0, "")
    env = environment(PATH=f"{bin_folder().resolve()}:{os.environ['PATH']}", RB_SOCKET="/nonexistent/socket")
    assert in_bash(program, scripts["bash"], f"{program} exe", env) == (["exec"] if program == "rcm" else [])
    assert in_bash(program, scripts["bash"], f"{program} emergency con", env) == ["confirm"]
