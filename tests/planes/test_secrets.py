"""A secret reaches the peer that it is for and nothing else: not the database, the log, an answer, ps."""
import base64
import os
import re
import time
from pathlib import Path
from typing import NamedTuple

import pytest
from harness import sockets
from process import wait_until

ROUTES = ("targets", "targets/prom-main", "hooks", "tokens", "plans", "executions", "approvals", "audit", "effects")

PLAN = """
plan {
  name    = "paper/canary",
  kind    = "shift",
  summary = "A weight, while a reading that needs a credential is watched",
  owner   = "tests",
  params  = { server = { type = "string", example = "s1", help = "whose weight" } },
  targets = { first = { haproxy = "edge-1" }, prom = { prometheus = "prom-main" } },
}

function apply(p, t)
  return {
    step "look" { check(t.prom:value("canary_errors"):below(1)) },
    step "act" { set(t.first:weight("checkout/" .. p.server), 40) },
  }
end
"""


class Secret(NamedTuple):
    text: str
    reference: str


def new_secret(path, text):
    path.write_text(text + "\n")
    path.chmod(0o600)
    return Secret(text, f"file:{path}")


def paper_prometheus():
    """Every reading is 0, for whoever asks."""
    def behave(server, connection):
        server.take(connection)
        body = (f'{{"status":"success","data":{{"resultType":"vector","result":'
                f'[{{"metric":{{}},"value":[{time.time():.3f},"0"]}}]}}}}').encode()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                           b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        connection.close()
    return sockets.BadServer(behave)


class Used(NamedTuple):
    world: object
    canary: Secret
    hook_key: Secret
    prometheus: object


@pytest.fixture(scope="module")
def used(make_world, tmp_path_factory):
    """A daemon with the most talkative log that has used each secret in a whole run and back."""
    folder = tmp_path_factory.mktemp("secrets")
    canary = new_secret(folder / "prometheus.key", "canary" + os.urandom(18).hex())
    hook_key = new_secret(folder / "hook.key", "whsec_" + base64.b64encode(os.urandom(32)).decode())
    world, prometheus, receiver = make_world(edges=1, log="debug"), paper_prometheus(), sockets.nonsense()
    admin = world.people.admin
    admin.ok("target", "add", "prom-main", "--kind", "prometheus", "--address", prometheus.url, "--environment", "lab",
             "--allow", "prometheus.value", "--credential", canary.reference)
    admin.ok("hook", "add", "pager", "--to", receiver.url, "--secret", hook_key.reference)
    (folder / "canary.lua").write_text(PLAN)
    world.activate(folder / "canary.lua", "paper/canary")
    run = world.run("paper/canary", f"server={world.server()}")["id"]
    world.wait(run, "SUCCEEDED")
    world.people.alice.ok("execution", "rollback", run)
    wait_until(lambda: receiver.received, "an event that the hook's key signed")
    yield Used(world, canary, hook_key, prometheus)
    prometheus.close()
    receiver.close()


def forms(text):
    """As it is, and as a dump would show it."""
    raw = text.encode()
    return raw, base64.b64encode(raw).rstrip(b"="), raw.hex().encode()


def command_lines(pid):
    """What ps and /proc show of the daemon and of its children."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if pid in (int(folder.name), parent):
                found.append((f"{folder.name} cmdline", (folder / "cmdline").read_bytes()))
                found.append((f"{folder.name} environ", (folder / "environ").read_bytes()))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def places(world):
    """[(name, bytes)] of all that others may read."""
    daemon = world.daemon
    found = [(str(path), path.read_bytes()) for path in sorted(daemon.data_dir.rglob("*"))
             if path.is_file() and path != daemon.admin_token_file]
    found.append(("log", daemon.log.encode()))
    found += command_lines(daemon.process.pid)
    for route in ROUTES:
        reply = daemon.get(f"/api/v1/{route}", token=world.people.token("admin"))
        assert reply.status == 200, f"{route}: {reply.status} {reply.body}"
        found.append((route, reply.body))
    runs = [row["id"] for row in world.get("/api/v1/executions")["items"]]
    assert len(runs) >= 2, "the run and its undo"
    return found + [(f"journal of {run}", str(world.journal(run)).encode()) for run in runs]


def leaks(text, found):
    return [name for name, content in found if any(form in content for form in forms(text))]


def test_the_peer_got_it(used):
    """Else nothing below would be shown."""
    asked = [data for data in used.prometheus.received if b"canary_errors" in data]
    assert asked and all(re.search(rb"(?i)authorization: bearer " + used.canary.text.encode(), data) for data in asked)


def test_no_secret_is_found_after_a_run_and_its_rollback(used):
    found = places(used.world)
    assert any(name.endswith("cmdline") and b"redbuttond" in content for name, content in found)
    assert any(name.endswith("cmdline") and b"redbutton-runner" in content for name, content in found)
    tokens = [used.world.people.token(name) for name in ("admin", "alice", "bob")]
    for secret in (used.canary.text, used.hook_key.text, *tokens):
        assert leaks(secret, found) == [], f"{secret[:8]}... was found"


def test_the_search_finds_what_is_there(used):
    """Else the test above could not fail."""
    found = leaks("prom-main", places(used.world))
    assert "targets" in found and any(name.startswith(str(used.world.daemon.data_dir)) for name in found)
    assert any(name.startswith("journal") for name in leaks("edge-1", places(used.world)))


def test_an_error_does_not_show_it(used):
    server, admin = sockets.closing(), used.world.people.admin
    admin.ok("target", "add", "prom-bad", "--kind", "prometheus", "--address", server.url, "--environment", "lab",
             "--allow", "prometheus.value", "--credential", used.canary.reference)
    result = admin.run("target", "check", "prom-bad")
    server.close()
    assert any(used.canary.text.encode() in data for data in server.received), "the credential was not used at all"
    assert used.canary.text not in result.out + result.err
    assert leaks(used.canary.text, places(used.world)) == []


def test_a_secret_given_as_an_address_is_refused_and_not_repeated(used):
    text = os.urandom(18).hex()
    result = used.world.people.admin.fails("target", "add", "leaky", "--kind", "prometheus", "--address",
                                           f"http://user:{text}@127.0.0.1:9", "--environment", "lab",
                                           "--allow", "prometheus.value")
    assert text not in result.out + result.err
    assert "--credential" in result.err
    assert leaks(text, places(used.world)) == []
