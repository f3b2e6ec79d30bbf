"""Requests that mean harm, byte by byte: tests/api/hostile_http/*.txt.

No crash, no 5xx of ours, no connection that stays, no descriptor lost, nothing made that was not asked rightly.
"""
import concurrent.futures
import json
import re
import time
from pathlib import Path

import pytest
from harness import raw
from harness.contract import LIBRARY_STATUSES, contract
from process import wait_until

HERE = Path(__file__).parent / "hostile_http"
IDLE_S, REQUEST_S = 1, 3
SLACK_S = 15            # a loaded machine, and sanitizers
AT_ONCE = 24            # below the limit of connections an address
BODY = '{"name":"hostile"}'
GOOD = {"good", "more-of", "hostile-", "chunked", "trailers", "trailers2", "expectat", "our-own", "referer", "folded"}
WORDS = {"G": "GET /api/v1/me HTTP/1.1\r\n", "P": "POST /api/v1/groups HTTP/1.1\r\n", "H": "Host: localhost\r\n",
         "C": "Connection: close\r\n", "J": "Content-Type: application/json\r\n", "L": f"Content-Length: {len(BODY)}\r\n",
         "B": BODY}


def cases():
    for path in sorted(HERE.glob("*.txt")):
        for line in path.read_text().splitlines():
            if line and not line.startswith("#"):
                name, expected, text = line.split(" | ", 2)
                yield f"{path.stem}: {name}", statuses(expected), text


def statuses(text):
    """"200,400/none" -> [{200}, {400, None}]"""
    text = re.sub(r"<<(\w+)\*(\d+)>>", lambda match: ",".join([match[1]] * int(match[2])), text)
    return [{None if word == "none" else int(word) for word in one.split("/")} for one in text.split(",")]


def encode(text, token):
    words = {**WORDS, "T": f"Authorization: Bearer {token}\r\n", "TOKEN": token}
    plain = text.encode().decode("unicode_escape")
    plain = re.sub(r"\{([A-Z]+)\}", lambda match: words.get(match[1], match[0]), plain)
    plain = re.sub(r"<<(.*?)\*(\d+)>>", lambda match: match[1] * int(match[2]), plain, flags=re.S)
    return plain.encode("latin-1")


def complaint(name, expected, received, is_closed, took):
    if not is_closed:
        return "it is still open"
    if took > REQUEST_S + IDLE_S + SLACK_S:
        return f"it took {took:.1f} s"
    asked = ["HEAD"] if "HEAD" in name else []
    got = raw.answers(received, asked)
    for answer in got:
        if answer.status == 0:
            return f"it is no answer: {answer.body[:200]!r}"
        if answer.status >= 400 and answer.kind == "application/problem+json":
            if answer.status >= 500:
                return f"our own {answer.status}: {answer.body!r}"
            if asked:
                continue
            wrong = list(contract().problem.iter_errors(json.loads(answer.body)))
            if wrong:
                return f"{answer.status} is no problem: {answer.body!r}"
        elif answer.status >= 400 and answer.status not in LIBRARY_STATUSES:
            return f"{answer.status} is {answer.kind}"
    found = [answer.status for answer in got]
    ended = found + [None] * (len(expected) - len(found))
    if len(found) > len(expected) or any(one not in wanted for one, wanted in zip(ended, expected)):
        return f"answered {found}, wanted {expected}"
    return None


@pytest.fixture
def daemon(make_daemon):
    return make_daemon(idle_timeout=f"{IDLE_S}s", request_timeout=f"{REQUEST_S}s")


@pytest.fixture
def token(daemon):
    return daemon.admin_token_file.read_text().strip()


def groups(daemon, token):
    return {group["name"] for group in daemon.get("/api/v1/groups", token=token).json["items"]}


def test_the_corpus(daemon, token):
    corpus = list(cases())
    assert len(corpus) >= 200 and len({name for name, *_ in corpus}) == len(corpus)
    assert daemon.get("/api/v1/me", token=token).status == 200
    before, all_before = raw.connections(daemon), raw.descriptors(daemon)

    def run(case):
        name, expected, text = case
        try:
            return name, complaint(name, expected, *raw.talk(daemon, encode(text, token), REQUEST_S + IDLE_S + SLACK_S))
        except OSError as broken:
            return name, f"{broken}"

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        faults = [f"{name}: {fault}" for name, fault in pool.map(run, corpus) if fault]
    assert daemon.process.is_running(), daemon.log[-3000:]
    assert not faults, f"{len(faults)} of {len(corpus)}:\n" + "\n".join(faults)
    assert groups(daemon, token) <= GOOD
    assert not [line for line in daemon.log.splitlines() if line.startswith("error ")]
    wait_until(lambda: raw.connections(daemon) <= before, "the connections of before", REQUEST_S + SLACK_S)
    assert raw.descriptors(daemon) <= all_before + 8, "and a few of the daemon itself"
    print(f"{len(corpus)} cases")
