"""Alerts that fire: what they are held against, when nobody knows, and at the gate."""
import time

import pytest
from harness.asker import Asker
from harness.changes import METRIC, Changes, host_identity
from harness.people import People
from harness.prometheus import FakePrometheus
from process import free_port

INTERVAL = 1        # second; an answer is good for four


@pytest.fixture(scope="module")
def prometheus():
    fake = FakePrometheus()
    yield fake
    fake.close()


@pytest.fixture(scope="module")
def site(make_world, prometheus):
    world = make_world(alerts_from="prom", alerts_interval=f"{INTERVAL}s")
    add_source(world.people, "prom", prometheus.address)
    made = Changes(world.daemon, world.people)
    world.people.admin.ok("target", "add", "orders", "--kind", "k8s", "--address", f"k8s:{'a' * 64}/main/orders", "--environment",
                          "production", "--service", "orders")
    world.people.admin.ok("target", "add", "db-1", "--kind", "host", "--address", host_identity(9), "--environment", "production",
                          "--label", "instance=10.0.0.9")
    made.asker = Asker(made)
    return made


@pytest.fixture
def fires(prometheus):
    """fires(service="shop"): an alert of these labels, as of the next question."""
    def set_alerts(*alerts, **labels):
        prometheus.alerts = [{"alertname": "Slow", "severity": "page", **one} for one in alerts or [labels]]

    prometheus.alerts, prometheus.status = [], 200
    yield set_alerts
    prometheus.alerts, prometheus.status = [], 200


def add_source(people, name, address, kind="prometheus"):
    people.admin.ok("target", "add", name, "--kind", kind, "--address", address, "--environment", "lab")


def submit(site, target="web-1", **more):
    """What OBS-002 finds in a change of that target: objects and messages."""
    name = site.file(site.step("/usr/bin/touch", "/srv/x", targets=[target]), **more)
    report = site.submit(name)["report"]
    assert not report["has_error"], report
    site.do("alice", name, "cancel", {"reason": "seen"})
    return [(finding["object"], finding["message"]) for finding in report["findings"] if finding["rule"] == "OBS-002"]


def told(site, want, target="web-1", seconds=20, **more):
    """The objects, once they are these: an answer of the last interval is used again."""
    end = time.monotonic() + seconds
    while (found := sorted(object for object, _ in submit(site, target, **more))) != sorted(want):
        assert time.monotonic() < end, f"{found} instead of {want}"
        time.sleep(INTERVAL / 4)


@pytest.mark.parametrize("labels, target, want", [
    ({"instance": "web-1:9100"}, "web-1", ["host:web-1"]),
    ({"host": "web-1.prod.example"}, "web-1", ["host:web-1"]),
    ({"instance": "10.0.0.9:9100"}, "db-1", ["host:db-1"]),
    ({"service": "shop"}, "web-1", ["svc:shop"]),
    ({"job": "shop"}, "web-1", ["svc:shop"]),
    ({"service": "shop", "instance": "web-1"}, "web-1", ["host:web-1", "svc:shop"]),
    ({"namespace": "orders"}, "orders", ["k8s:orders"]),
    ({"service": "orders"}, "orders", ["svc:orders"]),
    ({"service": "shop", "environment": "production"}, "web-1", ["svc:shop"]),
])
def test_an_alert_is_held_against_what_its_labels_name(site, fires, labels, target, want):
    fires(**labels)
    told(site, want, target)


@pytest.mark.parametrize("name, shown", [
    ("\x1b[2Jgone\nscore 0", "alert \\x1b[2Jgone\\x0ascore 0"),
    ("ab\u202ecd", "alert ab\\u{202e}cd"),
    ("错误率过高", "alert 错误率过高"),
    ("", "alert without a name"),
])
def test_whatever_a_source_calls_an_alert_it_is_one_and_can_be_read(site, fires, name, shown):
    fires({"service": "shop", "alertname": name})
    want, end = [("svc:shop", f"{shown} is firing on svc:shop: wait or link the incident")], time.monotonic() + 20
    while (found := submit(site)) != want:
        assert time.monotonic() < end, f"{found} instead of {want}"
        time.sleep(INTERVAL / 4)


