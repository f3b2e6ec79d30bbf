"""Plans that lie: forged nodes, huge graphs, deceptive text, poisoned values, builds that differ.

By `redbuttond --plan-test`, so the daemon's side of the runner judges too: none is a plan, each is
refused in time, and whatever is shown is shown visibly.
"""
import json

import pytest
from harness.attack import GRACE, LIMIT, PLAN, build, dry_run, fixture_of, message_of

PATIENCE = 2 * (LIMIT + GRACE) + 10  # two builds, the start, and a busy machine's share
HEAD = PLAN.format(more=', targets = { e = { haproxy = "edge-1" }, prom = { prometheus = "prom" } }')
DECEPTIVE = {
    "right to left": "\\u{202e}", "isolate": "\\u{2066}", "no width": "\\u{200b}", "byte order": "\\u{feff}",
    "escape": "\\27[31m", "nul": "\\0", "delete": "\\127", "next line": "\\u{85}", "no text": "\\xff", "newline": "\\n",
    "half a pair": "\\xed\\xa0\\x80",
}


def plan(body, before=""):
    return HEAD + before + "function apply(p, t) " + body + " end\n"


def node(text):
    return plan('return { set(t.e:weight("b/s"), 1), ' + text + " }")


NAMES = {
    "title": 'step "a%sb" { hold "1s" }',
    "question": 'gate("a%sb", { role = "x" })',
    "role": 'gate("a?", { role = "a%sb" })',
    "server": 'set(t.e:weight("b/s%s"), 1)',
    "map key": 'set(t.e:map("f.map", "/a%sb"), "x")',
    "map file": 'set(t.e:map("f%s.map", "/a"), "x")',
    "frontend": 'set(t.e:frontend("a%sb"), true)',
}
HEADS = {
    "name": HEAD.replace("test/attack", "test/att%sack"),
    "summary": HEAD.replace("an attack", "an%sattack"),
    "owner": HEAD.replace("nobody", "no%sbody"),
    "target": HEAD.replace("edge-1", "edge%s1"),
    "parameter": PLAN.format(more=', params = { ["a%sb"] = { type = "boolean", default = true } }'),
    "binding": PLAN.format(more=', targets = { ["a%sb"] = { haproxy = "edge-1" } }'),
}
DECEITS = {f"{what} with {kind}": node(text.replace("%s", DECEPTIVE[kind]))
           for what, text in NAMES.items() for kind in ("right to left", "escape")}
DECEITS |= {f"title with {kind}": node(NAMES["title"].replace("%s", text)) for kind, text in DECEPTIVE.items()}
DECEITS |= {f"{what} with {kind}": head.replace("%s", DECEPTIVE[kind]) + 'function apply(p, t) return { hold "1s" } end\n'
            for what, head in HEADS.items() for kind in ("right to left", "newline")}

FORGERIES = {
    "a table like a node": node('{ kind = "set", register = 0, value = 1 }'),
    "a table like a graph": plan('return { format = 1, body = { { kind = "set", register = 0, value = 0 } } }'),
    "a copied node": plan('local n, c = set(t.e:weight("b/s"), 1), {} for k, v in pairs(n) do c[k] = v end return { c }'),
    "a changed node": plan('local n = set(t.e:weight("b/s"), 1) n.value = 0 return { n }'),
    "a list in itself": plan('local l = { hold "1s" } l[2] = l return l'),
    "a register of a table": node('set({ target = "edge-1", type = "haproxy.weight", args = { "b/s" } }, 1)'),
    "a register of another target": node('set(t.e.weight({ name = "other" }, "b/s"), 1)'),
    "a target of a table": node('set(({ name = "edge-2" }):weight("b/s"), 1)'),
    "a changed target": plan('t.e.name = "other" return { set(t.e:weight("b/s"), 1) }'),
    "a predicate of a table": node('check({ op = "below", reading = 0, than = "1" })'),
    "a reading as a register": node('set(t.prom:value("up"), 1)'),
    "a value that marks": node('set(t.e:map("f.map", "/k"), { ["$baseline"] = true })'),
    "a decimal by hand": node('set(t.e:weight("b/s"), { ["$decimal"] = "0.5" })'),
    "a place in a target": node('set(t.e:weight("b/s;disable server x/y"), 1)'),
    "a new line in a server": node('set(t.e:weight("b/s\\nshutdown sessions"), 1)'),
    "a kind that there is not": node('setmetatable({}, { kind = "set" })'),
    "a weight that there is not": node('set(t.e:weight("b/s"), 0/0)'),
    "an infinite weight": node('set(t.e:weight("b/s"), 1/0)'),
    "a wait without an end": node('wait(t.prom:value("up"):equals(1), { within = "99999d" })'),
    "a negative hold": node('hold "-1s"'),
    "a guard that is no guard": node('rollback_if(t.prom:value("up"))'),
    "a verb that is poisoned": plan('set = hold return { hold "1s" }'),
    "a format that is poisoned": plan("string.format = nil return { hold '1s' }"),
    "a method of texts": plan('("").__index.upper = 1 return { hold "1s" }'),
    "a metatable of texts": plan('getmetatable("").__index = nil return { hold "1s" }'),
    "the parameters' metatable": plan("setmetatable(p, nil) return { hold '1s' }"),
    "a module that needs itself": plan('require "x/y" return { hold "1s" }'),
    "another plan": node('call("other/plan", {})'),
    "two plans in one file": HEAD + HEAD + 'function apply(p, t) return { hold "1s" } end\n',
    "a plan that is made later": plan('plan { name = "a/b" } return { hold "1s" }'),
}

