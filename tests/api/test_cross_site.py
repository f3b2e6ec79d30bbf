"""What a page of another site can make a browser do: no write of any route, and no reading writes."""
import pytest
from harness.asks import Asks
from harness.contract import contract
from harness.rows import Rows

FOREIGN = {
    "a foreign Origin": {"Origin": "https://evil.example"},
    "an Origin of null": {"Origin": "null"},
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "a neighbour": {"Sec-Fetch-Site": "same-site"},
    "a foreign Host": {"Host": "evil.example"},
}
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain")
WRITES = [operation.id for operation in contract().operations if operation.method != "get"]
READS = [operation.id for operation in contract().operations if operation.method == "get" and operation.id != "get_events"]


@pytest.fixture(scope="module")
def asks(make_world):
    world = make_world()
    world.activate("paper-set.lua", "paper/set")
    world.activate("paper-gate.lua", "paper/gate")
    return Asks(world)


@pytest.mark.parametrize("name", WRITES)
def test_another_sites_page_changes_nothing(asks, name):
    ask, rows = asks.make(name), Rows(asks.world.daemon)
    before = rows.read_at_rest()
    for what, headers in FOREIGN.items():
        if ask.unix and "Host" in headers:
            continue    # no browser reaches that socket
        reply = asks.send(ask._replace(headers={**ask.headers, **headers}))
        assert reply.status == 403 and reply.json["field"] in headers, (what, reply.body)
    for kind in FORMS if ask.body is not None and not ask.operation.takes_text else ():
        reply = asks.send(ask._replace(headers={**ask.headers, "Content-Type": kind}), raw=b"name=x")
        assert reply.status == 415, (kind, reply.body)
    assert rows.read() == before


@pytest.mark.parametrize("name", READS)
def test_no_reading_changes_anything(asks, name):
    ask, rows = asks.make(name), Rows(asks.world.daemon)
    before = rows.read_at_rest()
    for method in ("GET", "HEAD"):
        reply = asks.world.daemon.request(method, asks.address(ask), token=asks.world.people.token(ask.who))
        assert reply.status < 300 or name == "get_audit_checkpoint", reply.body
    assert rows.read() == before, "but for the audit's own record of its being read"


@pytest.mark.parametrize("name", READS)
def test_a_foreign_host_reads_nothing(asks, name):
    """A name of the attacker's that points here (DNS rebinding)."""
    ask = asks.make(name)
    reply = asks.send(ask._replace(headers={"Host": "evil.example:7433"}))
    assert reply.status == 403 and reply.json["field"] == "Host"


def test_no_answer_lets_another_site_read_it(asks):
    reply = asks.world.daemon.get("/api/v1/me", token=asks.world.people.token("alice"),
                                  headers={"Origin": "https://evil.example"})
    assert not [name for name in reply.headers if name.lower().startswith("access-control-")]
    assert reply.headers["X-Content-Type-Options"] == "nosniff" and reply.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]
