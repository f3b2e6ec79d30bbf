"""What a client may cost: time, connections, streams; and that the red button answers meanwhile."""
import concurrent.futures
import contextlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import pytest
from harness import daemon as daemons
from harness import raw
from process import wait_until

IDLE_S, REQUEST_S, SLACK_S = 1, 3, 15
LIMITS = {"idle_timeout": f"{IDLE_S}s", "request_timeout": f"{REQUEST_S}s"}
PER_ADDRESS, CONNECTIONS, STREAMS, PER_USER = 64, 512, 128, 64
HEADERS = b"Host: localhost\r\n"
GET = b"GET /healthz HTTP/1.1\r\n" + HEADERS


@pytest.fixture(autouse=True)
def many_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


@pytest.fixture
def no_quarantine(monkeypatch):
    """A sanitizer keeps what was freed: here it is the memory that counts."""
    options = daemons.environment()["ASAN_OPTIONS"] + ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
    without = daemons.environment(ASAN_OPTIONS=options)
    monkeypatch.setattr(daemons, "environment", lambda **more: {**without, **more})


def rss_kb(daemon):
    with open(f"/proc/{daemon.process.pid}/statm") as statm:
        return int(statm.read().split()[1]) * 4


def drip(end, pieces, pause_s, seconds):
    """Sends them one by one; how long until the other side hung up, None when it did not."""
    began = time.monotonic()
    for piece in pieces:
        try:
            end.sendall(piece)
            received, is_closed = raw.receive(end, pause_s)
        except OSError:
            is_closed = True
        if is_closed:
            return time.monotonic() - began
        if time.monotonic() - began > seconds:
            return None
    return time.monotonic() - began if raw.receive(end, seconds)[1] else None


def forever(piece):
    while True:
        yield piece


