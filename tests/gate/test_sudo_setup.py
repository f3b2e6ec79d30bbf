"""What is configured wrongly, or breaks, refuses: no way of it lets a command run."""
import os
import subprocess

import pytest
from harness import sudo_gate as g
from harness.sudo import DEFAULT_PLUGINS


def nothing_ran(done, *words):
    assert done.code == 1 and "ran" not in done.out, done
    for word in words:
        assert word in done.err, done


BAD_OPTIONS = {
    "a relative socket": ("socket=gate.sock", "absolute path"),
    "an empty socket": ("socket=", "absolute path"),
    "a socket too long": ("socket=/" + "x" * 200, "too long"),
    "a uid that is none": ("server_uid=root", "server_uid"),
    "a negative uid": ("server_uid=-1", "server_uid"),
    "a uid too large": ("server_uid=4294967296", "server_uid"),
    "interactive as a number": ("interactive=1", "must be yes or no"),
    "interactive empty": ("interactive=", "must be yes or no"),
    "a relative folder": ("record_dir=recordings", "absolute path"),
    "a key that is none": ("public_key=/dev/null", "must be 32 bytes, in hex or base64"),
    "a key too short": ("public_key=" + "a" * 62, "must be 32 bytes, in hex or base64"),
    "a key too long": ("public_key=" + "a" * 66, "must be 32 bytes, in hex or base64"),
    "a key with a blank": ("public_key=" + "aa:" * 21 + "a", "must be 32 bytes, in hex or base64"),
    "no name": ("=x", "not known"),
    "no value": ("socket", "not known"),
    "an option of tomorrow": ("fail_open=yes", "not known"),
    "twice": ("server_uid=0 server_uid=0", "twice"),
}


@pytest.mark.parametrize("case", BAD_OPTIONS)
@pytest.mark.parametrize("part", ["rcm_approval", "rcm_io"])
def test_a_bad_option_runs_nothing(box, gate, case, part):
    words, said = BAD_OPTIONS[case]
    good = f"socket={gate.path}"
    if "socket" in words or case == "twice":
        good = ""
    other = "rcm_io" if part == "rcm_approval" else "rcm_approval"
    gate.answer = g.grant
    box.conf(DEFAULT_PLUGINS + [f"{part} {box.so} {good} {words}", f"{other} {box.so} socket={gate.path}"])
    nothing_ran(box.sudo("echo", "ran"), said)


@pytest.mark.parametrize("env, said", [
    ({"RCM_CHANGE": "CHG-"}, "RCM_CHANGE is no change"),
    ({"RCM_CHANGE": "CHG-07"}, "RCM_CHANGE is no change"),
    ({"RCM_CHANGE": "CHG-7 "}, "RCM_CHANGE is no change"),
    ({"RCM_CHANGE": "7"}, "RCM_CHANGE is no change"),
    ({"RCM_CHANGE": "CHG-" + "9" * 40}, "RCM_CHANGE is no change"),
    ({"RCM_CHANGE": "CHG-7", "RCM_STEP": "0"}, "RCM_STEP must be 1 or more"),
    ({"RCM_CHANGE": "CHG-7", "RCM_STEP": "two"}, "RCM_STEP"),
    ({"RCM_CHANGE": "CHG-7", "RCM_STEP": "99999999999"}, "RCM_STEP"),
    ({"RCM_STEP": "2"}, "without RCM_CHANGE"),
])
def test_a_wish_that_is_not_understood_runs_nothing(box, gate, env, said):
    nothing_ran(box.sudo("echo", "ran", env=env), said)
    assert gate.asks == []


def test_a_plugin_that_is_missing_runs_nothing(box):
    box.conf(DEFAULT_PLUGINS + ["rcm_approval /nowhere/rcm_approval.so"])
    nothing_ran(box.sudo("echo", "ran"))


def test_a_plugin_that_crashes_runs_nothing(box, gate, shared_box):
    source, broken = shared_box.folder / "broken.c", shared_box.folder / "broken.so"
    source.write_text("""
#include <sudo_plugin.h>
#include <stdlib.h>
static int open_it(unsigned v, sudo_conv_t c, sudo_printf_t p, char *const s[], char *const u[], int o,
    char *const a[], char *const e[], char *const l[], const char **r) { return 1; }
static int check(char *const i[], char *const a[], char *const e[], const char **r) { abort(); }
struct approval_plugin rcm_approval = {SUDO_APPROVAL_PLUGIN, SUDO_API_VERSION, open_it, 0, check, 0};
""")
    subprocess.run(["cc", "-shared", "-fPIC", "-w", "-o", str(broken), str(source)], check=True)
    box.conf(DEFAULT_PLUGINS + [f"rcm_approval {broken}"])
    done = box.sudo("echo", "ran")
    assert done.code == -6 and done.out == ""


def test_sudo_killed_while_the_gate_thinks_runs_nothing(box, gate):
    gate.answer = lambda ask: g.Silence
    process = box.start_sudo("echo", "ran", user="root")
    while not gate.asks:
        pass
    process.kill()
    assert box.finish(process).out == ""


def test_the_approval_half_alone_allows_nothing_that_must_be_watched(box, gate):
    box.plugin(parts=["rcm_approval"], socket=gate.path)
    gate.answer = g.grant
    nothing_ran(box.sudo("echo", "ran"), "rcm_io is not loaded")
    gate.answer = g.allow
    assert box.sudo("id", "-u").out == "0\n"


