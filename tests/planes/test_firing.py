"""What a real Prometheus and a real Alertmanager say is firing holds up a change of what it is about."""
import time

import pytest
from harness.changes import Changes, host_identity
from harness.daemon import Daemon
from harness.people import People
from process import Process, free_port

RULES = """
groups:
  - name: test
    interval: 1s
    rules:
      - {alert: ShopSlow, expr: vector(1), labels: {service: shop, severity: page}}
      - {alert: HostFull, expr: vector(1), labels: {instance: "web-2:9100", severity: page}}
      - {alert: PayNotYet, expr: vector(1), for: 1h, labels: {service: pay, severity: page}}
      - {alert: Watchdog, expr: vector(1), labels: {severity: none, service: shop}}
"""


class Watchers:
    """Prometheus that evaluates RULES, and the Alertmanager that it tells."""

    def __init__(self, folder):
        prometheus, manager = free_port(), free_port()
        self.prometheus, self.manager = f"http://127.0.0.1:{prometheus}", f"http://127.0.0.1:{manager}"
        (folder / "rules.yml").write_text(RULES)
        (folder / "prometheus.yml").write_text(
            "global: {evaluation_interval: 1s}\nrule_files: [rules.yml]\nalerting:\n  alertmanagers:\n"
            f"    - static_configs: [{{targets: ['127.0.0.1:{manager}']}}]\n")
        (folder / "alertmanager.yml").write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        self.processes = [
            Process("alertmanager", ["prometheus-alertmanager", f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder / 'am'}",
                                     f"--web.listen-address=127.0.0.1:{manager}", "--cluster.listen-address="], folder / "alertmanager.log"),
            Process("prometheus", ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}",
                                   f"--web.listen-address=127.0.0.1:{prometheus}", "--rules.alert.resend-delay=1s"], folder / "prometheus.log")]
        for process in self.processes:
            process.start()

    def stop(self):
        for process in reversed(self.processes):
            process.stop(20)


@pytest.fixture(scope="module")
def watchers(tmp_path_factory):
    made = Watchers(tmp_path_factory.mktemp("watchers"))
    yield made
    made.stop()


@pytest.mark.parametrize("kind", ["prometheus", "alertmanager"])
def test_what_fires_is_found(watchers, tmp_path, kind):
    daemon = Daemon(tmp_path / "daemon", alerts_from="watcher", alerts_interval="1s").start()
    try:
        people = People(daemon)
        changes = Changes(daemon, people)
        address = watchers.prometheus if kind == "prometheus" else watchers.manager
        people.admin.ok("target", "add", "watcher", "--kind", kind, "--address", address, "--environment", "production")
        people.admin.ok("target", "add", "pay-1", "--kind", "host", "--address", host_identity(7), "--environment", "production",
                        "--service", "pay")
        end = time.monotonic() + 60
        while (found := seen(changes, "web-2")) != ["HostFull host:web-2", "ShopSlow svc:shop"]:
            assert time.monotonic() < end, f"{found}\n{[process.tail() for process in watchers.processes]}"
            time.sleep(0.5)
        assert seen(changes, "pay-1", services=["pay"]) == []
        assert kind in people.admin.ok("target", "check", "watcher").lower()
        if kind == "alertmanager":
            watchers.processes.pop(0).stop(20)
            while (found := seen(changes, "web-1")) != ["not known"]:
                assert time.monotonic() < end, found
                time.sleep(0.5)
    finally:
        assert daemon.stop() == 0


def seen(changes, target, **more):
    name = changes.file(changes.step("/usr/bin/touch", "/srv/x", targets=[target]), **more)
    report = changes.submit(name)["report"]
    changes.do("alice", name, "cancel", {"reason": "seen"})
    found = [finding for finding in report["findings"] if finding["rule"] == "OBS-002"]
    return sorted("not known" if "not known" in finding["message"] else f"{finding['seen']} {finding['object']}" for finding in found)
