"""Child processes that never outlive us: ended by pid, and by the kernel if we die first."""
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


def free_port():
    """A port of loopback that is free now; below the range that outgoing connections draw from."""
    for _ in range(200):
        port = random.randint(15000, 31999)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port between 15000 and 31999")


def wait_until(is_ready, what, seconds=20.0, every=0.05):
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
    """One child. Its output goes to `log`."""

    def __init__(self, name, command, log, env=None, cwd=None):
        self.name, self.command, self.log = name, [str(word) for word in command], log
        self.env, self.cwd, self.child = env, cwd, None

    def start(self):
        with open(self.log, "ab") as out:
            self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          env=self.env, cwd=self.cwd, preexec_fn=_die_with_parent)
        return self

    @property
    def pid(self):
        return self.child.pid

    def is_running(self):
        return self.child is not None and self.child.poll() is None

    def wait_ready(self, is_ready, seconds=20.0):
        def look():
            if not self.is_running():
                raise RuntimeError(f"{self.name} ended with {self.child.poll()}:\n{self.tail()}")
            return is_ready()
        try:
            return wait_until(look, f"{self.name} to be ready", seconds)
        except TimeoutError as late:
            raise TimeoutError(f"{late}:\n{self.tail()}") from None

    def tail(self, lines=25):
        with open(self.log, errors="replace") as text:
            return "".join(text.readlines()[-lines:])

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
