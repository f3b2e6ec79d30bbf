"""One who asks at the gate's socket: rcm's part, or the sudo plugin's, said by a test.

asker = SocketAsker(path); asker.decide("/usr/bin/id"); asker.wait_for("stop")
"""
import os
import socket
import uuid

from harness.gate import decode, encode


class SocketAsker:
    def __init__(self, path, timeout=30):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.descriptors = []

    def close(self):
        self.socket.close()

    def say(self, packet):
        self.socket.send(packet)

    def hear(self):
        """The next message, or None when the gate hung up."""
        packet, descriptors, _, _ = socket.recv_fds(self.socket, 1 << 18, 64)
        self.descriptors += descriptors
        return decode(packet) if packet else None

    def ask(self, kind, **fields):
        self.say(encode(kind, **fields))
        return self.hear()

    @staticmethod
    def request(*argv, user="li", uid=1000, **more):
        command = dict(path=argv[0], argv=list(argv), env=["PATH=/usr/bin:/bin"], cwd="/", runas="root", stdin_kind=0,
                       contents=[], is_trusted=1)
        command.update({name: more.pop(name) for name in list(more) if name in command})
        return {"request_id": str(uuid.uuid4()), "nonce": uuid.uuid4().hex, "source": "terminal", "change": "", "step": 0,
                "actor_uid": uid, "actor_user": user, "session": "s", "tty": "pts/1", "parent_run": "", "is_strict": 0,
                "typed_key": "", **more, "exec": command}

    def decide(self, *argv, **more):
        request = self.request(*argv, **more)
        answer = self.ask("decide", **request)
        assert answer["kind"] != "verdict" or answer["nonce"] == request["nonce"]
        return answer

    def contents(self):
        """The bytes of all sealed descriptors that came."""
        found = []
        for fd in self.descriptors:
            os.lseek(fd, 0, os.SEEK_SET)
            found.append(os.read(fd, 1 << 20))
            os.close(fd)
        self.descriptors = []
        return found
