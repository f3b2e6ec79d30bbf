"""Changes as tests file them: a host, a service with owners, a window that is open now."""
import base64
import datetime

METRIC = {"name": "errors", "target": "prom", "query": "shop_errors", "op": "<", "threshold": "0.01"}


def host_identity(number):
    key = base64.b64encode(bytes([number % 256]) * 32).decode().rstrip("=")
    return f"host:{number:032x}/SHA256:{key}"


def add_host(people, name, service):
    """One host of that service, so that something belongs to it."""
    people.admin.ok("target", "add", name, "--kind", "host", "--address", host_identity(sum(name.encode())), "--environment",
                    "production", "--service", service)


def at(minutes):
    """RFC 3339, so many minutes from now."""
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Changes:
    """alice files and runs; bob and carol own the shop in different teams; oscar is on call."""

    def __init__(self, daemon, people, hosts=2):
        self.daemon, self.people = daemon, people
        people.add("oscar", "oncall-team", ["approver"])
        self.group("shop-owners", "bob", "carol")
        self.group("sre-oncall", "oscar")
        for number in range(1, hosts + 1):
            people.admin.ok("target", "add", f"web-{number}", "--kind", "host", "--address", host_identity(number),
                            "--environment", "production", "--service", "shop", "--zone", "a")

    def group(self, name, *members):
        assert self.ask("admin", "POST", "/api/v1/groups", {"name": name}).status == 201
        for member in members:
            assert self.ask("admin", "PUT", f"/api/v1/groups/{name}/members/{member}").status < 300

    def ask(self, who, method, path, body=None, **headers):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.daemon.request(method, path, body, token=self.people.token(who), headers=sent)

    def content(self, text, who="alice"):
        reply = self.daemon.request("POST", "/api/v1/contents", text.encode(), token=self.people.token(who),
                                    headers={"Content-Type": "text/plain"})
        assert reply.status == 200, reply.body
        return reply.json["sha256"]

    @staticmethod
    def step(*argv, targets=("web-1",), **more):
        return {"argv": list(argv), "targets": list(targets), **more}

    def body(self, *steps, **more):
        """Of a restart, when no step is given."""
        steps = steps or (self.step("/usr/bin/systemctl", "restart", "shop"),
                          self.step("/usr/bin/systemctl", "start", "shop", phase="rollback"))
        return {"environment": "production", "services": ["shop"], "start": at(-1), "end": at(60),
                "zone": "Asia/Shanghai", "steps": list(steps), "observe_s": 0, **more}

    def file(self, *steps, who="alice", title="restart the shop", **more):
        reply = self.ask(who, "POST", "/api/v1/changes", {"title": title, "body": self.body(*steps, **more)})
        assert reply.status == 201, reply.body
        return reply.json["name"]

    def show(self, name, who="alice"):
        return self.ask(who, "GET", f"/api/v1/changes/{name}").json

    def do(self, who, name, verb, body=None, **headers):
        return self.ask(who, "POST", f"/api/v1/changes/{name}/{verb}", {} if body is None else body, **headers)

    def submit(self, name, who="alice"):
        reply = self.do(who, name, "submit")
        assert reply.status == 200, reply.body
        return reply.json

    def approve(self, who, name, digest=None):
        digest = digest or self.show(name)["revision_digest"]
        return self.do(who, name, "approve", If_Match=f'"{digest}"')

    def approve_all(self, name):
        """By whoever is asked."""
        for who in ("oscar", "bob", "carol", "oscar"):
            if self.show(name)["state"] == "pending":
                self.approve(who, name)
        shown = self.show(name)
        assert shown["state"] == "approved", shown["approval"]
        return shown

    def edit(self, name, *steps, who="alice", **more):
        etag = self.ask(who, "GET", f"/api/v1/changes/{name}").headers["ETag"]
        return self.do(who, name, "edit", {"body": self.body(*steps, **more)}, If_Match=etag)
