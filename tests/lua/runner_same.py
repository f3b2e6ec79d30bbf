#!/usr/bin/env python3
"""The jailed runner answers with the same bytes as the prelude in plain Lua: plans, lint, mistakes.

usage: runner_same.py path/to/redbutton-runner
"""
import json
import pathlib
import socket
import struct
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def evaluate(runner, payload):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        child = subprocess.Popen([runner, "--once"], stdin=theirs, stdout=theirs)
        theirs.close()
        ours.sendall(struct.pack("<I", len(payload)) + payload)
        answer = b""
        while chunk := ours.recv(1 << 16):
            answer += chunk
        child.wait(timeout=120)
    length = struct.unpack("<I", answer[:4])[0] if len(answer) >= 4 else -1
    return answer[4:] if length == len(answer) - 4 else None


def main(argv):
    dump = subprocess.run(["lua5.4", HERE / "dump.lua"], capture_output=True, check=True)
    cases = [json.loads(line) for line in dump.stdout.splitlines()]
    failed = 0
    for case in cases:
        payload = json.dumps(case["input"], ensure_ascii=False).encode()
        got, wanted = evaluate(argv[1], payload), case["wanted"].encode()
        if got != wanted:
            failed += 1
            print(f"FAILED {case['input'].get('script', 'describe')}\n\twanted: {wanted[:600]}\n\tgot:    {(got or b'')[:600]}")
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed or len(cases) < 100 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
