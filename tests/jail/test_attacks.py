"""Scripts that try to get out, to stay, or to differ, against the C side of the runner.

runner_probe runs a script as it is, with the tables that a plan gets. Each row is one attack and how
it must end: with an error that says why ("error"), by death ("killed"), or with the one harmless
value ("gives").
"""
import json
import subprocess

import pytest
from harness.attack import (DEADLINE, GRACE, PLAN, PROBE, RUNNER, build, evaluate, evaluate_plan,
                            fixture_of, message_of)

ABSENT = """
_G _VERSION collectgarbage coroutine debug dofile getmetatable io load loadfile loadstring next os
package pcall print rawequal rawget rawlen rawset require setmetatable unpack utf8 warn xpcall
string.dump string.pack string.packsize string.unpack math.random math.randomseed
""".split()

GIVES = {
    "strings are locked": ('return tostring(("").__metatable)', "nil"),
    "poisoning string stays a method table of this process": (
        'string.upper = function() return "mine" end; return ("a"):upper()', "mine"),
    "no address of a table": ("return tostring({})", "<table>"),
    "no address of a function": ("return tostring(print or select)", "<function>"),
    "no address by %s": ('return string.format("%s|%10s", {}, select)', "<table>|<function>"),
    "no address by error": ("local ok = select('#', tostring({})); return tostring(ok)", "1"),
    "pairs in one order": (
        'local s = "" for k in pairs({ z = 1, a = 1, [3] = 1, [1] = 1, [-0.5] = 1, [true] = 1, [false] = 1 }) '
        'do s = s .. tostring(k) .. " " end return s', "false true -0.5 1 3 a z "),
    "pairs of a table that is emptied": (
        'local t, n = {}, 0 for i = 1, 50 do t["k" .. i] = i end '
        'for k in pairs(t) do n = n + 1 for j in pairs(t) do t[j] = nil end end return tostring(n)', "1"),
    "pairs of a table that grows": (
        'local t, n = { a = 1 }, 0 for k in pairs(t) do n = n + 1 t["b" .. n] = 1 end return tostring(n)', "1"),
    "a sort that lies ends": (
        "local t = {} for i = 1, 5000 do t[i] = i end table.sort(t, function() return true end) "
        "return tostring(#t)", "5000"),
    "a sort is stable": (
        'local t, s = {}, "" for i = 1, 300 do t[i] = { key = i % 3, at = i } end '
        "table.sort(t, function(a, b) return a.key < b.key end) "
        'for i = 2, 300 do if t[i].key == t[i-1].key and t[i].at < t[i-1].at then s = "no" end end return s', ""),
    "an uneven sort asks no clock": (
        "local t = {} for i = 1, 20000 do t[i] = (i * 7919) % 20011 end table.sort(t) "
        "for i = 2, 20000 do if t[i] < t[i-1] then return 'no' end end return 'sorted'", "sorted"),
    "a sort that changes its table": (
        "local t = { 3, 2, 1 } table.sort(t, function(a, b) t[1] = nil t[2] = nil t[3] = nil return a < b end) "
        "return t[1] .. t[2] .. t[3]", "123"),
    "a repeated nothing": ('return ("").rep("", 1e15 // 1 | 0)', ""),
    "negative repetition": ('return ("abc"):rep(-5)', ""),
    "plain find has no limit": (
        'return tostring((("a"):rep(100000) .. "b"):find("b", 1, true))', "100001"),
    "dates and clocks": ("return tostring(os) .. tostring(io)", "nilnil"),
    "bytes of a chunk are no function": ("return type(load)", "nil"),
    "goto loops end": ("local i = 0 ::top:: i = i + 1 if i < 1000 then goto top end return tostring(i)", "1000"),
    "a name in an error table is not called": (
        'return tostring({ __tostring = function() return "mine" end, __name = "mine" })', "<table>"),
    "a table with metamethod names is no metatable": (
        'local t = { __index = { x = 1 }, __len = function() return 9 end } return tostring(t.x) .. #t', "nil0"),
    "poisoned format stays in this process": (
        'local s = string string.format = nil return type(s.format)', "nil"),
    "hash order of texts is not seen": (
        'local s = "" for k in pairs({ aa = 1, Aa = 1, ["a a"] = 1, ["\\u{4e2d}"] = 1 }) do s = s .. k .. "," end return s',
        "Aa,a a,aa,\u4e2d,"),
    "integer overflow wraps": ("return tostring(math.maxinteger + 1 == math.mininteger)", "true"),
}

