#!/usr/bin/env python3
"""A steady load: so many requests a second, spread over the edges, counted by the zone that
answered.

    load.py --rate 60 --listen 9000 --edge edge-1=http://127.0.0.1:8001 --edge edge-2=...

GET /shares?seconds=3 on the listening port answers with what was measured just now:
{"requests": 180, "errors": 0, "zones": {"a": 0.5, "b": 0.5}, "edges": {"edge-1": {"a": ...}}}
"""
import argparse
import collections
import http.client
import http.server
import json
import threading
import time
import urllib.parse

KEPT_SECONDS = 120
Sample = collections.namedtuple("Sample", "at edge zone ok")


class Samples:
    def __init__(self):
        self.kept, self.lock = collections.deque(), threading.Lock()

    def add(self, sample):
        with self.lock:
            self.kept.append(sample)
            while self.kept[0].at < sample.at - KEPT_SECONDS:
                self.kept.popleft()

    def last(self, seconds):
        since = time.monotonic() - seconds
        with self.lock:
            return [sample for sample in self.kept if sample.at >= since]


def share_of(samples):
    counts = collections.Counter(sample.zone for sample in samples if sample.zone)
    total = sum(counts.values())
    return {zone: round(counts[zone] / total, 4) if total else None for zone in ("a", "b")}


def shares(samples):
    edges = sorted({sample.edge for sample in samples})
    return {
        "requests": len(samples),
        "errors": sum(not sample.ok for sample in samples),
        "zones": share_of(samples),
        "edges": {edge: share_of([s for s in samples if s.edge == edge]) for edge in edges},
    }


def request_once(connection):
    """(zone, ok); the zone is what the answer's body says, None without an answer."""
    try:
        connection.request("GET", "/pay")
        reply = connection.getresponse()
        zone = reply.read().decode().strip()
        return (zone if zone in ("a", "b") else None), reply.status == 200
    except (OSError, http.client.HTTPException):
        connection.close()
        return None, False


def drive(name, url, rate, samples):
    """Requests to one edge at a fixed pace; a slow answer makes no later burst."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=2)
    due = time.monotonic()
    while True:
        zone, ok = request_once(connection)
        samples.add(Sample(time.monotonic(), name, zone, ok))
        due = max(due + 1 / rate, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


def serve(port, samples):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
            body = json.dumps(shares(samples.last(float(query.get("seconds", ["3"])[0])))).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


def main():
    parser = argparse.ArgumentParser(description="a steady load over the edges, counted by zone")
    parser.add_argument("--rate", type=float, default=60, help="requests a second, over all edges")
    parser.add_argument("--listen", type=int, required=True, help="port of the figures")
    parser.add_argument("--edge", action="append", required=True, metavar="NAME=URL")
    options = parser.parse_args()
    samples = Samples()
    for edge in options.edge:
        name, url = edge.split("=", 1)
        rate = options.rate / len(options.edge)
        threading.Thread(target=drive, args=(name, url, rate, samples), daemon=True).start()
    try:
        serve(options.listen, samples)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
