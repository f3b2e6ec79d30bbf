"""The asking end of the decision API: what the gate of a host, or a platform, sends."""
import base64
import datetime
import uuid

MAY_NOT = ("deny", "review")


def b64(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def now(seconds=0):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Asker:
    """gate-1 is the agent of the hosts of `changes`; li is alice's account there, and bo is bob's."""

    def __init__(self, changes, hosts=2):
        self.changes, self.people = changes, changes.people
        self.people.add("gate-1", "sre-team", ["agent"])
        changes.group("change-owners", "bob", "carol")
        for number in range(1, hosts + 1):
            self.label(f"web-{number}", gate="gate-1")
        for account, person in (("li", "alice"), ("bo", "bob"), ("ca", "carol")):
            assert self.put(f"/api/v1/gate/accounts/%40all/{account}", {"person": person}).status == 200

    def label(self, target, **labels):
        words = [word for name, value in labels.items() for word in ("--label", f"{name}={value}")]
        self.people.admin.ok("target", "set", target, *words)

    def put(self, path, body, who="admin"):
        return self.changes.ask(who, "PUT", path, body)

    def post(self, path, body, who="gate-1"):
        return self.changes.ask(who, "POST", path, body)

    def get(self, path, who="alice"):
        return self.changes.ask(who, "GET", path)

    @staticmethod
    def body(*argv, target, user="li", path=None, **more):
        exec_more = {name: more.pop(name) for name in ("env", "cwd", "runas", "trusted", "stdin") if name in more}
        command = {"path": path or argv[0], "argv_b64": [b64(word) for word in argv], "runas": "root", "cwd": "/",
                   "trusted": True, **exec_more}
        return {"schema": 1, "request_id": str(uuid.uuid4()), "nonce": uuid.uuid4().hex, "ts": now(),
                "actor": {"user": user}, "source": "terminal", "phase": "pre", "exec": command,
                "targets": [{"type": "host", "id": target}], **more}

    def decide(self, *argv, **more):
        """The answer to a command on web-1."""
        return self.ask(self.body(*argv, **more))

    def ask(self, body, who="gate-1", verb="decide"):
        reply = self.post(f"/api/v1/gate/{verb}", body, who)
        assert reply.status == 200, reply.body
        return reply.json

    @staticmethod
    def release(phase="node_start", service="shop", step="test", artifact="a", version="42", **more):
        body = {"platform": "releases", "service": service, "environment": "production",
                "artifact_digest": "sha256:" + artifact * 64, "version_from": "41", "version_to": version,
                "phase": step, **more}
        return {"schema": 1, "request_id": str(uuid.uuid4()), "nonce": uuid.uuid4().hex, "ts": now(),
                "actor": {"user": "releases"}, "source": "release", "phase": phase, "release": body}
