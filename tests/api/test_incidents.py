"""Incidents: opened, linked, closed with what was found."""
import pytest


@pytest.fixture
def incident(people):
    return people.carol.json("incident", "open", "结账很慢", "--severity", 2, "--service", "checkout")


def test_it_is_opened_linked_and_closed(people, incident):
    assert incident["name"] == "INC-1" and incident["state"] == "open" and incident["opened_by"] == "carol"
    linked = people.carol.json("incident", "link", "INC-1", "url", "https://status.example/7", "--note", "seen")
    assert linked["links"][0]["reference"] == "https://status.example/7"
    closed = people.alice.json("incident", "close", "INC-1", "--finding", "磁盘满了")
    assert closed["state"] == "closed" and closed["finding"] == "磁盘满了"
    assert people.vera.json("incident", "list", "--open") == []
    assert people.vera.json("incident", "show", "INC-1")["links"][0]["linked_by"] == "carol"


def test_numbers_are_not_used_again(people, incident):
    assert people.carol.json("incident", "open", "another", "--severity", 4)["name"] == "INC-2"
    assert [one["name"] for one in people.vera.json("incident", "list")] == ["INC-2", "INC-1"]
    assert [one["name"] for one in people.vera.json("incident", "list", "--before", 2)] == ["INC-1"]


def test_what_has_no_effect_says_so(people, incident):
    people.carol.ok("incident", "link", "INC-1", "url", "https://a.example")
    assert people.carol.fails("incident", "link", "INC-1", "url", "https://a.example").code == 5
    people.alice.ok("incident", "close", "INC-1", "--finding", "nothing")
    assert people.alice.fails("incident", "close", "INC-1", "--finding", "nothing").code == 5


def test_a_viewer_looks_only(people, incident):
    assert people.vera.fails("incident", "open", "x", "--severity", 1).code == 4
    assert people.vera.fails("incident", "close", "INC-1", "--finding", "x").code == 4


@pytest.mark.parametrize("path, body, field", [
    ("", {"title": "", "severity": 1}, "title"),
    ("", {"title": "two\nlines", "severity": 1}, "title"),
    ("", {"title": "x", "severity": 5}, "severity"),
    ("", {"title": "x", "severity": 1, "service": "a\u202eb"}, "service"),
    ("/INC-1/links", {"kind": "poem", "reference": "x"}, "kind"),
    ("/INC-1/links", {"kind": "url"}, "reference"),
    ("/x/links", {"kind": "url", "reference": "x"}, "name"),
])
def test_bad_input_names_the_field(daemon, people, incident, path, body, field):
    reply = daemon.post(f"/api/v1/incidents{path}", body, token=people.token("carol"))
    assert reply.status == 400 and reply.json["field"] == field, reply.json


def test_a_stale_close_is_refused(daemon, people, incident):
    reply = daemon.post("/api/v1/incidents/INC-1/close", {"finding": "x"}, token=people.token("alice"),
                        headers={"If-Match": '"v9"'})
    assert reply.status == 412
    assert people.vera.json("incident", "show", "INC-1")["state"] == "open"


def test_all_of_it_is_audited(people, incident):
    people.carol.ok("incident", "link", "INC-1", "alert", "HighLatency")
    people.alice.ok("incident", "close", "INC-1", "--finding", "x")
    actions = [record["action"] for record in people.admin.json("audit", "list", "--limit", 50)]
    assert {"incident.open", "incident.link", "incident.close"} <= set(actions)
