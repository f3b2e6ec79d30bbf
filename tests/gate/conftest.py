"""host: rcm with a gate of the test's own. Only root may say who the gate is, so these need root."""
import os

import pytest
from harness.rcm import Host


@pytest.fixture
def host():
    if os.geteuid() != 0:
        pytest.skip("only root can say whom rcm believes")
    host = Host()
    yield host
    host.close()
    assert host.gate.problems == []
