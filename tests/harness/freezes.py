"""Calendars that close now, as tests declare them.

freezes = Freezes(changes); freezes.add("sales", approvers="sales-leads"); freezes.move("sales", hours=3)
"""
import datetime

EVENT = ("BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:{title}\r\n"
         "DTSTART:{start:%Y%m%dT%H%M%SZ}\r\nDTEND:{end:%Y%m%dT%H%M%SZ}\r\nEND:VEVENT\r\n")


class Freezes:
    """Each of one label, from an hour ago on."""

    def __init__(self, changes, **selector):
        self.changes, self.selector = changes, selector
        self.began = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)

    def event(self, uid="1", title="the sale", after=0, hours=12):
        start = self.began + datetime.timedelta(hours=after)
        return EVENT.format(uid=uid, title=title, start=start, end=start + datetime.timedelta(hours=hours))

    @staticmethod
    def text(*events):
        return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:t\r\n" + "".join(events) + "END:VCALENDAR\r\n"

    def add(self, name, *events, approvers=None, **more):
        body = {"name": name, "default": "open", "zone": "UTC", "selector": self.selector,
                "ics": self.text(*(events or (self.event(),))), **more}
        if approvers:
            body["approvers"] = approvers
        made = self.changes.ask("admin", "POST", "/api/v1/calendars", body)
        assert made.status == 201, made.body

    def set(self, name, **fields):
        path = f"/api/v1/calendars/{name}"
        etag = self.changes.ask("admin", "GET", path).headers["ETag"]
        done = self.changes.ask("admin", "PUT", path, fields, If_Match=etag)
        assert done.status == 200, done.body

    def remove(self, name):
        path = f"/api/v1/calendars/{name}"
        etag = self.changes.ask("admin", "GET", path).headers["ETag"]
        assert self.changes.ask("admin", "DELETE", path, If_Match=etag).status == 204
