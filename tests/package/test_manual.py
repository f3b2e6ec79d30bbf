"""The pages of the manual: clean for those who judge them, and as whole as the programs' own help."""
import re
import subprocess

import pytest
from harness.daemon import bin_folder, environment

PAGES = ("redbutton.1", "redbuttond.conf.5", "redbuttond.8", "redbutton-runner.8")


def page(name):
    return bin_folder().parent / "packaging" / name


def text(name):
    """As a reader sees it, without the breaks of lines."""
    done = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=400", page(name)], capture_output=True, text=True,
                          timeout=30, check=True)
    return re.sub(r".\x08", "", done.stdout)


@pytest.mark.parametrize("name", PAGES)
def test_mandoc_finds_nothing(name):
    done = subprocess.run(["mandoc", "-T", "lint", page(name)], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", PAGES)
def test_man_finds_nothing(name):
    done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page(name)], capture_output=True,
                          text=True, timeout=30, check=False, env=environment(MANROFFSEQ="", MANWIDTH="80"))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", PAGES)
def test_the_packed_page_is_the_same_bytes_each_time(name):
    packed = subprocess.run(["gzip", "-dc", f"{page(name)}.gz"], capture_output=True, check=True).stdout
    assert packed == page(name).read_bytes()
    assert (page(name).parent / f"{name}.gz").read_bytes()[4:8] == bytes(4), "no time in its head"


def help_of(program):
    return subprocess.run([bin_folder() / program, "--help"], capture_output=True, text=True, timeout=20, check=True,
                          env=environment()).stdout


def test_every_verb_is_on_the_page():
    shown = text("redbutton.1")
    verbs = re.findall(r"^  ([a-z-]+(?: [a-z-]+)?)(?= |$)", help_of("redbutton"), re.M)
    assert len(verbs) > 60
    assert [verb for verb in verbs if not re.search(rf"^ +{re.escape(verb)}\b", shown, re.M)] == []


@pytest.mark.parametrize("program, name", [("redbuttond", "redbuttond.8"), ("redbutton-runner", "redbutton-runner.8")])
def test_every_flag_is_on_the_page(program, name):
    shown = text(name)
    flags = set(re.findall(r"--[a-z][a-z-]+", help_of(program)))
    assert len(flags) > 3
    assert {flag for flag in flags if flag not in shown} == set()


def test_every_setting_is_on_the_page():
    shown = text("redbuttond.conf.5")
    settings = subprocess.run([bin_folder() / "redbuttond", "--print-config", "--config", "/dev/null"],
                              capture_output=True, text=True, check=True, env=environment()).stdout
    names = re.findall(r"^([a-z-]+) =", settings, re.M)
    assert len(names) > 10
    assert [name for name in names if not re.search(rf"^ +{name} \w", shown, re.M)] == []
