"""A man in the middle of the gate's socket: root's, so that rcm believes who listens, and not what is said.

middle = Middle(path, real); middle.spoil = lambda asked, told: told
"""
import os
import socket
import threading

from harness.gate import decode, encode

PACKET = 1 << 18


def again(message, **fields):
    """That message with other fields."""
    kept = {name: value for name, value in message.items() if name != "kind"}
    return encode(message["kind"], **{**kept, **fields})


class Middle:
    """Hands packets on both ways. `spoil(asked, packet)` gives what is told in place of an answer to decide or check, or
    None: hung up on. `swap(packet, descriptors)` gives what is told as a step, and the contents that come with it."""

    def __init__(self, path, real):
        self.path, self.real, self.asked = str(path), str(real), []
        self.honest()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o666)
        self.listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def honest(self):
        self.spoil = lambda asked, packet: packet
        self.swap = lambda packet, descriptors: (packet, descriptors)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near):
        with near, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as far:
            try:
                far.connect(self.real)
                while asked := near.recv(PACKET):
                    self._exchange(near, far, asked)
            except (OSError, EOFError):
                pass

    def _exchange(self, near, far, asked):
        message = decode(asked)
        self.asked.append(message)
        far.send(asked)
        packet, descriptors, _, _ = socket.recv_fds(far, PACKET, 64)
        if message["kind"] in ("decide", "check") and packet:
            packet = self.spoil(message, packet)
        if message["kind"] == "fetch" and packet:
            packet, descriptors = self.swap(packet, descriptors)
        if not packet:
            raise EOFError
        try:
            socket.send_fds(near, [packet], descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
