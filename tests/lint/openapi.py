#!/usr/bin/env python3
"""docs/openapi.json is what `redbuttond --print-openapi` says, and is a sound OpenAPI 3.1 document.

    openapi.py ROOT BIN          looks
    openapi.py ROOT BIN --fix    writes docs/openapi.json anew
"""
import re
import subprocess
import sys

import json
import jsonschema
import source

DOCUMENT = "docs/openapi.json"
OPERATION = {"operationId", "tags", "summary", "security", "x-roles", "parameters", "requestBody", "responses"}
SCHEMA_LISTS = ("anyOf", "oneOf", "allOf")


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def target_of(document, reference):
    found = document
    for part in reference.removeprefix("#/").split("/"):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def check_references(document):
    used = set(references(document))
    for reference in sorted(used):
        if target_of(document, reference) is None:
            yield f"{reference} is not there"
    for kind in ("schemas", "parameters", "headers", "responses"):
        for name in document["components"][kind]:
            if f"#/components/{kind}/{name}" not in used:
                yield f"{kind}/{name} is used nowhere"


def subschemas(schema, path):
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from subschemas(inner, f"{path}.{name}")
    for word in ("items", "additionalProperties", "propertyNames"):
        if isinstance(schema.get(word), dict):
            yield from subschemas(schema[word], f"{path}.{word}")
    for word in SCHEMA_LISTS:
        for number, inner in enumerate(schema.get(word, [])):
            yield from subschemas(inner, f"{path}.{word}[{number}]")


def check_grammar(document):
    for name, schema in document["components"]["schemas"].items():
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as wrong:
            yield f"schema {name}: {wrong.message}"


def check_schema(document, name, schema):
    for path, part in subschemas(schema, name):
        for missing in set(part.get("required", [])) - set(part.get("properties", {})):
            if part.get("properties"):
                yield f"schema {path}: requires {missing}, which it does not name"
        validator = jsonschema.Draft202012Validator({**part, "components": document["components"]})
        for number, example in enumerate(part.get("examples", [])):
            for error in validator.iter_errors(example):
                yield f"schema {path}: example {number}: {error.message[:200]}"


def check_operation(document, path, method, told):
    where = f"{method.upper()} {path}"
    for missing in sorted((OPERATION - {"parameters", "requestBody"}) - set(told)):
        yield f"{where}: has no {missing}"
    for unknown in sorted(set(told) - OPERATION):
        yield f"{where}: has {unknown}"
    parameters = [target_of(document, one["$ref"]) if "$ref" in one else one for one in told.get("parameters", [])]
    named = [(one["in"], one["name"]) for one in parameters]
    if len(set(named)) != len(named):
        yield f"{where}: names a parameter twice"
    in_path = {name for place, name in named if place == "path"}
    if in_path != set(re.findall(r"\{(\w+)\}", path)):
        yield f"{where}: its path parameters are {sorted(in_path)}"
    statuses = set(told["responses"])
    if not any(status.startswith("2") for status in statuses) or "400" not in statuses:
        yield f"{where}: says not what it answers"
    if bool(told["x-roles"]) != bool(told["security"]):
        yield f"{where}: who may ask is told in two ways"
    yield from check_asked(document, where, told)


def check_asked(document, where, told):
    asked = told.get("requestBody", {}).get("content", {}).get("application/json")
    if not asked:
        return
    schema = target_of(document, asked["schema"]["$ref"])
    if not schema.get("examples"):
        yield f"{where}: its body has no example"
    if schema.get("additionalProperties") is not False:
        yield f"{where}: its body takes any member"


def check(document):
    if document.get("openapi") != "3.1.0" or not document["info"].get("version"):
        yield "it is no OpenAPI 3.1.0 document with a version"
    unsound = [*check_references(document), *check_grammar(document)]
    yield from unsound
    if unsound:
        return      # what follows reads through both
    for name, schema in document["components"]["schemas"].items():
        yield from check_schema(document, name, schema)
    ids = [told["operationId"] for methods in document["paths"].values() for told in methods.values()]
    for double in sorted({name for name in ids if ids.count(name) > 1}):
        yield f"two operations are called {double}"
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            yield from check_operation(document, path, method, told)


def main(argv):
    root, program = source.root_of(argv), argv[2] + "/redbuttond"
    told = subprocess.run([program, "--print-openapi"], capture_output=True, text=True, check=False)
    findings = source.Findings("openapi")
    if told.returncode:
        findings.add("main/app.c", 1, told.stderr.strip(), "give the schema in the *_api.json beside the routes")
        return findings.end()
    if "--fix" in argv:
        (root / DOCUMENT).write_text(told.stdout)
    document = json.loads(told.stdout)
    if not (root / DOCUMENT).is_file() or source.read(root, DOCUMENT) != told.stdout:
        findings.add(DOCUMENT, 1, "is not what the program says", "tests/lint/openapi.py . build/asan/bin --fix")
    findings.looked_at = sum(len(methods) for methods in document["paths"].values())
    for what in check(document):
        findings.add(DOCUMENT, 1, what, "the row is in *_api.c, the schema in the *_api.json beside it")
    return findings.end()


if __name__ == "__main__":
    source.run(main)
