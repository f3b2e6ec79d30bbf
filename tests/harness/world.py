"""A daemon, people and paper edges that a whole file shares. Each test takes a server name of its
own (world.server()), so that nothing of one test is in the way of the next."""
import time
from pathlib import Path

from harness.daemon import ROOT, Daemon
from harness.haproxy import FakeHAProxy
from harness.people import People
from harness.plans import ENDED, approve_waiting

PLANS = ROOT / "tests" / "planes" / "plans"
ASKING = ("PAUSED", "PENDING_APPROVAL")


class World:
    def __init__(self, folder, edges=2, environment_name="lab", **settings):
        """environment_name "lab" needs no approval of a run, "production" needs one."""
        self.daemon = Daemon(Path(folder) / "daemon", **settings).start()
        self.people = People(self.daemon)
        self.edges = [FakeHAProxy(f"edge-{number}") for number in range(1, edges + 1)]
        self.servers = 0
        for edge in self.edges:
            self.people.admin.ok("target", "add", edge.name, "--kind", "haproxy", "--address", edge.address,
                                 "--environment", environment_name, "--service", "checkout", "--tier", "edge",
                                 "--allow", "haproxy.weight checkout/*")

    def close(self):
        code = self.daemon.stop()
        for edge in self.edges:
            edge.stop()
        assert code in (0, -9, None), f"redbuttond ended with {code}:\n{self.daemon.process.tail()}"
        assert "AddressSanitizer" not in self.daemon.log, self.daemon.log[-4000:]
        assert "runtime error:" not in self.daemon.log, self.daemon.log[-4000:]

    def activate(self, file, name):
        """Alice's, approved by bob and, should it need two teams, by carol."""
        people = self.people
        people.alice.ok("plan", "add", PLANS / file)
        answer = people.alice.json("plan", "submit", name)
        approve_waiting(people, ("bob", "carol") if answer["class"] == "R3" else ("bob",))
        people.alice.ok("plan", "activate", name)

    def server(self):
        """A name that nobody used yet; the register is checkout/NAME."""
        self.servers += 1
        return f"s{self.servers}"

    def weights(self, server):
        return [edge.weights[f"checkout/{server}"] for edge in self.edges]

    def written(self, server):
        return [edge.written(f"checkout/{server}") for edge in self.edges]

    def run(self, plan, *params, who=None):
        """Started, not followed: the execution."""
        return (who or self.people.alice).json("run", plan, *params, "--yes", "--no-follow", "--reason", "a test")

    def show(self, execution):
        return self.get(f"/api/v1/executions/{execution}")

    def journal(self, execution):
        return self.get(f"/api/v1/executions/{execution}/journal")["items"]

    def get(self, path, who="alice"):
        reply = self.daemon.get(path, token=self.people.token(who))
        assert reply.status == 200, reply.body
        return reply.json

    def post(self, path, body=None, who="alice", **more):
        return self.daemon.post(path, body, token=self.people.token(who), **more)

    def wait(self, execution, *states, seconds=60):
        """The execution once it is in one of the states (default: ended or asking)."""
        states = states or ENDED + ASKING
        end = time.monotonic() + seconds
        while True:
            now = self.show(execution)
            if now["state"] in states:
                return now
            assert now["state"] not in ENDED, f"ended {now['state']} instead of {states}: {now.get('message')}"
            assert time.monotonic() < end, f"{now['state']} after {seconds} s, not {states}: {now.get('message')}"
            time.sleep(0.05)

    def wait_written(self, server, count, edge=0, seconds=60):
        """Until so many writes were sent to an edge."""
        end = time.monotonic() + seconds
        while len(self.written(server)[edge]) < count:
            assert time.monotonic() < end, f"{self.written(server)} after {seconds} s, waited for {count} writes"
            time.sleep(0.02)

    def wait_confirmed(self, execution, seconds=60):
        """Until what was written was read back, all of it."""
        end = time.monotonic() + seconds
        while {row["state"] for row in self.journal(execution)} != {"CONFIRMED"}:
            assert time.monotonic() < end, f"not confirmed after {seconds} s: {self.journal(execution)}"
            time.sleep(0.02)

    def effects(self, server):
        """What is listed as in effect on a server."""
        return [row for row in self.people.alice.json("effects") if f"checkout/{server}" in str(row)]

    def verify_audit(self):
        """Of the database as it lies there."""
        return self.people.admin.ok("audit", "verify", "--data-dir", self.daemon.data_dir)
