"""What runs mean for a change: executing, verified by metrics, accepted by a second person, rolled back."""
import http.server
import json
import threading
import time
import urllib.parse

import pytest
from harness.asker import Asker
from harness.changes import METRIC, Changes, at, host_identity

WEB = host_identity(1)
START, BACK = ("/usr/bin/systemctl", "restart", "shop"), ("/usr/bin/systemctl", "start", "shop")


class Prometheus:
    """Answers every instant query with one value; None: no sample."""

    def __init__(self):
        self.value, self.asked = "0.001", []
        paper = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                query = urllib.parse.parse_qs(body)["query"][0]
                paper.asked.append(query)
                value = "5" if "count_over_time" in query else paper.value
                result = [{"metric": {}, "value": [time.time(), value]}] if value is not None else []
                answer = json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def prometheus():
    paper = Prometheus()
    yield paper
    paper.stop()


@pytest.fixture
def changes(daemon, people, prometheus):
    made = Changes(daemon, people)
    people.admin.ok("target", "add", "prom", "--kind", "prometheus", "--address", prometheus.url, "--environment", "lab")
    return made


@pytest.fixture
def asker(changes):
    return Asker(changes)


def approved(changes, **more):
    name = changes.file(**{"verification": [METRIC], **more})
    changes.submit(name)
    changes.approve_all(name)
    return name


def run(asker, argv, status=0):
    answer = asker.decide(*argv, target=WEB)
    assert answer["verdict"] == "allow" and answer["reason"] == "ok_grant", answer
    reply = asker.post(f"/api/v1/gate/runs/{answer['run']}/end", {"status": status})
    assert reply.status == 204, reply.body


def wait(changes, name, is_so, seconds=60):
    end = time.monotonic() + seconds
    while not is_so(changes.show(name)):
        assert time.monotonic() < end, changes.show(name)
        time.sleep(0.1)
    return changes.show(name)


def test_metrics_that_hold_close_it(changes, asker, prometheus):
    name = approved(changes)
    assert "OBS-001" not in [finding["rule"] for finding in changes.show(name)["report"]["findings"]]
    run(asker, START)
    shown = wait(changes, name, lambda shown: shown["state"] == "closed")
    assert shown["result"] == "success" and shown["readings"][0]["outcome"] == "pass"
    assert "max_over_time((shop_errors)[300s:])" in prometheus.asked
    assert all(grant["revoked"] for grant in shown["grants"] if grant["runs_left"])
    assert changes.do("alice", name, "cancel").status == 409, "what is closed stays closed"


def test_a_metric_that_fails_waits_for_a_person(changes, asker, prometheus):
    prometheus.value = "0.5"
    name = approved(changes)
    run(asker, START)
    shown = wait(changes, name, lambda shown: shown.get("verdict"))
    assert shown["state"] == "verifying" and shown["verdict"] == "failed"
    own = changes.do("alice", name, "accept", {"reason": "it was like this before"})
    assert own.status == 403
    accepted = changes.do("bob", name, "accept", {"reason": "it was like this before"})
    assert accepted.json["state"] == "closed" and accepted.json["result"] == "success"


@pytest.mark.parametrize("value", [None, "NaN"])
def test_what_is_unknown_is_never_a_pass(changes, asker, prometheus, value):
    prometheus.value = value
    name = approved(changes)
    run(asker, START)
    shown = wait(changes, name, lambda shown: shown["readings"])
    assert shown["state"] == "verifying" and shown["readings"][0]["outcome"] == "unknown" and "verdict" not in shown
    assert changes.do("bob", name, "accept", {"reason": "looks good to me"}).status == 409


def test_nothing_measured_is_inconclusive_and_closed_as_failed_by_its_owner(changes, asker):
    name = approved(changes, verification=[])
    run(asker, START)
    wait(changes, name, lambda shown: shown.get("verdict") == "inconclusive")
    assert changes.do("vera", name, "close", {"reason": "nobody knows"}).status == 403
    closed = changes.do("alice", name, "close", {"reason": "nobody knows what it did"})
    assert closed.json["result"] == "failed" and closed.json["state"] == "closed"


@pytest.mark.parametrize("status, verdict", [(256, "inconclusive"), (9, "failed")])
def test_how_the_last_command_of_a_session_ended_says_nothing_of_it(changes, asker, status, verdict):
    session = {"kind": "shell", "path": "/usr/bin/bash", "argv": ["bash", "-l"], "targets": ["web-1"],
               "irreversible_reason": "a session"}
    name = changes.file(session, verification=[])
    changes.submit(name)
    changes.approve_all(name)
    answer = asker.decide("bash", "-l", path="/usr/bin/bash", target=WEB, stdin={"kind": "open"})
    assert answer["reason"] == "ok_grant", answer
    assert asker.post(f"/api/v1/gate/runs/{answer['run']}/end", {"status": status}).status == 204
    assert wait(changes, name, lambda shown: shown.get("verdict"))["verdict"] == verdict


def test_a_failed_command_is_rolled_back_without_a_new_approval(changes, asker):
    name = approved(changes)
    run(asker, START, status=256)
    shown = changes.show(name)
    assert shown["state"] == "verifying" and shown["verdict"] == "failed"
    assert asker.decide(*START, target=WEB)["verdict"] != "allow"
    run(asker, BACK)
    shown = changes.show(name)
    assert (shown["state"], shown["result"]) == ("closed", "rolled_back")


def test_done_ends_the_work_and_what_ran_is_not_edited(changes, asker):
    name = approved(changes, *[], verification=[], executors=["alice"])
    name = changes.file(changes.step(*START, targets=["web-1", "web-2"]))
    changes.edit(name, changes.step(*START, targets=["web-1", "web-2"]), coordinated_with=["CHG-1"])
    changes.do("alice", "CHG-1", "cancel")
    changes.submit(name)
    changes.approve_all(name)
    assert changes.do("alice", name, "done").status == 409, "nothing ran"
    run(asker, START)
    assert changes.show(name)["state"] == "executing"
    assert changes.edit(name).status == 409
    assert changes.do("alice", name, "cancel").status == 409
    assert changes.do("alice", name, "done").json["state"] == "verifying"


def test_an_edit_takes_the_grants(changes, asker):
    name = approved(changes)
    assert changes.edit(name, verification=[METRIC], end=at(70)).status == 200
    answer = asker.decide(*START, target=WEB, change=name)
    assert answer["verdict"] != "allow" and answer["reason"] in ("stale_revision", "revoked"), answer


def test_who_leaves_the_group_takes_the_yes_along(changes, asker):
    name = approved(changes, verification=[])
    owner = next(one["person"]["name"] for one in changes.show(name)["approval"]["decisions"] if one["level"] == 2)
    assert changes.ask("admin", "DELETE", f"/api/v1/groups/shop-owners/members/{owner}").status < 300
    answer = asker.decide(*START, target=WEB)
    assert answer["verdict"] != "allow" and answer["reason"] == "approver_invalid", answer


def test_an_incident_that_is_linked_later_stands_beside_it(changes, asker, people):
    name = approved(changes)
    run(asker, START)
    wait(changes, name, lambda shown: shown["state"] == "closed")
    people.carol.ok("incident", "open", "the shop is slow", "--severity", "2")
    people.carol.ok("incident", "link", "INC-1", "change", name)
    shown = wait(changes, name, lambda shown: shown["findings_after"], 180)
    assert shown["findings_after"][0]["reference"] == "INC-1" and shown["result"] == "success"