ERRORS = {
    # bytecode and chunks
    "bytecode as the script": ("\x1bLua\x54", "binary chunk"),
    "syntax that is deep": ("return " + "(" * 300 + "1" + ")" * 300, "C stack overflow"),
    "many locals": ("local " + ",".join(f"a{i}" for i in range(201)), "too many local variables"),
    "deep tables in the text": ("return " + "{" * 300 + "}" * 300, "C stack overflow"),
    # strings
    "rep": ('return ("x"):rep(1e9 // 1 | 0)', "larger than"),
    "rep by its separator": ('return ("").rep("", 1 << 30, "xxxxxxxxxx")', "larger than"),
    "rep overflow": ('return ("x"):rep(math.maxinteger)', "larger than"),
    "rep overflow with separator": ('return ("x"):rep(math.maxinteger, "yy")', "larger than"),
    "pointer format": ('return ("%p"):format({})', "refused"),
    "pointer format with flags": ('return ("%-20p"):format(select)', "refused"),
    "hex float format": ('return ("%a"):format(0.1)', "refused"),
    "format without an argument": ('return ("%s %s"):format(1)', "argument"),
    "format that ends": ('return ("%"):format(1)', "refused"),
    "format with NUL": ('return ("%\\0"):format(1)', "refused"),
    "huge width": ('return ("%999999999d"):format(1)', "invalid conversion"),
    "huge precision": ('return ("%.999999999f"):format(1)', "invalid conversion"),
    "quoting a table": ('return ("%q"):format({})', "no literal"),
    "a long subject": ('return ("a"):rep(5000):find("a*b")', "more than 4096"),
    "a long pattern": ('return ("a"):find(("a"):rep(300))', "more than 256"),
    "many quantifiers": ('return ("a"):find("a*a*a*a*a*b")', "more than 4"),
    "quantifiers of sets": ('return ("a"):match("[a]*[b]-[c]+[d]?[e]*")', "more than 4"),
    "quantifiers of classes": ('return ("a"):gsub("%a*%a*%a*%a*%a*", "")', "more than 4"),
    "quantifiers in captures": ('return ("a"):gmatch("(a*)(a*)(a*)(a*)(a*)")', "more than 4"),
    "quantifiers behind a bracket set": ('return ("a"):find("[]]*[]]*[]]*[]]*[]]*")', "more than 4"),
    "gsub that grows": ('return (("a"):rep(4000):gsub("a", ("b"):rep(1000)))', "larger than"),
    "byte of everything": ('return #{("x"):rep(1000000):byte(1, -1)}', "string slice too long"),
    "char out of range": ("return string.char(256)", "out of range"),
    # tables
    "unpack everything": ("return table.unpack({}, 1, 1e8 // 1 | 0)", "more than 20000"),
    "unpack with overflow": ("return table.unpack({}, math.mininteger, math.maxinteger)", "more than 20000"),
    "concat everything": ('return table.concat({}, "x", 1, 1 << 40)', "more than 20000"),
    "move everything": ("return table.move({}, 1, 1 << 40, 2)", "more than 20000"),
    "insert far away": ("local t = {} t[1] = 1 return table.insert(t, 1 << 40, 1)", "out of bounds"),
    "insert below": ("return table.insert({}, math.mininteger, 1)", "more than 20000"),
    "sort of mixed values": ('return table.sort({ 1, "a", {} })', "compare"),
    "sort with holes": ("return table.sort({ 1, nil, 3 })", "nil"),
    "a function as key": ("for k in pairs({ [select] = 1 }) do end", "has no order"),
    "a table as key": ("for k in pairs({ [{}] = 1 }) do end", "has no order"),
    "select far away": ("return select(-5, 1)", "out of range"),
    "pairs of nothing": ("return pairs(nil)", "table expected"),
    # errors as carriers
    "an error table": ("error({ secret = 1 })", "<table>"),
    "an error function": ("error(select)", "<function>"),
    "an error of nothing": ("error()", "<nil>"),
    "an error with a level": ('error("deep", 5)', "deep"),
    "an error with NUL and newline": ('error("a\\0b\\nc")', "a"),
    # what is absent
    "calling what is absent": ('return require("os")', "nil value (global 'require')"),
    "a method that is gone": ('return ("x"):dump()', "nil value (method 'dump')"),
    "close attribute without a closer": ("local x <close> = 1", "non-closable"),
    "assigning the environment away": ("_ENV = nil return select", "_ENV"),
    # recursion and memory
    "deep recursion": ("local function f(n) return 1 + f(n + 1) end return f(1)", "stack overflow"),
    "recursion through gsub": (
        'local function f() return (("x"):gsub("x", f)) end return f()', "C stack overflow"),
    "recursion through sort": (
        "local function f() table.sort({ 2, 1 }, f) end f()", "C stack overflow"),
    "memory by tables": ("local t = {} while true do t = { t, {}, {} } end", "memory"),
    "memory by a list": ("local t = {} while true do t[#t + 1] = {} end", "memory"),
    "memory by strings": ('local s = "x" while true do s = s .. s end', "memory"),
    "memory by pieces": ('local t = {} while true do t[#t + 1] = ("x"):rep(1000000 + #t) end', "memory"),
    "memory by closures": ("local f = select while true do local g = f f = function() return g end end", "memory"),
    "memory by format": (
        'local s = ("x"):rep(1000000) while true do s = string.format("%s%s", s, s) end', "memory"),
    "memory by concat": (
        'local s = ("x"):rep(1000000) local t = {} for i = 1, 1000 do t[i] = s end return table.concat(t)', "memory"),
    "memory by keys": (
        'local t, i, k = {}, 0, ("k"):rep(1000) while true do i = i + 1 t[k .. i] = i end', "memory"),
    "a huge result": ('local s = ("x"):rep(1000000) local t = {} for i = 1, 60 do t[i] = s end '
                      "return table.concat(t)", "memory"),
}

