"""What runs is what was asked about, whoever changes files, links, folders or variables meanwhile."""
import hashlib
import os
import shutil
import subprocess
import time

import pytest
from harness import gate
from harness.gate import ALLOW, encode, sealed, verdict
from harness.rcm import ENVIRONMENT, NOBODY

SWAPS = 10_000
SECONDS = 25


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def untrusted(done, host, what):
    assert done.returncode == 125 and "deny[15 mutable_ref]" in done.stderr and what in done.stderr, done.stderr
    assert not host.gate.of("decide") and not (host.folder / "ran").exists()


# Scripts that others can change.

def test_a_script_of_others_runs_from_a_sealed_copy(host):
    text = '#!/bin/sh\necho "$0 $*"; read x < "$0"; echo "$x"\n'
    done = host.run("exec", "--", host.script("deploy.sh", text), "a b", "c")
    first, second = done.stdout.splitlines()
    assert first.startswith("/proc/self/fd/") and first.endswith(" a b c") and second == "#!/bin/sh"
    asked = host.gate.asked[0]["exec"]
    assert asked["path"] == "sha256:" + sha256(text.encode()) and asked["is_trusted"] == 0
    assert asked["contents"] == [("program", sha256(text.encode()), len(text))]
    assert asked["argv"][1:] == ["a b", "c"] and asked["argv"][0].endswith("deploy.sh")


@pytest.mark.parametrize("answer", [gate.read_only, gate.allow, lambda ask: gate.allow(ask, must=gate.RECORD)])
def test_a_sealed_copy_cannot_be_written_to_by_what_runs(host, answer):
    host.gate.answer = answer
    script = host.script("self.sh", "#!/bin/sh\necho more >> \"$0\" && echo written\ncat \"$0\" | wc -l\n")
    done = host.run("exec", "--", script)
    assert "written" not in done.stdout and done.stdout.strip() == "3"


def test_swapped_contents_never_run_under_another_digest(host):
    """One process swaps what the script is, by writing and by renaming, while rcm runs it."""
    known = {}
    for name in ("one", "two", "three"):
        text = f"#!/bin/sh\n" + f"# {name}\n" * 2000 + f"echo {name}\n"
        known[sha256(text.encode())] = (name, text)
    script = host.script("swapped.sh", next(iter(known.values()))[1])
    swapper = subprocess.Popen(["python3", "-c", """
import os, sys
path, swaps, texts = sys.argv[1], int(sys.argv[2]), [open(name).read() for name in sys.argv[3:]]
for i in range(swaps):
    text = texts[i % len(texts)]
    if i % 2:
        with open(path + ".new", "w") as f: f.write(text)
        os.chmod(path + ".new", 0o755)
        os.rename(path + ".new", path)
    else:
        with open(path, "w") as f: f.write(text)
    if i % 20 == 0: print(i, flush=True)
print("done", flush=True)
""", script, str(SWAPS), *[str(host.script(name, text)) for name, text in known.values()]], stdout=subprocess.PIPE, text=True)

    def answer(ask):
        digest = ask["exec"]["path"].removeprefix("sha256:")
        return gate.read_only(ask) if digest in known else gate.deny(ask, reason="content_mismatch")
    host.gate.answer = answer
    seen, refused, end = {}, 0, time.monotonic() + SECONDS
    try:
        while time.monotonic() < end and swapper.poll() is None:
            before = len(host.gate.asked)
            done = host.run("exec", "--", script)
            asked = host.gate.asked[before:]
            if done.returncode:
                assert done.stdout == "" and done.returncode in (125, 126, 127), done
                refused += 1
                continue
            assert len(asked) == 1
            name = known[asked[0]["exec"]["path"].removeprefix("sha256:")][0]
            assert done.stdout == f"{name}\n", "something else ran than what was asked about"
            seen[name] = seen.get(name, 0) + 1
        swaps = max([int(line) for line in swapper.communicate(timeout=60)[0].splitlines() if line.isdigit()], default=0) \
            if swapper.poll() is not None else SWAPS
    finally:
        swapper.kill()
        swapper.wait()
    assert len(seen) == 3 and sum(seen.values()) >= 20 and swaps > 1000, (seen, refused, swaps)


@pytest.mark.parametrize("first, words", [
    ("#!/bin/sh -e", ["-e"]), ("#! /bin/sh", []), ("#!/bin/sh\t ", []), ("#!/usr/bin/env sh", []),
    ("#!/usr/bin/env -S sh -e -u", ["-e", "-u"])])
