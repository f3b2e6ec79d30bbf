"""What was approved is what runs: each byte of it, once, by whom and where it was approved; and who may say yes."""
import concurrent.futures
import hashlib
import itertools
import json
import os
import threading
import uuid

import pytest
from harness.asker import b64, now
from harness.changes import at, host_identity
from harness.gate_socket import SocketAsker
from harness.production import BO, HERE, LI, RUNAS, THERE

numbers = itertools.count(1)
ENV = ["COLOUR=green", "DEPTH=3"]
NOWHERE = "/nowhere/x"     # ends touch with 1: what failed is over at once, and nothing of it is verified


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def socket(production):
    asker = production.at_socket()
    yield asker
    asker.close()


@pytest.fixture
def unit():
    return f"unit-{next(numbers)}"


# --- one flipped byte ---

@pytest.fixture
def bound(production, approve):
    """A step with all that can be bound: [change, the command as it was approved]."""
    stdin, text = "input\n", "settings\n"
    contents = [{"role": "file", "name": "shop.conf", "sha256": production.changes.content(text)},
                {"role": "stdin", "name": "input", "sha256": production.changes.content(stdin)}]
    argv = ["/usr/bin/systemctl", "restart", "shop", "--job-mode=replace", "content:file"]
    name = approve(production.step(*argv, env=ENV, cwd="/srv", stdin=sha256(stdin), contents=contents))
    command = dict(path=argv[0], argv=argv, env=["PATH=/usr/bin:/bin", *ENV], cwd="/srv", runas=RUNAS, stdin_kind=1,
                   contents=[("file", sha256(text), len(text)), ("stdin", sha256(stdin), len(stdin))], is_trusted=1)
    return name, command


def ask(socket, name, command, verb="check", **more):
    request = {**socket.request("x", user="li", uid=LI), "change": name, "step": 1, "exec": command, **more}
    return socket.ask(verb, **request)


def flips(text):
    """That text with one bit of one byte turned, for each byte: all of them stay printable."""
    for place, byte in enumerate(text.encode()):
        yield (text.encode()[:place] + bytes([byte ^ 1]) + text.encode()[place + 1:]).decode()


def flipped_digests(digest):
    """Each hex digit made another."""
    for place, digit in enumerate(digest):
        yield digest[:place] + "0123456789abcdef"[int(digit, 16) ^ 1] + digest[place + 1:]


def with_part(items, place, value):
    return [*items[:place], value, *items[place + 1:]]


def variants(command):
    """[(component, the reason, commands that differ in one byte of it)]"""
    argv, env, contents = command["argv"], command["env"], command["contents"]
    yield "path", "fingerprint_mismatch", [{**command, "path": path} for path in flips(command["path"])]
    for place in range(len(argv)):
        # Of argv[0] only its last part counts: what is executed is the path.
        words = flips(argv[place]) if place else ["/usr/bin/" + word for word in flips("systemctl")]
        yield f"argv {place}", "fingerprint_mismatch", [{**command, "argv": with_part(argv, place, word)} for word in words]
    yield "runas", "fingerprint_mismatch", [{**command, "runas": runas} for runas in flips(command["runas"])]
    yield "cwd", "fingerprint_mismatch", [{**command, "cwd": cwd} for cwd in flips(command["cwd"])]
    for place in range(1, len(env)):
        name, value = env[place].split("=")
        yield f"env {name}", "fingerprint_mismatch", [{**command, "env": with_part(env, place, f"{name}={other}")}
                                                      for other in flips(value)]
        yield f"env without {name}", "fingerprint_mismatch", [{**command, "env": env[:place] + env[place + 1:]}]
    yield "kind of input", "fingerprint_mismatch", [{**command, "stdin_kind": kind} for kind in (0, 2)]
    for place, (role, digest, size) in enumerate(contents):
        yield role, "content_mismatch", [{**command, "contents": with_part(contents, place, (role, other, size))}
                                         for other in flipped_digests(digest)]
        yield f"without {role}", "content_unbound", [{**command, "contents": contents[:place] + contents[place + 1:]}]