POST = b"POST /api/v1/plans/lint HTTP/1.1\r\n" + HEADERS
SLOW = {
    "nothing at all": [],
    "half a request line": [b"GET /hea"],
    "a request line that drips": [b"GET /", *[b"a"] * 1000],
    "headers that drip": [b"GET /healthz HTTP/1.1\r\n", *[b"X-A: b\r\n"] * 1000],
    "one header that drips": [GET + b"X-A: ", *[b"x"] * 1000],
    "headers without an end": [GET],
    "a body that drips": [POST + b"Content-Length: 5000\r\n\r\n", *[b"a"] * 1000],
    "a body that does not come": [POST + b"Content-Length: 5000\r\n\r\n"],
    "chunks that drip": [POST + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\na\r\n"] * 1000],
    "a chunk that does not come": [POST + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n"],
    "empty lines that drip": [b"\r\n"] * 1000,
}


def test_slow_clients_end_at_a_deadline(make_daemon):
    daemon = make_daemon(**LIMITS)
    most = IDLE_S + REQUEST_S + SLACK_S
    before = raw.connections(daemon)

    def run(what):
        with raw.connect(daemon) as end:
            return what, drip(end, SLOW[what], 0.2, most + 1)

    with concurrent.futures.ThreadPoolExecutor(len(SLOW)) as pool:
        took = dict(pool.map(run, SLOW))
    assert all(seconds is not None and seconds <= most for seconds in took.values()), took
    wait_until(lambda: raw.connections(daemon) <= before, "the connections of before")


def test_a_client_that_asks_and_never_reads_costs_a_bounded_slice(make_daemon, no_quarantine):
    daemon = make_daemon(**LIMITS)
    token = daemon.admin_token_file.read_text().strip().encode()
    ask = b"GET /api/v1/status HTTP/1.1\r\n" + HEADERS + b"Authorization: Bearer " + token + b"\r\n\r\n"
    daemon.get("/api/v1/status", token=token.decode())
    before, sent, began = rss_kb(daemon), 0, time.monotonic()
    with raw.connect(daemon) as end:
        end.settimeout(1)
        with contextlib.suppress(OSError):
            while time.monotonic() - began < REQUEST_S + SLACK_S:
                sent += end.send(ask * 200)
        assert time.monotonic() - began < REQUEST_S + SLACK_S, "it was heard out for ever"
    grown = rss_kb(daemon) - before
    print(f"{sent} bytes of requests unread: {grown} KiB")
    assert grown < 64 * 1024
    assert daemon.is_alive()


def is_open(end):
    """Nothing came, and it is not closed."""
    end.settimeout(0.001)
    try:
        return bool(end.recv(1))
    except (TimeoutError, BlockingIOError):
        return True
    except OSError:
        return False


def test_an_address_has_so_many_connections(make_daemon):
    daemon = make_daemon(idle_timeout="30s")
    with contextlib.ExitStack() as ends:
        first = [ends.enter_context(raw.connect(daemon, source="127.0.0.1")) for _ in range(100)]
        wait_until(lambda: sum(map(is_open, first)) <= PER_ADDRESS, "the others to be refused")
        assert sum(map(is_open, first)) == PER_ADDRESS
        received, *_ = raw.talk(daemon, GET + b"Connection: close\r\n\r\n", source="127.0.0.2")
        assert raw.answers(received)[0].status == 200, "another address is served"
        for end in first:
            end.close()
        wait_until(daemon.is_alive, "the first address to be served again")


def test_so_many_connections_at_all_and_the_others_wait(make_daemon):
    daemon = make_daemon(idle_timeout="30s")
    before = raw.connections(daemon)
    with contextlib.ExitStack() as ends:
        for number in range(1000):
            ends.enter_context(raw.connect(daemon, source=f"127.0.1.{number // 50 + 1}"))
        wait_until(lambda: raw.connections(daemon) >= before + CONNECTIONS, "the connections to be taken")
        time.sleep(0.3)
        assert raw.connections(daemon) == before + CONNECTIONS
        assert daemon.get("/healthz", unix=True).status == 200, "the local socket is another listener"
    wait_until(daemon.is_alive, "to be served again", 10)
    wait_until(lambda: raw.connections(daemon) <= before, "the connections of before", 10)


GREEDY = """
import socket, sys, time
ends = []
for _ in range(300):
    end = socket.socket(socket.AF_UNIX)
    end.connect(sys.argv[1])
    ends.append(end)

def is_open(end):
    end.setblocking(False)
    try:
        return bool(end.recv(1))
    except BlockingIOError:
        return True
    except OSError:
        return False

until = time.monotonic() + 20
while sum(map(is_open, ends)) > int(sys.argv[2]) and time.monotonic() < until:
    time.sleep(0.05)
time.sleep(0.3)
print(sum(map(is_open, ends)), flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_a_user_of_this_host_does_not_take_the_local_socket_for_himself(make_daemon):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        daemon = make_daemon(socket=f"{folder}/s", idle_timeout="30s")
        greedy = subprocess.Popen([sys.executable, "-c", GREEDY, f"{folder}/s", str(PER_USER)], user=65534, group=65534, extra_groups=[],
                                  stdout=subprocess.PIPE, text=True)
        try:
            assert greedy.stdout.readline() == f"{PER_USER}\n"
            daemon.socket = f"{folder}/s"
            assert daemon.get("/healthz", unix=True).status == 200
        finally:
            greedy.kill()
            greedy.wait()


def test_so_many_streams(make_daemon):
    daemon = make_daemon()
    token = daemon.admin_token_file.read_text().strip().encode()
    ask = b"GET /api/v1/events HTTP/1.1\r\n" + HEADERS + b"Authorization: Bearer " + token + b"\r\n\r\n"
    with contextlib.ExitStack() as ends:
        for number in range(STREAMS):
            end = ends.enter_context(raw.connect(daemon, source=f"127.0.2.{number // 50 + 1}"))
            end.sendall(ask)
            assert b" 200 OK" in end.recv(4096).split(b"\r\n")[0]
        with raw.connect(daemon, source="127.0.2.9") as end:
            end.sendall(ask)
            answer = raw.first_answer(end)
        assert answer.status == 429 and answer.headers["retry-after"] and b"128 event streams" in answer.body
        assert daemon.get("/healthz").status == 200


def cpu_s(daemon):
    with open(f"/proc/{daemon.process.pid}/stat") as stat:
        words = stat.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def test_connections_that_wait_cost_no_time(make_daemon):
    """Kept alive, half a request, streams: none of them makes the loop turn."""
    daemon = make_daemon(idle_timeout="30s", request_timeout="30s")
    token = daemon.admin_token_file.read_text().strip().encode()
    stream = b"GET /api/v1/events HTTP/1.1\r\n" + HEADERS + b"Authorization: Bearer " + token + b"\r\n\r\n"
    with contextlib.ExitStack() as ends:
        for sent in [GET + b"\r\n", GET, stream] * 15:
            ends.enter_context(raw.connect(daemon)).sendall(sent)
        time.sleep(0.5)
        before = cpu_s(daemon)
        time.sleep(2)
        spent = cpu_s(daemon) - before
    assert spent < 0.2, f"{spent:.2f} s of 2"


def test_a_lone_write_is_answered_at_once(make_daemon):
    """Nothing else moves the loop: the reply must leave with its own turn."""
    daemon = make_daemon()
    token = daemon.admin_token_file.read_text().strip()
    time.sleep(0.3)
    took = []
    for number in range(10):
        began = time.monotonic()
        assert daemon.post("/api/v1/groups", {"name": f"g{number}"}, token=token).status == 201
        took.append(time.monotonic() - began)
    assert statistics.median(took) < 0.5, took


# --- a flood, and the red button ---

class Flood:
    """Connections from many addresses that ask, leave, drip and talk nonsense as fast as they can."""

    KINDS = (GET + b"Connection: close\r\n\r\n", GET, b"\x16\x03\x01\xff" * 50, POST + b"Content-Length: 100000\r\n\r\n" + b"a" * 2000,
             b"GET /" + b"a" * 9000, (GET + b"\r\n") * 20)

    def __init__(self, daemon, threads=6, held=300):
        self.daemon, self.held = daemon, held
        self.is_on, self.count, self.idle = True, 0, contextlib.ExitStack()
        self.threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(threads)]

    def __enter__(self):
        for number in range(self.held):
            with contextlib.suppress(OSError):
                end = raw.connect(self.daemon, source=f"127.0.3.{number // 60 + 1}", timeout=1)
                self.idle.enter_context(end)
                end.sendall(GET)
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_on = False
        for thread in self.threads:
            thread.join()
        self.idle.close()

    def _run(self, number):
        while self.is_on:
            with contextlib.suppress(OSError), \
                    raw.connect(self.daemon, source=f"127.0.4.{number + 1}", timeout=0.05) as end:
                end.sendall(self.KINDS[self.count % len(self.KINDS)])
                if self.count % 3 == 0:
                    end.recv(1000)
            self.count += 1


def press(world, seconds=2):
    """Seconds from a start over the unix socket to the first write at the plane; the median."""
    took, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        server = world.server()
        token = world.people.token("alice")
        preview = world.daemon.post("/api/v1/previews", {"plan": "paper/set", "params": {"server": server}}, unix=True,
                                    token=token).json
        began = time.monotonic()
        reply = world.daemon.post("/api/v1/executions", {"preview": preview["id"], "digest": preview["digest"]}, unix=True,
                                  token=token)
        assert reply.status == 202, reply.body
        while not world.written(server)[0]:
            assert time.monotonic() - began < 10, "the button does nothing"
            time.sleep(0.0005)
        took.append(time.monotonic() - began)
    return statistics.median(took)


def test_a_flood_does_not_block_the_red_button(make_world, no_quarantine):
    world = make_world(**LIMITS)
    world.activate("paper-set.lua", "paper/set")
    alone = press(world)
    before = rss_kb(world.daemon)
    with Flood(world.daemon) as flood:
        flooded = press(world)
    print(f"start to first effect: {alone * 1000:.1f} ms alone, {flooded * 1000:.1f} ms under a flood of {flood.count} connections "
          f"and {flood.held} held: {flooded / alone:.1f}; {rss_kb(world.daemon) - before} KiB more")
    assert flood.count > 100, "there was no flood"
    assert flooded < 5.0
    assert rss_kb(world.daemon) - before < 256 * 1024
    wait_until(world.daemon.is_alive, "to be served again", 10)