def test_the_first_line_is_read_as_the_kernel_does(host, first, words):
    done = host.run("exec", "--", host.script("a.sh", first + "\ntr '\\0' '\\n' < /proc/$$/cmdline\n"), "x")
    lines = done.stdout.splitlines()
    assert os.path.basename(lines[0]) == "sh" and lines[1:-2] == words and lines[-1] == "x", done


@pytest.mark.parametrize("first, code", [
    ("#!relative/sh", 126), ("#!", 126), ("#!/nonexistent", 127), ("#!/usr/bin/env", 126), ("#!/usr/bin/env A=b sh", 126),
    ("#!/usr/bin/env -i sh", 126), ("#!/usr/bin/env nosuchprogram", 127), ("echo no interpreter", 126), ("", 126),
    ("#!/bin/" + "x" * 300, 126), ("#!/usr/bin/ldd", 126)])
def test_a_first_line_that_names_no_program_of_the_system_runs_nothing(host, first, code):
    done = host.run("exec", "--", host.script("a.sh", first + "\ntouch " + str(host.folder / "ran") + "\n"))
    assert done.returncode == code and done.stderr.startswith("rcm: "), done
    assert not host.gate.asked and not (host.folder / "ran").exists()


def test_an_interpreter_that_others_can_change_is_refused(host):
    theirs = host.script("interpreter", "")
    shutil.copy("/bin/sh", theirs)
    os.chown(theirs, NOBODY, NOBODY)
    script = host.script("a.sh", f"#!{theirs}\ntouch {host.folder}/ran\n")
    untrusted(host.run("exec", "--", script), host, "interpreter")
    theirs.unlink()
    theirs.symlink_to("/bin/sh")
    untrusted(host.run("exec", "--", script), host, "interpreter")


def test_env_looks_no_further_than_the_first_folder_that_others_can_change(host):
    script = host.script("a.sh", f"#!/usr/bin/env sh\ntouch {host.folder}/ran\n")
    for path in (f"{host.folder}/theirs:/usr/bin", "/tmp:/usr/bin", "bin:/usr/bin", ":/usr/bin"):
        untrusted(host.run("exec", "--env", f"PATH={path}", "--", script), host, "")
    assert host.run("exec", "--env", "PATH=/usr/bin:/tmp", "--", script).returncode == 0


def test_a_large_script_is_refused(host):
    done = host.run("exec", "--", host.script("big.sh", "#!/bin/sh\n" + "#" * (1 << 20) + "\n"))
    assert done.returncode == 125 and "deny[14 content_unbound]" in done.stderr and not host.gate.asked


def test_a_script_of_root_runs_by_its_path(host):
    script = host.folder / "roots.sh"
    script.write_text('#!/bin/sh\necho "$0"\n')
    script.chmod(0o755)
    assert host.run("exec", "--", script).stdout == f"{script}\n"
    assert host.gate.asked[0]["exec"]["path"] == str(script) and host.gate.asked[0]["exec"]["contents"] == []


# Programs.

def copy_program(host, owner, folder_owner=0, mode=0o755, folder_mode=0o755):
    folder = host.folder / "programs"
    folder.mkdir()
    path = folder / "touch"
    shutil.copy("/usr/bin/touch", path)
    path.chmod(mode)
    os.chown(path, owner, 0)
    folder.chmod(folder_mode)
    os.chown(folder, folder_owner, 0)
    return path


@pytest.mark.parametrize("how", [
    {"owner": NOBODY}, {"owner": 0, "mode": 0o775}, {"owner": 0, "mode": 0o757}, {"owner": 0, "folder_owner": NOBODY},
    {"owner": 0, "folder_mode": 0o775}, {"owner": 0, "folder_mode": 0o757}, {"owner": 0, "folder_mode": 0o1777}])
@pytest.mark.parametrize("user", [0, NOBODY])
def test_a_program_that_others_can_change_is_refused(host, how, user):
    path = copy_program(host, **how)
    untrusted(host.run("exec", "--", path, host.folder / "ran", user=user), host, "attach it to the change")
    assert host.run("check", "--", path, user=user).returncode == 15


def test_the_same_program_of_root_runs(host):
    assert host.run("exec", "--", copy_program(host, 0), host.folder / "ran").returncode == 0
    assert (host.folder / "ran").exists()


def test_a_program_may_be_executable_and_not_readable(host):
    path = copy_program(host, 0, mode=0o711)
    assert host.run("exec", "--", path, "--version", user=NOBODY).returncode == 0


