"""What depends on what: a file of edges, replaced whole by an admin."""
import pytest


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "edges.txt"
        path.write_text(text)
        return path
    return write


def test_edges_are_replaced_whole(people, file):
    people.admin.ok("dependency", "import", file("# shop\nsvc:shop -> db:orders\nsvc:shop -> svc:结账\n"))
    assert people.vera.json("dependency", "list") == [{"from": "svc:shop", "to": "db:orders"},
                                                      {"from": "svc:shop", "to": "svc:结账"}]
    people.admin.ok("dependency", "import", file("svc:a -> svc:b\n"))
    assert people.vera.json("dependency", "list") == [{"from": "svc:a", "to": "svc:b"}]


def test_a_bad_line_is_named_and_changes_nothing(people, file):
    people.admin.ok("dependency", "import", file("svc:a -> svc:b\n"))
    refused = people.admin.fails("dependency", "import", file("svc:c -> svc:d\nsvc:x db:y\n"))
    assert refused.code == 2 and "line 2" in refused.err
    assert people.vera.json("dependency", "list") == [{"from": "svc:a", "to": "svc:b"}]


def test_others_look_only(people, file):
    assert people.alice.fails("dependency", "import", file("svc:a -> svc:b\n")).code == 4
    assert people.vera.json("dependency", "list") == []


def test_it_is_audited(people, file):
    people.admin.ok("dependency", "import", file("svc:a -> svc:b\n"))
    (record,) = people.admin.json("audit", "list", "--action", "object.edges")
    assert record["subject"] == "all", record
