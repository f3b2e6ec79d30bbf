"""GET /metrics: what promtool thinks of it, and that the figures are those of what happened."""
import re
import subprocess
import time

import pytest
from harness.daemon import ROOT

RULES = ROOT / "packaging" / "prometheus" / "redbutton.rules.yml"


@pytest.fixture(scope="module")
def world(make_world):
    world = make_world(edges=2, target_check_interval="1s")
    world.activate("paper-set.lua", "paper/set")
    return world


def text(world):
    reply = world.daemon.get("/metrics", token=world.people.token("vera"))
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return reply.body.decode()


def figures(world):
    """{"name{labels}": number}"""
    lines = [line for line in text(world).splitlines() if not line.startswith("#")]
    return {name: float(number) for name, number in (line.rsplit(" ", 1) for line in lines)}


def test_promtool_finds_nothing_to_say(world):
    done = subprocess.run(["promtool", "check", "metrics"], input=text(world), capture_output=True, text=True,
                          timeout=30, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_it_takes_a_login_on_tcp_and_none_on_the_socket(world):
    assert world.daemon.get("/metrics").status == 401
    assert world.daemon.get("/metrics", unix=True).status == 200


def test_a_run_shows_in_its_figures(world):
    before = figures(world)
    run = world.run("paper/set", f"server={world.server()}", "hold=2s")
    end = time.monotonic() + 60
    while figures(world)['redbutton_executions{state="RUNNING"}'] != 1:
        assert time.monotonic() < end
    world.wait(run["id"], "SUCCEEDED")
    after = figures(world)

    def more(name):
        return after[name] - before.get(name, 0)
    assert more('redbutton_executions_ended_total{state="SUCCEEDED"}') == 1
    assert more('redbutton_effects_total{outcome="CONFIRMED"}') == 2
    assert more('redbutton_items_in_effect{state="IN_EFFECT"}') == 2
    assert more("redbutton_audit_records_total") > 5
    assert more("redbutton_store_commit_duration_seconds_count") > 5
    assert more("redbutton_runner_duration_seconds_count") >= 2, "a plan is built twice"
    assert more("redbutton_runner_failures_total") == 0
    assert more('redbutton_http_requests_total{route="executions",status="2xx"}') > 1
    assert after['redbutton_executions{state="RUNNING"}'] == 0


def test_buckets_grow_and_end_with_the_count(world):
    now = figures(world)
    name = "redbutton_store_commit_duration_seconds"
    buckets = [number for key, number in now.items() if key.startswith(f"{name}_bucket")]
    assert buckets == sorted(buckets) and len(buckets) == 17
    assert buckets[-1] == now[f"{name}_count"]
    assert 0 < now[f"{name}_sum"] < 60


def test_what_is_refused_is_counted_by_its_class(world):
    before = figures(world)
    world.daemon.get("/api/v1/nothing", token=world.people.token("vera"))
    world.daemon.get("/api/v1/plans", token="rb_wrong")
    after = figures(world)
    for name in ('{route="none",status="4xx"}', '{route="plans",status="4xx"}'):
        name = f"redbutton_http_requests_total{name}"
        assert after[name] - before.get(name, 0) == 1, name


def test_targets_are_up_or_down(world):
    def wait(name, value):
        end = time.monotonic() + 60
        while (now := figures(world)).get(name) != value:
            assert time.monotonic() < end, now
            time.sleep(0.1)
    up = 'redbutton_target_up{target="edge-2",kind="haproxy"}'
    wait(up, 1)
    world.edges[1].stop()
    wait(up, 0)
    wait('redbutton_targets{state="down"}', 1)
    world.edges[1].start()
    wait(up, 1)


def test_a_name_with_a_quote_stays_a_label(world):
    name = 'a"b\\c'
    world.people.admin.ok("target", "add", name, "--kind", "haproxy", "--address", "tcp:127.0.0.1:1",
                          "--environment", "lab", "--allow", "haproxy.weight checkout/*")
    end = time.monotonic() + 60
    while r'target="a\"b\\c"' not in text(world):
        assert time.monotonic() < end
        time.sleep(0.2)
    test_promtool_finds_nothing_to_say(world)
    world.people.admin.ok("target", "remove", name, "--yes")


def test_the_example_alerts_are_rules_over_figures_that_exist(world):
    done = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    used = set(re.findall(r"\b(?:redbutton|process)_[a-z0-9_]+", "".join(
        line for line in RULES.read_text().splitlines(True) if "expr:" in line)))
    there = {name.split("{")[0] for name in figures(world)}
    assert used and used <= there, used - there


def test_the_table_in_the_documentation_has_every_figure(world):
    families = set(re.findall(r"^# TYPE (\S+)", text(world), re.M))
    listed = set(re.findall(r"^\| `([a-z_]+)", (ROOT / "docs" / "operations.md").read_text(), re.M))
    assert families == {name for name in listed if name.startswith(("redbutton_", "process_"))}
