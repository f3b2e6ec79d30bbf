"""What became of changes like it is a term of the score."""
import time

import pytest
from harness.asker import Asker
from harness.changes import METRIC, Changes, host_identity
from harness.cli import Cli
from harness.prometheus import FakePrometheus


class RcmClient(Cli):
    PROGRAM = "rcm-client"


@pytest.fixture
def changes(daemon, people):
    made = Changes(daemon, people)
    made.asker = Asker(made)
    prometheus = FakePrometheus(value=0)
    people.admin.ok("target", "add", "prom", "--kind", "prometheus", "--address", prometheus.address, "--environment", "lab")
    yield made
    prometheus.close()


def ran(changes, status):
    """A change that was run, with that status, and closed."""
    name = changes.file(changes.step("/usr/bin/touch", "/srv/x"), verification=[METRIC])
    changes.submit(name)
    changes.approve_all(name)
    answer = changes.asker.decide("/usr/bin/touch", "/srv/x", target=host_identity(1), change=name, step=1)
    assert answer["reason"] == "ok_grant", answer
    assert changes.asker.post(f"/api/v1/gate/runs/{answer['run']}/end", {"status": status}).status == 204
    if status:
        assert changes.do("alice", name, "close", {"reason": "it failed, and is over"}).status == 200
    end = time.monotonic() + 40
    while (shown := changes.show(name))["state"] != "closed":
        assert time.monotonic() < end, shown
        time.sleep(0.2)
    assert shown["result"] == ("failed" if status else "success")


def history(changes, who="alice", **more):
    """Of a change that is not run: how it is counted, and the terms of its score."""
    name = changes.file(changes.step("/usr/bin/touch", "/srv/z", targets=["web-2"]), who=who, **more)
    report = changes.submit(name, who)["report"]
    assert changes.do(who, name, "cancel", {"reason": "seen"}).status == 200
    return report["history"], report["terms"].split(" + ")


def test_who_or_what_failed_before_is_a_greater_risk(changes, people):
    people.add("erin", "pay-team", ["author", "commander"])
    counts, terms = history(changes)
    assert counts == {"of": 0, "failed": 0} and not [term for term in terms if term.startswith("history")]
    ran(changes, 256)
    assert history(changes) == ({"of": 1, "failed": 1}, [*terms, "history 3"])
    assert history(changes, services=["other"])[0]["failed"] == 1, "of the same requester"
    assert history(changes, who="erin")[0]["failed"] == 1, "of the same service"
    assert history(changes, who="erin", services=["other"])[0] == {"of": 0, "failed": 0}
    assert history(changes, environment="staging")[0] == {"of": 0, "failed": 0}
    ran(changes, 0)
    assert history(changes)[0] == {"of": 2, "failed": 1}
    name = changes.file(changes.step("/usr/bin/touch", "/srv/z", targets=["web-2"]))
    score = changes.submit(name)["report"]["score"]
    assert "history: 1 of the last 2 like it did not end well" in changes.ask("bob", "GET", f"/api/v1/changes/{name}/render").json["text"]
    said = RcmClient(changes.daemon, people.token_file("bob")).ok("findings", name)
    assert f"score {score} = " in said and "history 3\nhistory: 1 of the last 2 like it did not end well" in said
