"""rcm as the parent: terminal, signals, heartbeats, the end that the gate commands, the recording."""
import hashlib
import json
import os
import signal
import struct
import subprocess
import termios
import time
from fcntl import ioctl

import pytest
from harness import gate
from harness.gate import encode
from harness.rcm import ENVIRONMENT, NOBODY
from harness.terminal import Shell

STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open(sys.argv[1], "w").write(str(os.getpid()))
        time.sleep(100)
    os._exit(0)
print("ready", flush=True)
time.sleep(100)
"""


def is_alive(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def wait_until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never held"
        time.sleep(0.02)


def finish(process, seconds=20):
    out, err = process.communicate(timeout=seconds)
    return out, err, process.returncode


def recorded(host, **verdict):
    host.gate.answer = lambda ask: gate.allow(ask, must=gate.RECORD | gate.PARENT, **verdict)


def read_cast(path):
    header, *events = [json.loads(line) for line in open(path, encoding="utf-8")]
    assert all(len(event) == 3 and event[1] in "oirm" for event in events)
    assert [event[0] for event in events] == sorted(event[0] for event in events)
    return header, events


def said(events, kind):
    return "".join(event[2] for event in events if event[1] == kind)


# Signals and pipes.

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1,
                                    signal.SIGUSR2])
def test_signals_are_handed_on(host, number):
    host.gate.answer = gate.allow
    process = host.start("exec", "--", "sh", "-c", f"trap 'echo got; exit 7' {int(number)}; echo ready; while :; do sleep 0.05; done")
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    out, _, code = finish(process)
    assert (out, code) == ("got\n", 7)


def test_ignored_signals_stay_ignored_and_none_stays_blocked(host):
    host.gate.answer = gate.allow
    done = host.run("exec", "--", "grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status",
                    preexec_fn=lambda: (signal.signal(signal.SIGPIPE, signal.SIG_DFL),
                                        signal.signal(signal.SIGHUP, signal.SIG_IGN)))
    assert done.stdout.split() == ["SigBlk:", "0" * 16, "SigIgn:", f"{1:016x}"]


def test_standard_input_and_all_output_pass(host):
    for answer in (gate.allow, lambda ask: gate.allow(ask, must=gate.RECORD)):
        host.gate.answer = answer
        done = subprocess.run(host.words("exec", "--", "cat"), input=os.urandom(300_000), capture_output=True,
                              env=ENVIRONMENT, timeout=30)
        assert (len(done.stdout), done.returncode) == (300_000, 0)


def test_a_reader_that_leaves_ends_the_command(host):
    recorded(host)
    done = subprocess.run(["bash", "-c", 'set -o pipefail; "$@" | head -c 3', "-", *host.words("exec", "--", "yes")],
                          capture_output=True, env=ENVIRONMENT, stdin=subprocess.DEVNULL, timeout=30)
    assert (done.stdout, done.returncode) == (b"y\ny", 141)


def test_no_descriptor_of_ours_reaches_the_command(host):
    recorded(host)
    done = host.run("exec", "--", "ls", "/proc/self/fd")
    assert done.stdout.split() == ["0", "1", "2", "3"]  # 3: the folder that ls reads


def test_a_dead_parent_leaves_no_command(host):
    host.gate.answer = gate.allow
    process = host.start("exec", "--", "sh", "-c", "echo $$; exec sleep 100")
    pid = int(process.stdout.readline())
    process.kill()
    wait_until(lambda: not is_alive(pid))
    process.communicate()


# The gate's word.

def test_stop_ends_what_was_started_and_all_below_it(host):
    host.gate.answer = gate.allow
    process = host.start("exec", "CHG-7", "--step", "2", "--", "python3", "-c", STUBBORN, host.folder / "pid")
    assert process.stdout.readline() == "ready\n"
    wait_until(lambda: (host.folder / "pid").exists() and (host.folder / "pid").read_text())
    grandchild = int((host.folder / "pid").read_text())
    host.gate.say(encode("stop", run="OTHER", reason="revoked", message="not this one"))
    time.sleep(0.3)
    assert process.poll() is None
    began = time.monotonic()
    host.gate.say(encode("stop", run="RUN-1", reason="revoked", message="bob revoked the change"))
    out, err, code = finish(process)
    assert 4 < time.monotonic() - began < 15, "SIGTERM, then a grace of five seconds"
    assert code == 137 and err == "rcm: stopped[14 revoked] CHG-7 step 2: bob revoked the change\n"
    assert not is_alive(grandchild)
    assert os.WTERMSIG(host.gate.wait_for("end")[0]["status"]) == 9


def test_stop_is_asked_for_gently_first(host):
    host.gate.answer = gate.allow
    process = host.start("exec", "--", "sh", "-c", "trap 'echo cleaned; exit 0' TERM; echo ready; while :; do sleep 0.05; done")
    assert process.stdout.readline() == "ready\n"
    host.gate.say(encode("stop", run="RUN-1", reason="frozen", message="a freeze began"))
    out, err, code = finish(process)
    assert (out, code) == ("cleaned\n", 125) and "stopped[12 frozen]" in err, "stopped is never success"


def test_heartbeats_keep_a_run_alive(host):
    host.gate.answer = lambda ask: gate.allow(ask, lease_s=3)
    assert host.run("exec", "--", "sleep", "7").returncode == 0
    assert len(host.gate.of("heartbeat")) >= 3 and {beat["run"] for beat in host.gate.of("heartbeat")} == {"RUN-1"}


def test_a_gate_that_is_gone_ends_the_run_after_the_lease(host):
    host.gate.answer = lambda ask: gate.allow(ask, lease_s=2)
    began = time.monotonic()
    process = host.start("exec", "--", "sh", "-c", "echo ready; exec sleep 100")
    assert process.stdout.readline() == "ready\n"
    host.gate.close()
    out, err, code = finish(process)
    assert 2 < time.monotonic() - began < 12
    assert code == 143 and "stopped[20 gate_unavailable]: no word of the gate for 2 s" in err
    assert "did not note the end" in err


def test_a_gate_that_notes_nothing_ends_the_run_after_the_lease(host):
    host.gate.answer = lambda ask: gate.allow(ask, lease_s=1)
    host.gate.note = lambda message: encode("fault", field="run", message="unknown") if message["kind"] == "heartbeat" \
        else encode("noted")
    process = host.start("exec", "--", "sleep", "100")
    assert "gate_unavailable" in finish(process)[1]


def test_a_connection_that_is_lost_is_made_again(host):
    host.gate.answer = lambda ask: gate.allow(ask, lease_s=2)
    process = host.start("exec", "--", "sh", "-c", "echo ready; sleep 3; exit 4")
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.3)
    host.gate.drop()
    assert finish(process)[2] == 4 and len(host.gate.of("end")) == 1


def test_its_time_over_it_ends(host):
    host.gate.answer = lambda ask: gate.allow(ask, kill_at_us=gate.now_us() + 700_000)
    began = time.monotonic()
    done = host.run("exec", "--", "sleep", "100")
    assert 0.5 < time.monotonic() - began < 10
    assert done.returncode == 143 and "stopped[12 outside_window]: its time is over" in done.stderr


# Terminal.

def on_terminal(host, *words, size=(30, 100)):
    return Shell(host.words(*words), {**ENVIRONMENT, "TERM": "xterm"}, size)


def test_a_terminal_is_a_terminal_with_its_size(host):
    recorded(host)
    shell = on_terminal(host, "exec", "--", "sh", "-c", "echo asks; read x; stty size; trap 'stty size' WINCH; echo armed; while :; do sleep 0.05; done")
    shell.wait_for("asks")
    shell.type("\r")
    shell.wait_for(r"30 100")
    shell.wait_for("armed")
    ioctl(shell.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    shell.wait_for(r"40 120")
    shell.type("\x03")
    _, status = os.waitpid(shell.pid, 0)
    os.close(shell.fd)
    assert os.waitstatus_to_exitcode(status) == 130
    _, events = read_cast(host.gate.wait_for("end")[0]["recording"])
    assert said(events, "r").endswith("120x40") and "\x03" in said(events, "i")


def test_the_terminal_is_given_back_as_it_was(host):
    host.gate.answer = gate.allow
    shell = Shell(["bash", "--norc", "-i"], {**ENVIRONMENT, "PS1": "> ", "TERM": "dumb"})
    shell.wait_for("> ")
    before = termios.tcgetattr(shell.fd)
    shell.type(" ".join(host.words("exec", "--", "stty", "raw")) + "; echo d''one\r")
    shell.wait_for("done")
    shell.wait_for("> ")
    assert termios.tcgetattr(shell.fd)[3] == before[3]
    shell.close()


# Recording.

def test_a_recording_is_asciicast_with_who_and_where(host):
    recorded(host, change="CHG-7", step=2)
    done = host.run("exec", "CHG-7", "--", "printf", "h\u00e9llo\\n\\033[31mred\\377\\n", errors="replace")
    assert done.returncode == 0
    end = host.gate.wait_for("end")[0]
    content = open(end["recording"], "rb").read()
    assert end["recording_sha256"] == hashlib.sha256(content).hexdigest()
    assert end["recording_bytes"] == len(content) and end["is_recording_whole"] == 1
    header, events = read_cast(end["recording"])
    assert header["version"] == 2 and header["rcm"]["change"] == "CHG-7" and header["rcm"]["run"] == "RUN-1"
    assert header["rcm"]["host"] and header["timestamp"] > 1_700_000_000
    assert said(events, "o") == "h\u00e9llo\n\x1b[31mred\ufffd\n"
    assert [event[2] for event in events if event[1] == "m"] == ["allow ok_grant DEC-1", "end 0"]


def test_a_recording_is_its_accounts_alone(host):
    recorded(host)
    host.run("exec", "--", "true")
    path = host.gate.wait_for("end")[0]["recording"]
    assert os.stat(path).st_mode & 0o777 == 0o600 and os.stat(host.recordings).st_mode & 0o777 == 0o700


def test_characters_cut_between_two_reads_stay_whole(host):
    recorded(host)
    host.run("exec", "--", "python3", "-c",
             "import os,time\nfor b in '密码é'.encode():\n os.write(1,bytes([b])); time.sleep(.05)")
    assert said(read_cast(host.gate.wait_for("end")[0]["recording"])[1], "o") == "密码é"


@pytest.mark.parametrize("spoil", [
    lambda folder: (folder.mkdir(), folder.chmod(0o755)), lambda folder: (folder.mkdir(0o700), os.chown(folder, NOBODY, 0)),
    lambda folder: folder.symlink_to("/tmp"), lambda folder: folder.write_text("a file")])
def test_where_nothing_can_be_recorded_nothing_runs(host, spoil):
    spoil(host.recordings)
    recorded(host)
    done = host.run("exec", "--", "touch", host.folder / "ran")
    assert done.returncode == 125 and "nothing runs unrecorded" in done.stderr
    assert not (host.folder / "ran").exists()
    end = host.gate.wait_for("end")[0]
    assert (os.waitstatus_to_exitcode(end["status"]), end["recording"]) == (125, "")


def test_a_full_disk_ends_the_run_and_the_recording_is_not_whole(host):
    host.recordings.mkdir(0o700)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", host.recordings])
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        recorded(host)
        process = host.start("exec", "--", "sh", "-c", "while :; do echo 0123456789012345678901234567890123456789; done",
                             stdout=subprocess.DEVNULL)
        _, err, code = finish(process)
        assert code == 143 and "stopped[15 render_incomplete]" in err
        assert host.gate.wait_for("end")[0]["is_recording_whole"] == 0
    finally:
        subprocess.run(["umount", host.recordings], check=True)


def test_what_is_typed_at_a_prompt_for_a_secret_is_masked(host):
    recorded(host)
    shell = on_terminal(host, "exec", "--", "bash", "-c",
                        "read -p 'name: ' n; read -rsp 'Password: ' a; echo; read -rsp 'Again: ' b; echo; read -p 'Token? ' c; echo end")
    shell.wait_for("name: ")
    shell.type("alice\r")
    for prompt in ("Password: ", "Again: "):
        shell.wait_for(prompt)
        time.sleep(0.2)
        for key in "hunter2\r":
            shell.type(key)
            time.sleep(0.02)
    shell.wait_for(r"Token\? ")
    shell.type("t0ken\r")
    shell.wait_for("end")
    path = host.gate.wait_for("end")[0]["recording"]
    os.waitpid(shell.pid, 0)
    os.close(shell.fd)
    typed = said(read_cast(path)[1], "i")
    masks = [part.split(">")[0] for part in typed.split("<masked:")[1:]]
    assert typed.startswith("alice\r") and len(masks) == 3
    assert masks[0] == masks[1] != masks[2], "the same secret has the same digits"
    assert "hunter2" not in open(path).read() and "t0ken\r" not in typed


def test_words_that_look_like_a_credential_are_masked_where_the_gate_asks_for_it(host):
    token = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7"
    words = ["python3", "-c", "import os,sys,time\nfor b in ('see ' + sys.argv[1] + '\\n').encode() * 2:\n"
             " os.write(1, bytes([b])); time.sleep(.001)", token]

    def run(must):
        host.gate.answer = lambda ask: gate.allow(ask, must=gate.RECORD | must)
        done = host.run("exec", "--", *words)
        assert done.stdout == f"see {token}\n" * 2, "what is shown stays as it is"
        path = host.gate.of("end")[-1]["recording"]
        return read_cast(path), open(path).read()
    (header, events), text = run(gate.MASK)
    shown = said(events, "o").split()
    assert token not in text and header["command"].endswith(shown[1]) and shown == ["see", shown[1]] * 2
    assert shown[1].startswith("<masked:") and len(shown[1]) == len("<masked:12345678>")
    assert said(run(0)[0][1], "o").count(token) == 2


def test_rcm_recording_shows_header_marks_and_what_is_missing(host):
    recorded(host)
    host.run("exec", "--", "echo", "secret-output")
    path = host.gate.wait_for("end")[0]["recording"]
    show = lambda: subprocess.run([host.rcm, "recording", path], capture_output=True, text=True, timeout=20)
    done = show()
    assert done.returncode == 0 and "whole" in done.stdout and "ok_grant" in done.stdout and "end 0" in done.stdout
    assert "secret-output" not in done.stdout.split("\n", 1)[1]
    content = open(path).read()
    for cut in (content[:-1], content[:content.rindex("[")], content[:-10]):
        open(path, "w").write(cut)
        assert show().returncode == 1 and "incomplete" in show().stdout
    open(path, "w").write("{}\n")
    assert show().returncode == 65


def test_the_fixture_of_asciinema_has_the_same_shape(host):
    """The fields that every player reads: version, width, height, timestamp; [time, code, data]."""
    recorded(host)
    host.run("exec", "--", "echo", "hello")
    header, events = read_cast(host.gate.wait_for("end")[0]["recording"])
    assert {"version", "width", "height", "timestamp", "env"} <= set(header)
    assert all(isinstance(event[0], float) and isinstance(event[2], str) for event in events)


@pytest.mark.parametrize("make, said", [(os.mkfifo, "is no file"), (os.mkdir, "is no file"), (lambda path: None, "No such file")])
def test_what_is_no_file_is_no_recording(host, make, said):
    path = host.folder / "elsewhere"
    make(path)
    done = subprocess.run([host.rcm, "recording", path], capture_output=True, text=True, timeout=20)
    assert done.returncode == 66 and said in done.stderr, done


def test_record_asks_for_a_recording_of_a_read(host):
    assert host.run("exec", "--record", "--", "echo", "x").returncode == 0
    assert len(list(host.recordings.iterdir())) == 1 and host.gate.of("end") == []


def test_a_recording_that_came_from_elsewhere_cannot_move_the_cursor(host):
    path = host.folder / "theirs.cast"
    path.write_text('{"version": 2, "width": 80, "command": "\x1b[2J\u202eabc"}\n'
                    '[0.100000, "m", "allow \x1b]0;title\x07 \u202e"]\n[0.200000, "m", "end 0"]\n')
    done = subprocess.run([host.rcm, "recording", path], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and not set("\x1b\x07\u202e") & set(done.stdout), repr(done.stdout)
    assert "\\u{202e}abc" in done.stdout and "    0.100000  allow \\" in done.stdout and "2 events, 2 marks, whole" in done.stdout
