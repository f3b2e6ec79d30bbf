"""The real sudo of this host with a configuration of its own: a mount namespace with a private copy of /etc.

    box = SudoBox(tmp_path).start()
    box.plugin(socket=gate.path)                 # writes its /etc/sudo.conf
    done = box.sudo("id", "-u")                  # as alice; .code .out .err
    box.close()
"""
import contextlib
import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path

UID = 4001
DEFAULT_PLUGINS = ["sudoers_policy sudoers.so", "sudoers_io sudoers.so", "sudoers_audit sudoers.so"]
SUDOERS = """Defaults !lecture, secure_path="/usr/sbin:/usr/bin:/sbin:/bin"
root ALL=(ALL:ALL) NOPASSWD: ALL
alice ALL=(ALL:ALL) NOPASSWD:SETENV: ALL
"""


class Done:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"Done({self.code}, out={self.out!r}, err={self.err!r})"


def can_run():
    return os.geteuid() == 0 and Path("/usr/bin/sudo").exists() and Path("/usr/include/sudo_plugin.h").exists()


class SudoBox:
    def __init__(self, folder, plugin):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.etc = self.folder / "etc"
        self.so = self.folder / "rcm_approval.so"
        self.plugin_built = Path(plugin)

    def start(self):
        subprocess.run(["cp", "-a", "/etc", str(self.etc)], check=True)
        shutil.copy(self.plugin_built, self.so)
        os.chmod(self.so, 0o644)
        os.chmod(self.folder, 0o755)
        for name, line in (("passwd", f"alice:x:{UID}:{UID}::/tmp:/bin/sh"), ("group", f"alice:x:{UID}:"),
                           ("shadow", "alice:*:19000::::::")):
            with open(self.etc / name, "a", encoding="utf-8") as file:
                file.write(line + "\n")
        shutil.rmtree(self.etc / "sudoers.d", ignore_errors=True)
        self.sudoers(SUDOERS)
        self.conf(DEFAULT_PLUGINS)
        script = 'mount --bind "$1" /etc && echo ready && exec sleep infinity'
        self.holder = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh",
                                        str(self.etc)], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        assert self.holder.stdout.readline() == b"ready\n"
        return self

    def close(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()

    def write(self, name, text, mode):
        path = self.etc / name
        if path.exists():
            path.unlink()
        path.write_text(text, encoding="utf-8")
        os.chmod(path, mode)

    def sudoers(self, text):
        self.write("sudoers", text, 0o440)

    def intercept(self):
        self.sudoers("Defaults intercept\n" + SUDOERS)

    def conf(self, plugins, mode=0o644):
        self.write("sudo.conf", "".join(f"Plugin {line}\n" for line in plugins), mode)

    def plugin(self, parts=("rcm_approval", "rcm_io"), **options):
        words = " ".join(f"{name}={value}" for name, value in options.items())
        self.conf(DEFAULT_PLUGINS + [f"{part} {self.so} {words}".strip() for part in parts])

    def command(self, words, user, env):
        pairs = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", **(env or {})}
        change = [] if user == "root" else ["setpriv", "--reuid", str(UID), "--regid", str(UID), "--clear-groups"]
        return ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt", "--wd=/tmp", "env", "-i",
                *(f"{name}={value}" for name, value in pairs.items()), *change, *words]

    def start_sudo(self, *words, user="alice", env=None, program="sudo", stdin=subprocess.DEVNULL):
        """Without a terminal, in a session of its own."""
        return subprocess.Popen(self.command([program, *words], user, env), stdin=stdin, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, start_new_session=True)

    def finish(self, process, timeout=30):
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return Done(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))

    def sudo(self, *words, timeout=30, **how):
        return self.finish(self.start_sudo(*words, **how), timeout)

    def terminal(self, *words, typed=(), user="alice", env=None, timeout=30):
        """On a terminal of its own: (code, everything shown). typed: [(text to wait for, bytes to type)]."""
        pid, master = pty.fork()
        if pid == 0:
            line = self.command(["sudo", *words], user, env)
            os.execvp(line[0], line)
        shown, typed, ends = b"", list(typed), time.monotonic() + timeout
        while time.monotonic() < ends:
            if select.select([master], [], [], 0.2)[0]:
                try:
                    data = os.read(master, 65536)
                except OSError:
                    break
                if not data:
                    break
                shown += data
            if typed and typed[0][0] in shown.decode(errors="replace"):
                with contextlib.suppress(OSError):      # it has ended meanwhile
                    os.write(master, typed.pop(0)[1])
        else:
            os.kill(pid, 9)
        os.close(master)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode(errors="replace")
