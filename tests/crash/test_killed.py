"""kill -9 in the middle of a run: started again it goes on or asks; nothing is doubled."""
import time
from pathlib import Path

import pytest
from harness.plans import activate, start, wait_for_state

PLAN = Path(__file__).parents[1] / "planes" / "plans" / "shift.lua"


def journal_is_sane(people, run):
    journal = people.alice.json("execution", "journal", run)
    done = [effect["path"] for effect in journal if effect["direction"] == "do" and effect["state"] == "CONFIRMED"]
    assert len(done) == len(set(done)), "an effect was confirmed twice"
    assert len({effect["key"] for effect in journal}) == len(journal), "a key was used twice"
    return journal


@pytest.mark.parametrize("after", [0.0, 0.3, 1.1, 2.0, 3.3])
def test_a_killed_daemon_goes_on_with_its_run(production, people, daemon, cli, after):
    activate(people, PLAN, "test/shift")
    run = start(people, "test/shift", "zone=a", "hold=1s")
    time.sleep(after)
    daemon.kill()
    killed_at = time.monotonic()
    daemon.start()
    assert time.monotonic() - killed_at < 5
    ended = wait_for_state(people, run, "SUCCEEDED", "PAUSED", seconds=60)
    if ended["state"] == "SUCCEEDED":
        assert [edge.weight("a") for edge in production.edges] == [0, 0]
    journal_is_sane(people, run)
    cli.ok("audit", "verify", "--data-dir", daemon.data_dir)


def test_a_daemon_killed_while_it_undoes_brings_everything_back(production, people, daemon, cli):
    activate(people, PLAN, "test/shift")
    run = start(people, "test/shift", "zone=a")
    wait_for_state(people, run, "SUCCEEDED")
    people.alice.ok("execution", "rollback", run, "--no-follow")
    daemon.kill()
    daemon.start()
    undo = people.alice.json("execution", "list")[0]["id"]
    wait_for_state(people, undo, "ROLLED_BACK", seconds=60)
    assert [edge.weight("a") for edge in production.edges] == [100, 100]
    assert people.alice.json("effects") == []
    cli.ok("audit", "verify", "--data-dir", daemon.data_dir)


def test_what_ships_knows_no_moment_to_die_at(tmp_path):
    import subprocess
    from harness.daemon import bin_folder
    done = subprocess.run([bin_folder() / "redbuttond", "--crash-at", "1", "--data-dir", tmp_path], capture_output=True,
                          text=True, timeout=20)
    assert done.returncode == 2 and '"--crash-at" is not understood' in done.stderr
    assert not list(tmp_path.iterdir())
    assert b"--crash-at" not in (bin_folder() / "redbuttond").read_bytes()


def test_a_second_daemon_on_the_same_directory_is_refused(daemon, make_daemon):
    import subprocess
    command = [str(word) for word in daemon.command()]
    second = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert second.returncode == 5
    assert "another daemon" in second.stderr
    assert daemon.is_alive()
