"""Fixtures of all end-to-end tests. A test names what it needs; what was started ends with it.

daemon     redbuttond of $RB_BUILD in a directory of its own, ready
people     alice, bob, carol, vera and admin, each a command line
topology   two HAProxy edges, zones a and b, Prometheus, a steady load (one for a whole file)
bad        harness.sockets: servers that answer nonsense, late, half or not at all
make_world harness.world: a daemon and paper edges for a whole file
"""
import shutil
import tempfile
from pathlib import Path

import pytest
from harness import sockets
from harness.cli import Cli
from harness.daemon import Daemon
from harness.people import People
from harness.plans import register
from harness.world import World
from process import Process


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """Folders of this process alone: pytest's own lie below one whose mode each start of pytest takes back, while
    tests beside it let other accounts through."""
    if not config.option.basetemp:
        config.own_folder = tempfile.mkdtemp(prefix="redbutton-test-")
        config.option.basetemp = str(Path(config.own_folder) / "t")


def pytest_sessionfinish(session, exitstatus):
    """What failed is left to be looked at."""
    folder = getattr(session.config, "own_folder", None)
    if folder and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """With a failure: each daemon and gate that runs or ended badly, and the end of its log."""
    report = (yield).get_result()
    if report.failed:
        last = {process.log: process for process in Process.recent}     # of one log, the last that wrote it
        report.sections += [(f"{process.name} {process.status()}", process.tail(40)) for process in last.values()
                            if process.child.poll() != 0]


@pytest.fixture
def make_daemon(tmp_path):
    """make_daemon(log="debug"): one more, started; each gets its own directory."""
    started = []

    def make(**settings):
        daemon = Daemon(tmp_path / f"daemon-{len(started)}", **settings)
        started.append(daemon)
        return daemon.start()

    yield make
    codes = [daemon.stop() for daemon in started]
    for daemon, code in zip(started, codes):
        assert code in (0, -9, None), f"redbuttond ended with {code}:\n{daemon.process.tail()}"
        assert "AddressSanitizer" not in daemon.log, daemon.log[-4000:]
        assert "runtime error:" not in daemon.log, daemon.log[-4000:]


@pytest.fixture
def daemon(make_daemon):
    return make_daemon()


@pytest.fixture
def cli(daemon):
    """Nobody in particular: the unix peer."""
    return Cli(daemon)


@pytest.fixture
def people(daemon):
    return People(daemon)


@pytest.fixture(scope="module")
def shared_topology(tmp_path_factory):
    from topology import Topology
    topology = Topology(tmp_path_factory.mktemp("production")).start()
    yield topology
    topology.stop()


@pytest.fixture
def topology(shared_topology):
    """As new: weights at 100, no zone fails."""
    yield shared_topology
    for edge in shared_topology.edges:
        if not edge.process.is_running():
            edge.start()
        for zone in ("a", "b"):
            edge.set_weight(zone, 100)
    for zone in ("a", "b"):
        shared_topology.zone_fails(zone, False)


@pytest.fixture
def production(topology, people):
    """People, and the topology as their targets."""
    register(people, topology)
    return topology


@pytest.fixture
def bad():
    """bad("silent"), bad("half_open", b"75") ..."""
    made = []

    def make(kind, *args):
        server = getattr(sockets, kind)(*args)
        made.append(server)
        return server

    yield make
    for server in made:
        server.close()


@pytest.fixture(scope="module")
def make_world(tmp_path_factory):
    """make_world(edges=1, environment_name="production"): all of them end with the file."""
    made = []

    def make(**settings):
        world = World(tmp_path_factory.mktemp("world"), **settings)
        made.append(world)
        return world

    yield make
    for world in made:
        world.close()
