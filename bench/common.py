"""What the programs of bench/ share: the tree under test, medians, interleaved rounds, one table."""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("RB_BUILD", str(ROOT / "build" / "release"))
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "script" / "demo.d")]
BIN = pathlib.Path(os.environ["RB_BUILD"]).resolve() / "bin"


def slow(us, count=None):
    """Environment in which each flush takes so much longer; `count`: file for their number."""
    more = {"SLOWSYNC_COUNT": str(count)} if count else {}
    return {"LD_PRELOAD": str(BIN / "slowsync.so"), "SLOWSYNC_US": str(us), **more}


def figures(*words, env=None):
    """{name: value} of a program that prints one figure a line."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True,
                          env={**os.environ, **(env or {})})
    return {line.split()[0]: float(line.split()[1]) for line in done.stdout.splitlines()}


def scratch():
    """On the disk that TMPDIR names, which is the disk that is measured."""
    return tempfile.TemporaryDirectory(prefix="redbutton-bench-")


class Series:
    """Figures by name, a list each; ratios are of the same round."""

    def __init__(self):
        self.values = {}

    def add(self, name, value):
        self.values.setdefault(name, []).append(value)

    def ratio(self, name, over, under):
        self.values[name] = [a / b for a, b in zip(self.values[over], self.values[under], strict=True) if b]

    def report(self):
        """One JSON object a line on stdout; people read bench/run's table."""
        for name, values in self.values.items():
            values = sorted(values)
            print(json.dumps({"name": name, "median": statistics.median(values), "low": values[0],
                              "high": values[-1], "n": len(values)}), flush=True)
