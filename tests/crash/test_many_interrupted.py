"""200 executions in the middle of a ramp when the daemon is killed: all are resumed in 5 s."""
import time

import pytest
from harness.lane import RESUME_WITHIN, Lane

COUNT = 200


@pytest.fixture
def lane(tmp_path):
    lane = Lane(tmp_path / "lane", program="redbuttond")
    yield lane
    lane.close()


def states(lane):
    return dict(lane.rows("SELECT state, count(*) FROM execution GROUP BY state"))


def wait_states(lane, wanted, seconds):
    end = time.monotonic() + seconds
    while (now := states(lane)) != wanted:
        assert time.monotonic() < end, f"{now} after {seconds} s, not {wanted}"
        time.sleep(0.02)


def test_200_interrupted_executions_are_resumed_in_5_seconds(lane, capsys):
    ids = [lane.begin(hold="10m")["id"] for _ in range(COUNT)]
    end = time.monotonic() + 180
    while sum(len(edge.writes) for edge in lane.edges) < 2 * COUNT:
        assert time.monotonic() < end, "the first stage of all runs"
        time.sleep(0.05)
    time.sleep(0.3)
    lane.kill()
    sent = sum(len(edge.writes) for edge in lane.edges)
    epoch = lane.one("SELECT max(epoch) FROM executor_life")[0]
    began = time.monotonic()
    assert lane.start()
    ready = time.monotonic() - began
    owned = lane.one("SELECT count(*) FROM execution WHERE epoch > ? AND attempts = 1 AND state = 'RUNNING'", epoch)[0]
    # That the engine has each of them is shown by what only its walk can do: bring it to PAUSED.
    for id_ in ids:
        assert lane.post(f"/api/v1/executions/{id_}/pause", {}).status in (200, 202)
    wait_states(lane, {"PAUSED": COUNT}, 120)
    walked = time.monotonic() - began
    with capsys.disabled():
        print(f"\n{owned} interrupted executions: taken over and ready after {ready:.2f} s; "
              f"each walked to PAUSED by a command of its own after {walked:.2f} s")
    assert owned == COUNT
    assert ready < RESUME_WITHIN
    assert sum(len(edge.writes) for edge in lane.edges) == sent, "nothing is sent twice"
    for id_ in ids:
        lane.post(f"/api/v1/executions/{id_}/abort", {})
    wait_states(lane, {"ABORTED": COUNT}, 120)
    assert lane.one("SELECT count(*) FROM safety_lock")[0] == 0
    assert lane.verify() == ""
