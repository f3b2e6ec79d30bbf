"""The command line without and with a daemon: help, usage errors, exit codes."""
import subprocess

import pytest
from harness.cli import Cli
from harness.daemon import Daemon, bin_folder


@pytest.fixture
def away(tmp_path):
    """A command line whose daemon was never started."""
    return Cli(Daemon(tmp_path))


def test_help_lists_the_verbs():
    done = subprocess.run([bin_folder() / "redbutton", "help"], capture_output=True, text=True, timeout=10, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "status" in done.stdout


@pytest.mark.parametrize("program", ["redbutton", "redbuttond"])
def test_help_and_version_need_nothing(program):
    for flag in ("--help", "--version"):
        done = subprocess.run([bin_folder() / program, flag], capture_output=True, text=True, timeout=10, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert program in done.stdout


def test_an_unknown_verb_is_a_usage_error(away):
    result = away.fails("stauts")
    assert result.code == 2
    assert "status" in result.err, "the nearest verb is named"


def test_no_daemon_is_unreachable_and_says_where_it_looked(away):
    result = away.fails("status")
    assert result.code == 69
    assert str(away.daemon.socket) in result.err


def test_status_of_a_daemon_that_runs(cli):
    assert cli.run("status").code == 0
    assert cli.json("status")["needs_person"] is False


def test_status_over_the_url_takes_a_token(daemon):
    assert Cli(daemon, use_socket=False).run("status").code == 3
    assert Cli(daemon, daemon.admin_token_file, use_socket=False).run("status").code == 0


def test_an_unknown_setting_of_the_daemon_is_named():
    done = subprocess.run([bin_folder() / "redbuttond", "--dtaa-dir", "x"], capture_output=True, text=True, timeout=10,
                          check=False)
    assert done.returncode == 2
    assert "dtaa-dir" in done.stderr
