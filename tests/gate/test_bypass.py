"""What tries to get past the gate ends in nothing: no run, no allow, and no mark on the host. What only reads goes on."""
import os
import shlex
import subprocess
from collections import Counter

import pytest
from harness.daemon import ROOT
from harness.production import HERE, LI, WU
from harness.rcm import ENVIRONMENT

CORPUS = ROOT / "tests" / "data" / "gate-bypass.txt"
ATTEMPTS_MIN = 120
MARKER = '#include <fcntl.h>\n__attribute__((constructor)) static void mark(void) { open("%s", O_CREAT | O_WRONLY, 0600); }\n'
NOT_STARTED = (125, 126, 127)


def unescape(text):
    out = bytearray()
    raw = text.encode()
    while raw:
        if raw[:1] == b"%" and len(raw) > 2 and all(byte in b"0123456789abcdef" for byte in raw[1:3]):
            out.append(int(raw[1:3], 16))
            raw = raw[3:]
        else:
            out.append(raw[0])
            raw = raw[1:]
    return bytes(out)


def read_corpus():
    """[(class, how, text)]"""
    found, group = [], None
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            group = line.strip("[]")
        elif line and not line.startswith("#"):
            how, text = line.split(": ", 1)
            found.append((group, how, text))
    return found


def test_the_corpus_is_large_and_each_attempt_is_another():
    corpus = read_corpus()
    assert len(set(corpus)) == len(corpus) >= ATTEMPTS_MIN
    assert min(Counter(group for group, _, _ in corpus).values()) >= 10


def prove_that_marks_are_seen(production):
    """The other side of it: the same words leave their mark once they are a change's."""
    name = production.approve(production.step("/usr/bin/touch", str(production.mark), "/nowhere/x"))
    told = production.run("exec", name, "--step", "1")
    assert told.reason == "ok_grant" and told.code == 1 and left_mark(production), told
    production.end(name)


@pytest.fixture(scope="module")
def armed(production):
    """The host with what an attacker has there, and an approved change of the same person that is live all the while."""
    folder = production.theirs
    mark = folder / "ran"
    (folder / "evil").write_text(f"#!/bin/sh\ntouch {mark}\n")
    (folder / "evil").chmod(0o755)
    for name in ("id", "touch"):
        (folder / name).symlink_to("evil")
    (folder / "link").symlink_to("/usr/bin/touch")
    source = folder / "evil.c"
    source.write_text(MARKER % mark)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "evil.so", source], check=True)
    subprocess.run(["tar", "-cf", folder / "x.tar", "/etc/hostname"], check=True, stderr=subprocess.DEVNULL)
    for path in folder.iterdir():
        os.chown(path, LI, LI, follow_symlinks=False)
    production.mark = mark
    prove_that_marks_are_seen(production)
    production.live = production.approve(production.step("/usr/bin/touch", str(folder / "granted")))
    return production


def left_mark(armed):
    found = armed.mark.exists()
    armed.mark.unlink(missing_ok=True)
    return found


def attempt(armed, how, text):
    """(was it allowed or run, what was said)"""
    raw = unescape(text.replace("{ran}", str(armed.mark)).replace("{dir}", str(armed.theirs)))
    shown = os.fsdecode(raw)
    try:
        if how == "line":
            told = armed.run("exec", "--line", shown)
        elif how == "ssh":
            told = armed.run("ssh", env={"SSH_ORIGINAL_COMMAND": shown})
        elif how == "api":
            argv = [os.fsencode(word) for word in shlex.split(shown)]
            answer = armed.asker.decide(*argv, target=HERE, path=os.fsdecode(b"/usr/bin/" + argv[0]))
            return answer["verdict"] == "allow", answer
        else:
            told = armed.run(how, "--", *shlex.split(shown))
    except ValueError as problem:   # no kernel takes a NUL
        return "embedded null byte" not in str(problem), problem
    is_refused = told.code in NOT_STARTED if how != "check" else 10 <= told.code <= 15
    return told.is_allowed or not is_refused, told


def test_nothing_of_the_corpus_runs_or_is_allowed(armed, capsys):
    counts, failed = Counter(), []
    for group, how, text in read_corpus():
        passed, told = attempt(armed, how, text)
        if passed or left_mark(armed):
            failed.append((group, how, text, told))
        counts[group] += 1
    with capsys.disabled():
        print("\nrefused, by class:", ", ".join(f"{group} {count}" for group, count in counts.items()))
    assert not failed, "\n".join(f"[{group}] {how}: {text}\n    {str(told)[:300]}" for group, how, text, told in failed)
    assert armed.changes.show(armed.live)["state"] == "approved", "none of them took the grant"
    assert armed.runs(armed.live) == []


# --- names, PATH, links, look-alikes, environment of the caller ---

def refused(told, *reasons):
    assert told.code == 125 and not told.is_allowed, told
    assert told.reason in reasons, told
    return True


@pytest.mark.parametrize("variables, words, reasons", [
    (["PATH={dir}:/usr/bin"], ["id"], ("rule:EXEC-005",)),
    (["LD_PRELOAD={dir}/evil.so"], ["id"], ("rule:EXEC-005",)),
    (["LD_LIBRARY_PATH={dir}"], ["id"], ("rule:EXEC-005",)),
    (["BASH_ENV={dir}/evil"], ["bash", "-c", "id"], ("rule:EXEC-005",)),
    (["GIT_SSH_COMMAND={dir}/evil"], ["id"], ("rule:EXEC-005",)),
    (["PAGER={dir}/evil"], ["id"], ("rule:EXEC-005",)),
    (["EDITOR={dir}/evil"], ["id"], ("rule:EXEC-005",)),
    (["PYTHONPATH={dir}"], ["id"], ("rule:EXEC-005",)),
    (["PERL5OPT=-Mevil"], ["id"], ("rule:EXEC-005",)),
    (["NODE_OPTIONS=-r{dir}/evil"], ["id"], ("rule:EXEC-005",)),
    (["GCONV_PATH={dir}"], ["id"], ("rule:EXEC-005",)),
    (["ENV={dir}/evil"], ["sh", "-c", "id"], ("rule:EXEC-005",)),
])
def test_a_variable_that_steers_is_refused(armed, variables, words, reasons):
    given = [word for one in variables for word in ("--env", one.format(dir=armed.theirs))]
    assert refused(armed.run("exec", *given, "--", *words), *reasons) and not left_mark(armed)