def test_an_alert_about_something_else_is_not(site, fires):
    fires({"service": "shop"})
    told(site, ["svc:shop"])
    fires({"instance": "web-10:9100"}, {"instance": "web-2"}, {"service": "shop-api"}, {"service": "shop", "environment": "staging"},
          {"service": "shop", "env": "lab"}, {"service": "shop", "severity": "none"}, {"service": "shop", "severity": "info"}, {"namespace": "shop"}, {})
    told(site, [])


def test_who_is_the_remedy_of_an_incident_is_not_held_up_by_what_fires(site, fires):
    fires(service="shop")
    told(site, ["svc:shop"])
    opened = site.ask("alice", "POST", "/api/v1/incidents", {"title": "slow", "severity": 2, "environment": "production", "service": "shop"}).json
    told(site, ["svc:shop", "svc:shop"])
    told(site, [], incident=opened["name"])
    assert site.ask("alice", "POST", f"/api/v1/incidents/{opened['name']}/close", {"finding": "it was slow"},
                    If_Match=f'"v{opened["version"]}"').status == 200


def test_an_answer_that_is_none_is_not_none_that_fires(site, fires, prometheus):
    fires()
    told(site, [])
    prometheus.status = 503
    told(site, ["prom"])
    assert "which alerts fire is not known, prom" in submit(site)[0][1]
    prometheus.status = 200
    told(site, [])


def allowed(site, name, want, host=1, seconds=20):
    """Asked until the answer is this one."""
    end = time.monotonic() + seconds
    while True:
        answer = site.asker.decide("/usr/bin/touch", "/srv/y", target=host_identity(host), change=name, step=1)
        if answer["reason"] == want:
            return answer
        assert time.monotonic() < end, answer
        time.sleep(INTERVAL / 4)


def test_at_the_gate_what_fires_since_is_a_no(site, fires, prometheus):
    told(site, [])
    name = site.file(site.step("/usr/bin/touch", "/srv/y", targets=["web-1"], max_runs=100), verification=[{**METRIC, "target": "prom"}])
    site.submit(name)
    site.approve_all(name)
    allowed(site, name, "ok_grant")
    fires(service="shop", alertname="First")
    assert "First is firing on svc:shop" in str(allowed(site, name, "rule:OBS-002"))
    fires()
    allowed(site, name, "ok_grant")
    prometheus.status = 503
    assert "not known" in str(allowed(site, name, "rule:OBS-002"))
    prometheus.status = 200
    allowed(site, name, "ok_grant")


def test_another_alert_than_the_one_that_was_approved_is_a_no(site, fires):
    fires(service="shop", alertname="First")
    told(site, ["svc:shop"])
    name = site.file(site.step("/usr/bin/touch", "/srv/y", targets=["web-2"], max_runs=100))
    assert "OBS-002" in [finding["rule"] for finding in site.submit(name)["report"]["findings"]]
    site.approve_all(name)
    allowed(site, name, "ok_grant", host=2)
    fires({"service": "shop", "alertname": "First"}, {"service": "shop", "alertname": "Second"})
    assert "Second is firing" in str(allowed(site, name, "rule:OBS-002", host=2))


@pytest.mark.parametrize("address, kind", [(None, None), ("http://127.0.0.1:{port}", "prometheus"), (host_identity(8), "host")])
def test_a_source_that_cannot_be_asked_is_said(make_daemon, address, kind):
    daemon = make_daemon(alerts_from="watcher")
    people = People(daemon)
    if kind:
        add_source(people, "watcher", address.format(port=free_port()), kind)
    found = submit(Changes(daemon, people))
    assert [object for object, _ in found] == ["watcher"] and "which alerts fire is not known" in found[0][1]
