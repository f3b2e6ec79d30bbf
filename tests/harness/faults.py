"""Orders for librb_faults.so (tests/crash/faults.c), which a test preloads into the daemon."""
import errno
import mmap
import os
import struct
from pathlib import Path

CALLS = ("pwrite", "write", "fdatasync", "fsync", "ftruncate", "send", "connect", "rename", "unlink", "create",
         "memory")
KILL = -1
ACTIONS = {"kill": KILL, "EIO": errno.EIO, "ENOSPC": errno.ENOSPC}


def library():
    """Of the tree under test."""
    return Path(os.environ["RB_BUILD"]).resolve() / "tests" / "librb_faults.so"


class Faults:
    def __init__(self, file):
        Path(file).write_bytes(bytes(8 * (6 + len(CALLS))))
        with open(file, "r+b") as opened:
            self.map = mmap.mmap(opened.fileno(), 0)
        self.environment = {"LD_PRELOAD": str(library()), "RB_FAULTS": str(file)}
        self.disarm()

    def _put(self, place, value):
        struct.pack_into("q", self.map, 8 * place, value)

    def _get(self, place):
        return struct.unpack_from("q", self.map, 8 * place)[0]

    def arm(self, call, action, at, times=1):
        """The at-th call from now fails (or kills), and so do the following, `times` in all."""
        self.disarm()
        for place, value in ((1, ACTIONS.get(action, action)), (2, at), (3, times), (4, 0)):
            self._put(place, value)
        self._put(0, CALLS.index(call))

    def disarm(self):
        self._put(0, -1)

    def set_clock(self, seconds):
        """So far ahead (or behind) is the daemon's wall clock from now on."""
        self._put(5, seconds)

    @property
    def struck(self):
        return self._get(4)

    def seen(self):
        """Calls so far, by name."""
        return {call: self._get(6 + place) for place, call in enumerate(CALLS)}
