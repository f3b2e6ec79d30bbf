"""The Debian package: built, judged by lintian, and looked into."""
import os
import re
import subprocess

import pytest
from harness.daemon import ROOT, bin_folder

PROGRAMS = ("/usr/bin/redbutton", "/usr/sbin/redbuttond", "/usr/libexec/redbutton/redbutton-runner")
FILES = (*PROGRAMS, "/etc/redbutton/redbuttond.conf", "/usr/lib/systemd/system/redbuttond.service",
         "/usr/lib/systemd/system/redbuttond-local.socket", "/usr/lib/systemd/system/redbuttond-control.socket",
         "/usr/lib/sysusers.d/redbutton.conf", "/usr/share/man/man1/redbutton.1.gz",
         "/usr/share/man/man5/redbuttond.conf.5.gz", "/usr/share/man/man8/redbuttond.8.gz",
         "/usr/share/man/man8/redbutton-runner.8.gz", "/usr/share/bash-completion/completions/redbutton",
         "/usr/share/zsh/vendor-completions/_redbutton", "/usr/share/fish/vendor_completions.d/redbutton.fish",
         "/usr/share/doc/redbutton/copyright", "/usr/share/doc/redbutton/changelog.gz",
         "/usr/share/redbutton/library/zones.lua", "/usr/share/redbutton/plans/checkout-drain-zone.lua")


def run(*words, **more):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True,
                          env={**os.environ, "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": "1700000000"}, **more).stdout


def build(folder):
    run("cpack", "-G", "DEB", "-D", f"CPACK_OUTPUT_FILE_PREFIX={folder}", "-D", f"CPACK_PACKAGE_DIRECTORY={folder}",
        cwd=bin_folder().parent, umask=0o022)
    found = list(folder.glob("redbutton_*.deb"))
    assert len(found) == 1, found
    return found[0]


@pytest.fixture(scope="module")
def deb(tmp_path_factory):
    return build(tmp_path_factory.mktemp("deb"))


@pytest.fixture(scope="module")
def listing(deb):
    """{path: (mode, owner)} of what is not a folder."""
    rows = [line.split(None, 5) for line in run("dpkg", "-c", deb).splitlines()]
    return {row[5].lstrip("."): (row[0], row[1]) for row in rows}


@pytest.fixture(scope="module")
def control(deb, tmp_path_factory):
    folder = tmp_path_factory.mktemp("control")
    run("dpkg-deb", "-e", deb, folder)
    return folder


def test_lintian_finds_nothing(deb):
    assert run("lintian", "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0", deb) == ""


def test_everything_is_in_it(listing):
    assert [path for path in FILES if path not in listing] == []


def test_owners_and_modes_are_right(listing):
    assert {owner for _, owner in listing.values()} == {"root/root"}
    programs = {path for path, (mode, _) in listing.items() if mode.startswith("-") and "x" in mode}
    assert programs == set(PROGRAMS)
    assert not [path for path, (mode, _) in listing.items() if "s" in mode or "w" in mode[4:]]
    assert listing["/etc/redbutton/credentials/"][0] == "drwx------"


def test_nothing_of_the_build_is_in_it(deb, tmp_path):
    run("dpkg-deb", "-x", deb, tmp_path)
    for program in PROGRAMS:
        assert str(ROOT).encode() not in (tmp_path / program[1:]).read_bytes(), f"{program} names the source tree"


def test_the_control_file_names_what_is_needed(control):
    fields = dict(re.findall(r"^([\w-]+): (.*)$", (control / "control").read_text(), re.M))
    for library in ("libc6", "libcurl4", "libsqlite3-0", "libmicrohttpd12", "liblua5.4-0", "libseccomp2", "libsystemd0"):
        assert re.search(rf"\b{re.escape(library)}\b", fields["Depends"]), library
    assert "systemd-sysusers" in fields["Depends"], "the maintainer scripts make the user with it"
    assert (control / "conffiles").read_text() == "/etc/redbutton/redbuttond.conf\n"


@pytest.mark.parametrize("name", ["postinst", "prerm", "postrm"])
def test_maintainer_scripts_name_every_unit(control, listing, name):
    script = control / name
    assert os.access(script, os.X_OK)
    run("sh", "-n", script)
    units = {path.rsplit("/", 1)[1] for path in listing if path.startswith("/usr/lib/systemd/system/redbuttond")}
    assert len(units) == 3
    assert [unit for unit in units if unit not in script.read_text()] == []


def test_the_same_tree_gives_the_same_bytes(deb, tmp_path):
    assert build(tmp_path).read_bytes() == deb.read_bytes()
