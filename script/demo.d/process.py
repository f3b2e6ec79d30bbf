"""Child processes that never outlive us: ended by pid, and by the kernel if we die first."""
import collections
import ctypes
import random
import signal
import socket
import subprocess
import time
import urllib.request

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


_held_ports = []


def free_port():
    """A port of loopback that is ours until this process ends; below the range that outgoing connections draw from.

    A socket of ours stays bound to it and never listens: whoever has SO_REUSEADDR, as servers do, listens there
    beside it, and nobody else draws it meanwhile."""
    for _ in range(200):
        port = random.randint(15000, 31999)
        probe = socket.socket()
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            probe.close()
            continue
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _held_ports.append(probe)
        return port
    raise RuntimeError("no free port between 15000 and 31999")


def is_listening(path):
    """Whether somebody listens at that socket of the file system; its name is there a little earlier."""
    with open("/proc/net/unix") as table:
        rows = [line.split(maxsplit=7) for line in table]
    accepts = 0x10000     # __SO_ACCEPTCON
    return any(len(row) == 8 and row[7].rstrip("\n") == str(path) and int(row[3], 16) & accepts for row in rows[1:])


def wait_until(is_ready, what, seconds=60.0, every=0.05):
    """The first true answer of is_ready; TimeoutError names what was waited for."""
    end = time.monotonic() + seconds
    while True:
        answer = is_ready()
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(every)


def answers_http(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:
            return reply.status == 200
    except OSError:
        return False


class Process:
    """One child. Its output goes to `log`. `recent` are those that were started last."""

    recent = collections.deque(maxlen=8)

    def __init__(self, name, command, log, env=None, cwd=None):
        self.name, self.command, self.log = name, [str(word) for word in command], log
        self.env, self.cwd, self.child = env, cwd, None

    def start(self):
        with open(self.log, "ab") as out:
            self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          env=self.env, cwd=self.cwd, preexec_fn=_die_with_parent)
        self.recent.append(self)
        return self

    @property
    def pid(self):
        return self.child.pid

    def is_running(self):
        return self.child is not None and self.child.poll() is None

    def wait_ready(self, is_ready, seconds=60.0):
        def look():
            if not self.is_running():
                raise RuntimeError(f"{self.name} ended with {self.child.poll()}:\n{self.tail()}")
            return is_ready()
        try:
            return wait_until(look, f"{self.name} to be ready", seconds)
        except TimeoutError as late:
            raise TimeoutError(f"{late}:\n{self.tail()}") from None

    def status(self):
        code = self.child.poll() if self.child else None
        if code is None:
            return f"runs, pid {self.pid}" if self.child else "was never started"
        return f"ended with {code}" if code >= 0 else f"ended by signal {signal.Signals(-code).name}"

    def tail(self, lines=25):
        """The end of its log; where a sanitizer spoke, from there."""
        try:
            with open(self.log, errors="replace") as log:
                said = log.readlines()
        except OSError as gone:
            return f"{gone}\n"
        found = next((at for at, line in enumerate(said) if "ERROR: " in line or "runtime error:" in line), None)
        return "".join(said[-lines:] if found is None else said[max(0, found - lines):found + 3 * lines])

    def stop(self, seconds=10.0):
        """SIGTERM, then SIGKILL; the exit code, None when it never ran."""
        if self.child is None:
            return None
        if self.is_running():
            self.child.send_signal(signal.SIGCONT)
            self.child.terminate()
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.child.wait()

    def kill(self):
        if self.is_running():
            self.child.kill()
        return self.child.wait()

    def signal(self, number):
        self.child.send_signal(number)
