#!/usr/bin/env python3
"""Where SQL stands, and which folder owns which table.

SQL text stands in *_store.c and *_schema.c (and lib/store) only. A table is named by SQL of the
folder that creates it, and of no other. No `now`, no AUTOINCREMENT, no INSERT OR REPLACE: a
second engine must be a second file.
"""
import re

import source
from floors import is_test

# A statement, not a sentence: each verb with the word that SQL puts behind it.
STATEMENT = re.compile(
    r"\b(SELECT\s.+\sFROM\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s"
    r"|CREATE\s+(TABLE|INDEX|UNIQUE\s+INDEX|TRIGGER|VIEW|VIRTUAL\s+TABLE)\s)", re.S)
CREATED = re.compile(r"\bCREATE\s+(?:VIRTUAL\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)")
WRITTEN = re.compile(r"\b(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|DELETE\s+FROM)\s+(\w+)|\bUPDATE\s+(\w+)\s+SET\b")
READ = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)")
FORBIDDEN = [
    (re.compile(r"\bAUTOINCREMENT\b"), "AUTOINCREMENT", "ids are made by the program"),
    (re.compile(r"\bOR\s+REPLACE\b"), "OR REPLACE", "write ON CONFLICT (...) DO UPDATE"),
    (re.compile(r"\b(CURRENT_TIMESTAMP|datetime\s*\(|strftime\s*\(|unixepoch\s*\(|julianday\s*\(|random\s*\()"),
     "time or chance inside SQL", "pass it in as a parameter"),
]


def may_hold_sql(path):
    return (path.stem.endswith(("_store", "_schema")) or path.parts[:2] == ("lib", "store"))


def folder_of(path):
    return str(path.parent)


def main(argv):
    root = source.root_of(argv)
    findings = source.Findings("tables")
    literals = []  # (path, line, text) of SQL
    for path in source.files(root, ".c", ".h"):
        if is_test(path):
            continue
        findings.looked_at += 1
        for line, text in source.strings(source.read(root, path)):
            text = text.replace("\\n", " ").replace("\\t", " ")
            if may_hold_sql(path):
                literals.append((path, line, text))
            elif STATEMENT.search(text):
                findings.add(path, line, "SQL outside the store's rooms",
                             f"move the statement to {path.parent}/*_store.c")
    owner = {}
    for path, line, text in literals:
        for table in CREATED.findall(text):
            first = owner.setdefault(table, folder_of(path))
            if first != folder_of(path):
                findings.add(path, line, f"table {table} is created by {first} too", "one owner a table")
            if "STRICT" not in text and "VIRTUAL" not in text and path.stem.endswith("_schema"):
                findings.add(path, line, f"table {table} is not STRICT", "add STRICT")
    for path, line, text in literals:
        for pattern, what, remedy in FORBIDDEN:
            if pattern.search(text):
                findings.add(path, line, what, remedy)
        written = {a or b for a, b in WRITTEN.findall(text)}
        for table in sorted(written | set(READ.findall(text))):
            if table in owner and owner[table] != folder_of(path):
                verb = "writes" if table in written else "reads"
                findings.add(path, line, f"{verb} table {table}, which is {owner[table]}'s",
                             f"ask {owner[table]} for a function")
    return findings.end()


if __name__ == "__main__":
    source.run(main)
