#!/usr/bin/env python3
"""Counts single tests over the results folders of one or more trees.

A folder holds ctest.junit (one row a program) and, for programs that say more, NAME.tap (Check)
or NAME.junit (pytest). A program that failed without a failed test of its own (it crashed, ran
out of time, could not start) counts as one failure. Ends 1 when anything failed or nothing ran.
"""
import re
import sys
import xml.etree.ElementTree as tree
from pathlib import Path

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


def outcome_of(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return FAILED
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return SKIPPED
    return FAILED if case.get("status") == "fail" else PASSED


def single_tests(folder, program):
    """[(name, outcome)] as the program itself reported, or [] when it said nothing."""
    tap, junit = folder / f"{program}.tap", folder / f"{program}.junit"
    if tap.exists():
        lines = re.findall(r"^(ok|not ok) \d+ - (.*)$", tap.read_text(errors="replace"), re.M)
        return [(text, PASSED if word == "ok" else FAILED) for word, text in lines]
    if junit.exists():
        try:
            cases = tree.parse(junit).getroot().iter("testcase")
        except tree.ParseError:
            return []
        return [(case.get("name"), outcome_of(case)) for case in cases]
    return []


def outcomes(folder):
    """[(program, test, outcome)] of one tree."""
    report = folder / "ctest.junit"
    if not report.exists():
        yield str(folder), "no ctest.junit: the tests did not run", FAILED
        return
    for case in tree.parse(report).getroot().iter("testcase"):
        program, whole = case.get("name"), outcome_of(case)
        singles = single_tests(folder, program)
        for name, outcome in singles:
            yield program, name, outcome
        if not singles:
            yield program, program, whole
        elif whole == FAILED and not any(outcome == FAILED for _, outcome in singles):
            yield program, "ended badly outside its tests", FAILED


def main(folders):
    count = {PASSED: 0, FAILED: 0, SKIPPED: 0}
    for folder in map(Path, folders):
        for program, name, outcome in outcomes(folder):
            count[outcome] += 1
            if outcome != PASSED:
                print(f"{outcome}: {program}: {name}")
    print(", ".join(f"{number} {word}" for word, number in count.items()))
    return 1 if count[FAILED] or not count[PASSED] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