def test_the_io_half_alone_allows_nothing(box, gate):
    box.plugin(parts=["rcm_io"], socket=gate.path)
    nothing_ran(box.sudo("echo", "ran"), "rcm_io without an allow of rcm_approval")
    assert gate.asks == []


@pytest.mark.parametrize("words", [["-g", "daemon"], ["-u", "alice", "-g", "daemon"], ["-P"], ["-u", "#54321"]])
def test_another_identity_than_the_accounts_own_runs_nothing(box, gate, words):
    gate.answer = g.grant
    box.sudoers("Defaults runas_allow_unknown_id\nroot ALL=(ALL:ALL) NOPASSWD: ALL\n"
                "alice ALL=(ALL:ALL) NOPASSWD: ALL\n")
    nothing_ran(box.sudo(*words, "echo", "ran"))
    assert gate.asks == []


def test_another_root_runs_nothing(box, gate):
    gate.answer = g.grant
    box.sudoers("Defaults runchroot=*\nalice ALL=(ALL:ALL) CHROOT=* NOPASSWD: ALL\n")
    nothing_ran(box.sudo("-R", "/proc/self/root/", "echo", "ran"), "chroot is set")


def test_a_program_that_others_can_change_is_told_to_the_gate(box, gate, shared_box):
    program = shared_box.folder / "mine"
    program.write_text("#!/bin/sh\necho mine\n")
    os.chmod(program, 0o777)
    box.sudo(str(program))
    run = gate.asks[0]["exec"]
    assert run["path"] == str(program.resolve()) and run["is_trusted"] == 0


def test_the_name_in_front_is_of_what_sudo_found(box, gate):
    """pkill is a link to pgrep: the path is of the program, the name of what was asked for."""
    gate.answer = g.deny
    box.sudo("pkill", "nothing-like-this")
    box.sudo("/bin/../bin/pkill", "nothing-like-this")
    assert [ask["exec"]["path"] for ask in gate.asks] == ["/usr/bin/pgrep"] * 2
    assert [ask["exec"]["argv"][0] for ask in gate.asks] == ["pkill"] * 2


def test_a_login_shell_is_not_a_shell(box, gate):
    gate.answer = g.deny
    box.sudo("-i", "-u", "root")
    assert gate.asks[0]["exec"]["argv"] == ["-bash"]


def test_arguments_come_as_they_are(box, gate):
    words = ["", " ", "a\nb", "*", "$(id)", "x" * 5000, "日本"]
    assert box.sudo("echo", *words).code == 0
    assert gate.asks[0]["exec"]["argv"][1:] == words


def test_more_arguments_than_a_message_holds_run_nothing(box, gate):
    nothing_ran(box.sudo("echo", *["ran"] * 5000), "deny[15 opaque]: exec.argv: at most 4096")
    nothing_ran(box.sudo("echo", *["ran" + "x" * 100_000] * 2), "deny[15 opaque]")
    assert gate.asks == []


def test_nothing_but_the_command_writes_to_standard_output(box, gate):
    for answer in (g.allow, g.deny, g.review, lambda ask: g.Close, g.grant):
        gate.answer = answer
        assert box.sudo("true").out == ""
    assert "rcm" not in box.sudo("-V", user="root").out


class TestSecondKey:
    """A refusal that a second key can cure asks for it: at a terminal, and where sudo.conf allows it."""

    @staticmethod
    def wants_key(ask):
        if ask["typed_key"] == "blue-42":
            return {**g.grant(ask), "reason": "ok_emergency"}
        return g.deny(ask, "rule:FS-006", "a second person types their key", must=g.WANTS_KEY)

    def test_a_typed_key_is_asked_with(self, box, gate):
        box.plugin(socket=gate.path, interactive="yes")
        gate.answer = self.wants_key
        code, shown = box.terminal("echo", "ran", typed=[("second key:", b"blue-42\n")])
        assert code == 0 and "\nran" in shown and "blue-42" not in shown
        assert [ask["typed_key"] for ask in gate.asks] == ["", "blue-42"]
        assert gate.asks[0]["nonce"] != gate.asks[1]["nonce"]
        assert gate.asks[0]["request_id"] != gate.asks[1]["request_id"]

    def test_a_wrong_key_is_asked_for_once(self, box, gate):
        box.plugin(socket=gate.path, interactive="yes")
        gate.answer = self.wants_key
        code, shown = box.terminal("echo", "ran", typed=[("second key:", b"red\n"), ("second key:", b"blue-42\n")])
        assert code == 1 and "\nran" not in shown and len(gate.asks) == 2

    def test_nobody_is_asked_unless_configured(self, box, gate):
        gate.answer = self.wants_key
        code, shown = box.terminal("echo", "ran")
        assert code == 1 and "second key:" not in shown and len(gate.asks) == 1

    def test_nobody_is_asked_without_a_terminal(self, box, gate):
        box.plugin(socket=gate.path, interactive="yes")
        gate.answer = self.wants_key
        nothing_ran(box.sudo("echo", "ran"), "deny[11 rule:FS-006]")
        assert len(gate.asks) == 1

    def test_nobody_is_asked_where_the_verdict_does_not_say_so(self, box, gate):
        box.plugin(socket=gate.path, interactive="yes")
        for answer in (g.deny, g.review, *(lambda ask, word=word: g.deny(ask, word) for word in
                                           ("frozen", "rule:FS-006", "rule_error", "policy_stale", "gate_unavailable"))):
            gate.answer = answer
            code, shown = box.terminal("echo", "ran")
            assert code == 1 and "second key:" not in shown
