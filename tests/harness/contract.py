"""Every answer that the harness is given is held against docs/openapi.json: an unknown route, a
status that is not listed or another shape is a failure of the test that asked.

The document lets answers grow, so that clients go on working; a test is told of every member that
the document does not name.
"""
import copy
import json
import urllib.parse
from pathlib import Path

import jsonschema

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"
JSON, PROBLEM = "application/json", "application/problem+json"
# What libmicrohttpd answers by itself to what is no HTTP, with a page of its own.
LIBRARY_STATUSES = {400, 413, 414, 431, 501, 505}
ITEMS_LOOKED_AT = 100


class BrokenContract(AssertionError):
    pass


class Contract:
    def __init__(self, document=None):
        self.document = document or json.loads(DOCUMENT.read_text())
        self.schemas = self.document["components"]["schemas"]
        self.operations = [Operation(self, path, method, told) for path, methods in self.document["paths"].items()
                           for method, told in methods.items()]
        self.problem = self.validator({"$ref": "#/components/schemas/Problem"})
        self.seen = set()

    def resolve(self, thing):
        while "$ref" in thing:
            found = self.document
            for part in thing["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            thing = {**found, **{key: value for key, value in thing.items() if key != "$ref"}}
        return thing

    def closed(self, schema):
        """As written out without references; an object of named members has no others."""
        schema = dict(self.resolve(schema))
        if "allOf" in schema:
            parts = [self.resolve(part) for part in schema.pop("allOf")]
            schema["type"] = "object"
            schema["properties"] = {name: value for part in parts for name, value in part["properties"].items()}
            schema["required"] = [name for part in parts for name in part.get("required", [])]
        if "properties" in schema:
            schema["properties"] = {name: self.closed(value) for name, value in schema["properties"].items()}
            schema.setdefault("additionalProperties", False)
        for word in ("items", "additionalProperties", "propertyNames"):
            if isinstance(schema.get(word), dict):
                schema[word] = self.closed(schema[word])
        for word in ("anyOf", "oneOf"):
            if word in schema:
                schema[word] = [self.closed(part) for part in schema[word]]
        return schema

    def validator(self, schema):
        return jsonschema.Draft202012Validator(self.closed(copy.deepcopy(schema)))

    def operation(self, method, path):
        """The operation, "path" when only the path is known, or None."""
        segments = [urllib.parse.unquote(part) for part in path.split("?")[0].split("/")[1:]]
        same = [operation for operation in self.operations if operation.matches(segments)]
        best = max(same, key=lambda operation: operation.literals, default=None)
        if not best:
            return None
        wanted = "get" if method == "HEAD" else method.lower() if method.isupper() else None
        return next((operation for operation in same if operation.path == best.path and operation.method == wanted),
                    "path")

    def check(self, method, path, sent, reply):
        """sent: the body as bytes or None."""
        try:
            self._check(method, path, sent, reply)
        except BrokenContract as broken:
            raise BrokenContract(f"{method} {path} answered {reply.status}: {broken}\n{reply.body[:2000]!r}") from None

    def _check(self, method, path, sent, reply):
        kind = (reply.headers["Content-Type"] or "").split(";")[0]
        if kind in ("", "text/html") and reply.status in LIBRARY_STATUSES and method != "HEAD":
            return
        operation = self.operation(method, path)
        if operation in (None, "path"):
            self._check_refused(operation, method, kind, reply)
            return
        self.seen.add((operation.id, reply.status))
        operation.check(kind, reply, is_bare=method == "HEAD")
        if 200 <= reply.status < 300:
            operation.check_asked(path, sent)

    def _check_refused(self, found, method, kind, reply):
        allowed = {400, 404, 403, 503} if found is None else {400, 403, 404, 405, 503}
        if reply.status not in allowed:
            raise BrokenContract("there is no such route in the document")
        if kind != PROBLEM or (method != "HEAD" and _first(self.problem, reply.json)):
            raise BrokenContract("it is no problem+json")


class Operation:
    def __init__(self, contract, path, method, told):
        self.contract, self.path, self.method, self.told = contract, path, method, told
        self.id = told["operationId"]
        self.segments = path.split("/")[1:]
        self.literals = [not part.startswith("{") for part in self.segments]
        self.parameters = [contract.resolve(parameter) for parameter in told.get("parameters", [])]
        self.answers = {int(status): contract.resolve(answer) for status, answer in told["responses"].items()}
        self.validators = {}

    def matches(self, segments):
        return len(segments) == len(self.segments) and all(
            not is_literal or mine == given
            for mine, given, is_literal in zip(self.segments, segments, self.literals))

    def named(self, where):
        return {parameter["name"]: parameter for parameter in self.parameters if parameter["in"] == where}

    @property
    def asked(self):
        """Schema of the JSON body, or None."""
        return self.told.get("requestBody", {}).get("content", {}).get(JSON, {}).get("schema")

    @property
    def takes_text(self):
        return "text/plain" in self.told.get("requestBody", {}).get("content", {})

    def validator_of(self, key, schema):
        if key not in self.validators:
            self.validators[key] = self.contract.validator(schema)
        return self.validators[key]

    def check(self, kind, reply, is_bare):
        answer = self.answers.get(reply.status)
        if not answer:
            raise BrokenContract(f"the document lists {sorted(self.answers)}")
        has_etag, wants_etag = "ETag" in reply.headers, "ETag" in answer.get("headers", {})
        if has_etag != wants_etag:
            raise BrokenContract(f"it has {'an' if has_etag else 'no'} ETag")
        if has_etag:
            header = self.contract.resolve(answer["headers"]["ETag"])
            wrong = _first(self.validator_of("ETag", header["schema"]), reply.headers["ETag"])
            if wrong:
                raise BrokenContract(f"its ETag: {wrong}")
        content = answer.get("content", {})
        if not content:
            if reply.body:
                raise BrokenContract("it has a body")
            return
        if kind not in content:
            raise BrokenContract(f"it is {kind}, not {' or '.join(content)}")
        if not is_bare and kind in (JSON, PROBLEM):
            self._check_body(reply, content[kind]["schema"])

    def _check_body(self, reply, schema):
        wrong = _first(self.validator_of(reply.status, schema), _shortened(reply.json))
        if wrong:
            raise BrokenContract(wrong)
        if reply.status >= 400 and reply.json.get("status", reply.status) != reply.status:
            raise BrokenContract("its status is another one inside")

    def check_asked(self, path, sent):
        """What was carried out must be what the document lets somebody ask."""
        query = urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query, keep_blank_values=True)
        for name, _ in query:
            if name not in self.named("query"):
                raise BrokenContract(f"it took the parameter {name}, which the document does not name")
        if not sent or (self.takes_text and not sent.lstrip().startswith(b"{")):
            return
        given = json.loads(sent)
        wrong = _first(self.validator_of("asked", self.asked), given) if self.asked else given
        if wrong:
            raise BrokenContract(f"it took a body that the document refuses: {wrong}")


def _shortened(answer):
    """Long lists are looked at in part: each item is of one make."""
    if isinstance(answer, dict) and isinstance(answer.get("items"), list):
        return {**answer, "items": answer["items"][:ITEMS_LOOKED_AT]}
    return answer


def _first(validator, value):
    error = jsonschema.exceptions.best_match(validator.iter_errors(value))
    return error and f"at {error.json_path}: {error.message[:600]}"


_contract = []


def contract():
    """One for the whole test process."""
    if not _contract:
        _contract.append(Contract())
    return _contract[0]
