"""From a plan's file to its ACTIVE version, and from a run to its end, as people do it."""
import time

from harness.daemon import ROOT

PLANS = ROOT / "lua-scripts" / "plans"
ENDED = ("SUCCEEDED", "SUCCEEDED_WITH_EXCEPTIONS", "FAILED", "ABORTED", "ROLLED_BACK", "ROLLED_BACK_WITH_EXCEPTIONS",
         "TIMED_OUT", "REJECTED", "EXPIRED", "CANCELED")


def register(people, topology, prometheus_name="prom-main"):
    """The topology's edges and Prometheus as targets of production."""
    for edge in topology.edges:
        people.admin.ok("target", "add", edge.name, "--kind", "haproxy", "--address", edge.unix_address,
                        "--environment", "production", "--site", "east", "--service", "checkout", "--tier", "edge",
                        "--allow", "haproxy.weight checkout/zone-*", "--allow", "haproxy.state checkout/zone-*")
    people.admin.ok("target", "add", prometheus_name, "--kind", "prometheus", "--address", topology.prometheus_url,
                    "--environment", "production", "--allow", "prometheus.value")


def activate(people, file, name, approvers=("bob",)):
    """Added and submitted by alice, approved, activated."""
    people.alice.ok("plan", "add", file)
    people.alice.ok("plan", "submit", name)
    approve_waiting(people, approvers)
    people.alice.ok("plan", "activate", name)


def approve_waiting(people, approvers=("bob",)):
    """Each of them says yes to what waits for one; the ids."""
    waiting = [row["id"] for row in people.admin.json("approval", "list")]
    assert waiting, "nothing waits for approval"
    for approval in waiting:
        for name in approvers:
            getattr(people, name).ok("approval", "approve", approval, "--yes", "--reason", "read it")
    return waiting


def start(people, name, *params, approvers=("bob",)):
    """A run of alice's, approved if it must be; its id."""
    execution = people.alice.json("run", name, *params, "--yes", "--no-follow", "--reason", "a test")
    if execution["state"] == "PENDING_APPROVAL":
        for approver in approvers:
            getattr(people, approver).ok("approval", "approve", execution["approval"], "--yes")
    return execution["id"]


def wait_for_state(people, execution, *states, seconds=90):
    """The execution once it is in one of the states; ended in another one is a failure."""
    end = time.monotonic() + seconds
    while True:
        now = people.alice.json("execution", "show", execution)
        if now["state"] in states:
            return now
        assert now["state"] not in ENDED, f"ended {now['state']} instead of {states}: {now.get('message')}"
        assert time.monotonic() < end, f"{now['state']} for {seconds} s, waited for {states}: {now.get('message')}"
        time.sleep(0.3)