KILLED = {
    "an empty loop": "while true do end",
    "repeat": "repeat until false",
    "goto": "::top:: goto top",
    "a numeric loop": "for i = 1, math.maxinteger do end",
    "a loop of C calls": 'while true do ("x"):rep(1000) end',
    "inside one gsub": 'return (("a"):rep(4000):gsub("a*a*a*a*b", ""))',
    "inside one find": 'return ("a"):rep(4000):find(".-.-.-.-b")',
    "inside one match with captures": 'return ("a"):rep(4000):match("(.-)(.-)(.-)(.-)b")',
    "inside a gsub callback": '("a"):gsub("a", function() while true do end end)',
    "inside a sort comparison": "table.sort({ 2, 1 }, function() while true do end end)",
    "sorting for ever": "local t = {} for i = 1, 20000 do t[i] = -i end while true do table.sort(t) end",
    "concat for ever": 'local t = {} for i = 1, 20000 do t[i] = "x" end while true do table.concat(t) end',
    "insert at the front for ever": "local t = {} while #t < 20000 do table.insert(t, 1, 1) end while true do "
                                    "table.insert(t, 1, 1) table.remove(t, 1) end",
    "tail calls": "local function f() return f() end return f()",
    "mutual tail calls": "local g local function f() return g() end g = function() return f() end return f()",
    "garbage for ever": "while true do local t = { {}, {}, {} } end",
    "an iterator that never ends": "for _ in function() return 1 end do end",
    "comparing long texts for ever": (
        'local a, b = ("a"):rep(1000000), ("a"):rep(999999) .. "b" local n = 0 while a < b do n = n + 1 end'),
    "turning long texts round for ever": 'local s = ("ab"):rep(500000) while true do s = s:reverse():upper():lower() end',
    "reading a long number for ever": 'local s = ("9"):rep(1000000) while true do tonumber(s) end',
    "formatting for ever": 'while true do string.format("%99.99f %99.99g", 1e300, 1e-300) end',
    "unpacking for ever": (
        'local t = {} for i = 1, 200 do t[i] = i end while true do select("#", table.unpack(t)) end'),
    "moving for ever": 'local t = {} for i = 1, 20000 do t[i] = i end while true do table.move(t, 1, 19999, 2) end',
    "pairs for ever": "local t = {} for i = 1, 1000 do t[i] = i end while true do for k in pairs(t) do end end",
}


PATIENCE = 30  # the processor time is bounded by the jail itself; a busy machine takes longer

ahead = fixture_of({
    "test_processor_time_is_bounded_without_any_deadline": lambda name: evaluate(KILLED[name], deadline=20 * PATIENCE),
    "test_is_absent": lambda name: evaluate(f"return tostring({name})", deadline=PATIENCE),
    "test_gives_the_harmless_value": lambda name: evaluate(GIVES[name][0], deadline=PATIENCE),
    "test_is_an_error_that_says_why": lambda name: evaluate(ERRORS[name][0], deadline=PATIENCE),
    "test_is_ended_by_the_deadline": lambda name: evaluate(KILLED[name]),
    "test_is_absent_for_a_plan": lambda name: evaluate_plan(f"return {name}", deadline=PATIENCE),
    "test_is_an_error_of_the_plan": lambda name: evaluate_plan(ERRORS[name][0], deadline=PATIENCE),
    "test_a_plan_is_ended_by_the_deadline": lambda name: evaluate_plan(KILLED[name]),
    "test_a_plan_cannot_change": lambda name: build(
        PLAN.format(more="") + "function apply(p, t) " + READ_ONLY[name] + ' error("it did") end\n', PATIENCE),
})


# The longest, so it is begun first.
@pytest.mark.parametrize("name", ["an empty loop"])
def test_processor_time_is_bounded_without_any_deadline(name, ahead, request):
    answer, took = ahead.result(request)
    assert answer is None
    assert took < 20 * PATIENCE  # it ended by itself; other processes take their share of the clock


