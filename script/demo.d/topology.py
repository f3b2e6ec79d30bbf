#!/usr/bin/env python3
"""A small production on loopback: two HAProxy edges, zones a and b behind them, Prometheus that
reads the edges' own metrics, and a steady load.

    topology.py DIR [--rate 60] [--edges 2]     runs until SIGTERM or Ctrl-C

Tests use the class. Everything lies in DIR, listens on 127.0.0.1 and ends with us. As a program
it writes DIR/topology.json once traffic flows and its metrics are there.
"""
import argparse
import json
import os
import shutil
import signal
import socket
import string
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from process import Process, answers_http, free_port, wait_until

HERE = Path(__file__).resolve().parent
ZONES = ("a", "b")


def find_program(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise SystemExit(f"{name} is missing: script/deps planes installs it")
    return path


def fill_template(name, target, **values):
    text = string.Template((HERE / name).read_text()).substitute(values)
    Path(target).write_text(text)
    return target


def ask_haproxy(socket_path, command):
    """One command of the runtime API, asked of HAProxy itself; its answer without blank lines."""
    with socket.socket(socket.AF_UNIX) as conversation:
        conversation.settimeout(5)
        conversation.connect(str(socket_path))
        conversation.sendall(command.encode() + b"\n")
        answer = b""
        while chunk := conversation.recv(65536):
            answer += chunk
    return answer.decode().strip()


def get_json(url, timeout=5):
    with urllib.request.urlopen(url, timeout=timeout) as reply:
        return json.load(reply)


class HAProxy:
    """A HAProxy of its own, in the foreground, with an admin socket."""

    def __init__(self, name, folder, template, **ports):
        self.name, self.folder = name, Path(folder)
        self.socket = self.folder / f"{name}.sock"
        self.ports = ports
        config = fill_template(template, self.folder / f"{name}.cfg", socket=self.socket, **ports)
        self.process = Process(name, [find_program("haproxy"), "-db", "-f", config], self.folder / f"{name}.log")

    def start(self):
        self.socket.unlink(missing_ok=True)
        self.process.start()
        self.process.wait_ready(self.is_answering)
        return self

    def is_answering(self):
        try:
            return bool(self.ask("show version"))
        except OSError:
            return False

    def stop(self):
        self.process.stop()

    def restart(self):
        """It forgets what was set at run time."""
        self.process.kill()
        self.start()

    def ask(self, command):
        return ask_haproxy(self.socket, command)


class Edge(HAProxy):
    def __init__(self, name, folder, zones):
        ports = {"port": free_port(), "admin_port": free_port(), "metrics_port": free_port()}
        super().__init__(name, folder, "edge.cfg.in", **ports, **zones)
        self.url = f"http://127.0.0.1:{ports['port']}"
        self.unix_address = f"unix:{self.socket}"
        self.tcp_address = f"tcp:127.0.0.1:{ports['admin_port']}"
        self.metrics = f"127.0.0.1:{ports['metrics_port']}"

    def weight(self, zone):
        """As HAProxy says it: "75 (initial 100)" is 75."""
        return int(self.ask(f"get weight checkout/zone-{zone}").split()[0])

    def set_weight(self, zone, weight):
        """By hand, behind redbutton's back."""
        self.ask(f"set server checkout/zone-{zone} weight {weight}")


class Topology:
    def __init__(self, folder, rate=60, edges=2):
        self.folder, self.rate = Path(folder), rate
        self.folder.mkdir(parents=True, exist_ok=True)
        zone_ports = {f"zone_{zone}_port": free_port() for zone in ZONES}
        self.failing = self.folder / "failing.map"
        self.failing.touch()
        self.zones = HAProxy("zones", folder, "zones.cfg.in", failing=self.failing, **zone_ports)
        self.edges = [Edge(f"edge-{n}", folder, zone_ports) for n in range(1, edges + 1)]
        self.prometheus, self.prometheus_url = self._make_prometheus()
        self.load, self.load_url = self._make_load(rate)

    def _make_prometheus(self):
        port = free_port()
        config = fill_template("prometheus.yml.in", self.folder / "prometheus.yml", rules=HERE / "rules.yml",
                               edge_targets=", ".join(f'"{edge.metrics}"' for edge in self.edges))
        command = [find_program("prometheus"), f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}",
                   f"--storage.tsdb.path={self.folder}/prometheus", "--storage.tsdb.retention.time=6h",
                   "--log.level=warn"]
        return Process("prometheus", command, self.folder / "prometheus.log"), f"http://127.0.0.1:{port}"

    def _make_load(self, rate):
        port = free_port()
        command = [sys.executable, HERE / "load.py", "--rate", rate, "--listen", port]
        for edge in self.edges:
            command += ["--edge", f"{edge.name}={edge.url}"]
        return Process("load", command, self.folder / "load.log"), f"http://127.0.0.1:{port}"

    def start(self):
        try:
            self.zones.start()
            for edge in self.edges:
                edge.start()
            self.prometheus.start()
            self.load.start()
            self.prometheus.wait_ready(lambda: answers_http(f"{self.prometheus_url}/-/ready"), 90)
            self.load.wait_ready(lambda: answers_http(f"{self.load_url}/shares"))
            wait_until(self.has_metrics, "the metrics of both zones", 120, every=0.3)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        for process in (self.load, self.prometheus, *(edge.process for edge in self.edges), self.zones.process):
            process.stop()

    # --- what is true out there, asked of the real programs ---

    def query(self, expression):
        """The one value of a PromQL expression as a float, or None."""
        url = f"{self.prometheus_url}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        try:
            result = get_json(url)["data"]["result"]
        except OSError:
            return None
        return float(result[0]["value"][1]) if len(result) == 1 else None

    def has_metrics(self):
        """Both zones show their full rate, not the first seconds of it."""
        rates = [self.query(f'zone_rps{{job="checkout",zone="{zone}"}}') for zone in ZONES]
        errors = self.query('job:error_ratio:rate1m{job="checkout"}')
        return all(rates) and sum(rates) > 0.95 * self.rate and errors is not None

    def shares(self, seconds=3):
        return get_json(f"{self.load_url}/shares?seconds={seconds}")

    def weights(self, zone):
        return [edge.weight(zone) for edge in self.edges]

    def zone_fails(self, zone, fails=True):
        self.zones.ask(f"{'add' if fails else 'del'} map {self.failing} {zone}{' on' if fails else ''}")

    def describe(self):
        return {
            "prometheus": self.prometheus_url,
            "load": self.load_url,
            "edges": [{"name": edge.name, "url": edge.url, "unix": edge.unix_address, "tcp": edge.tcp_address,
                       "socket": str(edge.socket)} for edge in self.edges],
        }


def main():
    parser = argparse.ArgumentParser(description="a small production on loopback")
    parser.add_argument("folder")
    parser.add_argument("--rate", type=float, default=60)
    parser.add_argument("--edges", type=int, default=2)
    options = parser.parse_args()
    # Blocked from here on and waited for below, so that none of it is lost while things start.
    ends = {signal.SIGTERM, signal.SIGINT}
    for number in ends:
        signal.signal(number, lambda *_: sys.exit(0))
    topology = Topology(options.folder, options.rate, options.edges).start()
    try:
        ready = Path(options.folder) / "topology.json"
        ready.with_suffix(".new").write_text(json.dumps(topology.describe(), indent=2) + "\n")
        ready.with_suffix(".new").rename(ready)
        signal.sigwait(ends)
    finally:
        topology.stop()


if __name__ == "__main__":
    main()
