"""Chinese text survives everywhere; text that deceives is refused where it is a name, and made
visible where it is shown."""
import json
import subprocess
import unicodedata

import pytest
from harness.cli import Cli
from harness.world import PLANS

SUMMARY, REASON, PERSON = "把结算的流量移出一个机房", "机房甲的电源坏了,先切走 — 王工", "王小明"
DECEITS = {"bidi override": "a\u202egnp", "bidi isolate": "a\u2066b", "zero width": "a\u200bb", "newline": "a\nb",
           "escape": "a\x1b[31mb", "byte order mark": "\ufeffa"}


@pytest.fixture(scope="module")
def world(make_world, tmp_path_factory):
    world = make_world(environment_name="production")
    text = (PLANS / "paper-set.lua").read_text().replace("paper/set", "paper/chinese")
    file = tmp_path_factory.mktemp("plans") / "chinese.lua"
    file.write_text(text.replace("Two weights, one after the other, and a moment at the end", SUMMARY))
    world.activate(file, "paper/chinese")
    return world


@pytest.fixture(scope="module")
def run(world):
    """By a person with a Chinese name, for a Chinese reason, approved for another."""
    people = world.people
    people.admin.ok("person", "add", "wang", "--display-name", PERSON, "--team", "edge-team")
    people.admin.ok("grant", "add", "--person", "wang", "--role", "commander")
    people.admin.ok("token", "create", "--name", "t", "--role", "commander", "--expires", "1d", "--person", "wang",
                    "--write", people.token_file("wang"))
    wang = Cli(world.daemon, people.token_file("wang"))
    run = wang.json("run", "paper/chinese", f"server={world.server()}", "--yes", "--no-follow", "--reason", REASON)
    people.bob.ok("approval", "approve", run["approval"], "--yes", "--reason", "同意")
    world.wait(run["id"], "SUCCEEDED")
    return run


def test_a_summary_is_shown_as_written_and_found_in_the_list(world):
    assert SUMMARY in world.people.alice.ok("plan", "show", "paper/chinese")
    assert SUMMARY in world.people.alice.ok("plan", "list")


def test_a_reason_is_in_the_run_after_a_kill(world, run):
    world.daemon.kill()
    world.daemon.start()
    assert world.show(run["id"])["why"] == REASON


def test_a_persons_name_is_shown(world, run):
    assert PERSON in world.people.admin.ok("person", "show", "wang")
    assert PERSON in world.people.admin.ok("person", "list")


def test_the_approvers_words_are_kept(world, run):
    assert "同意" in world.people.alice.ok("approval", "show", run["approval"])


def test_the_audit_holds_the_reason_as_written_and_verifies(world, run, tmp_path):
    export = tmp_path / "export.jsonl"
    world.people.admin.ok("audit", "export", export)
    assert REASON in export.read_text(encoding="utf-8")
    world.verify_audit()


def test_a_table_keeps_its_columns_with_wide_characters(world, run):
    """A Chinese character is two cells wide; the next column begins where its heading does."""
    def cells(text):
        return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)

    lines = world.people.admin.ok("person", "list").splitlines()
    row = next(line for line in lines if PERSON in line)
    assert cells(row[:row.index("edge-team")]) == cells(lines[0][:lines[0].index("TEAM")])


@pytest.mark.parametrize("what", DECEITS)
@pytest.mark.parametrize("words", [("person", "add"), ("group", "add")])
def test_a_deceptive_name_is_refused(world, words, what):
    result = world.people.admin.fails(*words, DECEITS[what])
    assert result.code == 2 and DECEITS[what] not in result.err, result.err


@pytest.mark.parametrize("what", DECEITS)
def test_a_deceptive_display_name_is_refused(world, what):
    assert world.people.admin.fails("person", "add", "someone", "--display-name", DECEITS[what]).code == 2
    assert "someone" not in [row["name"] for row in world.people.admin.json("person", "list")]


@pytest.mark.parametrize("what", ["bidi override", "bidi isolate", "escape"])
def test_a_deceptive_target_is_refused(world, what):
    assert world.people.admin.fails("target", "add", DECEITS[what], "--kind", "haproxy", "--address", "tcp:127.0.0.1:9",
                                    "--environment", "lab").code == 2


@pytest.mark.parametrize("what", ["bidi override", "bidi isolate", "escape"])
def test_a_deceptive_reason_never_reaches_a_terminal(world, what):
    result = world.people.alice.run("run", "paper/chinese", f"server={world.server()}", "--yes", "--no-follow",
                                    "--reason", DECEITS[what])
    shown = world.people.alice.ok("execution", "list")
    assert not set("\u202e\u2066\x1b") & set(result.out + result.err + shown)


def test_a_deceptive_summary_of_a_plan_is_refused(world, tmp_path):
    file = tmp_path / "deceit.lua"
    file.write_text((PLANS / "paper-set.lua").read_text().replace("Two weights", "Two \u202ewei"))
    result = world.people.alice.fails("plan", "add", file)
    assert "\u202e" not in result.out + result.err, "it is made visible"


def test_what_a_plane_says_cannot_move_the_cursor(world):
    world.edges[0].talks = b"\x1b[2J\xe2\x80\xae evil\n"
    try:
        said = world.people.alice.run("can", "paper/chinese", f"server={world.server()}")
    finally:
        world.edges[0].talks = None
    assert "evil" in said.out + said.err
    assert not set("\x1b\u202e") & set(said.out + said.err), repr(said.out + said.err)


def test_json_output_is_the_text_itself(world, run):
    done = subprocess.run(world.people.alice.command("execution", "show", run["id"], "--json"), capture_output=True,
                          timeout=20, check=True)
    assert json.loads(done.stdout.decode("utf-8"))["why"] == REASON
