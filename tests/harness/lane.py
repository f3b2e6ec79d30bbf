"""One daemon that is killed over and over, and what must hold after each kill.

A lane has redbuttond-hooks with a data directory of its own, a signed audit with a checkpoint
outside, two recording edges and a plan. Every write that an edge receives is held against the
database at that moment: its intent must be committed, audited and still without an outcome.
"""
import contextlib
import ctypes
import http.client
import signal
import socket
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from harness.daemon import Daemon, bin_folder, environment
from harness.faults import Faults
from harness.haproxy import FakeHAProxy
from harness.people import People
from harness.plans import ENDED, activate
from process import Process

PLAN = Path(__file__).resolve().parents[1] / "crash" / "plans" / "killed.lua"
RESUME_WITHIN = 5.0
NORMAL = 100
_libc = ctypes.CDLL(None, use_errno=True)


class Event(NamedTuple):
    kind: str           # read or write
    server: str
    value: int
    problem: str


class Edge(FakeHAProxy):
    """Keeps reads and writes in their order, and can strike when a write arrives."""

    def __init__(self, name, look):
        self.look, self.events, self.strike_at, self.strike = look, [], None, None
        super().__init__(name)

    def since(self, server):
        with self.lock:
            return [event for event in self.events if event.server == server]

    def settle(self):
        """Until nothing that a dead daemon sent is still on its way."""
        with self.lock:
            self.events.append(Event("restart", "", 0, ""))
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as last:
                last.sendall(b"show version\n")
                while last.recv(4096):
                    pass
        except OSError:
            return
        end = time.monotonic() + 5
        while self.open and time.monotonic() < end:
            time.sleep(0.002)

    def _answer(self, command):
        words = command.split()
        if words[:2] == ["get", "weight"]:
            with self.lock:
                self.events.append(Event("read", words[2], self.weights[words[2]], ""))
        return super()._answer(command)

    def _write(self, write):
        problem = self.look(f"{self.name} haproxy.weight {write.server}", write.weight)
        strike, place = None, None
        with self.lock:
            self.events.append(Event("write", write.server, write.weight, problem))
            if self.strike_at and (left := self.strike_at[0]):
                self.strike_at = (left - 1, self.strike_at[1])
                if left == 1:
                    strike, place = self.strike, self.strike_at[1]
        if strike and place == "received":
            strike()
            return None
        answer = super()._write(write)
        if strike:
            strike()
            return None
        return answer