def test_one_flipped_byte_of_each_bound_part_is_refused(production, socket, bound, capsys):
    name, command = bound
    assert ask(socket, name, command)["reason"] == "ok_grant"
    counts, wrong = {}, []
    for component, reason, commands in variants(command):
        for other in commands:
            answer = ask(socket, name, other, verb="decide" if counts.get(component, 0) < 2 else "check")
            counts[component] = counts.get(component, 0) + 1
            if answer["verdict"] == 0 or answer["reason"] != reason:
                wrong.append((component, other, answer["reason"], answer["message"]))
    with capsys.disabled():
        print(f"\none byte of it flipped, and refused: {sum(counts.values())} of {len(counts)} parts")
    assert not wrong, wrong[:5]
    assert ask(socket, name, command)["reason"] == "ok_grant", "it is still there to be taken"
    assert production.runs(name) == []


@pytest.mark.parametrize("part", ["machine", "key"])
def test_one_flipped_byte_of_the_target_is_refused(production, bound, part):
    """Where a command runs is the daemon's own word at the socket; at the API it is the asker's."""
    name, command = bound
    half = HERE.index("/SHA256:")
    for place in range(5, half, 4) if part == "machine" else range(half + 8, len(HERE), 4):
        other = HERE[:place] + chr(ord(HERE[place]) ^ 1) + HERE[place + 1:]
        answer = production.asker.decide(*command["argv"], target=other, change=name, step=1, user=str(LI), runas=RUNAS)
        assert answer["reason"] == "target_mismatch" and answer["verdict"] == "deny", answer
    known = production.asker.decide(*command["argv"], target=THERE, change=name, step=1, user=str(LI), runas=RUNAS)
    assert known["reason"] == "target_mismatch", "and so is another host that is known"


@pytest.mark.parametrize("words, reason", [
    (["touch", "{granteD}", NOWHERE], "fingerprint_mismatch"),
    (["touch", "{granted}", NOWHERE, "{granted}"], "fingerprint_mismatch"),
    (["touch", "{granted}"], "fingerprint_mismatch"),
    (["touch", "--", "{granted}", NOWHERE], "fingerprint_mismatch"),
    (["tee", "{granted}", NOWHERE], "fingerprint_mismatch"),
    (["touch", "{granted} ", NOWHERE], "fingerprint_mismatch"),
])
def test_rcm_runs_nothing_that_differs(production, approve, unit, words, reason):
    granted = production.theirs / unit
    name = approve(production.step("/usr/bin/touch", str(granted), NOWHERE))
    given = [word.format(granted=granted, granteD=f"{granted}D") for word in words]
    told = production.run("exec", name, "--step", "1", "--", *given)
    assert (told.code, told.reason) == (125, reason) and not granted.exists(), told
    assert production.run("exec", name, "--step", "1").reason == "ok_grant" and granted.exists()


def test_a_script_is_its_bytes(production, approve, unit):
    """The content as it was approved runs from a sealed copy; a script on disk, whose bytes are others, does not."""
    mark = production.theirs / unit
    text = f"#!/bin/sh\necho ran > {mark}\nexit 3\n"
    script = {"kind": "script", "argv": ["fix.sh"], "targets": ["here"], "runas": RUNAS,
              "contents": [{"role": "script", "name": "fix.sh", "sha256": production.changes.content(text), "mode": 0o755}]}
    name = approve(script)
    path = production.theirs / "fix.sh"
    path.write_text(text.replace("ran", "rao"))
    path.chmod(0o755)
    os.chown(path, LI, LI)
    told = production.run("exec", name, "--step", "1", "--", path)
    assert told.code == 125 and told.reason in ("content_mismatch", "content_unbound") and not mark.exists(), told
    path.write_text("#!/bin/sh\nexit 9\n")
    assert production.run("exec", name, "--step", "1").code == 3 and mark.read_text() == "ran\n"


# --- once ---

