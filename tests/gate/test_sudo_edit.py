"""sudoedit: asked as an edit of files, never as the editor; allowed by a step alone."""
import pytest
from harness import sudo_gate as g


@pytest.fixture
def file(shared_box):
    path = shared_box.etc / "edited.conf"
    path.write_text("old\n")
    return path


def edit(box, *words, **env):
    return box.sudo(*words, program="sudoedit", env={"EDITOR": "sed -i s/old/new/", **env})


def test_an_edit_is_asked_by_its_files(box, gate, file):
    gate.answer = g.grant
    done = edit(box, "/etc/edited.conf", RCM_CHANGE="CHG-12", RCM_STEP="2")
    assert done.code == 0, done
    run = gate.asks[0]["exec"]
    assert run["path"] == "sudoedit" and run["argv"] == ["sudoedit", "/etc/edited.conf"]
    assert run["runas"] == "root" and run["env"] == []
    assert file.read_text() == "new\n"
    assert len(gate.ends) == 1


def test_a_relative_name_is_asked_as_the_file_it_is(box, gate):
    gate.answer = g.deny
    edit(box, "edited.conf")
    assert gate.asks[0]["exec"]["argv"] == ["sudoedit", "/tmp/edited.conf"]


def test_a_refused_edit_changes_nothing(box, gate, file):
    gate.answer = g.deny
    done = edit(box, "/etc/edited.conf")
    assert done.code == 1 and "deny[14 used_up]" in done.err
    assert file.read_text() == "old\n"


def test_a_proved_read_allows_no_edit(box, gate, file):
    gate.answer = g.allow
    done = edit(box, "/etc/edited.conf")
    assert done.code == 1 and "content_unbound]: an edit needs a step of kind edit" in done.err
    assert file.read_text() == "old\n"


def test_what_steers_programs_is_refused_in_an_edit_too(box, gate, file):
    gate.answer = g.grant
    done = edit(box, "/etc/edited.conf", BASH_ENV="/tmp/x")
    assert done.code == 1 and "BASH_ENV" in done.err and gate.asks == []
    assert file.read_text() == "old\n"