def test_the_callers_own_environment_never_comes_along(armed):
    """LD_PRELOAD of the caller marks nothing: rcm is static, and what it starts has an environment made anew."""
    told = armed.run("exec", "--", "id", "-u", env={"LD_PRELOAD": f"{armed.theirs}/evil.so", "BASH_ENV": f"{armed.theirs}/evil"})
    assert (told.code, told.out, left_mark(armed)) == (0, f"{LI}\n", False)


@pytest.mark.parametrize("path", ["{dir}", "{dir}:/usr/bin", ".", "", "{dir}/../theirs:/usr/bin"])
def test_a_folder_of_ones_own_in_path_gives_no_program(armed, path):
    told = armed.run("exec", "--", "id", env={"PATH": path.format(dir=armed.theirs)})
    assert told.code in (125, 127) and not told.is_allowed and not left_mark(armed), told


def test_a_copy_of_a_trusted_program_is_not_trusted(armed):
    copy = armed.theirs / "cat"
    subprocess.run(["cp", "/usr/bin/cat", copy], check=True)
    os.chown(copy, LI, LI)
    try:
        assert refused(armed.run("exec", "--", copy, "/etc/hostname"), "mutable_ref")
    finally:
        copy.unlink()


@pytest.mark.parametrize("user", [0, WU])
def test_accounts_that_are_nobodys_do_nothing(armed, user):
    """Root is an account of many, and so of nobody."""
    assert refused(armed.run("exec", "--", "id", user=user), "actor_mismatch")
    assert refused(armed.run("exec", armed.live, "--", "touch", armed.theirs / "granted", user=user), "actor_mismatch")


def test_settings_that_others_wrote_are_not_believed(armed):
    """Whoever could name the gate would be asked by themselves."""
    config = armed.theirs / "rcm.conf"
    config.write_text(f"socket = {armed.theirs}/gate.sock\ngate-user = {LI}\n")
    os.chown(config, LI, LI)
    told = armed.run("exec", "--", "touch", armed.mark, config=config)
    assert told.code in (125, 78) and not told.is_allowed and not left_mark(armed), told


def test_a_gate_of_ones_own_is_not_believed(armed):
    """--socket names another socket, never another account behind it; root's socket but unsigned is tried in test_fail_closed.py."""
    from harness.gate import Gate, allow
    fake = Gate(armed.theirs / "own.sock", uid=LI)
    fake.answer = allow
    fake.start()
    try:
        told = armed.run("exec", "--socket", fake.path, "--", "touch", armed.mark)
        assert refused(told, "gate_unavailable") and not left_mark(armed) and not fake.asked
    finally:
        fake.close()


# --- what only reads goes on ---

READS = """
id
id root
who
hostname
uname -a
date -u
uptime
free -m
df -h
df -hT /
ps aux
ps -ef
ls -la /
ls --color=never /etc
cat /etc/hostname
head -n 2 /etc/passwd
tail -n +2 /etc/hosts
grep -c root /etc/passwd
grep -E 'root|daemon' /etc/passwd
wc -l /etc/passwd
stat /etc/passwd
du -sh /etc/ssh
find /etc -maxdepth 1 -name 'host*'
find /etc -maxdepth 1 -type f -name hosts -exec cat '{}' ;
sort -k 2 /etc/hosts
cut -d : -f 1 /etc/passwd
uniq -c /etc/hosts
sha256sum /etc/hostname
diff -u /etc/hosts /etc/hosts
sed -n 1,2p /etc/hosts
ip addr
ss -tln
mount
lscpu
echo hello world
test -f /etc/hosts
true
env LANG=C ls /
nice -n 5 cat /etc/hostname
timeout 5 cat /etc/hostname
sh -c 'cat /etc/hostname'
dd if=/etc/hostname of=/dev/null
""".strip().splitlines()


def test_ordinary_reads_stay_allowed(armed, capsys):
    assert len(READS) >= 25
    failed = []
    for line in READS:
        told = armed.run("exec", "--", *shlex.split(line))
        alone = subprocess.run(shlex.split(line), stdin=subprocess.DEVNULL, capture_output=True, user=LI, group=LI, extra_groups=[],
                               env=ENVIRONMENT, cwd=armed.theirs, check=False)
        if told.reason != "ok_readonly" or told.code != alone.returncode:
            failed.append(f"{line}: {told.code} and alone {alone.returncode}, {told.err} {told.reason}")
    with capsys.disabled():
        print(f"\nreads that stay allowed: {len(READS)}")
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize("how", ["check", "line", "ssh"])
def test_they_are_allowed_whichever_way_they_come(armed, how):
    for line in READS[:12]:
        told = (armed.run("check", "--", *shlex.split(line)) if how == "check" else
                armed.run("exec", "--line", line) if how == "line" else armed.run("ssh", env={"SSH_ORIGINAL_COMMAND": line}))
        assert told.reason == "ok_readonly" and told.code == 0, (line, told)
