"""What all checks share: the files of the tree, C read without its comments, findings."""
import re
import subprocess
import sys
from pathlib import Path

# Folders of these names anywhere; `build` on top alone: script/build is a program of ours.
SKIPPED_FOLDERS = {".git", "__pycache__", ".pytest_cache"}


def files(root, *suffixes):
    """Paths relative to root, sorted; those that git ignores are left out where git knows."""
    found = _from_git(root) or _from_walk(root)
    return sorted(path for path in found if not suffixes or path.suffix in suffixes)


def _from_git(root):
    ask = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        answer = subprocess.run(ask, capture_output=True, check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        return []
    return [Path(name) for name in answer.split("\0") if name and (root / name).is_file()]


def _from_walk(root):
    for path in root.rglob("*"):
        relative = path.relative_to(root)
        if path.is_file() and relative.parts[0] != "build" and not SKIPPED_FOLDERS & set(relative.parts):
            yield relative


def read(root, path):
    return (root / path).read_text(encoding="utf-8", errors="replace")


TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      |(?P<string>"(?:\\.|[^"\\\n])*")
      |(?P<char>'(?:\\.|[^'\\\n])*')""",
    re.S | re.X,
)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def code_only(text):
    """Comments, strings and characters blanked; lines and columns stay."""
    return TOKEN.sub(lambda m: _blank(m.group()), text)


def without_comments(text):
    return TOKEN.sub(lambda m: _blank(m.group()) if m.lastgroup == "comment" else m.group(), text)


def strings(text):
    """[(line, text)] of the string literals; neighbours are one literal, as for the compiler."""
    result, end = [], None
    for match in TOKEN.finditer(text):
        if match.lastgroup == "comment":
            continue
        if match.lastgroup == "char":
            end = None
            continue
        between = None if end is None else without_comments(text[end : match.start()])
        if between is not None and not between.strip():
            line, words = result[-1]
            result[-1] = (line, words + match.group()[1:-1])
        else:
            result.append((text.count("\n", 0, match.start()) + 1, match.group()[1:-1]))
        end = match.end()
    return result


def includes(text):
    """[(line, name, is_ours)]"""
    result = []
    for number, line in enumerate(without_comments(text).splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            result.append((number, match.group(2), match.group(1) == '"'))
    return result


class Findings:
    def __init__(self, what):
        self.what, self.count, self.looked_at = what, 0, 0

    def add(self, path, line, problem, remedy):
        self.count += 1
        print(f"{path}:{line}: {problem}; {remedy}")

    def end(self):
        """Prints the sum; the exit code. Nothing looked at is a failure too."""
        print(f"{self.what}: {self.looked_at} looked at, {self.count} findings")
        return 1 if self.count or not self.looked_at else 0


def root_of(argv):
    return Path(argv[1] if len(argv) > 1 else ".").resolve()


def run(main):
    sys.exit(main(sys.argv))
