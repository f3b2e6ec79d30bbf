"""Bad neighbours: servers on loopback that answer nonsense, late, half or not at all."""
import contextlib
import socket
import threading
import time


class BadServer:
    """Each connection goes to `behave(connection)` on a thread; what was received is kept."""

    def __init__(self, behave):
        self.behave, self.received, self.open = behave, [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.address = f"tcp:127.0.0.1:{self.port}"
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError):
            self.behave(self, connection)

    def take(self, connection):
        """What the client sent first."""
        data = connection.recv(65536)
        self.received.append(data)
        return data

    def close(self):
        self.listener.close()
        for connection in self.open:
            connection.close()


def silent():
    """Takes the connection and what is sent, answers nothing, never closes."""
    def behave(server, connection):
        while server.take(connection):
            pass
    return BadServer(behave)


def nonsense(answer=b"\x00\xff<html>\r\n\r\nno such thing\n" * 3):
    def behave(server, connection):
        server.take(connection)
        connection.sendall(answer)
        connection.close()
    return BadServer(behave)


def slow(answer, seconds):
    """The right answer, too late."""
    def behave(server, connection):
        server.take(connection)
        time.sleep(seconds)
        connection.sendall(answer)
        connection.close()
    return BadServer(behave)


def half_open(answer=b"75 (init"):
    """Half an answer, and then nothing more."""
    def behave(server, connection):
        server.take(connection)
        connection.sendall(answer)
        time.sleep(3600)
    return BadServer(behave)


def closing():
    """Closes as soon as something was sent."""
    def behave(server, connection):
        server.take(connection)
        connection.close()
    return BadServer(behave)


def flood(megabytes=64):
    """An answer that does not end in time."""
    def behave(server, connection):
        server.take(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
        for _ in range(megabytes):
            connection.sendall(b" " * 1048576)
        connection.close()
    return BadServer(behave)
