"""The people of most tests: alice writes plans and runs them, bob approves, carol approves in
another team, vera only looks. All of them log in by token; the first admin too."""
from harness.cli import Cli

PEOPLE = {
    "alice": ("edge-team", ["author", "commander"]),
    "bob": ("edge-team", ["approver"]),
    "carol": ("sre-team", ["approver"]),
    "vera": ("edge-team", ["viewer"]),
}


class People:
    """One Cli a person, by name: people.alice.ok("plan", "list")."""

    def __init__(self, daemon, only=None):
        self.daemon, self.folder = daemon, daemon.folder / "tokens"
        self.folder.mkdir(exist_ok=True)
        self.admin = Cli(daemon, daemon.admin_token_file)
        for name in only or PEOPLE:
            self.add(name, *PEOPLE[name])

    def add(self, name, team, roles):
        self.admin.ok("person", "add", name, "--team", team)
        wanted = []
        for role in roles:
            self.admin.ok("grant", "add", "--person", name, "--role", role)
            wanted += ["--role", role]
        self.admin.ok("token", "create", "--name", "tests", *wanted, "--expires", "1d", "--person", name,
                      "--write", self.token_file(name))
        setattr(self, name, Cli(self.daemon, self.token_file(name)))
        return getattr(self, name)

    def token_file(self, name):
        return self.folder / f"{name}.token"

    def token(self, name):
        """The text, for HTTP by hand."""
        path = self.daemon.admin_token_file if name == "admin" else self.token_file(name)
        return path.read_text().strip()
