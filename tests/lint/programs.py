#!/usr/bin/env python3
"""What each program links: what cannot be linked cannot be called."""
import re
import subprocess
from pathlib import Path

import source
from floors import TABLE, Plan


def needed(program):
    answer = subprocess.run(["readelf", "-d", str(program)], capture_output=True, text=True, check=True)
    return re.findall(r"\(NEEDED\).*\[(.+?)\]", answer.stdout)


def main(argv):
    folder = Path(argv[2])
    findings = source.Findings("programs")
    for name, lacks in Plan(TABLE.read_text()).programs.items():
        program = folder / name
        if not program.is_file():
            findings.add(f"tests/lint/{TABLE.name}", 1, f"there is no program {name} in {folder}",
                         "build it, or take its row out")
            continue
        libraries = needed(program)
        findings.looked_at += 1
        for library in libraries:
            if any(library.startswith(word) for word in lacks):
                findings.add(name, 1, f"links {library}", "find the room that pulled it in: target_link_libraries")
    return findings.end()


if __name__ == "__main__":
    source.run(main)