def test_who_asks_is_who_runs_it(host):
    host.gate.answer = lambda ask: gate.allow(ask, must=gate.RECORD)
    host.recordings.mkdir(0o700)
    os.chown(host.recordings, NOBODY, NOBODY)
    done = host.run("exec", "--", "id", "-u", user=NOBODY)
    assert (done.stdout, done.returncode) == (f"{NOBODY}\n", 0), done.stderr
    ask = host.gate.asked[0]
    assert (ask["actor_uid"], ask["actor_user"], ask["exec"]["runas"]) == (NOBODY, "nobody", "nobody")
    assert host.gate.wait_for("end")[0]["is_recording_whole"] == 1


@pytest.mark.parametrize("user, sudo_uid, actor", [
    (0, str(NOBODY), NOBODY), (NOBODY, "0", NOBODY), (NOBODY, "1", NOBODY), (0, "x", 0), (0, "4294967295", 0), (0, "0", 0)])
def test_root_says_who_became_root_and_nobody_else_does(host, user, sudo_uid, actor):
    login = int(open("/proc/self/loginuid").read()) if os.path.exists("/proc/self/loginuid") else 4294967295
    host.run("check", "--", "true", user=user, env={**ENVIRONMENT, "SUDO_UID": sudo_uid})
    expected = login if user == 0 and login not in (0, 4294967295) else actor
    assert (host.gate.asked[0]["actor_uid"], host.gate.asked[0]["exec"]["runas"]) == (expected, "nobody" if user else "root")


def test_path_and_links_are_told_as_they_are(host):
    """A name is looked up in the PATH of the caller; what is told is the file itself."""
    folder = host.folder / "bin"
    folder.mkdir()
    (folder / "ls").symlink_to("/usr/bin/id")
    done = host.run("exec", "--", "ls", "-u", env={**ENVIRONMENT, "PATH": f"{folder}:/usr/bin"})
    assert done.stdout == "0\n" and host.gate.asked[0]["exec"]["path"] == "/usr/bin/id"
    assert host.gate.asked[0]["exec"]["argv"] == ["ls", "-u"]


def test_relative_folders_of_path_do_not_count(host):
    (host.folder / "nosuch").write_text("#!/bin/sh\necho ran\n")
    (host.folder / "nosuch").chmod(0o755)
    for path in (".", "", ":", "../" + host.folder.name):
        done = host.run("exec", "--", "nosuch", env={"PATH": path}, cwd=host.folder)
        assert (done.returncode, done.stdout) == (127, "")
    assert host.run("exec", "--", "./nosuch", cwd=host.folder).stdout == "ran\n"


def test_a_link_swapped_while_rcm_waits_changes_nothing(host):
    link = host.folder / "tool"
    link.symlink_to("/usr/bin/id")

    def swap(ask):
        link.unlink()
        link.symlink_to("/usr/bin/touch")
        return gate.read_only(ask)
    host.gate.answer = swap
    assert host.run("exec", "--", link, "-u").stdout == "0\n"
    assert os.readlink(link) == "/usr/bin/touch"


def test_nothing_of_the_callers_environment_steers_a_command_unseen(host):
    source, library = host.folder / "evil.c", host.folder / "evil.so"
    source.write_text('#include <stdio.h>\n__attribute__((constructor)) static void evil(void) { puts("preloaded"); }\n')
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    theirs = {**ENVIRONMENT, "LD_PRELOAD": str(library), "BASH_ENV": "/tmp/x", "PATH": "/usr/bin:/tmp", "SHELL": "/bin/zsh",
              "LC_TIME": "zh_CN.UTF-8", "TERM": "dumb", "OTHER": "1"}
    done = host.run("exec", "--", "env", env=theirs)
    assert sorted(done.stdout.splitlines()) == sorted(host.gate.asked[0]["exec"]["env"])
    names = {line.split("=")[0] for line in done.stdout.splitlines()}
    assert names == {"HOME", "LOGNAME", "USER", "PATH", "LC_ALL", "LC_TIME", "TERM"}
    assert "/tmp" not in done.stdout


