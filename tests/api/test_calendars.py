"""Freezes and windows: put as iCalendar text, asked for a moment and a target."""
import datetime

import pytest

NEXT = datetime.datetime.now(datetime.timezone.utc).year + 1
HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\n"
TAIL = "END:VCALENDAR\r\n"


def event(uid, start, end, title="Freeze", more=""):
    return (f"BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:{title}\r\n"
            f"DTSTART:{start}\r\nDTEND:{end}\r\n{more}END:VEVENT\r\n")


YEARLY = event("d11", "20261111T000000", "20261112T000000", "双十一", "RRULE:FREQ=YEARLY\r\n")


@pytest.fixture
def calendar(people, tmp_path):
    """calendar(name, events, flags ...) puts one."""
    def put(name, *events, flags=()):
        path = tmp_path / f"{name}.ics"
        path.write_text(HEAD + "".join(events) + TAIL, encoding="utf-8", newline="")
        return people.admin.json("calendar", "add", name, path, *flags)
    return put


def state(people, at, *flags):
    return people.vera.json("calendar", "state", "--at", at, *flags)


def test_a_freeze_closes_what_is_open_and_says_until_when(people, calendar):
    made = calendar("sales", YEARLY, flags=("--zone", "Asia/Shanghai"))
    assert made["default"] == "open" and made["digest"].startswith("sha256:")
    before = state(people, f"{NEXT}-11-10T15:59:59Z")
    assert before["state"] == "open" and before["next_transition"] == f"{NEXT}-11-10T16:00:00.000000Z"
    during = state(people, f"{NEXT}-11-10T16:00:00Z")
    assert during["state"] == "closed" and during["next_transition"] == f"{NEXT}-11-11T16:00:00.000000Z"
    [reason] = during["reasons"]
    assert (reason["calendar"], reason["why"], reason["event"]) == ("sales", "freeze", "双十一")
    assert state(people, f"{NEXT}-11-11T16:00:00Z")["state"] == "open"


def test_windows_open_what_is_closed(people, calendar):
    calendar("nights", event("n", f"{NEXT}0105T200000Z", f"{NEXT}0105T220000Z", "Night"),
             flags=("--default", "closed"))
    before = state(people, f"{NEXT}-01-05T19:00:00Z")
    assert before["state"] == "closed" and before["reasons"][0]["why"] == "no_window"
    assert before["reasons"][0]["until"] == f"{NEXT}-01-05T20:00:00.000000Z"
    assert state(people, f"{NEXT}-01-05T20:00:00Z")["state"] == "open"


def test_one_closed_calendar_that_matches_is_enough(people, calendar):
    calendar("sales", YEARLY, flags=("--label", "service=checkout"))
    calendar("always", event("a", f"{NEXT - 1}0101T000000Z", f"{NEXT + 1}0101T000000Z"), flags=("--default", "closed"))
    at = f"{NEXT}-11-11T12:00:00Z"
    assert state(people, at, "--service", "search")["state"] == "open"
    assert state(people, at, "--service", "checkout")["state"] == "closed"
    assert state(people, at)["state"] == "open", "a selector asks for its label"


def test_what_is_not_known_is_closed(people, calendar):
    calendar("feed", YEARLY, flags=("--max-age", "1h"))
    [reason] = state(people, f"{NEXT}-06-01T00:00:00Z")["reasons"]
    assert reason["why"] == "stale"
    people.admin.ok("calendar", "remove", "feed", "--yes")
    calendar("long", YEARLY)
    assert state(people, f"{NEXT + 13}-06-01T00:00:00Z")["reasons"][0]["why"] == "stale"


def test_advisory_events_only_tell(people, calendar):
    calendar("hints", event("h", f"{NEXT}0105T200000Z", f"{NEXT}0105T220000Z", "Busy", "TRANSP:TRANSPARENT\r\n"))
    answer = state(people, f"{NEXT}-01-05T21:00:00Z")
    assert answer["state"] == "open" and answer["reasons"][0]["why"] == "advisory"


def test_a_change_keeps_the_rest_and_is_seen_at_once(people, calendar, tmp_path):
    calendar("sales", YEARLY, flags=("--zone", "Asia/Shanghai", "--overrun", "kill", "--grace", "5m"))
    changed = people.admin.json("calendar", "set", "sales", "--zone", "UTC")
    assert changed["overrun"] == "kill" and changed["grace_ms"] == 300000 and changed["version"] == 2
    assert state(people, f"{NEXT}-11-10T16:00:00Z")["state"] == "open"
    assert state(people, f"{NEXT}-11-11T00:00:00Z")["state"] == "closed"
    windows = people.vera.json("calendar", "windows", "sales")
    assert windows[0]["start"][4:].startswith("-11-11T00:00")


@pytest.mark.parametrize("body, field", [
    ({"name": "state"}, "name"),
    ({"name": "x", "default": "shut"}, "default"),
    ({"name": "x", "zone": "Mars/Olympus"}, "zone"),
    ({"name": "x", "overrun": "maybe"}, "overrun"),
    ({"name": "x", "approvers": "nobody-such"}, "approvers"),
    ({"name": "x", "selector": {"service": 1}}, "selector.service"),
    ({"name": "x", "grace_ms": -1}, "grace_ms"),
    ({"name": "x", "max_age_ms": 10**15}, "max_age_ms"),
    ({"name": "x", "ics": HEAD}, "ics"),
    ({"name": "x", "ics": HEAD + TAIL}, "ics"),
    ({"name": "x", "colour": "red"}, "colour"),
])
def test_bad_input_names_the_field_and_changes_nothing(daemon, people, body, field):
    reply = daemon.post("/api/v1/calendars", {"ics": HEAD + YEARLY + TAIL, **body},
                        token=people.token("admin"))
    assert reply.status == 400 and reply.json["field"] == field, reply.json
    assert people.vera.json("calendar", "list") == []


def test_only_admins_put_and_all_of_it_is_audited(people, calendar, tmp_path):
    calendar("sales", YEARLY)
    path = tmp_path / "other.ics"
    path.write_text(HEAD + YEARLY + TAIL, encoding="utf-8")
    refused = people.alice.fails("calendar", "add", "mine", path)
    assert refused.code == 4
    people.admin.ok("calendar", "remove", "sales", "--yes")
    actions = [record["action"] for record in people.admin.json("audit", "list", "--limit", 50)]
    assert "calendar.create" in actions and "calendar.remove" in actions