@pytest.mark.parametrize("name", ABSENT)
def test_is_absent(name, ahead, request):
    answer, _ = ahead.result(request)
    assert answer == {"ok": True, "place": "", "message": "nil"}


@pytest.mark.parametrize("name", GIVES)
def test_gives_the_harmless_value(name, ahead, request):
    answer, _ = ahead.result(request)
    assert answer == {"ok": True, "place": "", "message": GIVES[name][1]}


@pytest.mark.parametrize("name", ERRORS)
def test_is_an_error_that_says_why(name, ahead, request):
    answer, _ = ahead.result(request)
    assert answer is not None, "killed"
    assert answer["ok"] is False
    assert ERRORS[name][1] in message_of(answer)
    assert "0x" not in message_of(answer)


@pytest.mark.parametrize("name", KILLED)
def test_is_ended_by_the_deadline(name, ahead, request):
    answer, took = ahead.result(request)
    assert answer is None
    assert took < DEADLINE + GRACE


@pytest.mark.parametrize("name", sorted(set(ABSENT) - {"require"}))  # theirs is the plan language's own
def test_is_absent_for_a_plan(name, ahead, request):
    library = name.partition(".")[0]
    answer, _ = ahead.result(request)
    assert answer["ok"] is False
    message = message_of(answer)
    assert "gave nil" in message or "gave" not in message and library in message


# Those that are about the text around them, or that are no error in a plan's function.
NOT_IN_A_PLAN = {"bytecode as the script"}


@pytest.mark.parametrize("name", sorted(set(ERRORS) - NOT_IN_A_PLAN))
def test_is_an_error_of_the_plan(name, ahead, request):
    answer, _ = ahead.result(request)
    assert answer is not None, "killed"
    assert answer["ok"] is False
    assert message_of(answer) and "gave" not in message_of(answer)
    assert "0x" not in message_of(answer)


@pytest.mark.parametrize("name", KILLED)
def test_a_plan_is_ended_by_the_deadline(name, ahead, request):
    answer, took = ahead.result(request)
    assert answer is None
    assert took < DEADLINE + GRACE


def test_bytecode_as_a_plan_or_a_module_is_an_error():
    bytecode = "\x1bLua\x54"
    answer, _ = evaluate(bytecode, RUNNER, verb="manifest", file="x.lua", modules={})
    assert answer["ok"] is False and "binary" in message_of(answer)
    answer, _ = evaluate('local m = require "m"', RUNNER, verb="manifest", file="x.lua", modules={"m": bytecode})
    assert answer["ok"] is False and "binary" in message_of(answer)


READ_ONLY = {
    "string": "string.upper = 1",
    "a new function of string": "string.mine = 1",
    "table": "table.insert = nil",
    "math": "math.pi = 3",
    "a new global": "stolen = 1",
    "a verb": "set = 1",
    "a base function": "pairs = 1",
    "the parameters": "p.x = 1",
    "the targets": "t.x = 1",
    "strings' methods by a method": '("x").upper = 1',
    "the environment": "_ENV.select = 1",
}


@pytest.mark.parametrize("name", READ_ONLY)
def test_a_plan_cannot_change(name, ahead, request):
    answer, _ = ahead.result(request)
    assert answer["ok"] is False
    assert "it did" not in message_of(answer)


def test_the_same_script_gives_the_same_bytes_in_any_process():
    script = """
        local t, s = {}, ""
        for i = 1, 500 do t["k" .. (i * 7919 % 1009)] = i end
        for k, v in pairs(t) do s = s .. k .. v end
        return s .. tostring(t) .. string.format("%s", t)"""
    assert len({json.dumps(evaluate(script)[0]) for _ in range(10)}) == 1


def test_an_error_carries_the_line_of_the_plan():
    answer, _ = evaluate("\n\nlocal x = nil\nreturn x.y")
    assert answer["place"] == "#1:4"


def test_the_walls_hold_here():
    walls = json.loads(subprocess.run([PROBE, "--walls"], capture_output=True, check=True).stdout)
    assert walls["jail"] and walls["seccomp"] and walls["no_new_privs"] and walls["rlimits"]
    assert len(walls["syscalls"]) <= 14
    print(walls)


def test_the_program_links_no_more_than_lua_json_and_the_filter():
    out = subprocess.run(
        ["readelf", "-d", RUNNER], capture_output=True, text=True, check=True).stdout
    needed = {line.split("[")[1].split(".so")[0] for line in out.splitlines() if "(NEEDED)" in line}
    assert needed <= {"liblua5.4", "libjansson", "libseccomp", "libc", "libm"}