def test_what_is_passed_on_reaches_the_gate_and_the_command_and_never_rcm(host):
    source, library = host.folder / "evil.c", host.folder / "evil.so"
    source.write_text('#include <stdio.h>\n__attribute__((constructor)) static void evil(void) { puts("preloaded"); }\n')
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    host.gate.answer = gate.deny
    done = host.run("exec", "--env", "LD_PRELOAD", "--env", "A=b=c", "--", "true", env={**ENVIRONMENT, "LD_PRELOAD": str(library)})
    assert (done.stdout, done.returncode) == ("", 125)
    assert {f"LD_PRELOAD={library}", "A=b=c"} <= set(host.gate.asked[0]["exec"]["env"])


@pytest.mark.parametrize("given", ["NOT_SET_HERE", "=x", "1A=x", "A-B=x", ""])
def test_a_variable_that_is_none_is_refused(host, given):
    done = host.run("exec", "--env", given, "--", "true")
    assert done.returncode == 125 and "--env" in done.stderr and not host.gate.asked


def test_a_working_directory_that_is_gone_is_refused(host):
    folder = host.folder / "gone"
    folder.mkdir()
    done = subprocess.run(["sh", "-c", 'rmdir "$PWD"; exec "$@"', "-", *host.words("exec", "--", "true")], cwd=folder,
                          capture_output=True, text=True, env=ENVIRONMENT, stdin=subprocess.DEVNULL, timeout=20)
    assert done.returncode == 126 and "working directory" in done.stderr and not host.gate.asked


def test_too_long_for_a_message_is_said(host):
    done = host.run("exec", "--", "true", "x" * 130_000, "y" * 100_000)
    assert done.returncode == 125 and "deny[15 opaque]" in done.stderr


# Steps.

def step(ask, contents=(), fds=(), **exec_fields):
    """The packet and its descriptors."""
    fields = {"path": "", "argv": ["run.sh"], "env": [], "cwd": "/", "runas": "root", "stdin_kind": 0,
              "contents": [(role, sha256(content), len(content)) for role, content in contents], "is_trusted": 0}
    kind = exec_fields.pop("kind", "exec")
    timeout = exec_fields.pop("timeout_s", 0)
    packet = encode("step", change=ask["change"], step=ask["step"] or 1, kind=kind, exec={**fields, **exec_fields},
                    timeout_s=timeout)
    return packet, list(fds) or [sealed(content) for _, content in contents]


def fetched(host, *words, **fields):
    host.gate.step = lambda ask: step(ask, **fields)
    host.gate.answer = gate.allow
    return host.run("exec", "CHG-7", "--step", "2", *words)


def test_a_step_runs_as_it_was_approved(host):
    done = fetched(host, "--phase", "rollback", path="/usr/bin/env", argv=["env"], env=["A=1"], cwd="/usr")
    assert {"kind": "fetch", "change": "CHG-7", "step": 2, "phase": "rollback"}.items() <= host.gate.asked[0].items()
    asked = host.gate.asked[1]
    assert (asked["change"], asked["step"], asked["exec"]["cwd"]) == ("CHG-7", 2, "/usr")
    assert set(done.stdout.splitlines()) == set(asked["exec"]["env"])
    assert {"A=1", "USER=root"} <= set(asked["exec"]["env"]) and "PATH" in done.stdout


def test_a_script_of_a_step_runs_from_the_copy_that_came(host):
    text = b"#!/bin/sh\necho step $1; cat\n"
    done = fetched(host, kind="script", contents=[("program", text), ("stdin", b"input")], argv=["rotate.sh", "x"],
                   stdin_kind=1)
    assert (done.stdout, done.returncode) == ("step x\ninput", 0)
    asked = host.gate.of("decide")[0]["exec"]
    assert asked["path"] == "sha256:" + sha256(text) and [row[0] for row in asked["contents"]] == ["program", "stdin"]


@pytest.mark.parametrize("path", ["", "sha256:" + sha256(b"#!/bin/sh\necho script\n")])
def test_the_first_content_of_a_script_is_what_runs(host, path):
    done = fetched(host, kind="script", path=path, contents=[("script", b"#!/bin/sh\necho script\n")], argv=["a.sh"])
    assert (done.stdout, done.returncode) == ("script\n", 0)
    assert host.gate.of("decide")[0]["exec"]["contents"][0][0] == "script"


def test_the_first_content_of_an_sql_step_is_what_its_client_reads(host):
    done = fetched(host, kind="sql", path="/usr/bin/cat", argv=["cat"], contents=[("sql", b"select 1;\n")])
    assert done.stdout == "select 1;\n" and host.gate.of("decide")[0]["exec"]["stdin_kind"] == 0


