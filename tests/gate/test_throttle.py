"""GET /api/v1/gate/throttle/{change} as gh-ost's --throttle-http asks it: 200 goes on, everything else is a pause."""
import datetime
import itertools

import pytest
from harness.asker import Asker
from harness.changes import Changes, at, host_identity

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def asker(make_world):
    world = make_world()
    return Asker(Changes(world.daemon, world.people))


@pytest.fixture
def gate(asker):
    """With a host and a service of the test's own."""
    number = next(numbers)
    asker.service, asker.host, asker.target = f"svc-{number}", f"app-{number}", host_identity(number + 20)
    asker.people.admin.ok("target", "add", asker.host, "--kind", "host", "--address", asker.target, "--environment",
                          "production", "--service", asker.service, "--label", "gate=gate-1")
    asker.argv = ("/usr/bin/gh-ost", "--execute", asker.service)
    return asker


def file(gate, **more):
    more = {"services": [gate.service], "objects": [f"svc:{gate.service}"], **more}
    return gate.changes.file(gate.changes.step(*gate.argv, targets=[gate.host]), **more)


def approve(gate, **more):
    name = file(gate, **more)
    gate.changes.submit(name)
    gate.changes.approve_all(name)
    return name


def asks(gate, name):
    """Without a token, by HEAD as gh-ost does and by GET as people do: one status."""
    path = f"/api/v1/gate/throttle/{name}"
    got = gate.changes.daemon.request("GET", path)
    assert gate.changes.daemon.request("HEAD", path).status == got.status
    return got.status


def freeze(gate, seconds):
    now = datetime.datetime.now(datetime.timezone.utc)
    ics = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:t\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:sale\r\n"
           "DTSTART:{0:%Y%m%dT%H%M%SZ}\r\nDTEND:{1:%Y%m%dT%H%M%SZ}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n").format(
               now - datetime.timedelta(hours=1), now + datetime.timedelta(seconds=seconds))
    body = {"name": gate.service, "default": "open", "zone": "UTC", "selector": {"service": gate.service}, "ics": ics}
    assert gate.changes.ask("admin", "POST", "/api/v1/calendars", body).status == 201


def thaw(gate):
    etag = gate.changes.ask("admin", "GET", f"/api/v1/calendars/{gate.service}").headers["ETag"]
    assert gate.changes.ask("admin", "DELETE", f"/api/v1/calendars/{gate.service}", If_Match=etag).status == 204


def test_it_goes_on_only_while_the_change_may(gate):
    """From its draft to its end, with a freeze in between."""
    name = file(gate)
    assert asks(gate, name) == 429
    gate.changes.submit(name)
    assert asks(gate, name) == 429
    gate.changes.approve_all(name)
    assert asks(gate, name) == 200
    answer = gate.decide(*gate.argv, target=gate.target)
    assert answer["reason"] == "ok_grant" and asks(gate, name) == 200
    freeze(gate, 3600)
    assert asks(gate, name) == 429
    thaw(gate)
    assert asks(gate, name) == 200
    assert gate.post(f"/api/v1/gate/runs/{answer['run']}/end", {"status": 256}).status == 204
    assert gate.changes.show(name)["state"] == "verifying" and asks(gate, name) == 429
    assert gate.changes.do("alice", name, "close", {"reason": "it failed, and is over"}).status == 200
    assert asks(gate, name) == 429


def test_before_its_window_it_waits(gate):
    assert asks(gate, approve(gate, start=at(30), end=at(60))) == 429


def test_an_edit_and_a_cancel_pause_it(gate):
    name = approve(gate)
    assert gate.changes.edit(name, gate.changes.step(*gate.argv, targets=[gate.host]), services=[gate.service], end=at(90)).status == 200
    assert asks(gate, name) == 429
    other = approve(gate)
    assert gate.changes.do("alice", other, "cancel", {"reason": "not today"}).status == 200 and asks(gate, other) == 429


def test_who_leaves_pauses_it(gate):
    name = approve(gate)
    owner = next(one["person"]["name"] for one in reversed(gate.changes.show(name)["approval"]["decisions"])
                 if one["person"]["name"] in ("bob", "carol"))
    assert asks(gate, name) == 200
    gate.people.admin.ok("person", "disable", owner)
    assert asks(gate, name) == 429
    gate.people.admin.ok("person", "enable", owner)
    assert asks(gate, name) == 200


def test_a_release_of_its_service_pauses_it(gate):
    """Where the release came first. One that comes later waits for the change."""
    release = lambda phase, **more: gate.ask(gate.release(phase=phase, service=gate.service, step="test", **more))
    assert release("node_start")["reason"] == "ok_grant"
    name = approve(gate)
    assert asks(gate, name) == 429
    assert release("node_end", outcome="success")["verdict"] == "allow"
    assert asks(gate, name) == 200
    refused = gate.ask(gate.release(service=gate.service, step="staging"))
    assert refused["reason"] == "conflict" and asks(gate, name) == 200


def test_what_is_no_change_is_no_yes(gate):
    for name in ("CHG-999", "CHG-0", "CHG--1", "INC-1", "%2e%2e"):
        assert gate.changes.daemon.request("GET", f"/api/v1/gate/throttle/{name}").status in (400, 404)
