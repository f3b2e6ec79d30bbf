"""A Prometheus and an Alertmanager in small: what they say is set by the test."""
import http.server
import json
import threading
import time


class FakePrometheus:
    """values: query -> number, for what is none of them `value`; alerts: lists of labels that fire."""

    def __init__(self, value=1):
        self.value, self.values, self.alerts, self.status, self.asked = value, {}, [], 200, []
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                self.answer()

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.answer()

            def answer(self):
                body = json.dumps(owner.say(self.path)).encode()
                self.send_response(owner.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def say(self, path):
        self.asked.append(path)
        if path.startswith("/api/v2/alerts"):
            return [{"labels": labels, "annotations": {}, "status": {"state": "active"}, "fingerprint": "0"} for labels in self.alerts]
        if path.startswith("/api/v1/alerts"):
            return {"status": "success", "data": {"alerts": [{"labels": labels, "annotations": {}, "state": "firing", "value": "1e+00",
                                                              "activeAt": "2026-01-01T00:00:00Z"} for labels in self.alerts]}}
        return {"status": "success", "data": {"resultType": "scalar", "result": [time.time(), str(self.value)]}}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
