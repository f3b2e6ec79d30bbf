"""redbuttond --gate on this machine, and a way to the daemon that a test can spoil.

way = Way(daemon); forward = Forward(folder, way, token, key, identity).start()
way.mode = "slow"; way.spoil = lambda path, body, answer: answer
"""
import contextlib
import http.client
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.daemon import bin_folder, environment
from process import Process, is_listening

# Well beyond what a gate waits: an answer that was waited for is told from one that was given up.
SLOW_S = 8


class Way:
    """An HTTP proxy: up, slow (SLOW_S), cut (hangs up), or what `ask` and `spoil` make of question and answer."""

    def __init__(self, daemon):
        self.daemon, self.mode, self.asked = daemon, "up", []
        self.ask = lambda path, body: body
        self.spoil = lambda path, body, answer: answer
        way = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *words):
                pass

            def pass_on(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                way.asked.append(self.path)
                mode, ask, spoil = way.mode, way.ask, way.spoil     # of now: it may be another test's when a slow one goes on
                if mode == "slow":
                    time.sleep(SLOW_S)
                if mode == "cut":
                    self.close_connection = True
                    return
                status, answer = way.send(self.command, self.path, ask(self.path, body), dict(self.headers))
                answer = spoil(self.path, body, answer)
                if isinstance(answer, tuple):
                    status, answer = answer
                with contextlib.suppress(OSError):      # who asked has left
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            do_GET = do_POST = pass_on

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def send(self, method, path, body, headers):
        headers = {name: value for name, value in headers.items() if name.lower() in ("authorization", "content-type")}
        connection = http.client.HTTPConnection("127.0.0.1", self.daemon.port, timeout=10)
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            return reply.status, reply.read()
        except OSError:
            return 502, b"{}"
        finally:
            connection.close()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Forward:
    def __init__(self, folder, way, token_file, key, identity):
        self.folder, self.socket = folder, folder / "forward.sock"
        self.spool, self.glass = folder / "spool", folder / "glass"
        self.command = [bin_folder() / "redbuttond", "--gate", way.url, "--gate-token", f"file:{token_file}",
                        "--gate-public-key", key, "--gate-identity", identity, "--gate-socket", str(self.socket),
                        "--gate-spool", str(self.spool), "--gate-glass", str(self.glass)]
        self.process = None

    def start(self):
        self.process = Process("redbuttond --gate", self.command, self.folder / "forward.log", env=environment())
        self.process.start()
        self.process.wait_ready(lambda: is_listening(self.socket), 15)
        return self

    def new_code(self):
        import subprocess
        made = subprocess.run([bin_folder() / "redbuttond", "--gate-breakglass-new", "--gate-glass", str(self.glass)],
                              capture_output=True, text=True, env=environment(), check=True)
        return made.stdout.strip()

    def records(self):
        return [json.loads(line) for line in self.spool.read_text().splitlines()] if self.spool.exists() else []

    def stop(self):
        """Must have lived until now, and end in order."""
        status, code = self.process.status(), self.process.stop()
        log = (self.folder / "forward.log").read_text(errors="replace")
        assert "AddressSanitizer" not in log and "runtime error:" not in log, self.process.tail()
        assert code == 0, f"redbuttond --gate {status}, then {self.process.status()}:\n{self.process.tail()}"
