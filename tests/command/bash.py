#!/usr/bin/env python3
"""The analysis against a real bash and real wrappers: lines from a seed are run where all other
programs are stubs that note their words.

usage: bash.py path/to/command-analyse path/to/command-stub [LINES]    (RB_SEED=N repeats a run)

A line that the splitter takes is one simple command for bash, with the same words. A program that
ran is one that the analysis names, with its words, or the analysis proves nothing. What is proved to
read changes no file.
"""
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from analysis import analyse  # noqa: E402

STUBS = ("ls", "rm", "cat", "cp", "mv", "tee", "grep", "systemctl", "reboot", "kubectl", "mysql", "id", "frob", "echo", "printf", "true", "head",
         "chmod", "kill", "python3", "git", "ssh", "df", "ps", "touch", "mkdir", "wc", "dd", "curl", "sudo")
WRAPPERS = ("env", "nice", "timeout", "xargs", "find", "bash", "sh", "stdbuf", "nohup", "setsid", "sed", "sort", "uniq", "tar", "ionice", "split",
            "flock", "tac")
BUILTINS = "echo printf true kill test pwd"
FILES = ("a", "b c", "-x", "d/e", "*", "$x", "'q'", "e;f")


class Ground:
    """A folder to run in, and a PATH of stubs with or without real wrappers."""

    def __init__(self, folder, stub, wrappers):
        self.work, self.bin, self.notes = folder / "work", folder / "bin", folder / "notes"
        self.bin.mkdir(parents=True)
        for name in (*STUBS, *(name for name in WRAPPERS if name not in wrappers)):
            os.link(stub, self.bin / name) if os.stat(stub).st_dev == os.stat(folder).st_dev else shutil.copy(stub, self.bin / name)
        for name in wrappers:
            real = shutil.which(name, path="/usr/bin:/bin")
            assert real, f"{name} is not installed"
            (self.bin / name).symlink_to(real)
        self.fill()

    def fill(self):
        shutil.rmtree(self.work, ignore_errors=True)
        (self.work / "d").mkdir(parents=True)
        for name in ("a", "b c", "d/e"):
            (self.work / name).write_text("one\nrm a\n")
        self.before = self.state()

    def state(self):
        """What would differ after a write: names, sizes, times, numbers."""
        found = []
        for folder in filter(pathlib.Path.is_dir, (self.work, self.work / "d")):
            with os.scandir(folder) as entries:
                found += sorted((entry.path, entry.inode(), entry.stat(follow_symlinks=False).st_mtime_ns) for entry in entries if entry.is_file())
        return found

    def run(self, argv, stdin=b"a\nb\n"):
        """The notes of all that ran, and whether a file changed."""
        self.notes.unlink(missing_ok=True)
        try:
            child = subprocess.Popen(argv, cwd=self.work, env={"PATH": str(self.bin)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, start_new_session=True)
        except OSError:
            return [], False
        # The pipe ends when what runs in the background has ended too.
        try:
            child.communicate(stdin, timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
        ran = self.notes.read_bytes().split(b"\x01")[:-1] if self.notes.exists() else []
        changed = self.state() != self.before
        if changed:
            self.fill()
        return [[word.decode("utf-8", "replace") for word in note.split(b"\0")[:-1]] for note in ran], changed


class Lines:
    """Command lines and shell texts, drawn from a seed."""

    def __init__(self, seed):
        self.draw = random.Random(seed)

    def one(self, *choices):
        return self.draw.choice(choices)

    def spelled(self, word):
        """A word in one of the ways of a shell's quoting."""
        form = self.draw.randrange(7)
        if form < 2 and word.replace("/", "").replace("-", "").isalnum():
            return word
        if form == 2:
            return "".join("\\" + c if self.draw.random() < 0.5 and c not in "\n" else c for c in word)
        if form == 3:
            return '"' + word + '"'
        if form == 4 and len(word) > 1:
            cut = self.draw.randrange(1, len(word))
            return self.spelled(word[:cut]) + self.spelled(word[cut:])
        return "'" + word.replace("'", "'\\''") + "'"

    def noise(self):
        return self.one("|", "&&", ";", "&", "||", "\n", ">", "<", ">>", "2>", "$(id)", "`id`", "${x}", "$x", "*", "?", "[a]", "{a,b}", "~", "# x", "!", "(", ")",
                        "$'\\x72m'", '"$(rm a)"', "\\", "'", '"', "\t", "=", "a=b", "if", "then", "time", "[[", "<(id)", "<<x", "%", "^", "\x07", "\r")

    def line(self):
        words = [self.spelled(self.one(*STUBS))]
        for _ in range(self.draw.randrange(4)):
            words.append(self.noise() if self.draw.random() < 0.25 else self.spelled(self.one(*FILES, "-l", "--all", "x=y", "")))
        if self.draw.random() < 0.15:
            words.insert(self.draw.randrange(len(words) + 1), self.noise())
        return self.one(" ", " ", "  ", "\t", "").join(words) if self.draw.random() < 0.1 else " ".join(words)

    def simple(self):
        return [self.one(*STUBS), *(self.one("a", "b c", "-l", "d", "--x") for _ in range(self.draw.randrange(3)))]

    def text(self, depth):
        """Text for a shell: a simple command well spelled, or anything."""
        if self.draw.random() < 0.5:
            return self.line()
        return " ".join("'" + word.replace("'", "'\\''") + "'" if self.draw.random() < 0.8 else word for word in self.command(depth))

    def sed(self):
        return self.one("s/a/b/", "p", "1p", "1e rm a", "e", "w out", "s/o/rm a/e", "s/one/x/w out", "1,2d", "$!d", "/one/p", "s,a,b,g", "1r a", "1R a", "1W out",
                        "y/a/b/", "{e\n}", "1!e id", "/rm/e", "s/a/b/;e rm a", "a\\\nx", "=", "q", "p;p", "n", "s/x/y/pw out", "0~1e id", "\\,o,e", "F", "z")

    def command(self, depth):
        if depth <= 0:
            return self.simple()
        inner = lambda: self.command(depth - 1)  # noqa: E731
        return self.one(
            lambda: self.simple(),
            lambda: ["env", *self.one([], ["-i"], ["-u", "X"], ["A=1"], ["A=1", "B=2"], ["-"], ["-C", "d"], ["--chdir=d"], ["-v"]), *inner()],
            lambda: ["env", *self.one(["-S"], ["--split-string"], ["-vS"]), self.text(depth - 1)],
            lambda: ["nice", *self.one([], ["-n", "5"], ["-5"], ["--adjustment=3"], ["-n5"]), *inner()],
            lambda: ["timeout", *self.one([], ["-s", "KILL"], ["-k", "1"], ["--foreground"], ["-sINT"], ["--signal=HUP"]), "5", *inner()],
            lambda: ["stdbuf", *self.one(["-oL"], ["-o", "0"], ["--output=L"]), *inner()],
            lambda: [self.one("nohup", "setsid"), *inner()],
            lambda: ["ionice", *self.one(["-c3"], ["-c", "2", "-n", "7"], ["-t"]), *inner()],
            # Each its own lock: one within the other would wait for itself.
            lambda: ["flock", f"lock{self.draw.randrange(1 << 30)}", *inner()],
            lambda: ["flock", f"lock{self.draw.randrange(1 << 30)}", "-c", self.text(depth - 1)],
            lambda: ["xargs", *self.one([], ["-n", "1"], ["-I", "{}"], ["-0"], ["-t"], ["-r"], ["-L1"], ["-P2"]), *inner(), *self.one([], ["{}"])],
            lambda: ["find", *self.one([], ["."], ["d"], ["a", "d"], ["-L", "."]), *self.one([], ["-name", "*"], ["-type", "f"], ["!", "-name", "x"]),
                     self.one("-exec", "-execdir"), *inner(), *self.one([], ["{}"], ["x{}"]), ";"],
            lambda: ["find", ".", "-exec", *inner(), "{}", "+"],
            lambda: ["find", ".", *self.one(["-delete"], ["-fprint", "out"], ["-name", "a"], ["-fprintf", "out", "%p"], ["-print"], ["-fls", "out"])],
            lambda: [self.one("bash", "sh"), *self.one([], ["-e"], ["-x"], ["-u"], ["--norc"] if depth % 2 else []), "-c", self.text(depth - 1)],
            lambda: [self.one("bash", "sh"), self.one("-ec", "-xc", "-cx"), self.text(depth - 1), *self.one([], ["x"], ["a", "b"])],
            lambda: ["sed", *self.one([], ["-n"], ["-E"], ["-i"], ["-s"]), self.sed(), *self.one([], ["a"], ["a", "d/e"])],
            lambda: ["sed", "-n", "-e", self.sed(), "-e", self.sed(), "a"],
            lambda: ["sort", *self.one([], ["-o", "out"], ["-oout"], ["--output=out"], ["-r"], ["--outp=out"], ["-u", "-o", "a"]), "a"],
            lambda: ["sort", self.one("--compress-program=rm", "--compress-prog=rm"), "-S", "1b", "a"],
            lambda: ["uniq", *self.one([], ["-c"]), "a", *self.one([], ["out"])],
            lambda: ["tar", *self.one(["-cf", "out.tar"], ["cf", "out.tar"], ["-c", "-f", "/dev/null"], ["-cf", "-"]),
                     *self.one([], ["--checkpoint=1", "--checkpoint-action=exec=rm"], ["--use-compress-program=cat"], ["-I", "cat"], ["--checkpoint=1",
                               "--checkpoint-act=exec=rm"], ["--remove-files"]), "a"],
            lambda: ["split", *self.one([], ["-n", "2"], ["--filter=rm x"]), "a"],
        )()


def names_of(answer):
    return [[command["program"], *command["argv"]] for command in answer.get("commands", [])]


def is_open(answer):
    return answer.get("proof", "unproved") == "unproved"


def check_words(ground, lines, answers):
    """Failures, and how many lines were taken."""
    failed, taken = [], 0
    for line, answer in zip(lines, answers):
        if "words" not in answer:
            continue
        taken += 1
        # How the words are joined is a line too; each second one is enough.
        for text in (line, answer["join"]) if taken % 2 else (line,):
            ran, _ = ground.run(["/bin/bash", "--norc", "--noprofile", "-c", f"enable -n {BUILTINS}\n{text}"])
            wanted = [answer["words"]] if answer["words"][0] in (*STUBS, *WRAPPERS) else []
            if ran != wanted:
                failed.append(f"{text!r} was taken as {answer['words']}, bash ran {ran}")
    return failed, taken


def check_programs(ground, commands, answers):
    failed, proved = [], 0
    for argv, answer in zip(commands, answers):
        proved += not is_open(answer)
        ran, changed = ground.run(argv)
        known = names_of(answer)
        is_found = any(words[0] == "find" for words in known)
        for words in ran:
            is_named = any(words[0] == other[0] if is_found else words == other for other in known)
            if not is_open(answer) and not is_named:
                failed.append(f"{argv} ran {words}; the analysis says {answer['proof']} of {known}")
        if changed and answer.get("proof") == "read":
            failed.append(f"{argv} changed files; it was proved to read")
    return failed, proved


def main(argv):
    seed = int(os.environ.get("RB_SEED") or random.SystemRandom().randrange(1 << 32))
    count = int(argv[3]) if len(argv) > 3 else 2000
    print(f"RB_SEED={seed}")
    made = Lines(seed)
    with tempfile.TemporaryDirectory(prefix="rcm-bash-") as folder:
        folder = pathlib.Path(folder)
        stubs, real = Ground(folder / "stubs", argv[2], ()), Ground(folder / "real", argv[2], WRAPPERS)
        lines = [made.line() for _ in range(count // 2)]
        failed, taken = check_words(stubs, lines, analyse(argv[1], lines))
        commands = [made.command(made.draw.randrange(1, 4)) for _ in range(count - len(lines))]
        cwd = str(real.work)
        more, proved = check_programs(real, commands, analyse(argv[1], [{"argv": words, "cwd": cwd} for words in commands]))
    for line in (failed + more)[:20]:
        print("FAILED", line)
    print(f"{len(lines)} lines, {taken} of them taken; {len(commands)} commands, {proved} of them proved; {len(failed + more)} wrong")
    return 1 if failed or more or taken < len(lines) // 10 or proved < len(commands) // 10 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
