"""docs/openapi.json: each operation is asked as its example says, and answers as it says."""
import http.client
import json

import pytest
from harness.asks import Asks
from harness.contract import BrokenContract, contract
from harness.daemon import Reply

STREAMS = {"get_events"}


@pytest.fixture(scope="module")
def asks(make_world):
    world = make_world()
    world.activate("paper-set.lua", "paper/set")
    world.activate("paper-gate.lua", "paper/gate")
    return Asks(world)


@pytest.mark.parametrize("name", [operation.id for operation in contract().operations if operation.id not in STREAMS])
def test_an_operation_answers_its_example(asks, name):
    if name == "get_audit_checkpoint":
        pytest.skip("the first one is made within a minute: test_audit.py")
    reply = asks.send(asks.make(name))
    assert 200 <= reply.status < 300, reply.body
    assert (name, reply.status) in contract().seen, "the harness looked at it"


# --- the harness sees what it is there for ---

GOOD = {"id": "01KAV4Q3B8Z6N0YV1X5R7T9W2E", "name": "on-call", "members": [], "created_at": "2026-11-24T11:19:17.123456Z"}


def reply(status, body, kind="application/json", **headers):
    message = http.client.HTTPMessage()
    for name, value in {"Content-Type": kind, **headers}.items():
        message[name] = value
    return Reply(status, message, body if isinstance(body, bytes) else json.dumps(body).encode())


PROBLEM = {"type": "urn:redbutton:problem:invalid", "title": "Invalid", "status": 400, "detail": "x", "code": "invalid"}
BROKEN = {
    "an unknown route": ("GET", "/api/v1/nothing", None, reply(200, {})),
    "an unknown method": ("PUT", "/api/v1/groups", None, reply(200, {})),
    "an unlisted status": ("POST", "/api/v1/groups", {"name": "a"}, reply(299, GOOD)),
    "our own failure": ("GET", "/api/v1/groups", None, reply(500, {**PROBLEM, "status": 500}, "application/problem+json")),
    "a member too many": ("POST", "/api/v1/groups", {"name": "a"}, reply(201, {**GOOD, "more": 1})),
    "a member too few": ("POST", "/api/v1/groups", {"name": "a"}, reply(201, {"id": GOOD["id"]})),
    "another type": ("POST", "/api/v1/groups", {"name": "a"}, reply(201, {**GOOD, "members": "a"})),
    "an item of another shape": ("GET", "/api/v1/groups", None, reply(200, {"items": [GOOD, {}]})),
    "another media type": ("POST", "/api/v1/groups", {"name": "a"}, reply(201, GOOD, "text/html")),
    "a problem that is none": ("GET", "/api/v1/groups", None, reply(400, {"code": "invalid"}, "application/problem+json")),
    "a problem of another status": ("GET", "/api/v1/groups", None, reply(403, PROBLEM, "application/problem+json")),
    "an ETag too many": ("POST", "/api/v1/groups", {"name": "a"}, reply(201, GOOD, ETag='"v1"')),
    "a body that the document refuses": ("POST", "/api/v1/groups", {"name": ""}, reply(201, GOOD)),
    "a body that nobody wants": ("DELETE", "/api/v1/hooks/a", {"a": 1}, reply(204, b"")),
    "a parameter that nobody knows": ("GET", "/api/v1/groups?a=1", None, reply(200, {"items": []})),
    "a body where none is": ("DELETE", "/api/v1/hooks/a", None, reply(204, {})),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_answer_is_found(what):
    method, path, body, answer = BROKEN[what]
    with pytest.raises(BrokenContract):
        contract().check(method, path, body and json.dumps(body).encode(), answer)


def test_a_good_answer_is_left_alone():
    contract().check("POST", "/api/v1/groups", b'{"name": "a"}', reply(201, GOOD))
    contract().check("GET", "/api/v1/nothing", None, reply(404, {**PROBLEM, "status": 404}, "application/problem+json"))
    contract().check("DELETE", "/api/v1/hooks/a", None, reply(204, b""))
