#!/usr/bin/env python3
"""Documents name only files and tests that exist.

Looked at: links, words in backticks that look like a file of ours, `FILE::TEST`, and the test
that a `ctest -R` in backticks runs. A name that stands for any name (`noun_store.c`, `*_api.c`,
`<room>.cmake`, `NNNN-title.md`) is no file.
"""
import re
from pathlib import Path

import source
from floors import TABLE, Plan

LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
QUOTED = re.compile(r"`([^`\n]+)`")
SUFFIXES = "c|h|lua|py|md|cmake|txt|in"
FILE = re.compile(rf"^[\w.][\w./-]*\.({SUFFIXES})(:\d+)?$")
STANDS_FOR_ANY = re.compile(r"noun|NNNN|\bNAME\b|[*<>{}]|^/|example")
TEST_OF_FILE = re.compile(r"^(tests/[\w./-]+\.(?:c|py|lua))::(\w+)$")
CTEST = re.compile(r"^ctest\b.*-R '?\^([\w-]+)\$'?$")
# What a reader creates or names in an example.
EXAMPLES = {"limit.lua"}


def mentions(text):
    """[(line, name)]; blocks of code are examples and left out."""
    is_code = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        if is_code:
            continue
        for name in LINK.findall(line):
            if "://" not in name and not name.startswith("mailto:"):
                yield number, name
        for quoted in QUOTED.findall(line):
            yield from ((number, word) for word in quoted.split() if looks_like_ours(word))


def looks_like_ours(word):
    if STANDS_FOR_ANY.search(word) or word in EXAMPLES:
        return False
    return bool(FILE.match(word) or re.match(r"^(script|tests|docs|lib|main|\.ci)/[\w./-]+$", word))


def tests_of(root, everything):
    """What `ctest -N` would list, without a tree: names in CMake's files, and one for each file."""
    found = set()
    for path in everything:
        if path.suffix == ".cmake" or path.name == "CMakeLists.txt":
            found |= set(re.findall(r"(?:rb_unit_test\(|add_test\(NAME )(\w+)", source.read(root, path)))
        elif path.parts[0] == "tests" and path.name.startswith("test_") and path.suffix in (".c", ".py"):
            found.add(path.stem if path.suffix == ".c" else f"{path.parent.name}_{path.stem.removeprefix('test_')}")
    return found


def tests_mentioned(text):
    """[(line, file or None, test)]"""
    for number, line in enumerate(text.splitlines(), 1):
        for quoted in QUOTED.findall(line):
            if named := TEST_OF_FILE.match(quoted):
                yield number, named[1], named[2]
            elif run := CTEST.match(quoted):
                yield number, None, run[1]


def missing_test(root, file, test, tests):
    if file is None:
        return None if test in tests else f"runs {test}, which is no test"
    if not (root / file).is_file():
        return f"names {file}, which does not exist"
    return None if re.search(rf"\b{test}\b", source.read(root, file)) else f"names {test}, which is not in {file}"


def main(argv):
    root = source.root_of(argv)
    findings = source.Findings("docs")
    everything = source.files(root)
    paths = {str(path) for path in everything}
    folders = {str(parent) for path in everything for parent in path.parents}
    names = {path.name for path in everything} | set(Plan(TABLE.read_text()).headers)
    tests = tests_of(root, everything)
    for document in source.files(root, ".md"):
        findings.looked_at += 1
        for line, file, test in tests_mentioned(source.read(root, document)):
            if problem := missing_test(root, file, test, tests):
                findings.add(document, line, problem, "name the test that proves it now")
        for line, name in mentions(source.read(root, document)):
            name = re.sub(r":\d+$", "", name).rstrip("/")
            beside = str((root / document.parent / name).resolve()).removeprefix(f"{root}/")
            is_known = name in paths | folders or beside in paths | folders or ("/" not in name and name in names)
            is_known = is_known or any(name.startswith(header) for header in names if header.endswith("/"))
            if not is_known and not any(path.endswith("/" + name) for path in paths):
                findings.add(document, line, f"names {name}, which does not exist",
                             "write its path from the top of the tree, or take it out")
    if not findings.looked_at:
        print("docs: there are no documents")
    return findings.end()


if __name__ == "__main__":
    source.run(main)
