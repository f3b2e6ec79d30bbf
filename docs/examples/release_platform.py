#!/usr/bin/env python3
"""A release platform in small: it asks redbutton's gate before each batch, and takes everything but a fresh yes for a no.

    release_platform.py --url https://redbutton.example:7433 --token-file TOKEN --key KEY \\
        --service shop --environment production --from 41 --to 42 --digest sha256:... [--model model.json] \\
        --deploy './deploy.sh'

Batches go in the order of BATCHES below. Before each, `node_start` asks whether it may begin; after it, `node_end` tells
how it went. A no is waited out: it is asked again every --every seconds, with a new nonce, until --wait is over; the file
of --model is read again each time. `--deploy` is run once a batch with the words SERVICE VERSION PHASE PERCENT; its exit
code decides what node_end tells.

Exit codes: 0 published, 1 a phase failed, 3 the gate said no until --wait was over.
Standard library only; a signature is checked by openssl (3.0 or later).
"""
import argparse
import base64
import datetime
import json
import pathlib
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid

# Phase and share of the hosts. The gate lets none begin whose earlier phases this artifact did not pass (REL-001).
BATCHES = [("test", 0), ("staging", 0), ("canary", 1), ("batch", 10), ("batch", 50), ("full", 100)]
SKEW = datetime.timedelta(seconds=60)
# What stands before the 32 bytes of an Ed25519 key in a PEM file (RFC 8410).
ED25519_DER = bytes.fromhex("302a300506032b6570032100")


class No(Exception):
    """Why it may not go on: a reason code of the gate, or what was wrong with the answer."""

    def __init__(self, reason, message):
        super().__init__(f"{reason}: {message}")
        self.reason = reason


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def text_of(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(value):
    """The bytes that are signed: keys sorted, no spaces, no escapes but JSON's own."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def is_signed(answer, key):
    """Whether `sig` is the key's (base64 of 32 bytes) over all of the answer but `sig`."""
    bare = {name: value for name, value in answer.items() if name != "sig"}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "key").write_bytes(ED25519_DER + base64.b64decode(key, validate=True))
        (folder / "sig").write_bytes(base64.b64decode(answer.get("sig", ""), validate=True))
        (folder / "answer").write_bytes(canonical(bare))
        checked = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", folder / "key",
                                  "-rawin", "-in", folder / "answer", "-sigfile", folder / "sig"],
                                 capture_output=True, check=False)
    return checked.returncode == 0


class Gate:
    def __init__(self, url, token, key=None, timeout=5):
        self.url, self.token, self.key, self.timeout = url.rstrip("/"), token, key, timeout

    def post(self, body):
        """The decoded answer. Every other status than 200 is no decision, and so a no."""
        asked = urllib.request.Request(f"{self.url}/api/v1/gate/decide", json.dumps(body).encode(), method="POST", headers={
            "Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(asked, timeout=self.timeout) as reply:
                if reply.status != 200:
                    raise No("no_decision", f"status {reply.status}")
                return json.loads(reply.read(1 << 20))
        except urllib.error.HTTPError as refused:
            raise No("no_decision", f"status {refused.code}: {refused.read(2000).decode(errors='replace')}") from refused
        except (OSError, ValueError) as problem:
            raise No("gate_unavailable", str(problem)) from problem

    def decide(self, phase, release):
        """The answer, when it is an allow, to this very question, signed, and not over. Raises No."""
        body = {"schema": 1, "request_id": str(uuid.uuid4()), "nonce": secrets.token_hex(16), "ts": text_of(now()),
                "actor": {"user": release["platform"]}, "source": "release", "phase": phase, "release": release}
        answer = self.post(body)
        try:
            self.check(answer, body)
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise No("no_decision", f"the answer has another form: {problem!r}") from problem
        return answer

    def check(self, answer, body):
        if (answer["nonce"], answer["request_id"]) != (body["nonce"], body["request_id"]):
            raise No("no_decision", "the answer is one to another question")
        if self.key and not is_signed(answer, self.key):
            raise No("bad_signature", "the answer is not signed by the key that is pinned")
        if answer["verdict"] != "allow":
            raise No(answer["reason"], answer["message"])
        if not answer["reason"].startswith("ok_"):
            raise No("no_decision", f"an allow because of {answer['reason']}")
        expires, told = (datetime.datetime.fromisoformat(answer[name].replace("Z", "+00:00"))
                         for name in ("expires_at", "server_ts"))
        if abs(told - now()) > SKEW:
            raise No("clock_skew", f"the gate's clock says {answer['server_ts']}")
        if expires <= now():
            raise No("policy_stale", "the allow is over")


class Publishing:
    def __init__(self, gate, options):
        self.gate, self.options = gate, options

    def release(self, number, phase, percent, **more):
        options = self.options
        body = {"platform": options.platform, "service": options.service, "environment": options.environment,
                "artifact_digest": options.digest, "version_from": options.version_from, "version_to": options.version_to,
                "phase": phase, "batch_no": number, "batch_pct": percent, **more}
        if options.model:
            body["model"] = json.loads(pathlib.Path(options.model).read_text(encoding="utf-8"))
        return body

    def ask_until_yes(self, phase, number, batch, **more):
        """Asks again while the answer is no; a reason is said when it is another one than before."""
        end, told = time.monotonic() + self.options.wait, None
        while True:
            try:
                return self.gate.decide(phase, self.release(number, *batch, **more))
            except No as no:
                if no.reason != told:
                    say("waits", asked=phase, reason=no.reason, message=str(no))
                told = no.reason
                if time.monotonic() >= end:
                    raise
            time.sleep(self.options.every)

    def deploy(self, phase, percent):
        if not self.options.deploy:
            return True
        words = [self.options.deploy, self.options.service, self.options.version_to, phase, str(percent)]
        return subprocess.run(words, check=False).returncode == 0

    def publish(self):
        for number, batch in enumerate(BATCHES, 1):
            answer = self.ask_until_yes("node_start", number, batch)
            say("begins", phase=batch[0], percent=batch[1], decision=answer["decision_id"])
            outcome = "success" if self.deploy(*batch) else "failed"
            self.ask_until_yes("node_end", number, batch, outcome=outcome)
            say("ended", phase=batch[0], outcome=outcome)
            if outcome == "failed":
                return 1
        say("published", version=self.options.version_to)
        return 0


def say(event, **fields):
    """One line of JSON a fact, for whoever watches."""
    print(json.dumps({"event": event, **fields}, ensure_ascii=False), flush=True)


def options_of(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("url", "token-file", "service", "digest"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--from", dest="version_from", default="")
    parser.add_argument("--to", dest="version_to", required=True)
    parser.add_argument("--environment", default="production")
    parser.add_argument("--platform", default="releases", help="name of this platform, as releases list it")
    parser.add_argument("--key", help="public key of the gate (rcm gate key): answers must be signed by it")
    parser.add_argument("--model", help="file with what is known of a model: evaluation, traffic step, shadow, way back")
    parser.add_argument("--deploy", help="program that does a phase: SERVICE VERSION PHASE PERCENT")
    parser.add_argument("--every", type=float, default=10, metavar="SECONDS")
    parser.add_argument("--wait", type=float, default=3600, metavar="SECONDS")
    return parser.parse_args(argv)


def main(argv):
    options = options_of(argv)
    token = pathlib.Path(options.token_file).read_text(encoding="utf-8").strip()
    try:
        return Publishing(Gate(options.url, token, options.key), options).publish()
    except No as no:
        say("gave up", reason=no.reason, message=str(no))
        return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
