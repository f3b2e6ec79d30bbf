"""The command line as a person uses it: arguments in, exit code and text out."""
import json
import subprocess
from typing import NamedTuple

from harness.daemon import bin_folder, environment


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


class Cli:
    """redbutton against one daemon, as one person (token_file None = the unix peer)."""

    PROGRAM = "redbutton"

    def __init__(self, daemon, token_file=None, use_socket=True):
        self.daemon, self.token_file, self.use_socket = daemon, token_file, use_socket

    def command(self, *words):
        where = ["--socket", self.daemon.socket] if self.use_socket else ["--url", self.daemon.url]
        who = ["--token-file", self.token_file] if self.token_file else []
        return [str(word) for word in (bin_folder() / self.PROGRAM, *words, *where, *who)]

    def run(self, *words, timeout=60, text_in=None):
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=timeout,
                              input=text_in or "", env=environment(), check=False)
        assert "AddressSanitizer" not in done.stderr and "runtime error:" not in done.stderr, done.stderr
        return Result(done.returncode, done.stdout, done.stderr)

    def ok(self, *words, **more):
        """Must end with 0; its text."""
        result = self.run(*words, **more)
        assert result.code == 0, f"redbutton {' '.join(map(str, words))}: {result.code}\n{result.out}{result.err}"
        return result.out

    def json(self, *words, **more):
        """Must end with 0; its answer with --json."""
        return json.loads(self.ok(*words, "--json", **more))

    def fails(self, *words, **more):
        """Must end badly; the Result."""
        result = self.run(*words, **more)
        assert result.code != 0, f"redbutton {' '.join(map(str, words))} went well:\n{result.out}"
        return result