class Lane:
    def __init__(self, folder, program="redbuttond-hooks", has_faults=False, **settings):
        """has_faults: self.faults fails or kills the daemon at a chosen system call."""
        self.folder = Path(folder)
        outside = self.folder / "outside"
        outside.mkdir(parents=True)
        self.daemon = Daemon(self.folder / "daemon", checkpoint_file=outside / "checkpoint",
                             signing_key=f"file:{outside / 'key'}", **settings)
        self.program = program
        self.faults = Faults(self.folder / "faults") if has_faults else None
        self.database = self.daemon.data_dir / "redbutton.db"
        self.servers, self.resumed_worst = 0, 0.0
        self.edges = [Edge(f"edge-{number}", self.look_at_write) for number in (1, 2)]
        self.start()
        self.people = People(self.daemon, only=["alice", "bob"])
        for edge in self.edges:
            edge.strike = self.kill
            self.people.admin.ok("target", "add", edge.name, "--kind", "haproxy", "--address", edge.address,
                                 "--environment", "lab", "--service", "checkout", "--tier", "edge",
                                 "--allow", "haproxy.weight checkout/*")
        activate(self.people, PLAN, "crash/killed")
        self.token = self.people.token("alice")

    # --- life ---

    def command(self, crash_at=0):
        more = ["--crash-at", str(crash_at)] if crash_at else []
        return [bin_folder() / self.program, *self.daemon.command()[1:], *more]

    def weights(self, server, part="ramp"):
        return [edge.weights[f"checkout/{server}-{part}"] for edge in self.edges]

    def written(self, server):
        """How many writes reached the edges for a server."""
        return sum(write.server.startswith(f"checkout/{server}-") for edge in self.edges for write in edge.writes)

    def environment(self):
        if not self.faults:
            return environment()
        # Given after RB_* of the caller was taken out.
        return {**environment(), **self.faults.environment}

    def spawn(self, crash_at=0):
        self.daemon.process = Process("redbuttond", self.command(crash_at), self.daemon.folder / "redbuttond.log",
                                      env=self.environment())
        self.daemon.process.start()

    def is_up(self):
        try:
            return self.daemon.get("/readyz", unix=True, timeout=5).status == 200
        except (OSError, http.client.HTTPException):    # it may die in the midst of its answer
            return False

    def start(self, crash_at=0, seconds=60):
        """True when it is ready, False when it died on the way."""
        self.spawn(crash_at)
        end = time.monotonic() + seconds
        while not self.is_up():
            if not self.is_alive():
                return False
            assert time.monotonic() < end, f"not ready after {seconds} s:\n{self.daemon.process.tail()}"
            time.sleep(0.01)
        return True

    def is_alive(self):
        return self.daemon.process.is_running()

    def kill(self):
        self.daemon.process.kill()

    def arm(self, count):
        """Dies at the count-th moment from now; 0: at none, or it is dead when this returns."""
        log = self.daemon.folder / "redbuttond.log"
        seen = log.stat().st_size
        assert _libc.sigqueue(self.daemon.process.pid, signal.SIGUSR2, ctypes.c_void_p(count)) == 0
        while self.is_alive():
            with open(log, "rb") as text:
                text.seek(seen)
                if b"hooks: counts anew" in text.read():
                    return
            time.sleep(0.001)

    def recover(self, crash_at=0):
        """Started again after a kill. The run, if one is open, must have its new owner in 5 s."""
        for edge in self.edges:
            edge.strike_at = None
            edge.settle()
        epoch = self.one("SELECT max(epoch) FROM executor_life")[0]
        began = time.monotonic()
        is_up = self.start(crash_at)
        while is_up and self.is_alive() and self.one("SELECT max(epoch) FROM executor_life")[0] == epoch:
            assert time.monotonic() - began < 15, "it does not take its runs over"
            time.sleep(0.005)
        took = time.monotonic() - began
        if is_up and self.is_alive():
            self.resumed_worst = max(self.resumed_worst, took)
            assert took < RESUME_WITHIN, f"resumed after {took:.1f} s"
        return is_up

    def close(self):
        code = self.daemon.stop()
        for edge in self.edges:
            edge.stop()
        assert code in (0, -9, None), f"redbuttond ended with {code}:\n{self.daemon.process.tail()}"

    # --- looking ---

    def rows(self, sql, *values):
        """Committed rows, beside the daemon or without it."""
        for attempt in range(50):
            try:
                database = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=5)
                try:
                    return database.execute(sql, values).fetchall()
                finally:
                    database.close()
            except sqlite3.OperationalError:
                if attempt == 49:
                    raise
                time.sleep(0.02)

    def one(self, sql, *values):
        rows = self.rows(sql, *values)
        return rows[0] if rows else None

    def look_at_write(self, register, value):
        """What is wrong with a write that is arriving now; "" when it is as it must be."""
        intents = self.rows("SELECT e.id, (SELECT count(*) FROM audit a WHERE a.intent_id = e.id AND"
                            " a.action = 'effect.intent') FROM effect e WHERE e.register_key = ? AND e.wanted = ?"
                            " AND e.state = 'INTENT'", register, str(value))
        if len(intents) != 1:
            return f"{register} = {value}: {len(intents)} open intents for it are committed"
        return "" if intents[0][1] == 1 else f"{register} = {value}: its intent is in the audit {intents[0][1]} times"

    # --- runs ---

    @property
    def server(self):
        return f"s{self.servers}"

    def post(self, path, body):
        return self.daemon.post(path, body, token=self.token, unix=True, timeout=60)

    def begin(self, **params):
        """A run on servers that nobody used (self.server)."""
        self.servers += 1
        preview = self.post("/api/v1/previews", {"plan": "crash/killed",
                                                 "params": {"server": self.server, **params}}).json
        if "id" not in preview:
            return preview
        return self.post("/api/v1/executions", {"preview": preview["id"], "digest": preview["digest"]}).json

    def attempt(self, act, *args):
        """What act answers; None when the daemon died or hung up instead of answering."""
        try:
            return act(*args)
        except (OSError, http.client.HTTPException):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.daemon.process.child.wait(0.3)
            return None

    def undo(self, server):
        """Of the run that has ended."""
        self.post(f"/api/v1/executions/{self.executions(server)[0][0]}/undo", {})

    def rollback(self, server):
        """Of the run that is under way."""
        self.post(f"/api/v1/executions/{self.executions(server)[0][0]}/rollback", {})

    def executions(self, server):
        """[(id, state, is_undo)], oldest first."""
        return self.rows("SELECT id, state, is_undo, reason, message FROM execution WHERE params LIKE ? ORDER BY id",
                         f'%"{server}"%')

    def end_by_hand(self, server):
        """What asks is tried again, then undone; True when all of it is terminal."""
        for verb in ("retry", "rollback", "rollback"):
            runs = self.wait_ended(server, seconds=40)
            asking = [run[0] for run in runs or [] if run[1] not in ENDED]
            if runs is not None and not asking:
                return True
            for id_ in asking:
                self.post(f"/api/v1/executions/{id_}/{verb}", {})
        return all(run[1] in ENDED for run in self.wait_ended(server, seconds=40) or [("", "")])

    def wait_ended(self, server, seconds=60):
        """Its executions once all are terminal or ask; None when the daemon died meanwhile."""
        end = time.monotonic() + seconds
        while True:
            runs = self.executions(server)
            if all(state in ENDED or state in ("PAUSED", "PENDING_APPROVAL") for _, state, *_ in runs):
                return runs
            if not self.is_alive():
                return None
            assert time.monotonic() < end, f"stuck for {seconds} s: {runs}\n{self.daemon.process.tail()}"
            time.sleep(0.01)

    # --- what must hold ---

    def verify(self):
        """By the program that an auditor uses, with the checkpoint outside."""
        settings = self.daemon.settings
        done = subprocess.run([str(word) for word in (
            bin_folder() / "redbuttond", "--verify", "--db", self.database, "--checkpoint",
            settings["checkpoint_file"], "--key", f"{str(settings['signing_key'])[5:]}")],
            capture_output=True, text=True, timeout=60, env=environment(), check=False)
        return "" if done.returncode == 0 else f"verify says {done.returncode}: {done.stdout}{done.stderr}"

    def problems(self, server):
        """Every invariant that does not hold now for what was done to a server."""
        found = []
        ids = [run[0] for run in self.executions(server)]
        marks = ",".join("?" * len(ids))
        effects = self.rows("SELECT id, execution_id, path, attempt, direction, register_key, baseline, wanted, state,"
                            f" idempotency_key FROM effect WHERE execution_id IN ({marks})"
                            " ORDER BY execution_id, seq", *ids)
        found += self.problems_of_rows(effects)
        for edge in self.edges:
            for part in ("ramp", "one", "all", "left", "right"):
                found += self.problems_of_register(edge, f"checkout/{server}-{part}", effects)
        locks = self.one("SELECT count(*) FROM safety_lock")[0]
        is_all_ended = all(state in ENDED for _, state, *_ in self.executions(server))
        if locks and is_all_ended:
            found.append(f"{locks} locks are still held")
        verified = self.verify()
        return found + ([verified] if verified else [])

    def problems_of_rows(self, effects):
        found, seen = [], set()
        for row in effects:
            id_, execution, path, attempt, direction, *_, state, key = row
            intents = self.one("SELECT count(*) FROM audit WHERE intent_id = ? AND action = 'effect.intent'", id_)[0]
            outcomes = self.one("SELECT count(*) FROM audit WHERE intent_id = ? AND action = 'effect.outcome'", id_)[0]
            if state == "INTENT":
                found.append(f"an intent without outcome is left: {row}")
            if intents > 1 or outcomes != (state != "INTENT"):
                found.append(f"{intents} intents and {outcomes} outcomes are audited: {row}")
            if state not in ("NOOP", "CONFLICT", "REFUSED") and intents != 1:
                found.append(f"its intent is not audited: {row}")
            for what in ((execution, path, attempt, direction) if direction == "do" else id_, key):
                if what in seen:
                    found.append(f"twice: {what}")
                seen.add(what)
        return found

    def problems_of_register(self, edge, server, effects):
        rows = [row for row in effects if row[5] == f"{edge.name} haproxy.weight {server}"]
        events, found = edge.since(server), []
        found += [event.problem for event in events if event.problem]
        for value in {event.value for event in events if event.kind == "write"}:
            found += self.problems_of_repeats(edge, server, value, rows, events)
        for row in rows:
            wanted, state = int(row[7]), row[8]
            if state == "CONFIRMED" and not any(e.kind == "write" and e.value == wanted for e in events):
                found.append(f"confirmed and never sent: {row}")
        good = [row for row in rows if row[8] in ("CONFIRMED", "NOOP")]
        if good and edge.weights[server] != int(good[-1][7]):
            found.append(f"{server} is {edge.weights[server]}, the journal says {good[-1]}")
        return found

    @staticmethod
    def problems_of_repeats(edge, server, value, rows, events):
        """More writes than intents: each repeat must follow a look that found the baseline."""
        intents = [row for row in rows if row[7] == str(value) and row[8] != "NOOP"]
        sent, found, last_read = 0, [], None
        for event in events:
            if event.kind == "read":
                last_read = event.value
            elif event.value == value:
                sent += 1
                baselines = {int(row[6]) for row in intents if row[6] is not None}
                if sent > len(intents) and last_read not in baselines:
                    found.append(f"{edge.name} {server}: {value} was sent again after {last_read} was read")
                last_read = None
        return found
