#!/usr/bin/env python3
"""What must never be proved to read only, and what must be.

usage: corpus.py path/to/command-analyse
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from analysis import analyse  # noqa: E402

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
CLASSES = ("quoting", "expansion", "encodings", "wrappers", "options that run programs", "interpreters and editors",
           "names, paths, environment")
BYTE = re.compile(r"%([0-9a-f]{2})")


def lines_of(name):
    """(class, line); the bytes of a line are one character each."""
    kind = ""
    for line in (DATA / name).read_text().splitlines():
        if line.startswith("[") and line.endswith("]") and line[1:-1] in CLASSES:
            kind = line[1:-1]
        elif line and (not line.startswith("#") or line == "# ls"):
            yield kind, line


def request(line):
    """%HH are bytes; a line that is no UTF-8 then can't be asked as a line of JSON: its words are, in hexadecimal."""
    raw = b"".join(bytes.fromhex(part) if i % 2 else part.encode() for i, part in enumerate(BYTE.split(line)))
    try:
        return {"line": raw.decode()}
    except UnicodeDecodeError:
        return {"argv_hex": [word.strip(b"'").hex() for word in raw.split()]}


def main(argv):
    failed = []
    bypasses = list(lines_of("command-bypass.txt"))
    counts = {kind: sum(1 for row in bypasses if row[0] == kind) for kind in CLASSES}
    for (kind, line), answer in zip(bypasses, analyse(argv[1], [request(line) for _, line in bypasses])):
        if answer.get("proof", "refused") == "read":
            failed.append(f"{kind}: {line} is proved to read")
    ordinary = [line for _, line in lines_of("command-read.txt")]
    for line, answer in zip(ordinary, analyse(argv[1], ordinary)):
        if answer.get("proof") != "read":
            failed.append(f"{line}: {answer.get('proof')} {answer.get('reason')} {answer.get('error', '')}")
    for line in failed:
        print("FAILED", line)
    print(", ".join(f"{count} {kind}" for kind, count in counts.items()), f"and {len(ordinary)} ordinary ones: {len(failed)} wrong")
    return 1 if failed or len(bypasses) < 120 or len(ordinary) < 25 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
