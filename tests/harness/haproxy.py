"""A HAProxy of paper: the runtime API's weights, every write recorded, faults on request.

Where the real one can only be asked what is so now, this one says what was ever sent to it.
"""
import collections
import contextlib
import socket
import threading
import time
from typing import NamedTuple


class Write(NamedTuple):
    server: str
    weight: int


class FakeHAProxy:
    """Faults, each until it is taken back:

    loses     answers no write and does not carry it out
    mute      carries a write out, and never says so
    talks     bytes that are the answer to everything
    drips     seconds between two bytes of an answer
    halves    half of an answer, and then silence
    """

    def __init__(self, name="edge-1"):
        self.name, self.lock = name, threading.Lock()
        self.weights = collections.defaultdict(lambda: 100)
        self.writes, self.open, self.listener = [], set(), None
        self.place = self._bind(0)
        self.port = self.place.getsockname()[1]
        self.loses = self.mute = False
        self.talks, self.drips, self.halves = None, 0, False
        self.start()

    @property
    def address(self):
        return f"tcp:127.0.0.1:{self.port}"

    @staticmethod
    def _bind(port):
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
        return bound

    def start(self):
        """On the same port as before. `place` is bound to it and never listens: so the port stays ours
        while we are away, and nobody else answers there or draws it for a connection."""
        self.listener = self._bind(self.port)
        self.listener.listen(64)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()
        return self

    def stop(self):
        """Refuses connections; what it was told is kept."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.let_go()

    def let_go(self):
        """Ends the conversations that hang."""
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def restart(self):
        """It forgets."""
        self.stop()
        self.weights.clear()
        self.start()

    def written(self, server):
        """What was sent for one server, in order."""
        with self.lock:
            return [write.weight for write in self.writes if write.server == server]

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        self.open.add(connection)
        with contextlib.suppress(OSError):
            answer = self._answer(connection.recv(65536).decode(errors="replace").strip())
            if answer is None:
                connection.recv(1)      # until somebody hangs up
            elif self.halves:
                connection.sendall(answer[:len(answer) // 2])
                connection.recv(1)
            else:
                self._say(connection, answer)
        self.open.discard(connection)
        connection.close()

    def _say(self, connection, answer):
        pieces = [answer[at:at + 1] for at in range(len(answer))] if self.drips else [answer]
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(self.drips)

    def _answer(self, command):
        words = command.split()
        if words[:2] == ["set", "server"] and words[3:4] == ["weight"]:
            return self._write(Write(words[2], int(words[4])))
        if self.talks is not None:
            return self.talks
        if words[:2] == ["get", "weight"]:
            with self.lock:
                return f"{self.weights[words[2]]} (initial 100)\n\n".encode()
        if words[:2] == ["show", "info;show"]:
            return b"Name: HAProxy\nVersion: 2.6.12\n\nadmin\n\n"
        return b"Unknown command\n\n"

    def _write(self, write):
        with self.lock:
            self.writes.append(write)
            if not self.loses:
                self.weights[write.server] = write.weight
        if self.loses or self.mute:
            return None
        return self.talks if self.talks is not None else b"\n"
