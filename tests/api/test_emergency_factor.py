"""A second factor before an emergency: only a whole yes to this very question is one."""
import http.server
import json
import threading

import pytest
from harness.changes import add_host
from harness.rows import Rows


class Hook:
    """The site's hook; `answer(question)` gives (status, body) or None for silence."""

    def __init__(self):
        self.asked, hook = [], self
        self.answer = lambda question: (200, {"nonce": question["nonce"], "allow": True})
        self.stop = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hook.asked.append((question, self.headers.get("Authorization")))
                answer = hook.answer(question)
                if answer is None:
                    hook.stop.wait(60)
                    return
                body = answer[1] if isinstance(answer[1], bytes) else json.dumps(answer[1]).encode()
                self.send_response(answer[0])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/factor"

    def close(self):
        self.stop.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def hook():
    hook = Hook()
    yield hook
    hook.close()


@pytest.fixture(scope="module")
def world(make_world, hook, tmp_path_factory):
    token = tmp_path_factory.mktemp("hook") / "token"
    token.write_text("the-hooks-token")
    token.chmod(0o600)
    world = make_world(emergency_hook=hook.url, emergency_hook_token=f"file:{token}")
    add_host(world.people, "shop-1", "shop")
    world.people.admin.ok("incident", "open", "the shop is down", "--severity", "1", "--environment", "production",
                          "--service", "shop")
    return world


def body(**more):
    return {"scope": "svc:shop", "reason": "the shop answers nothing: restarting it by hand", "incident": "INC-1",
            "ttl": "10m", **more}


def start(world, who="alice", **more):
    return world.daemon.request("POST", "/api/v1/emergencies", body(**more), token=world.people.token(who))


def test_it_is_asked_and_its_yes_lets_it_begin(world, hook):
    started = start(world, code="code-that-nobody-keeps")
    assert started.status == 201 and started.json["state"] == "active", started.json
    question, login = hook.asked[-1]
    assert login == "Bearer the-hooks-token"
    assert {name: question[name] for name in ("schema", "act", "person", "scope", "incident", "code")} == {
        "schema": 1, "act": "start", "person": "alice", "scope": "svc:shop", "incident": "INC-1", "code": "code-that-nobody-keeps"}
    name = started.json["name"]
    renewed = world.daemon.request("POST", f"/api/v1/emergencies/{name}/renew", {"ttl": "20m", "code": "654321"},
                                   token=world.people.token("alice"))
    assert renewed.status == 200 and hook.asked[-1][0]["act"] == "renew" and hook.asked[-1][0]["emergency"] == name
    world.people.alice.ok("emergency", "end", name)
    world.people.carol.ok("follow-up", "close", name, "--verdict", "justified", "--note", "it was down indeed")
    kept = [path for path in world.daemon.data_dir.rglob("*") if path.is_file()]
    assert kept and not [path for path in kept if b"code-that-nobody-keeps" in path.read_bytes()]


@pytest.mark.parametrize("answer", [
    lambda question: (200, {"nonce": question["nonce"], "allow": False, "message": "wrong code"}),
    lambda question: (200, {"nonce": question["nonce"]}),
    lambda question: (200, {"nonce": question["nonce"], "allow": "true"}),
    lambda question: (200, {"nonce": question["nonce"], "allow": 1}),
    lambda question: (200, {"nonce": "another", "allow": True}),
    lambda question: (200, {"allow": True}),
    lambda question: (200, b"yes"),
    lambda question: (200, b""),
    lambda question: (200, b'{"nonce": "' + question["nonce"].encode() + b'", "allow": true'),
    lambda question: (200, b'{"allow": true, "pad": "' + b"x" * 5000 + b'"}'),
    lambda question: (500, {"nonce": question["nonce"], "allow": True}),
    lambda question: (302, {"nonce": question["nonce"], "allow": True}),
    lambda question: (204, b""),
])
def test_anything_else_is_a_no_and_writes_nothing(world, hook, answer):
    kept, hook.answer = hook.answer, answer
    before = Rows(world.daemon).read_at_rest()
    refused = start(world, code="123456")
    hook.answer = kept
    assert refused.status == 403 and "second factor said no" in refused.json["detail"], refused.json
    assert Rows(world.daemon).read_at_rest() == before


def test_who_confirms_is_asked_too(world, hook):
    world.people.add("anna", "edge-team", ["author"])
    pending = start(world, "anna")
    assert pending.status == 201 and pending.json["state"] == "pending"
    path = f"/api/v1/emergencies/{pending.json['name']}/confirm"
    kept, hook.answer = hook.answer, lambda question: (200, {"nonce": question["nonce"], "allow": question["person"] == "anna"})
    assert world.daemon.request("POST", path, {"code": "1"}, token=world.people.token("bob")).status == 403
    hook.answer = kept
    assert world.daemon.request("POST", path, {"code": "1"}, token=world.people.token("bob")).status == 200
    assert (hook.asked[-1][0]["act"], hook.asked[-1][0]["person"]) == ("confirm", "bob")
    world.people.anna.ok("emergency", "end", pending.json["name"])
    world.people.carol.ok("follow-up", "close", pending.json["name"], "--verdict", "justified", "--note", "it was down")


def test_a_hook_that_is_away_is_a_no(make_world):
    world = make_world(emergency_hook="http://127.0.0.1:9/factor")
    world.people.admin.ok("incident", "open", "down", "--severity", "1", "--environment", "production", "--service", "shop")
    refused = start(world)
    assert refused.status == 403 and "could not be asked" in refused.json["detail"]
    assert world.daemon.request("GET", "/api/v1/emergencies", token=world.people.token("alice")).json["items"] == []


def test_without_a_hook_a_code_proves_nothing(make_world):
    world = make_world()
    add_host(world.people, "shop-1", "shop")
    world.people.admin.ok("incident", "open", "down", "--severity", "1", "--environment", "production", "--service", "shop")
    refused = start(world, code="123456")
    assert refused.status == 400 and refused.json["field"] == "code"
    assert start(world).status == 201
