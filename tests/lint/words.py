#!/usr/bin/env python3
"""Promises in place of behaviour, paths of one machine, files and functions that grew too long."""
import re

import source

MAX_FILE_LINES = 900
MAX_FUNCTION_LINES = 120
PROGRAM_SUFFIXES = (".c", ".h", ".lua", ".py", ".cmake", ".txt", ".sh", ".js", ".css", ".html", ".in", "")
# Spelled in halves, so that this file does not find itself.
PROMISE = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK|not imple" r"mented|unimple" r"mented)\b")
MACHINE = re.compile(r"(?<![\w.])/(ho" r"me/\w|ro" r"ot/\w|wo" r"rk/\w|Us" r"ers/\w)")


def check_words(path, text, findings):
    for number, line in enumerate(text.splitlines(), 1):
        if path.suffix in PROGRAM_SUFFIXES and (match := PROMISE.search(line)):
            findings.add(path, number, f"says {match.group()}", "do it, or open an issue and take the word out")
        if match := MACHINE.search(line):
            findings.add(path, number, f"names a path of one machine: {match.group()}...",
                         "derive it, take it as a setting, or write a neutral example")


def functions(text):
    """[(first line, name, lines)]: a body's braces stand alone in the first column."""
    name, line_of_name, opened = "", 0, 0
    for number, line in enumerate(source.code_only(text).splitlines(), 1):
        if line.rstrip() == "{":
            opened = number
        elif line.startswith("}") and opened:
            yield line_of_name, name, number - line_of_name + 1
            opened = 0
        elif not opened and (match := re.match(r"[A-Za-z_].*?(\w+)\(", line)):
            name, line_of_name = match.group(1), number


def check_lengths(path, text, findings):
    if path.suffix not in (".c", ".h", ".lua", ".py", ".js"):
        return
    count = text.count("\n")
    if count > MAX_FILE_LINES:
        findings.add(path, 1, f"has {count} lines, {MAX_FILE_LINES} are the most", "split it by noun")
    if path.suffix == ".c":
        for number, name, lines in functions(text):
            if lines > MAX_FUNCTION_LINES:
                findings.add(path, number, f"{name} has {lines} lines, {MAX_FUNCTION_LINES} are the most",
                             "a table, or a function a case")


def main(argv):
    root = source.root_of(argv)
    findings = source.Findings("words")
    for path in source.files(root):
        text = source.read(root, path)
        if "\0" in text:
            continue
        findings.looked_at += 1
        check_words(path, text, findings)
        check_lengths(path, text, findings)
    return findings.end()


if __name__ == "__main__":
    source.run(main)