def test_of_a_hundred_that_take_it_at_once_one_wins(production, approve, unit):
    name = approve(production.step("/usr/bin/systemctl", "restart", unit))
    begin = threading.Barrier(100)

    def take():
        asker = SocketAsker(production.path, timeout=30)
        begin.wait(30)
        try:
            return asker.decide("/usr/bin/systemctl", "restart", unit, user="li", uid=LI, runas=RUNAS)["reason"]
        finally:
            asker.close()
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        reasons = [one.result() for one in [pool.submit(take) for _ in range(100)]]
    assert sorted(reasons) == ["ok_grant"] + ["used_up"] * 99
    assert len(production.runs(name)) == 1


def test_of_twenty_rcm_at_once_one_runs(production, approve, unit):
    lines = production.theirs / unit
    name = approve(production.step("/usr/bin/bash", "-c", f"echo ran >> {lines}; exit 1"))
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        told = list(pool.map(lambda _: production.run("exec", name, "--step", "1"), range(20)))
    assert lines.read_text() == "ran\n"
    assert sorted(one.reason for one in told) == ["ok_grant"] + ["used_up"] * 19


def test_a_used_grant_is_used_up_during_its_run_and_after_it(production, approve, unit):
    mark = production.theirs / unit
    name = approve(production.step("/usr/bin/touch", str(mark), NOWHERE))
    assert production.run("exec", name, "--step", "1").reason == "ok_grant" and mark.exists()
    mark.unlink()
    for words in ([name, "--step", "1"], ["--", "touch", mark, NOWHERE], [name, "--", "touch", mark, NOWHERE]):
        told = production.run("exec", *words)
        assert (told.code, told.reason) == (125, "used_up") and "14" in told.err and not mark.exists(), told
    production.end(name)
    assert production.run("exec", name, "--step", "1").reason == "used_up" and not mark.exists()


def test_an_answer_is_told_again_and_taken_once(production, socket, approve, unit):
    """The same question is the same answer and one run; another under its id has none; over, it is over."""
    approve(production.step("/usr/bin/systemctl", "restart", unit))
    request = socket.request("/usr/bin/systemctl", "restart", unit, user="li", uid=LI, runas=RUNAS)
    first = socket.ask("decide", **request)
    assert first["reason"] == "ok_grant" and socket.ask("decide", **request) == first
    other = {**request, "exec": {**request["exec"], "argv": ["/usr/bin/systemctl", "stop", unit]}}
    assert socket.ask("decide", **other)["reason"] == "idempotency_conflict"
    fresh = {**request, "request_id": str(uuid.uuid4()), "nonce": uuid.uuid4().hex}
    assert socket.ask("decide", **fresh)["reason"] == "used_up"


# --- who and when ---

def test_it_is_for_those_who_may_run_it(production, approve, unit):
    mark = production.theirs / unit
    name = approve(production.step("/usr/bin/touch", str(mark)))
    for words in ([name, "--step", "1"], ["--", "touch", mark]):
        told = production.run("exec", *words, user=BO)
        assert told.code in (125, 126) and not told.is_allowed and not mark.exists(), told
    answer = production.asker.decide("/usr/bin/touch", str(mark), target=HERE, user=str(BO), runas=RUNAS, change=name, step=1)
    assert answer["reason"] == "actor_mismatch", answer


@pytest.mark.parametrize("start, end, reason", [(30, 60, "not_yet")])
def test_before_its_window_it_does_not_run(production, approve, unit, start, end, reason):
    mark = production.theirs / unit
    name = approve(production.step("/usr/bin/touch", str(mark)), start=at(start), end=at(end))
    told = production.run("exec", name, "--step", "1")
    assert (told.code, told.reason) == (125, reason) and "12" in told.err and not mark.exists(), told