HUGE = {
    "effects": plan('local l = {} for i = 1, 20001 do l[i] = set(t.e:weight("b/s" .. i), 1) end return l'),
    "nodes": plan('local l = {} for i = 1, 60001 do l[i] = hold "1s" end return l'),
    "depth": plan('local n = hold "1s" for i = 1, 200 do n = step("d" .. i) { n } end return { n }'),
    "levels of a list": plan('local n = { hold "1s" } for i = 1, 100000 do n = { n } end return n'),
    "levels of a value": plan(
        'local v = array { 1 } for i = 1, 100000 do v = array { v } end return { set(t.e:map("f.map", "/k"), v) }'),
    "a value in itself": plan('local v = { 1 } v[2] = v return { set(t.e:map("f.map", "/k"), array(v)) }'),
    "JSON of a value in itself": plan('local v = { 1 } v[2] = v return { set(t.e:map("f.map", "/k"), to_json(v)) }'),
    "bytes": plan('local l, s = {}, ("x"):rep(1000) for i = 1, 15000 do l[i] = gate(i .. s:sub(1, 900), { role = "x" }) end '
                  "return l"),
    "a title": node('step(("t"):rep(1000000)) { hold "1s" }'),
    "a query": node('check(t.prom:value(("q"):rep(1000000)):below(1))'),
    "texts that are filled": node('set(t.e:map("f.map", "/k"), fill(("${a}"):rep(100000), { a = ("x"):rep(1000) }))'),
    "predicates": plan('local q = t.prom:value("up"):below(1) for i = 1, 100 do q = all { q, q } end return { check(q) }'),
    "stages": plan('local s = {} for i = 1, 100000 do s[i] = i % 100 end '
                   'return { ramp(t.e:weight("b/s"), { to = s, hold = "1s" }) }'),
    "branches in branches": plan(
        'local function f(n) if n == 0 then return hold "1s" end return parallel { f(n - 1), f(n - 1) } end return { f(40) }'),
    "parameters": PLAN.format(more=', params = (function() local q = {} for i = 1, 100000 do q["p" .. i] = '
                              '{ type = "boolean", default = true } end return q end)()') +
    'function apply(p, t) return { hold "1s" } end\n',
}

TEXTS = {"deceit": DECEITS, "forgery": FORGERIES, "size": HUGE}
CASES = [f"{kind}: {name}" for kind, texts in TEXTS.items() for name in texts]


def text_of(case):
    kind, _, name = case.partition(": ")
    return TEXTS[kind][name]


RUNS = {}
ahead = fixture_of(RUNS)


@pytest.fixture(scope="module", autouse=True)
def _runs(tmp_path_factory):
    RUNS["test_is_no_plan"] = lambda name: dry_run(tmp_path_factory.mktemp("plan"), text_of(name))


def is_visible(text):
    return all(c.isprintable() or c in "\n\t" for c in text)


@pytest.mark.parametrize("name", CASES)
def test_is_no_plan(name, _runs, ahead, request):
    code, shown, took = ahead.result(request)
    assert code == 8, shown
    assert is_visible(shown), shown
    assert "0x" not in shown and "internal" not in shown
    assert took < PATIENCE


HONEST = plan(
    'local l, seen = {}, {} '
    'for i = 1, 300 do seen["k" .. (i * 7919 % 1009)] = i end '
    'for k, v in pairs(seen) do l[#l + 1] = set(t.e:map("f.map", "/" .. k), k .. v) end '
    'table.sort(l, function() return false end) '
    'l[#l + 1] = set(t.e:map("f.map", "/x"), tostring({}) .. tostring(select) .. string.format("%s", {})) return l')


def test_the_same_text_gives_the_same_graph_in_any_process():
    targets = {"e": {"kind": "haproxy", "is_list": False, "list": [{"name": "edge-1", "labels": {}}]}}
    answers = {json.dumps(build(HONEST, LIMIT, targets=targets)[0]) for _ in range(8)}
    assert len(answers) == 1


def test_an_honest_plan_passes_here(tmp_path):
    code, shown, _ = dry_run(tmp_path, node('step "a \\u{4e2d}\\u{6587} title" { hold "1s" }'))
    assert code == 0, shown
    assert "\u4e2d\u6587" in shown


def test_a_module_that_needs_itself_ends():
    answer, took = build(HEAD + 'local m = require "m"\nfunction apply(p, t) return { hold "1s" } end\n', LIMIT,
                         modules={"m": 'return require "m"'})
    assert answer["ok"] is False and message_of(answer)
    assert took < LIMIT + GRACE
