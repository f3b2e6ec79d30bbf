"""The checks see what they are there for: a small tree for each rule, once kept and once broken."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# How a path is written as the name of an argument.
ENDINGS = {"__": "/", "_c_": ".c", "_h_": ".h", "_md_": ".md", "_py_": ".py"}


def run_check(check, root, *more):
    command = [sys.executable, str(HERE / f"{check}.py"), str(root), *map(str, more)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not answer.stderr, answer.stderr
    return answer.returncode, answer.stdout


@pytest.fixture
def tree(tmp_path):
    def write(**files):
        for name, text in files.items():
            for mark, suffix in ENDINGS.items():
                name = name.replace(mark, suffix)
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path
    return write


GOOD_HEADER = "#ifndef A\n#define A\n#include <stdint.h>\nint64_t audit_one(void);\n#endif\n"


@pytest.mark.parametrize("check", ["floors", "tables", "headers", "words"])
def test_a_clean_tree_has_no_findings(tree, check):
    root = tree(audit__audit_h_=GOOD_HEADER, people__people_c_='#include "audit/audit.h"\n')
    code, said = run_check(check, root)
    assert (code, "0 findings" in said) == (0, True), said


@pytest.mark.parametrize("check", ["floors", "tables", "headers", "words", "docs"])
def test_an_empty_tree_is_no_success(tmp_path, check):
    assert run_check(check, tmp_path)[0] == 1


BROKEN = {
    "an include upward": ("floors", dict(people__people_h_="", audit__audit_c_='#include "people/people.h"\n'),
                          "audit/audit.c:1: audit may not include people/people.h"),
    "an include sideways through lib": ("floors", dict(lib__store__store_h_="", lib__base__a_c_='#include "lib/store/store.h"\n'),
                                        "lib/base may not include"),
    "a library outside its room": ("floors", dict(people__people_c_="\n#include <sqlite3.h>\n"),
                                   "people/people.c:2: includes <sqlite3.h>; only lib/store may"),
    "a library's folder outside its room": ("floors", dict(audit__audit_c_="#include <curl/curl.h>\n"), "includes <curl/curl.h>"),
    "HTTP in rules": ("floors", dict(lib__server__server_h_="", audit__audit_c_='#include "lib/server/server.h"\n'),
                      "only *_api files know HTTP"),
    "a verb that links a store": ("floors", dict(lib__store__store_h_="", people__people_h_='#include "lib/store/store.h"\n',
                                                 people__people_cli_c_='#include "people/people.h"\n'),
                                  "a verb reaches lib/store/store.h <- people/people.h <- people/people_cli.c"),
    "a folder without a row": ("floors", dict(audit__audit_h_="", extra__extra_c_='#include "audit/audit.h"\n'),
                               "give extra a row"),
    "a ring of headers": ("floors", dict(audit__a_h_='#include "audit/b.h"\n', audit__b_h_='#include "audit/a.h"\n'),
                          "include each other: audit/a.h -> audit/b.h -> audit/a.h"),
    "a test's header in the product": ("floors", dict(tests__unit__x_h_="", audit__audit_c_='#include "tests/unit/x.h"\n'),
                                       "which is a test's"),
    "SQL in a handler": ("tables", dict(people__people_api_c_='x("SELECT id "\n  "FROM person");\n'),
                         "people/people_api.c:1: SQL outside the store's rooms"),
    "another's table": ("tables", dict(people__people_schema_c_='"CREATE TABLE person (id TEXT) STRICT"',
                                       plans__plan_store_c_='\n"UPDATE person SET id = 1"'),
                        "plans/plan_store.c:2: writes table person, which is people's"),
    "reading another's table": ("tables", dict(people__people_schema_c_='"CREATE TABLE person (id TEXT) STRICT"',
                                               plans__plan_store_c_='"SELECT 1 FROM plan JOIN person"'),
                                "reads table person, which is people's"),
    "a loose table": ("tables", dict(people__people_schema_c_='"CREATE TABLE person (id TEXT)"'), "not STRICT"),
    "REPLACE": ("tables", dict(people__people_store_c_='"INSERT OR REPLACE INTO person VALUES (1)"'), "OR REPLACE"),
    "time in SQL": ("tables", dict(people__people_store_c_='"SELECT datetime(1)"'), "pass it in as a parameter"),
    "a header that leans on others": ("headers", dict(audit__audit_h_="int64_t audit_one(void);\n"), "audit/audit.h:1: does not compile alone"),
    "a header without a guard": ("headers", dict(audit__audit_h_="struct a { int b; };\n"), "does not compile alone"),
    "a promise": ("words", dict(audit__audit_c_="\n/* TO" + "DO later */\n"), "audit/audit.c:2: says TO" + "DO"),
    "a path of one machine": ("words", dict(notes_md_="see /ho" + "me/li/x\n"), "notes.md:1: names a path of one machine"),
    "a long file": ("words", dict(audit__audit_c_="\n" * 901), "has 901 lines"),
    "a long function": ("words", dict(audit__audit_c_="int f(void)\n{\n" + "\tg();\n" * 120 + "}\n"), "audit/audit.c:1: f has 123 lines"),
    "a document of nothing": ("docs", dict(notes_md_="look at\n`audit/gone.c` first\n"), "notes.md:2: names audit/gone.c"),
    "a test of nothing": ("docs", dict(notes_md_="run `ctest -R '^gone$'`\n"), "notes.md:1: runs gone, which is no test"),
    "a test that a file lacks": ("docs", dict(tests__unit__test_a_c_="START_TEST(one)", notes_md_="`tests/unit/test_a.c::two`\n"),
                                 "notes.md:1: names two, which is not in tests/unit/test_a.c"),
    "a dead link": ("docs", dict(notes_md_="[x](docs/gone.md)\n"), "notes.md:1: names docs/gone.md"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_tree_is_named_with_its_place(tree, name):
    check, files, finding = BROKEN[name]
    code, said = run_check(check, tree(**files))
    assert code == 1, said
    assert finding in said


KEPT = {
    "SQL words in a sentence": ("tables", dict(people__people_c_='x("select a person from the list, then update it");\n')),
    "SQL in a comment": ("tables", dict(people__people_c_="/* SELECT id FROM person */\n")),
    "a literal across a comment": ("words", dict(audit__audit_c_='x("a // b"); /* "open */ y("c");\n')),
    "a placeholder": ("docs", dict(notes_md_="write `noun_store.c` and `tests/unit/test_<room>.c`\n")),
    "a test that is there": ("docs", dict(tests__unit__test_a_c_="START_TEST(one)", tests__api__test_b_py_="",
                                          notes_md_="`tests/unit/test_a.c::one`, `ctest -R '^api_b$'`\n")),
    "a block of code": ("docs", dict(notes_md_="```\n`audit/gone.c`\n```\n")),
    "a test may look into any room": ("floors", dict(lib__store__s_h_="", tests__unit__t_c_='#include "lib/store/s.h"\n#include <sqlite3.h>\n')),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_only_looks_broken_is_left_alone(tree, name):
    check, files = KEPT[name]
    code, said = run_check(check, tree(**files))
    assert code == 0, said


def test_a_program_with_a_forbidden_library_is_named(tmp_path):
    (tmp_path / "x.c").write_text('const char *sqlite3_libversion(void);\nint main(void) { return !sqlite3_libversion(); }\n')
    for name in ("redbutton-runner", "redbutton", "redbuttond"):
        subprocess.run(["cc", "-o", tmp_path / name, tmp_path / "x.c", "-lsqlite3"], check=True)
    code, said = run_check("programs", tmp_path, tmp_path)
    assert code == 1
    assert "redbutton-runner:1: links libsqlite3" in said
    assert "redbutton:1: links libsqlite3" in said
    assert "redbuttond:1" not in said


def test_a_program_that_is_missing_is_named(tmp_path):
    code, said = run_check("programs", tmp_path, tmp_path)
    assert code == 1
    assert "there is no program redbutton-runner" in said


# --- the API document ---

def small_document():
    """One route, and all that it needs."""
    name = {"$ref": "#/components/schemas/Name"}
    asked = {"type": "object", "additionalProperties": False, "required": ["name"], "properties": {"name": name},
             "examples": [{"name": "a"}]}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Ask"}}}}
    post = {"operationId": "post_a", "tags": ["a"], "summary": "s", "security": [{"token": []}], "x-roles": ["admin"],
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": name}], "requestBody": body,
            "responses": {"201": {"description": "d"}, "400": {"description": "d"}}}
    return {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/a/{id}": {"post": post}},
            "components": {"schemas": {"Name": {"type": "string"}, "Ask": asked}, "parameters": {}, "headers": {},
                           "responses": {}}}


def lint_document(tmp_path, document, written=None):
    text = json.dumps(document) + "\n"
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "openapi.json").write_text(text if written is None else written)
    (tmp_path / "said").write_text(text)
    program = tmp_path / "redbuttond"
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/said\n")
    program.chmod(0o755)
    return run_check("openapi", tmp_path, tmp_path)


def test_a_sound_document_has_no_findings(tmp_path):
    code, said = lint_document(tmp_path, small_document())
    assert (code, "0 findings" in said) == (0, True), said


def test_a_document_that_the_program_does_not_say_is_found(tmp_path):
    code, said = lint_document(tmp_path, small_document(), written="{}")
    assert code == 1 and "is not what the program says" in said


def post_of(document):
    return document["paths"]["/a/{id}"]["post"]


BROKEN_DOCUMENTS = {
    "a schema that nobody gives": (lambda d: d["components"]["schemas"].pop("Ask"), "schemas/Ask is not there"),
    "a schema that nobody uses": (lambda d: d["components"]["schemas"].update(B={}), "schemas/B is used nowhere"),
    "a schema that is none": (lambda d: d["components"]["schemas"].update(Name={"type": 3}), "schema Name:"),
    "an example that does not fit": (lambda d: d["components"]["schemas"]["Ask"].update(examples=[{}]), "example 0"),
    "no example": (lambda d: d["components"]["schemas"]["Ask"].pop("examples"), "has no example"),
    "an open body": (lambda d: d["components"]["schemas"]["Ask"].pop("additionalProperties"), "takes any member"),
    "a member that is required only": (lambda d: d["components"]["schemas"]["Ask"].update(required=["b"]), "requires b"),
    "a parameter that is not in the path": (lambda d: post_of(d)["parameters"].clear(), "its path parameters are"),
    "no answer": (lambda d: post_of(d)["responses"].pop("201"), "says not what it answers"),
    "no summary": (lambda d: post_of(d).pop("summary"), "has no summary"),
    "roles without a login": (lambda d: post_of(d).update(security=[]), "told in two ways"),
    "two of a name": (lambda d: d["paths"].update({"/b": {"get": {**post_of(d), "parameters": []}}}), "two operations"),
}


@pytest.mark.parametrize("name", BROKEN_DOCUMENTS)
def test_a_broken_document_is_found(tmp_path, name):
    spoil, finding = BROKEN_DOCUMENTS[name]
    document = small_document()
    spoil(document)
    code, said = lint_document(tmp_path, document)
    assert code == 1 and finding in said, said
