"""The pages of the manual: clean for those who judge them, and as whole as the programs' own help."""
import re
import subprocess

import pytest
from harness.daemon import ROOT, bin_folder, environment

PAGES = ("redbutton.1", "redbuttond.conf.5", "redbuttond.8", "redbutton-runner.8", "rcm.1", "rcm-client.1",
         "rcm_approval.8")


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


@pytest.mark.parametrize("program, least", [("redbutton", 60), ("rcm-client", 50)])
def test_every_verb_is_on_the_page(program, least):
    shown = text(f"{program}.1")
    verbs = re.findall(r"^  ([a-z-]+(?: [a-z-]+)?)(?= |$)", help_of(program), re.M)
    assert len(verbs) > least
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


def test_the_page_of_rcm_says_what_its_help_says():
    shown, said = text("rcm.1"), help_of("rcm")
    verbs = re.findall(r"^  (rcm [a-z]+)", said, re.M)
    assert len(verbs) > 5
    assert [verb for verb in verbs if not re.search(rf"^ +{verb}\b", shown, re.M)] == []
    lines = [line.strip() for line in re.findall(r"^    (?:--[a-z-]+(?: [A-Z=]+)? +)?(.+)$", said, re.M)]
    assert len(lines) > 20
    assert [line for line in lines if line not in shown] == []
    assert set(re.findall(r"^    (--[a-z-]+)", said, re.M)) - set(re.findall(r"--[a-z-]+", shown)) == set()


def test_the_page_of_rcm_has_every_exit_code():
    codes = re.findall(r"\b(\d+(?:\+n)?) [a-z]", help_of("rcm").split("Exit codes of")[1])
    assert len(codes) > 12 and "128+n" in codes
    shown = text("rcm.1").split("EXIT STATUS")[1].split("ENVIRONMENT")[0]
    assert [code for code in codes if not re.search(rf"^ +{re.escape(code)} ", shown, re.M)] == []


def names_in(source, table):
    """The first text of each row of a table in C."""
    body = re.search(rf"{table}\[\] = {{(.*?)^}};", (ROOT / source).read_text(), re.S | re.M)[1]
    return re.findall(r'^\t{"([\w-]+)",', body, re.M)


def test_every_setting_of_rcm_is_on_its_page_and_in_its_file():
    names = names_in("change/gate/gate_config.c", "options")
    shown = text("rcm.1").split("SETTINGS")[1]
    assert len(names) > 3
    assert [name for name in names if not re.search(rf"^ +{name} [A-Z]+", shown, re.M)] == []
    assert re.findall(r"^#([\w-]+) =", (ROOT / "packaging/rcm/rcm.conf").read_text(), re.M) == names


def test_every_option_of_the_plugin_is_on_its_page():
    names = names_in("change/sudo/plugin_settings.c", "option_table")
    shown = text("rcm_approval.8").split("OPTIONS")[1]
    assert len(names) > 4
    assert [name for name in names if not re.search(rf"^ +{name}=", shown, re.M)] == []


def test_every_setting_of_the_gate_is_in_its_file_with_its_default():
    text_of_table = re.search(r"options\[\] = {(.*?)^};", (ROOT / "main/gate.c").read_text(), re.S | re.M)[1]
    table = dict(re.findall(r'^\t{"([\w-]+)", CONFIG_\w+, "([^"]*)"', text_of_table, re.M))
    assert len(table) > 6
    assert dict(re.findall(r"^#([\w-]+) = ?(.*)$", (ROOT / "packaging/rcm/gate.conf").read_text(), re.M)) == table