def test_a_rollback_begins_with_its_first_step(host):
    host.gate.step = lambda ask: step({**ask, "step": 5}, path="/usr/bin/true", argv=["true"])
    host.gate.answer = gate.allow
    assert host.run("exec", "CHG-7", "--phase", "rollback").returncode == 0
    assert host.gate.asked[0]["step"] == 0 and host.gate.of("decide")[0]["step"] == 5


def test_an_argument_names_a_content(host):
    done = fetched(host, path="/usr/bin/cat", argv=["cat", "content:manifest", "-A"], contents=[("manifest", b"kind: X\n")])
    assert done.stdout == "kind: X$\n" and host.gate.of("decide")[0]["exec"]["argv"][1] == "content:manifest"


def plain(content):
    fd = os.memfd_create("plain", os.MFD_CLOEXEC)
    os.write(fd, content)
    return fd


REFUSED = {
    "another content": dict(kind="script", contents=[("program", b"#!/bin/sh\ntrue\n")],
                            fds=lambda: [sealed(b"#!/bin/sh\nrm x\n")]),
    "a content that is not sealed": dict(kind="script", contents=[("program", b"#!/bin/sh\ntrue\n")],
                                         fds=lambda: [plain(b"#!/bin/sh\ntrue\n")]),
    "a content too few": dict(kind="script", contents=[("program", b"#!/bin/sh\n"), ("stdin", b"")],
                              fds=lambda: [sealed(b"#!/bin/sh\n")]),
    "a content too many": dict(path="/usr/bin/true", fds=lambda: [sealed(b"x")]),
    "a content nobody uses": dict(path="/usr/bin/true", argv=["true"], contents=[("manifest", b"x")]),
    "two programs": dict(kind="script", contents=[("program", b"#!/bin/sh\n"), ("program", b"#!/bin/sh\n")]),
    "another account": dict(path="/usr/bin/true", runas="postgres"),
    "no program": dict(path=""),
    "a path that is a link": dict(path="/usr/bin/awk", argv=["awk"]),
    "a path that is gone": dict(path="/usr/bin/nosuch"),
    "no arguments": dict(path="/usr/bin/true", argv=[]),
    "a folder that is gone": dict(path="/usr/bin/true", cwd="/nonexistent"),
    "another script than its path says": dict(kind="script", path="sha256:" + "0" * 64,
                                             contents=[("script", b"#!/bin/sh\ntrue\n")]),
    "two inputs": dict(path="/usr/bin/cat", argv=["cat"], kind="sql", stdin_kind=1, contents=[("sql", b"x"), ("stdin", b"y")]),
    "open and bound input": dict(path="/usr/bin/cat", argv=["cat"], stdin_kind=2, contents=[("stdin", b"y")]),
    "input that is not there": dict(path="/usr/bin/true", stdin_kind=1),
    "a file to edit": dict(path="/usr/bin/true", kind="edit"),
    "content without an interpreter": dict(kind="script", contents=[("program", b"rm -rf x\n")]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_step_that_is_not_what_was_approved_asks_for_nothing(host, what):
    fields = dict(REFUSED[what])
    if "fds" in fields:
        fields["fds"] = fields["fds"]()
    done = fetched(host, **fields)
    assert done.returncode in (125, 126, 127) and done.stderr.startswith("rcm: "), done
    assert host.gate.of("decide") == []


def test_another_step_than_the_one_asked_for_is_refused(host):
    host.gate.step = lambda ask: step({**ask, "step": 3}, path="/usr/bin/true")
    done = host.run("exec", "CHG-7", "--step", "2")
    assert done.returncode == 125 and "not the step asked for" in done.stderr and not host.gate.of("decide")


def test_a_step_that_runs_too_long_is_ended(host):
    began = time.monotonic()
    done = fetched(host, path="/usr/bin/sleep", argv=["sleep", "100"], timeout_s=1)
    assert 0.8 < time.monotonic() - began < 10 and done.returncode == 143
    assert "longer than the 1 s" in done.stderr


def test_a_session_is_a_step_of_its_kind(host):
    host.gate.step = lambda ask: step(ask, kind="shell", path="/usr/bin/bash", argv=["bash", "-c", "echo session"],
                                      stdin_kind=2)
    host.gate.answer = lambda ask: gate.allow(ask, must=gate.RECORD)
    assert host.run("shell", "CHG-7").stdout == "session\n"
    host.gate.step = lambda ask: step(ask, path="/usr/bin/bash", argv=["bash"])
    assert host.run("shell", "CHG-7").returncode == 125
