"""One attack in a process of its own, and many of them side by side.

The attacks of a file are evaluated ahead by as many workers as there are processors, in the order of
their tests; a test waits for its own. Each still has its own process, deadline and clock.
"""
import json
import os
import struct
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness.daemon import bin_folder

BIN = bin_folder()
PROBE = BIN / "runner_probe"
RUNNER = BIN / "redbutton-runner"
DAEMON = BIN / "redbuttond"
DEADLINE = 0.7  # what the daemon does by its timer is done here by hand
LIMIT = 5.0  # of processor time, and of the daemon's own deadline
GRACE = 5.0  # of a loaded machine
PLAN = 'plan {{ name = "test/attack", kind = "limit", summary = "an attack", owner = "nobody"{more} }}\n'


def evaluate(script, program=PROBE, deadline=DEADLINE, **more):
    """The child's answer, or None when it was killed; and the seconds that it took."""
    text = json.dumps({"script": script, **more}).encode()
    child = subprocess.Popen(
        [program, "--once"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={})
    began = time.monotonic()
    try:
        out, err = child.communicate(struct.pack("<I", len(text)) + text, timeout=deadline)
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
    took = time.monotonic() - began
    assert err == b"", err
    if len(out) < 4:
        assert child.returncode < 0, "it ended by itself without an answer"
        return None, took
    assert struct.unpack("<I", out[:4])[0] == len(out) - 4
    return json.loads(out[4:]), took


def build(text, deadline=DEADLINE, **more):
    """A whole plan by the runner, without the daemon's eyes."""
    given = {"verb": "build", "file": "attack.lua", "action": "apply", "params": {}, "targets": {}, "modules": {}}
    return evaluate(text, RUNNER, deadline, **{**given, **more})


def evaluate_plan(script, deadline=DEADLINE):
    """The same attack from within a plan; what it gives comes back as the text of an error."""
    return build(PLAN.format(more="") + "local function attack()\n" + script + "\nend\n"
                 'function apply(p, t) error("gave " .. tostring((attack()))) end\n', deadline)


def message_of(answer):
    return answer["message"] if "message" in answer else answer["errors"][0]["message"]


def dry_run(folder, text, *flags):
    """What the daemon's side makes of it: exit code, output and errors as text, seconds."""
    path = folder / "attack.lua"
    path.write_text(text)
    began = time.monotonic()
    done = subprocess.run([DAEMON, "--plan-test", str(path), *flags], capture_output=True, env={}, timeout=60)
    return done.returncode, done.stdout.decode() + done.stderr.decode(), time.monotonic() - began


class Ahead:
    """runs: {name of a test function: what it evaluates, by its parameter}."""

    def __init__(self, items, runs):
        self.pool = ThreadPoolExecutor(os.cpu_count() or 1)
        self.futures = {}
        for item in items:
            case = getattr(item, "callspec", None)
            run = runs.get(getattr(item, "originalname", None))
            if case and run:
                self.futures[item.name] = self.pool.submit(run, case.params["name"])

    def result(self, request):
        return self.futures[request.node.name].result()

    def close(self):
        self.pool.shutdown(cancel_futures=True)


def fixture_of(runs):
    """A fixture that gives a test its own result."""

    @pytest.fixture(scope="module")
    def ahead(request):
        mine = [item for item in request.session.items if item.module is request.module]
        attacks = Ahead(mine, runs)
        yield attacks
        attacks.close()

    return ahead
