#!/usr/bin/env python3
"""Who may include whom: floors.txt against every #include of the tree."""
from pathlib import Path

import source

TABLE = Path(__file__).with_name("floors.txt")
# Test programs look into any room; nothing may look into them.
TESTS = ("tests", "bench")


class Plan:
    """floors.txt, parsed."""

    def __init__(self, text):
        self.folders, self.headers, self.programs = {}, {}, {}
        for number, line in enumerate(text.splitlines(), 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            kind, name, arrow, rest = words[0], words[1], words[2], words[3:]
            if (kind, arrow) == ("folder", "->"):
                self.folders[name] = rest
            elif (kind, arrow) == ("header", ":"):
                self.headers[name] = rest
            elif (kind, arrow) == ("program", "lacks"):
                self.programs[name] = rest
            else:
                raise SystemExit(f"{TABLE.name}:{number}: no such row: {line}")

    def folder_of(self, path):
        """The longest folder of the table that holds the path, or None."""
        parts = Path(path).parts[:-1]
        for length in range(len(parts), 0, -1):
            name = "/".join(parts[:length])
            if name in self.folders:
                return name
        return None

    def reach(self, folder):
        seen, left = {folder}, list(self.folders[folder])
        while left:
            name = left.pop()
            if name not in seen:
                seen.add(name)
                left += self.folders[name]
        return seen


def is_test(path):
    return path.parts[0] in TESTS


def resolve(root, path, name):
    """The file of ours that an include in quotes means, or None."""
    for candidate in (Path(name), path.parent / name):
        if (root / candidate).is_file():
            return candidate
    return None


def check_ours(plan, path, line, target, findings):
    mine, theirs = plan.folder_of(path), plan.folder_of(target)
    if is_test(path):
        return
    if is_test(target):
        findings.add(path, line, f"includes {target}, which is a test's",
                     "move what is shared into the room that owns it")
    elif mine is None:
        findings.add(path, line, "stands in a folder that the floor table does not know",
                     f"give {path.parent} a row in tests/lint/{TABLE.name}")
    elif theirs not in plan.reach(mine):
        findings.add(path, line, f"{mine} may not include {target}",
                     f"{mine} reaches {' '.join(sorted(plan.reach(mine) - {mine})) or 'nothing'}: hand data up by "
                     f"return value, or let {theirs} export a subscribe that main connects")


def check_third_party(plan, path, line, name, findings):
    for header, folders in plan.headers.items():
        if name != header and not (header.endswith("/") and name.startswith(header)):
            continue
        allowed = any(path.is_relative_to(folder) for folder in folders)
        if not allowed and not is_test(path):
            findings.add(path, line, f"includes <{name}>",
                         f"only {' '.join(folders)} may: ask that room for what is needed")


def check_kits(path, line, target, findings):
    """Rules and stores know neither HTTP nor the command line."""
    kit = "/".join(target.parts[:2])
    if is_test(path) or path.parts[0] in ("lib", "main"):
        return
    if kit == "lib/cli" and not path.stem.endswith("_cli"):
        findings.add(path, line, f"includes {target}", "only *_cli files know the command line")
    if kit == "lib/server" and "_api" not in path.stem:
        findings.add(path, line, f"includes {target}", "only *_api files know HTTP")


def check_verbs(edges, findings):
    """A verb speaks HTTP only: whatever it includes, and what that includes, links no store."""
    for start in sorted(edges):
        if not Path(start).stem.endswith("_cli") or is_test(Path(start)):
            continue
        came_from, left = {start: None}, [start]
        while left:
            here = left.pop()
            for there in edges.get(here, ()):
                if there not in came_from:
                    came_from[there] = here
                    left.append(there)
        for daemon_kit in ("lib/store/", "lib/server/", "lib/client/"):
            met = next((name for name in sorted(came_from) if name.startswith(daemon_kit)), None)
            if met:
                trail = [met]
                while came_from[trail[-1]]:
                    trail.append(came_from[trail[-1]])
                findings.add(start, 1, "a verb reaches " + " <- ".join(trail),
                             "verbs speak HTTP only: take it from the daemon's answer")


def find_cycle(edges):
    """A list of files that include each other in a ring, or None."""
    state, trail = {}, []

    def visit(node):
        state[node] = "open"
        trail.append(node)
        for following in edges.get(node, ()):
            if state.get(following) == "open":
                return trail[trail.index(following):] + [following]
            if following not in state and (ring := visit(following)):
                return ring
        trail.pop()
        state[node] = "done"
        return None

    for start in sorted(edges):
        if start not in state and (ring := visit(start)):
            return ring
    return None


def main(argv):
    root = source.root_of(argv)
    plan = Plan(TABLE.read_text())
    findings = source.Findings("floors")
    edges = {}
    for path in source.files(root, ".c", ".h"):
        for line, name, is_ours in source.includes(source.read(root, path)):
            findings.looked_at += 1
            target = resolve(root, path, name) if is_ours else None
            if target is None:
                check_third_party(plan, path, line, name, findings)
                continue
            edges.setdefault(str(path), []).append(str(target))
            check_ours(plan, path, line, target, findings)
            check_kits(path, line, target, findings)
    check_verbs(edges, findings)
    ring = find_cycle(edges)
    if ring:
        findings.add(ring[0], 1, "headers include each other: " + " -> ".join(ring),
                     "a forward declaration breaks the ring")
    return findings.end()


if __name__ == "__main__":
    source.run(main)
