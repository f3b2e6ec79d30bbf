#!/usr/bin/env python3
"""The risk rules in the jailed runner: all their own tests, and rules that attack it or each other.

usage: rules_runner.py path/to/redbutton-runner
"""
import json
import pathlib
import struct
import subprocess
import sys
import time

RULES = pathlib.Path(__file__).resolve().parents[2] / "lua-scripts" / "rules"
LIB = {"lib": (RULES / "lib.lua").read_text()}
PATIENCE = 120.0
DEADLINE = 1.0  # what the daemon does by its timer is done here by hand

RULE = """return {{ id = "{id}", severity = "C", tier = "ENFORCE", on_error = "block", waivable = "none", owner = "x", title = "x",
looks_at = "x", why = "x", suggestion = "x", doc = "x", tests = {{}}, check = function(input, report)
{body}
end }}
"""


def ask(runner, given, deadline=PATIENCE):
    """The answer, or None when the child was killed."""
    text = json.dumps(given).encode()
    child = subprocess.Popen([runner, "--once"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={})
    try:
        out, _ = child.communicate(struct.pack("<I", len(text)) + text, timeout=deadline)
    except subprocess.TimeoutExpired:
        child.kill()
        out, _ = child.communicate()
    if len(out) < 4:
        return None
    assert struct.unpack("<I", out[:4])[0] == len(out) - 4
    return json.loads(out[4:])


class Ground:
    """Evaluates rules given as {id: body of check} on the clean input."""

    def __init__(self, runner):
        self.runner = runner
        self.clean = ask(runner, {"verb": "rules_input"})["input"]

    def run(self, bodies, deadline=PATIENCE, **more):
        rules = [{"file": f"{name}.lua", "script": RULE.format(id=name, body=body)} for name, body in bodies.items()]
        return ask(self.runner, {"verb": "rules", "rules": rules, "modules": LIB, "input": self.clean, **more}, deadline)


SEES = 'report { object = "good", message = "seen" }'


def only_good(answer, attacker="A-001", words=""):
    """The attacker is an error that blocks; the rule after it is heard."""
    assert answer["ok"], answer
    found = [(row["rule"], row["object"]) for row in answer["findings"]]
    assert found == [("rule_error", attacker), ("B-001", "good")], found
    assert answer["errors"][0]["blocks"] and words in answer["errors"][0]["message"], answer["errors"]


def test_all_rules(ground):
    files = sorted(path for path in RULES.glob("*-[0-9][0-9][0-9].lua"))
    rules = [{"file": path.name, "script": path.read_text()} for path in files]
    answer = ask(ground.runner, {"verb": "rules_test", "rules": rules, "modules": LIB})
    for row in answer["errors"]:
        print(f"\t{row['file']}:{row['line']}: {row['message']}")
    assert answer["ok"] and len(answer["rules"]) == len(files) > 0
    began = time.monotonic()
    answer = ask(ground.runner, {"verb": "rules", "rules": rules, "modules": LIB, "input": ground.clean})
    print(f"\t{len(files)} rules on one change: {1000 * (time.monotonic() - began):.0f} ms with the start of the program")
    assert answer["ok"] and answer["findings"] == [] == answer["errors"] and len(answer["rules"]) == len(files)


def test_a_loop_gives_no_answer_and_the_others_can_be_asked_alone(ground):
    assert ground.run({"A-001": "while true do end", "B-001": SEES}, DEADLINE) is None
    assert [row["rule"] for row in ground.run({"B-001": SEES})["findings"]] == ["B-001"]


def test_memory(ground):
    only_good(ground.run({"A-001": 'local t = {} for i = 1, 1e9 do t[i] = ("x"):rep(1000) .. i end', "B-001": SEES}),
              words="not enough memory")


def test_memory_that_is_kept_is_given_back(ground):
    rules = [{"file": "A-001.lua", "script": 'local hoard = {} for i = 1, 45 do hoard[i] = ("x"):rep(1 << 20 - 1) .. i end\n'
              + RULE.format(id="A-001", body="return #hoard")},
             {"file": "B-001.lua", "script": RULE.format(
                 id="B-001", body='local t = {} for i = 1, 45 do t[i] = ("y"):rep(1 << 20 - 1) .. i end ' + SEES)}]
    only_good(ask(ground.runner, {"verb": "rules", "rules": rules, "modules": LIB, "input": ground.clean}), words="it returns 45")


def test_deep_recursion(ground):
    only_good(ground.run({"A-001": "local function f() return 1 + f() end f()", "B-001": SEES}))


def test_a_pattern_that_explodes(ground):
    only_good(ground.run({"A-001": 'return ("a"):rep(4000):find(".-.-.-.-.-b")', "B-001": SEES}), words="find")


def test_reaching_out(ground):
    for body in ("os.execute('id')", "io.open('/etc/passwd')", "load('return 1')()", "debug.getregistry()", "coroutine.create(print)",
                 "_G.x = 1", "getmetatable('').__index = nil", "rawset(string, 'x', 1)", "collectgarbage()", "require('os')"):
        only_good(ground.run({"A-001": body, "B-001": SEES}))


def test_poison(ground):
    probe = ('if ("A"):lower() ~= "a" or ("x").poison or #table.concat({ "a" }) ~= 1 or math.max(1, 2) ~= 2 '
             'or input.poison_probe then end ' + SEES).replace("or input.poison_probe ", "")
    for body in ("string.lower = function() return 'mine' end", "table.concat = nil", "math.max = error", "ipairs = nil",
                 'local s = "" s.poison = 1', 'require("lib").flag = error; error("done")', "report.x = 1", "input.steps[1] = nil",
                 "input.request.type = 'emergency'", "table.insert(input.steps, {})", "table.sort(input.steps)",
                 "table.move({ 1 }, 1, 1, 1, input.steps)", "table.remove(input.steps)"):
        only_good(ground.run({"A-001": body, "B-001": probe}))


def test_forgery(ground):
    for body in ('report { rule = "B-001", message = "x" }', 'report { message = "x", severity = "L" }',
                 'report { message = { } }', "report(input)", "error({ mark = {}, { place = 0, message = 'x' } })"):
        only_good(ground.run({"A-001": body, "B-001": SEES}))
    answer = ground.run({"A-001": 'report { object = "\\",\\"rule\\":\\"B-001", message = "x\\n}],\\"ok\\":false" }', "B-001": SEES})
    assert [row["rule"] for row in answer["findings"]] == ["A-001", "B-001"]
    assert answer["findings"][0]["object"] == '","rule":"B-001' and "\n" not in answer["findings"][0]["message"]


def test_a_foreign_id(ground):
    rules = [{"file": "A-001.lua", "script": RULE.format(id="B-001", body=SEES)},
             {"file": "B-001.lua", "script": RULE.format(id="B-001", body=SEES)}]
    only_good(ask(ground.runner, {"verb": "rules", "rules": rules, "modules": LIB, "input": ground.clean}), words="file's name")


def test_a_hostile_file_name(ground):
    answer = ask(ground.runner, {"verb": "rules", "modules": LIB, "input": ground.clean, "rules": [
        {"file": "\u202e\x1b[31m/x\n.lua", "script": "return 5"}]})
    assert answer["findings"][0]["rule"] == "rule_error" and answer["findings"][0]["object"].isprintable()


def test_floods(ground):
    answer = ground.run({"A-001": 'local long = ("o"):rep(1e6) for i = 1, 1e5 do report { object = long, seen = long, message = i .. "m" } end',
                         "B-001": SEES})
    assert len(answer["findings"]) == 102 and answer["findings"][100]["message"] == "and 99900 findings more of this rule"
    assert len(json.dumps(answer)) < 300_000 and answer["findings"][101]["object"] == "good"


def test_bytecode_and_syntax(ground):
    for script in ("\x1bLua", "return {", "return setmetatable({}, {})", 'error("\\27[2J")'):
        answer = ask(ground.runner, {"verb": "rules", "modules": LIB, "input": ground.clean, "rules": [
            {"file": "A-001.lua", "script": script}, {"file": "B-001.lua", "script": RULE.format(id="B-001", body=SEES)}]})
        only_good(answer)
        assert answer["errors"][0]["message"].isprintable()


def test_input_that_is_none(ground):
    for given in (None, 5, [], "x"):
        answer = ground.run({"A-001": "local x = input.request.type", "B-001": SEES}, input=given)
        assert not answer["ok"] or [row["rule"] for row in answer["findings"]] == ["rule_error", "B-001"], answer


def main(argv):
    ground, failed = Ground(argv[1]), 0
    for name, test in sorted(globals().items()):
        if not name.startswith("test_"):
            continue
        began = time.monotonic()
        try:
            test(ground)
            print(f"passed {name} {time.monotonic() - began:.2f} s")
        except (AssertionError, KeyError, IndexError, TypeError) as problem:
            failed += 1
            print(f"FAILED {name}: {problem!r}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
