"""A valid request of each operation of the API document, with what it needs made on the way.

    asks = Asks(world); ask = asks.make("post_groups"); asks.send(ask)

Bodies are the document's examples, with the ids of this world put in.
"""
import base64
import copy
import itertools
import json
import re
import sqlite3
from typing import NamedTuple

from harness.asker import Asker
from harness.changes import Changes, at, host_identity
from harness.contract import contract
from process import wait_until

SMALL = 'plan {{ name = "example/p{0}", kind = "limit", summary = "waits", owner = "edge-team" }}\n' \
        'function apply(p, t)\n  return {{ hold("1s") }}\nend\n'


class Ask(NamedTuple):
    operation: object
    path: dict = {}
    query: dict = {}
    body: object = None
    headers: dict = {}
    who: str = "alice"
    unix: bool = False

    @property
    def method(self):
        return self.operation.method.upper()


class Asks:
    """world: two edges, paper/set and paper/gate active, no approval of runs needed."""

    def __init__(self, world):
        self.world, self.numbers = world, itertools.count(1)
        self.operations = {operation.id: operation for operation in contract().operations}
        self.changes = Changes(world.daemon, world.people)
        self.asker, self.runs = Asker(self.changes), []
        self._make_admins()

    def _make_admins(self):
        """dora and emil, so that one confirms what the other asks for; the first admin's token ends."""
        for name in ("dora", "emil"):
            self.world.people.add(name, "sre-team", ["admin"])
        self.call("emil", "POST", "/api/v1/groups", {"name": "of-emil"})

    def call(self, who, method, path, body=None, **headers):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        reply = self.world.daemon.request(method, path, body, token=self.world.people.token(who), headers=sent)
        assert reply.status < 300, (method, path, reply.status, reply.body)
        return reply

    def send(self, ask, raw=None, **more):
        return self.world.daemon.request(ask.method, self.address(ask), ask.body if raw is None else raw,
                                         token=self.world.people.token(ask.who), headers=dict(ask.headers), unix=ask.unix, **more)

    def address(self, ask):
        path = ask.operation.path
        for name, value in ask.path.items():
            path = path.replace("{%s}" % name, self.world.daemon.quote(str(value)))
        query = "&".join(f"{name}={self.world.daemon.quote(str(value))}" for name, value in ask.query.items())
        return f"{path}?{query}" if query else path

    def make(self, name):
        self._end_runs()
        operation = self.operations[name]
        if operation.method != "get":
            return self.WRITES.get(name, Asks.of_named)(self, operation)
        who = "dora" if operation.told["x-roles"] and "viewer" not in operation.told["x-roles"] else "alice"
        if name not in self.GETS and "{" in operation.path:
            return self.of_named(operation)._replace(headers={})
        return Ask(operation, **{"who": who, **self.GETS.get(name, lambda self: {})(self)})

    def of_named(self, operation):
        """Of things that are made by POST /things and looked at by /things/{name} or {id}, and what lies below."""
        noun, names = operation.path.split("/")[3], re.findall(r"\{(\w+)\}", operation.path)
        add = self.operations.get(f"post_{noun}")
        assert add and len(names) <= 1, f"tests/harness/asks.py has no valid request of {operation.id} yet: add a row"
        if operation is add:
            return Ask(operation, body=self.thing(add), who=self.who_may(add))
        made = self.call(self.who_may(add), "POST", add.path, self.make(add.id).body)
        path = {name: made.json[name] for name in names}
        headers = {}
        if "If-Match" in operation.named("header"):
            headers["If-Match"] = self.call("alice", "GET", f"{add.path}/{path[names[0]]}").headers["ETag"]
        return Ask(operation, path, who=self.who_may(operation), headers=headers,
                   body=self.example(operation) if operation.asked else None)

    def thing(self, add):
        is_named = "name" in contract().resolve(add.asked)["properties"]
        return self.example(add, **({"name": self.name(add.path.split("/")[3])} if is_named else {}))

    @staticmethod
    def who_may(operation):
        """alice is author and commander."""
        return "alice" if {"author", "commander"} & set(operation.told["x-roles"]) else "dora"

    @staticmethod
    def example(operation, **changes):
        return {**copy.deepcopy(contract().resolve(operation.asked)["examples"][0]), **changes}

    # --- things to ask about ---

    def name(self, kind):
        return f"{kind}-{next(self.numbers)}"

    def person(self, *roles):
        name = self.name("person")
        self.call("dora", "POST", "/api/v1/persons", {"name": name, "team": "edge-team"})
        for role in roles:
            self.call("dora", "POST", "/api/v1/grants", {"person": name, "role": role})
        return name

    def member(self):
        group, person = self.name("group"), self.person()
        self.call("dora", "POST", "/api/v1/groups", {"name": group})
        self.call("dora", "PUT", f"/api/v1/groups/{group}/members/{person}")
        return {"group": group, "person": person}

    def admin(self):
        """A person whom two admins made an admin."""
        name = self.person()
        grant = self.call("dora", "POST", "/api/v1/grants", {"person": name, "role": "admin"}).json["id"]
        self.call("emil", "POST", f"/api/v1/grants/{grant}/confirm")
        return name

    def uid(self):
        return 40000 + next(self.numbers)

    def hook(self, is_enabled=False):
        key = self.world.daemon.folder / "hook.key"
        key.write_text("whsec_" + base64.b64encode(bytes(32)).decode())
        key.chmod(0o600)
        return self.example(self.operations["post_hooks"], name=self.name("hook"), secret=f"file:{key}",
                            enabled=is_enabled, types=["nothing.of.the.kind"])

    def script(self):
        return SMALL.format(next(self.numbers))

    def version(self, state="DRAFT"):
        """The path of a version in that state, and its row version."""
        reply = self.call("alice", "POST", "/api/v1/plans", {"file": "p.lua", "script": self.script()})
        at = {"plan": reply.json["plan"], "version": reply.json["number"]}
        address = f"/api/v1/plans/{self.world.daemon.quote(at['plan'])}/versions/1"
        if state != "DRAFT":
            shown = self.call("alice", "POST", f"{address}/submit", {}, If_Match=reply.headers["ETag"]).json
            self.last_approval = shown["approval"]
        if state in ("APPROVED", "ACTIVE", "SUSPENDED"):
            self.decide(self.last_approval)
        if state in ("ACTIVE", "SUSPENDED"):
            self.call("alice", "POST", f"{address}/activate", {}, If_Match="*")
        if state == "SUSPENDED":
            self.call("alice", "POST", f"{address}/suspend", {"reason": "a test"}, If_Match="*")
        return at, self.call("alice", "GET", address).headers["ETag"]

    def decide(self, approval):
        """bob and, should it need two teams, carol."""
        for who in ("bob", "carol"):
            shown = self.call(who, "GET", f"/api/v1/approvals/{approval}").json
            if shown["state"] == "PENDING":
                self.call(who, "POST", f"/api/v1/approvals/{approval}/approve", {"digest": shown["subject"]["digest"]})

    def approval(self):
        self.version("IN_REVIEW")
        return self.call("bob", "GET", f"/api/v1/approvals/{self.last_approval}")

    def preview(self, plan="paper/set", **params):
        params.setdefault("server", self.world.server())
        return self.call("alice", "POST", "/api/v1/previews", {"plan": plan, "params": params}).json

    def execution(self, *states, plan="paper/set", **params):
        """One that is in one of the states."""
        preview = self.preview(plan, **params)
        start = {"preview": preview["id"], "digest": preview["digest"], "reason": "a test"}
        execution = self.call("alice", "POST", "/api/v1/executions", start).json["id"]
        self.world.wait(execution, *states)
        return execution

    def running(self):
        """One that holds what it did, and so does nothing by itself."""
        execution = self.execution("RUNNING", hold="10m")
        wait_until(lambda: self.show(execution)["in_effect"] == 2, "both weights")
        wait_until(lambda: "WAITING" in [step["state"] for step in self.show(execution)["steps"]], "the hold")
        return execution

    def paused(self):
        execution = self.running()
        self.call("alice", "POST", f"/api/v1/executions/{execution}/pause")
        self.world.wait(execution, "PAUSED")
        return execution

    def failed(self):
        """Paused, because a plane refused the first step."""
        self.world.edges[0].talks = b"No such server.\n"
        try:
            return self.execution("PAUSED", hold="10m")
        finally:
            self.world.edges[0].talks = None

    def stuck_on_the_way_back(self):
        """Paused, because a plane refused to be put back."""
        execution = self.running()
        self.world.edges[0].talks = b"No such server.\n"
        try:
            self.call("alice", "POST", f"/api/v1/executions/{execution}/rollback")
            self.world.wait(execution, "PAUSED")
        finally:
            self.world.edges[0].talks = None
        return execution

    def at_gate(self):
        execution = self.execution("RUNNING", "PAUSED", plan="paper/gate")
        wait_until(lambda: "WAITING" in [step["state"] for step in self.show(execution)["steps"]], "the gate")
        return execution

    def show(self, execution):
        return self.call("alice", "GET", f"/api/v1/executions/{execution}").json

    def ended(self):
        return self.execution("SUCCEEDED", hold="1s")

    def effect(self):
        execution = self.ended()
        return self.call("alice", "GET", f"/api/v1/effects?execution={execution}").json["items"][0]["id"]

    def responder(self, *roles):
        """Somebody of a team of their own, who owes nothing."""
        roles, name = list(roles or ["commander"]), self.name("responder")
        self.call("dora", "POST", "/api/v1/persons", {"name": name, "team": name})
        for role in roles:
            self.call("dora", "POST", "/api/v1/grants", {"person": name, "role": role})
        token = self.call("dora", "POST", "/api/v1/tokens", {"name": "t", "roles": roles, "expires_in": "1h", "person": name})
        self.world.people.token_file(name).write_text(token.json["token"])
        return name

    def incident(self):
        return self.call("alice", "POST", "/api/v1/incidents", self.example(self.operations["post_incidents"])).json["name"]

    def emergency(self, who, *ends):
        """Its name; ended when it says so."""
        body = self.example(self.operations["post_emergencies"], incident=self.incident())
        name = self.call(who, "POST", "/api/v1/emergencies", body).json["name"]
        for word in ends:
            self.call(who, "POST", f"/api/v1/emergencies/{name}/{word}")
        return name

    def _of_emergency(self, operation):
        who = self.responder()
        return Ask(operation, {"name": self.emergency(who)}, who=who, body=self.example(operation) if operation.asked else None)

    def template_body(self):
        """Of a template whose owner is a group with carol in it."""
        group = self.name("owners")
        self.call("dora", "POST", "/api/v1/groups", {"name": group})
        self.call("dora", "PUT", f"/api/v1/groups/{group}/members/carol")
        return self.example(self.operations["post_templates"], name=self.name("template"), owner=group)

    def template(self, is_active=False):
        """The path of its first version."""
        name = self.call("alice", "POST", "/api/v1/templates", self.template_body()).json["name"]
        if is_active:
            self.decide(self.call("alice", "POST", f"/api/v1/templates/{name}/versions/1/submit").json["approval"])
        return {"template": name, "number": 1}

    # --- the gate ---

    def _end_runs(self):
        """Of the operation before: a lease runs out a minute later, and that is a write in the midst of another's."""
        while self.runs:
            reply = self.asker.post(f"/api/v1/gate/runs/{self.runs.pop()}/end", {"status": 256})
            assert reply.status in (204, 409), reply.body

    def approved(self):
        name = self.change("pending")
        self.changes.approve_all(name)
        return name

    def gate_run(self, state="started"):
        """A run of that state."""
        self.approved()
        run = self.asker.decide(*self.restart, target=self.identity)["run"]
        self.runs.append(run)
        if state == "lost":  # a lease takes a minute to run out
            with sqlite3.connect(self.world.daemon.data_dir / "redbutton.db", timeout=10) as db:
                db.execute("UPDATE rcm_run SET state = 'lost' WHERE id = ?", (run,))
        return {"run": run}

    def spooled(self):
        """The end of a run that nobody knows, by the gate of its host."""
        self.change()
        record = {"at_us": 1, "chain": "01J0000000000000000000%04d" % next(self.numbers), "kind": "end", "prev": "",
                  "run": "01J00000000000000000000000", "seq": 1, "status": 0, "target": self.identity}
        return json.dumps(record, sort_keys=True, separators=(",", ":"))

    def _question(self, operation):
        return Ask(operation, who="gate-1", body=self.asker.body("/usr/bin/id", target=host_identity(1)))

    def account(self, is_mapped=False):
        path = {"target": "@all", "account": self.name("account")}
        if is_mapped:
            self.call("dora", "PUT", f"/api/v1/gate/accounts/%40all/{path['account']}", {"person": "alice"})
        return path

    # --- changes: each of a host and a unit of its own ---

    def change_body(self, **more):
        number = next(self.numbers)
        self.host, self.identity, self.restart = f"host-{number}", host_identity(number + 1000), (
            "/usr/bin/systemctl", "restart", f"unit-{number}")
        self.call("dora", "POST", "/api/v1/targets", {
            "name": self.host, "kind": "host", "address": self.identity, "environment": "production",
            "labels": {"gate": "gate-1"}})
        return self.changes.body(self.changes.step(*self.restart, targets=[self.host], **more))

    def change(self, state="draft", **step):
        """Its name; in that state (verifying: after a command that failed)."""
        name = self.call("alice", "POST", "/api/v1/changes", {"title": "a test", "body": self.change_body(**step)}).json["name"]
        if state != "draft":
            self.changes.submit(name)
        if state in ("executing", "verifying"):
            self.changes.approve_all(name)
            run = self.asker.decide(*self.restart, target=self.identity)["run"]
            self.call("gate-1", "POST", f"/api/v1/gate/runs/{run}/end", {"status": 256 if state == "verifying" else 0})
        assert self.changes.show(name)["state"] == state
        if state == "verifying":
            wait_until(lambda: self.changes.show(name).get("verdict"), "the verdict")
        return name

    def _of_change(self, operation, state, who="alice", **body):
        return Ask(operation, {"name": self.change(state)}, who=who,
                   body=self.example(operation, **body) if operation.asked else None)

    def _edit(self, operation):
        name = self.change()
        etag = self.call("alice", "GET", f"/api/v1/changes/{name}").headers["ETag"]
        return Ask(operation, {"name": name}, body={"body": self.changes.show(name)["body"], "title": "another"},
                   headers={"If-Match": etag})

    def _approve(self, operation):
        name = self.change("pending")
        return Ask(operation, {"name": name}, who="bob", body=self.example(operation),
                   headers={"If-Match": f'"{self.changes.show(name)["revision_digest"]}"'})

    def _reapprove(self, operation):
        """By bob, who approved it while its window was longer."""
        name = self.change("pending")
        assert self.changes.approve("bob", name).status == 200
        etag = self.call("alice", "GET", f"/api/v1/changes/{name}").headers["ETag"]
        body = {**self.changes.show(name)["body"], "end": at(30)}
        self.call("alice", "POST", f"/api/v1/changes/{name}/edit", {"body": body}, If_Match=etag)
        digest = self.changes.submit(name)["revision_digest"]
        return Ask(operation, {"name": name}, who="bob", headers={"If-Match": f'"{digest}"'})

    def delegation(self):
        """To a person of its own; bob's."""
        return self.call("bob", "POST", "/api/v1/delegations", {"to": self.person(), "end": at(60), "reason": "on leave"}).json["id"]

    def _withdraw(self, operation):
        made = self.delegation()
        etag = self.call("bob", "GET", f"/api/v1/delegations/{made}").headers["ETag"]
        return Ask(operation, {"id": made}, who="bob", headers={"If-Match": etag})

    def _command(self, operation, make, **body):
        return Ask(operation, {"id": make()}, body=self.example(operation, **body))

    def _of_version(self, operation, state):
        at, etag = self.version(state)
        return Ask(operation, at, body=self.example(operation), headers={"If-Match": etag})

    def _decision(self, operation):
        shown = self.approval()
        return Ask(operation, {"id": shown.json["id"]}, who="bob", headers={"If-Match": shown.headers["ETag"]},
                   body=self.example(operation, digest=shown.json["subject"]["digest"]))

    def _start(self, operation):
        preview = self.preview(hold="10m")
        return Ask(operation, body=self.example(operation, preview=preview["id"], digest=preview["digest"]))

    def _preview_of(self, operation):
        return Ask(operation, body=self.example(operation, plan="paper/set", params={"server": self.world.server()}))

    def _add_token(self, who, person, role):
        body = {"name": "t", "roles": [role], "expires_in": "1h", "person": person}
        return self.call(who, "POST", "/api/v1/tokens", body).json["id"]

    def _map(self, person, **body):
        uid = self.uid()
        self.call("dora", "PUT", f"/api/v1/peers/{uid}", {"person": person, **body})
        return uid

    GETS = {
        "get_persons_by_name": lambda self: {"path": {"name": "alice"}},
        "get_grants": lambda self: {"query": {"revoked": "true"}},
        "get_deliveries": lambda self: {"query": {"hook": "x", "state": "PENDING", "limit": 3}},
        "get_targets": lambda self: {"query": {"kind": "haproxy", "environment": "lab"}},
        "get_targets_by_name": lambda self: {"path": {"name": "edge-1"}},
        "get_approvals": lambda self: {"query": {"state": "APPROVED", "mine": "false"}},
        "get_approvals_by_id": lambda self: {"path": {"id": self.approval().json["id"]}},
        "get_delegations_by_id": lambda self: {"path": {"id": self.delegation()}},
        "get_plans_by_plan": lambda self: {"path": {"plan": "paper/set"}},
        "get_plans_by_plan_versions": lambda self: {"path": {"plan": "paper/set"}},
        "get_plans_by_plan_versions_by_version": lambda self: {"path": {"plan": "paper/set", "version": 1}},
        "get_plans_by_plan_diff": lambda self: {"path": {"plan": "paper/set"}, "query": {"from": 1, "to": 1}},
        "get_emergencies_by_name": lambda self: {"path": {"name": self.emergency(self.responder())}},
        "get_follow_ups_by_name": lambda self: {"path": {"name": self.emergency(self.responder(), "end")}},
        "get_contents_by_sha256": lambda self: {"path": {"sha256": self.changes.content("#!/bin/sh\n")}},
        "get_changes": lambda self: {"query": {"state": "pending", "requester": "alice", "before": 99, "limit": 3}},
        "get_changes_by_name": lambda self: {"path": {"name": self.change()}},
        "get_changes_by_name_render": lambda self: {"path": {"name": self.change("pending")}},
        "get_changes_by_name_diff": lambda self: {"path": {"name": self.change()}},
        "get_changes_by_name_findings": lambda self: {"path": {"name": self.change("pending")}},
        "get_templates": lambda self: {"query": {"after": "a", "limit": 3}},
        "get_templates_by_template": lambda self: {"path": {"template": self.template()["template"]}},
        "get_templates_by_template_versions_by_number": lambda self: {"path": self.template()},
        "get_rules_by_rule": lambda self: {"path": {"rule": "FS-001"}},
        "get_gate_decisions_by_id_explain": lambda self: {"path": {
            "id": self.asker.decide("/usr/bin/id", target=host_identity(1))["decision_id"]}},
        "get_gate_throttle_by_change": lambda self: {"path": {"change": self.approved()}},
        "get_gate_runs": lambda self: {"query": {"state": "ended", "before": 99, "limit": 3}},
        "get_gate_steps_by_change_by_step": lambda self: {"who": "gate-1", "path": {"change": self.change(), "step": 1}},
        "get_effects": lambda self: {"query": {"execution": self.ended()}},
        "get_effects_by_id": lambda self: {"path": {"id": self.effect()}},
        "get_previews_by_id": lambda self: {"path": {"id": self.preview()["id"]}},
        "get_executions": lambda self: {"query": {"state": "open", "plan": "paper/set", "limit": 5}},
        "get_executions_by_id": lambda self: {"path": {"id": self.ended()}},
        "get_executions_by_id_journal": lambda self: {"path": {"id": self.ended()}},
        "get_audit": lambda self: {"query": {"limit": 3, "action": "audit.read"}},
        "get_audit_export": lambda self: {"query": {"after": 0, "until": 5}},
        "get_audit_by_seq": lambda self: {"path": {"seq": 1}},
        "get_events": lambda self: {"query": {"since": 0, "subject": "audit"}},
    }

    WRITES = {
        "post_gate_decide": _question,
        "post_gate_check": _question,
        "post_gate_runs_by_run_heartbeat": lambda self, o: Ask(o, self.gate_run(), who="gate-1", body={}),
        "post_gate_runs_by_run_end": lambda self, o: Ask(o, self.gate_run(), who="gate-1", body={"status": 256}),
        "post_gate_runs_by_run_stop": lambda self, o: Ask(o, self.gate_run(), who="bob", body=self.example(o)),
        "post_gate_runs_by_run_reset": lambda self, o: Ask(o, self.gate_run("lost"), who="bob", body=self.example(o)),
        "post_gate_spool": lambda self, o: Ask(o, who="gate-1", body={"record": self.spooled()}),
        "put_gate_accounts_by_target_by_account": lambda self, o: Ask(o, self.account(), who="dora", body={"person": "alice"}),
        "delete_gate_accounts_by_target_by_account": lambda self, o: Ask(o, self.account(True), who="dora"),
        "put_dependencies": lambda self, o: Ask(o, who="dora", body=self.example(o)),
        "put_groups_by_group_members_by_person": lambda self, o: Ask(o, {**self.member(), "person": self.person()},
                                                                     who="dora"),
        "delete_groups_by_group_members_by_person": lambda self, o: Ask(o, self.member(), who="dora"),
        "post_grants": lambda self, o: Ask(o, who="dora", body=self.example(o, person=self.person())),
        "delete_grants_by_id": lambda self, o: Ask(o, who="dora", path={"id": self.call(
            "dora", "POST", "/api/v1/grants", {"person": self.person(), "role": "author"}).json["id"]}),
        "post_grants_by_id_confirm": lambda self, o: Ask(o, who="emil", path={"id": self.call(
            "dora", "POST", "/api/v1/grants", {"person": self.person(), "role": "admin"}).json["id"]}),
        "post_tokens": lambda self, o: Ask(o, body=self.example(o, roles=["author"], person="alice")),
        "delete_tokens_by_id": lambda self, o: Ask(o, {"id": self._add_token("dora", self.person("viewer"), "viewer")},
                                                   who="dora"),
        "post_tokens_by_id_confirm": lambda self, o: Ask(o, {"id": self._add_token("dora", self.admin(), "admin")},
                                                         who="emil"),
        "put_peers_by_uid": lambda self, o: Ask(o, {"uid": self.uid()}, who="dora",
                                                body=self.example(o, person=self.person())),
        "delete_peers_by_uid": lambda self, o: Ask(o, {"uid": self._map(self.person())}, who="dora"),
        "post_peers_by_uid_confirm": lambda self, o: Ask(o, {"uid": self._map(self.admin())}, who="emil"),
        "post_hooks": lambda self, o: Ask(o, who="dora", body=self.hook()),
        "post_hooks_by_name_disable": lambda self, o: Ask(o, {"name": self.call(
            "dora", "POST", "/api/v1/hooks", self.hook(True)).json["name"]}, who="dora"),
        "post_targets_by_name_check": lambda self, o: Ask(o, {"name": "edge-1"}),
        "post_approvals_by_id_approve": _decision,
        "post_approvals_by_id_reject": _decision,
        "post_delegations": lambda self, o: Ask(o, who="bob", body=self.example(o, to=self.person(), end=at(60))),
        "post_delegations_by_id_withdraw": _withdraw,
        "post_emergencies": lambda self, o: Ask(o, who=self.responder(), body=self.example(o, incident=self.incident())),
        "post_emergencies_by_name_confirm": lambda self, o: Ask(o, {"name": self.emergency(self.responder("author"))}, who="dora",
                                                               body={}),
        "post_emergencies_by_name_renew": _of_emergency,
        "post_emergencies_by_name_end": _of_emergency,
        "post_follow_ups_by_name_close": lambda self, o: Ask(o, {"name": self.emergency(self.responder(), "end")}, who="dora",
                                                             body=self.example(o)),
        "post_changes": lambda self, o: Ask(o, body={"title": "a test", "body": self.change_body()}),
        "post_changes_by_name_edit": _edit,
        "post_changes_by_name_approve": _approve,
        "post_changes_by_name_reapprove": _reapprove,
        "post_changes_by_name_reject": lambda self, o: self._of_change(o, "pending", "bob"),
        "post_changes_by_name_submit": lambda self, o: self._of_change(o, "draft"),
        "post_changes_by_name_reassess": lambda self, o: self._of_change(o, "pending"),
        "post_changes_by_name_cancel": lambda self, o: self._of_change(o, "draft"),
        "post_changes_by_name_done": lambda self, o: Ask(
            o, {"name": self.change("executing", max_runs=2)}, body=self.example(o)),
        "post_changes_by_name_accept": lambda self, o: self._of_change(o, "verifying", "bob"),
        "post_changes_by_name_close": lambda self, o: self._of_change(o, "verifying"),
        "post_changes_by_name_waive": lambda self, o: self._of_change(o, "pending", "bob", expires_at=at(60)),
        "post_changes_by_name_comment": lambda self, o: self._of_change(o, "draft"),
        "post_templates": lambda self, o: Ask(o, body=self.template_body()),
        "post_templates_by_template_versions_by_number_submit": lambda self, o: Ask(o, self.template()),
        "post_templates_by_template_versions_by_number_retire": lambda self, o: Ask(o, self.template(), body=self.example(o)),
        "post_templates_by_template_render": lambda self, o: Ask(o, {"template": self.template(True)["template"]},
                                                                 body=self.example(o)),
        "post_rules_test": lambda self, o: Ask(o, body=self.example(o)),
        "post_plans_lint": lambda self, o: Ask(o, body=self.example(o)),
        "post_plans": lambda self, o: Ask(o, body=self.example(o, script=self.script())),
        "post_plans_by_plan_versions_by_version_submit": lambda self, o: self._of_version(o, "DRAFT"),
        "post_plans_by_plan_versions_by_version_activate": lambda self, o: self._of_version(o, "APPROVED"),
        "post_plans_by_plan_versions_by_version_retire": lambda self, o: self._of_version(o, "ACTIVE"),
        "post_plans_by_plan_versions_by_version_discard": lambda self, o: self._of_version(o, "DRAFT"),
        "post_plans_by_plan_versions_by_version_suspend": lambda self, o: self._of_version(o, "ACTIVE"),
        "post_plans_by_plan_versions_by_version_resume": lambda self, o: self._of_version(o, "SUSPENDED"),
        "post_backups": lambda self, o: Ask(o, who="dora", unix=True, body=self.example(
            o, file=str(self.world.daemon.folder / self.name("backup")))),
        "post_effects_by_id_extend": lambda self, o: Ask(o, {"id": self.effect()}, body=self.example(o)),
        "post_previews": _preview_of,
        "post_can": _preview_of,
        "post_executions": _start,
        "post_executions_by_id_undo": lambda self, o: self._command(o, self.ended),
        "post_executions_by_id_pause": lambda self, o: self._command(o, self.running),
        "post_executions_by_id_resume": lambda self, o: self._command(o, self.paused),
        "post_executions_by_id_abort": lambda self, o: self._command(o, self.running),
        "post_executions_by_id_retry": lambda self, o: self._command(o, self.failed),
        "post_executions_by_id_skip": lambda self, o: self._command(o, self.failed),
        "post_executions_by_id_mark": lambda self, o: self._command(o, self.failed, value="not_done"),
        "post_executions_by_id_answer": lambda self, o: self._command(o, self.at_gate, value="yes"),
        "post_executions_by_id_accept": lambda self, o: self._command(o, self.stuck_on_the_way_back),
        "post_executions_by_id_rollback": lambda self, o: self._command(o, self.running),
        "post_executions_by_id_force_close": lambda self, o: self._command(o, self.failed),
    }

