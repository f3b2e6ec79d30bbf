#!/usr/bin/env python3
"""Each header compiles alone, and twice in one file."""
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import source

LIBRARIES = ["jansson", "sqlite3", "libmicrohttpd", "libcurl", "lua5.4", "libuv", "check"]


def flags_of_libraries():
    ask = ["pkg-config", "--cflags", *LIBRARIES]
    return subprocess.run(ask, capture_output=True, text=True, check=True).stdout.split()


def compile_alone(root, compiler, path):
    """What the compiler said, "" when it is content."""
    text = f'#include "{path}"\n#include "{path}"\n'
    command = [*compiler, f"-I{root}", "-x", "c", "-"]
    answer = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return "" if answer.returncode == 0 else answer.stderr


def main(argv):
    root = source.root_of(argv)
    findings = source.Findings("headers")
    headers = [path for path in source.files(root, ".h")]
    compiler = [shutil.which("cc") or "gcc", "-std=gnu11", "-D_GNU_SOURCE", '-DRB_VERSION="0"', "-fsyntax-only",
                "-Wall", "-Wextra", "-Werror", *flags_of_libraries()]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = pool.map(lambda path: compile_alone(root, compiler, path), headers)
        for path, said in zip(headers, answers):
            findings.looked_at += 1
            if said:
                findings.add(path, 1, "does not compile alone", "include what it uses:")
                print(said)
    return findings.end()


if __name__ == "__main__":
    source.run(main)
