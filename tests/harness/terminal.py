"""A shell on a terminal of its own: keys in, what it shows out."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time


class Shell:
    """Shell(["bash", "--norc", "-i"], env): run it, type, read. Ends with close()."""

    def __init__(self, command, env, size=None):
        """size: (rows, columns), which it finds from the start."""
        self.shown = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            if size:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
            os.execvpe(command[0], command, env)

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def wait_for(self, pattern, seconds=60):
        """The match, looked for in what was shown since the last one."""
        end = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.shown)
            if found:
                self.shown = self.shown[found.end():]
                return found
            left = end - time.monotonic()
            assert left > 0 and self.read(left), f"no {pattern!r} in {self.shown!r}"

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            self.shown += os.read(self.fd, 65536).decode(errors="replace")
        except OSError:
            return False
        return True

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)