def test_a_zone_moves_the_window_and_nothing_else_does(production, approve, unit):
    """The same wall clock in another zone is another moment; the TZ of whoever asks does not matter."""
    import datetime
    from zoneinfo import ZoneInfo
    mark = production.theirs / unit
    wall = lambda zone, minutes: (datetime.datetime.now(ZoneInfo(zone)) + datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M")
    # What is now in Shanghai is eight hours away in UTC.
    name = approve(production.step("/usr/bin/touch", str(mark)), zone="UTC", start=wall("Asia/Shanghai", -5), end=wall("Asia/Shanghai", 60))
    for zone in ("UTC", "Asia/Shanghai", "Pacific/Kiritimati", "EAST-24"):
        told = production.run("exec", name, "--step", "1", env={"TZ": zone})
        assert (told.code, told.reason) == (125, "not_yet") and not mark.exists(), (zone, told)


@pytest.mark.parametrize("zone, start", [("Europe/Berlin", "2027-03-28 02:30"), ("Europe/Berlin", "2027-10-31 02:30"),
                                         ("America/New_York", "2027-11-07 01:30"), ("Nowhere/Land", "2027-01-01 10:00")])
def test_a_moment_that_is_none_or_two_is_not_taken(production, zone, start):
    body = production.changes.body(zone=zone, start=start, end="2027-12-01 00:00")
    assert production.changes.ask("alice", "POST", "/api/v1/changes", {"title": "x", "body": body}).status == 400


@pytest.mark.parametrize("seconds", [-90, 90, -10 ** 8])
def test_a_clock_that_is_off_gets_no_yes(production, approve, unit, seconds):
    name = approve(production.step("/usr/bin/systemctl", "restart", unit))
    answer = production.asker.decide("/usr/bin/systemctl", "restart", unit, target=HERE, user=str(LI), runas=RUNAS, ts=now(seconds))
    assert (answer["verdict"], answer["reason"]) == ("deny", "clock_skew")
    assert production.runs(name) == []


# --- who says yes ---

def test_nobody_says_yes_to_his_own_by_any_way(production, unit):
    """Requester, author of an earlier revision, executor; also in the groups that are asked, which they were put into later."""
    changes = production.changes
    for who in ("dan", "erin"):
        production.people.add(who, f"{who}-team", ["author", "approver", "commander"])
    step = production.step("/usr/bin/systemctl", "restart", unit)
    name = changes.file(step, who="dan", executors=["carol"])
    assert changes.edit(name, step, who="erin", executors=["carol"], observe_s=1).status == 200
    assert changes.edit(name, step, who="dan", executors=["carol"], observe_s=2).status == 200
    changes.submit(name, who="dan")
    members = [(group, who) for group in ("shop-owners", "sre-oncall") for who in ("dan", "erin")]
    for group, who in members:
        assert changes.ask("admin", "PUT", f"/api/v1/groups/{group}/members/{who}").status < 300
    try:
        approval = changes.show(name)["approval"]
        for who in ("dan", "erin", "carol"):
            refused = changes.approve(who, name)
            assert refused.status == 403 and refused.json["reason"] == "self_approval", (who, refused.body)
            around = changes.ask(who, "POST", f"/api/v1/approvals/{approval['id']}/approve", {"digest": approval["subject"]["digest"]})
            assert around.status == 403, (who, around.body)
        assert changes.show(name)["state"] == "pending" and changes.show(name)["grants"] == []
    finally:
        for group, who in members:
            assert changes.ask("admin", "DELETE", f"/api/v1/groups/{group}/members/{who}").status < 300
        assert changes.do("dan", name, "cancel", {"reason": "the test is over"}).status == 200


def test_one_person_is_not_two_levels(production, unit):
    """bob is owner and peer: his one yes counts for one of them."""
    name = production.file(production.step("/usr/bin/systemctl", "restart", unit))
    try:
        for _ in range(3):
            production.changes.approve("bob", name)
        assert production.changes.show(name)["state"] == "pending"
    finally:
        production.end(name)


def test_a_stale_revision_is_not_approved(production, approve, unit):
    changes = production.changes
    name = production.file(production.step("/usr/bin/systemctl", "restart", unit))
    old = changes.show(name)["revision_digest"]
    try:
        assert changes.edit(name, production.step("/usr/bin/systemctl", "stop", unit)).status == 200
        changes.submit(name)
        stale = changes.approve("bob", name, old)
        assert (stale.status, stale.json["reason"]) == (412, "stale_revision")
        assert changes.do("bob", name, "approve").status == 428
        flipped = old[:-1] + "0123456789abcdef"[int(old[-1], 16) ^ 1]
        assert changes.approve("bob", name, flipped).json["reason"] == "stale_revision"
    finally:
        production.end(name)


def test_an_edit_after_the_yes_takes_it_back(production, approve, unit):
    changes, mark = production.changes, production.theirs / unit
    name = approve(production.step("/usr/bin/touch", str(mark)))
    assert changes.edit(name, production.step("/usr/bin/touch", str(mark), str(mark) + "2")).status == 200
    told = production.run("exec", "--", "touch", mark)
    assert (told.code, told.reason) == (125, "revoked") and not mark.exists(), told
    for words in ([name, "--step", "1"], [name, "--step", "1", "--", "touch", mark]):
        told = production.run("exec", *words)
        assert told.code == 125 and told.reason in ("revoked", "stale_revision") and not mark.exists(), told
    changes.submit(name)
    assert production.run("exec", name, "--step", "1").reason in ("stale_revision", "not_approved")


def test_what_was_approved_by_one_who_left_does_not_run(production, approve, unit):
    changes, mark = production.changes, production.theirs / unit
    name = approve(production.step("/usr/bin/touch", str(mark)))
    owner = next(one["person"]["name"] for one in reversed(changes.show(name)["approval"]["decisions"])
                 if one["person"]["name"] in ("bob", "carol"))
    assert changes.ask("admin", "DELETE", f"/api/v1/groups/shop-owners/members/{owner}").status < 300
    try:
        told = production.run("exec", name, "--step", "1")
        assert (told.code, told.reason) == (125, "approver_invalid") and not mark.exists(), told
    finally:
        assert changes.ask("admin", "PUT", f"/api/v1/groups/shop-owners/members/{owner}").status < 300


# --- the API takes nothing but what it knows ---

def raw(production, text, path="/api/v1/gate/decide"):
    return production.daemon.request("POST", path, text, token=production.people.token("gate-1"),
                                     headers={"Content-Type": "application/json"})


def test_a_key_that_comes_twice_or_is_not_known_is_no_question(production, approve, unit):
    name = approve(production.step("/usr/bin/systemctl", "restart", unit))
    body = production.asker.body("/usr/bin/systemctl", "restart", unit, target=HERE, user=str(LI), runas=RUNAS)
    text = json.dumps(body)
    doubled = [text.replace(f'"{key}":', f'"{key}": {json.dumps(body[key])}, "{key}":', 1) for key in ("actor", "exec", "nonce", "phase")]
    doubled += [text.replace('"runas":', '"runas": "root", "runas":'), text.replace('"user":', '"user": "root", "user":')]
    unknown = [json.dumps({**body, "verdict": "allow"}), json.dumps({**body, "exec": {**body["exec"], "argv": ["id"]}}),
               json.dumps({**body, "actor": {"user": str(LI), "person": "alice"}})]
    broken = [text[:-1], text + "x", "[" * 40 + "]" * 40, text.replace("/usr/bin/systemctl", "/usr/bin/\\ud800"),
              json.dumps({**body, "exec": {**body["exec"], "argv_b64": [b64("a\0b")]}}), text + " " * (300 << 10)]
    for bad in doubled + unknown + broken:
        reply = raw(production, bad)
        assert reply.status in (400, 413), (reply.status, bad[:200], reply.body)
    assert production.runs(name) == []


def test_a_change_with_a_key_twice_is_not_filed(production):
    body = json.dumps({"title": "x", "body": production.changes.body()})
    reply = production.daemon.request("POST", "/api/v1/changes", body.replace('"steps":', '"steps": [], "steps":'),
                                      token=production.people.token("alice"), headers={"Content-Type": "application/json"})
    assert reply.status == 400, reply.body


def test_an_agent_is_nobody_on_hosts(production, approve, unit):
    """A gate's token asks for accounts; as itself it may not run what was approved for others."""
    approve(production.step("/usr/bin/systemctl", "restart", unit))
    for source in ("api", "release", "model"):
        answer = production.asker.decide("/usr/bin/systemctl", "restart", unit, target=HERE, user=str(LI), runas=RUNAS, source=source)
        assert answer["verdict"] != "allow" and answer["reason"] == "actor_mismatch", answer
