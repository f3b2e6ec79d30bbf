"""A real Prometheus scrapes the daemon, with a token, and answers with its figures."""
import json
import time
import urllib.parse
import urllib.request

from process import Process, free_port


def ask(port, query):
    url = f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    with urllib.request.urlopen(url, timeout=5) as reply:
        return json.load(reply)["data"]["result"]


def test_prometheus_scrapes_it(daemon, people, tmp_path):
    port = free_port()
    config = tmp_path / "prometheus.yml"
    config.write_text(f"""
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: redbutton
    authorization: {{credentials_file: {people.token_file("vera")}}}
    static_configs: [{{targets: ["127.0.0.1:{daemon.port}"]}}]
""")
    prometheus = Process("prometheus", ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'tsdb'}",
                                        f"--web.listen-address=127.0.0.1:{port}"], tmp_path / "prometheus.log")
    prometheus.start()
    try:
        end = time.monotonic() + 60
        while True:
            try:
                found = ask(port, 'up{job="redbutton"} == 1')
            except OSError:
                found = []
            if found:
                break
            assert time.monotonic() < end, prometheus.tail()
            time.sleep(0.2)
        assert ask(port, "redbutton_store_writable")[0]["value"][1] == "1"
        assert ask(port, "redbutton_build_info")[0]["metric"]["version"]
        assert float(ask(port, "redbutton_audit_records_total")[0]["value"][1]) > 5
    finally:
        prometheus.stop(20)
