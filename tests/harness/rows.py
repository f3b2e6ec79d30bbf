"""Whether anything changed: a digest of every table of a daemon's database."""
import hashlib
import sqlite3
import time

# The audit is looked at by itself; the engine says every few seconds that it lives.
LEFT_OUT = ("audit", "sqlite_", "executor_life")
# When a token or a peer was last used.
USE = ("used_at_us", "touched_at_us")
# A change whose metrics are about to be read gets its verdict by itself.
VERIFYING = "SELECT 1 FROM change WHERE state = 'verifying' AND verdict IS NULL"


class Rows:
    """What the database holds: a digest of each table, and the audit's records."""

    def __init__(self, daemon):
        self.path = daemon.data_dir / "redbutton.db"

    def read(self):
        with sqlite3.connect(f"file:{self.path}?mode=ro", uri=True) as db:
            db.execute("BEGIN")     # one moment for all: a commit between two tables would be in one alone
            names = [name for name, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
            tables = {name: self._digest(db, name) for name in names if not name.startswith(LEFT_OUT)}
            self.audit = list(db.execute("SELECT seq, action FROM audit ORDER BY seq"))
            self.is_verifying = bool(db.execute(VERIFYING).fetchone())
        db.close()
        return tables

    def read_at_rest(self):
        """When nothing has moved for a moment: what the operation before asked for goes on by itself."""
        now = self.read()
        for _ in range(1000):
            time.sleep(0.05)
            last, now = now, self.read()
            if now == last and not self.is_verifying:
                return now
        raise AssertionError("the daemon does not come to rest")

    @staticmethod
    def _digest(db, name):
        rows = hashlib.sha256()
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({name})") if row[1] not in USE]
        for row in db.execute(f"SELECT {', '.join(columns)} FROM {name} ORDER BY 1"):
            rows.update(repr(row).encode())
        return rows.hexdigest()
