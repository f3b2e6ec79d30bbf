/* The promises, looked at after every COMMIT and at every write. It reads the file by itself. */
#include "sim.h"

#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define RECENT_MS     12000 /* a read, a commit and a write without answer may take so long */
#define EFFECTS_MAX   4096
#define RUNS_MAX      16
#define IS(row, word) text_is_equal((row), (word))

static sqlite3 *db;

struct seen_effect {
	char id[ID_SIZE];
	char state[16];
};
static struct seen_effect effects[EFFECTS_MAX];
static size_t effect_count;

struct seen_run {
	char id[ID_SIZE];
	char state[40], before[40]; /* now, and at the COMMIT before */
	int64_t version;
	int locks;
	bool is_adopted; /* a person chose to write over another value */
};
static struct seen_run runs[RUNS_MAX];
static size_t run_count;

/* --- the file --- */

void sim_check_start(const char *path)
{
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		sim_fail("the checks cannot open the file");
	effect_count = run_count = 0;
	memset(runs, 0, sizeof(runs));
}

void sim_check_stop(void)
{
	sqlite3_close(db);
	db = NULL;
}

sqlite3_stmt *sim_query(const char *sql, const char *first, const char *second)
{
	sqlite3_stmt *rows;

	if (sqlite3_prepare_v2(db, sql, -1, &rows, NULL) != SQLITE_OK)
		sim_fail("%s: %s", sql, sqlite3_errmsg(db));
	if (first)
		sqlite3_bind_text(rows, 1, first, -1, SQLITE_TRANSIENT);
	if (second)
		sqlite3_bind_text(rows, 2, second, -1, SQLITE_TRANSIENT);
	sqlite3_step(rows);
	return rows;
}

const char *sim_column(sqlite3_stmt *rows, int column)
{
	return (const char *)sqlite3_column_text(rows, column);
}

static int64_t count(const char *sql, const char *first, const char *second)
{
	sqlite3_stmt *rows = sim_query(sql, first, second);
	int64_t number = sqlite3_column_int64(rows, 0);

	sqlite3_finalize(rows);
	return number;
}

/* --- runs --- */

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (text_is_equal(word, *words))
			return true;
	return false;
}

static bool is_terminal(const char *state)
{
	return execution_is_terminal(execution_state_of(state));
}

static struct seen_run *run_of(const char *id)
{
	for (size_t i = 0; i < run_count; i++)
		if (text_is_equal(runs[i].id, id))
			return &runs[i];
	if (run_count == RUNS_MAX)
		sim_fail("too many runs");
	snprintf(runs[run_count].id, ID_SIZE, "%s", id);
	return &runs[run_count++];
}

void sim_check_note_baseline(const char *execution_id)
{
	run_of(execution_id)->is_adopted = true;
}

/* A register that the run went back on reads what it was before. */
static void check_went_back(const char *id)
{
	sqlite3_stmt *rows = sim_query(
		"SELECT register, item.baseline FROM safety_item item JOIN effect ON "
		"effect.item_id "
		"= item.id WHERE item.execution_id = coalesce((SELECT restores_id FROM execution "
		"WHERE id = ?1 AND is_undo), ?1) AND item.state = 'CLOSED' AND item.closed_reason "
		"NOT LIKE 'kept%' AND NOT EXISTS (SELECT "
		"1 "
		"FROM safety_item other WHERE other.register_key = item.register_key AND "
		"other.id <> item.id AND (other.state <> 'CLOSED' OR other.closed_at_us >= "
		"item.closed_at_us))",
		id, NULL);

	for (; sim_column(rows, 0); sqlite3_step(rows)) {
		size_t cell = (size_t)sqlite3_column_int(rows, 0);

		if (!sim_cells[cell].was_foreign &&
			!text_is_equal(sim_value(cell), sim_column(rows, 1)))
			sim_fail("%s has rolled back, and %s is %s, not %s", id, sim_cell_key(cell),
				sim_value(cell), sim_column(rows, 1));
	}
	sqlite3_finalize(rows);
}

static void check_rolled_back(const char *id)
{
	if (count("SELECT count(*) FROM safety_item WHERE state <> 'CLOSED' AND execution_id = "
		  "coalesce((SELECT restores_id FROM execution WHERE id = ?1 AND is_undo), ?1)",
		    id, NULL))
		sim_fail("%s has rolled back and left items in effect", id);
	check_went_back(id);
}

static void check_terminal(const char *id, const char *state)
{
	bool is_plain = IS(state, "SUCCEEDED") || IS(state, "ROLLED_BACK");

	sim_counts.ends[execution_state_of(state)]++;
	if (count("SELECT count(*) FROM effect WHERE execution_id = ? AND state = 'INTENT'", id,
		    NULL))
		sim_fail("%s has ended as %s with an intent without outcome", id, state);
	if (is_plain && count("SELECT count(*) FROM execution_command WHERE execution_id = ? AND "
			      "(verb IN ('skip', 'mark') OR value = 'keep')",
				id, NULL))
		sim_fail("%s was told to skip, mark or keep, and has ended as plain %s", id, state);
	if (is_plain && count("SELECT count(*) FROM execution_node WHERE execution_id = ? AND "
			      "state IN ('SKIPPED', 'MARKED_DONE')",
				id, NULL))
		sim_fail("%s has a skipped step and has ended as plain %s", id, state);
	if (IS(state, "ROLLED_BACK"))
		check_rolled_back(id);
}

static void check_locks(struct seen_run *run)
{
	static const char *const WAITING[] = {"QUEUED", "PENDING_APPROVAL", NULL};
	int locks = (int)count(
		"SELECT count(*) FROM safety_lock WHERE execution_id = ?", run->id, NULL);

	if ((is_terminal(run->state) || is_one_of(run->state, WAITING)) && locks)
		sim_fail("%s is %s and has %d locks", run->id, run->state, locks);
	if (is_terminal(run->state) || is_one_of(run->state, WAITING))
		return;
	if (run->locks && run->locks != locks)
		sim_fail("%s is %s and has %d of its %d locks", run->id, run->state, locks,
			run->locks);
	run->locks = locks;
}

static void check_run(sqlite3_stmt *row)
{
	const char *id = sim_column(row, 0), *state = sim_column(row, 1);
	struct seen_run *run = run_of(id);
	int64_t version = sqlite3_column_int64(row, 2);
	bool is_same = text_is_equal(run->state, state);

	if (is_terminal(run->state) && run->version && (!is_same || version != run->version))
		sim_fail("%s was %s and is %s", id, run->state, state);
	if (version < run->version || (version == run->version && !is_same))
		sim_fail("%s went from %s to %s without a new version", id, run->state, state);
	if (IS(state, "PAUSED") && !sim_column(row, 3)[0])
		sim_fail("%s is PAUSED(%s) and does not say why", id, sim_column(row, 4));
	snprintf(run->before, sizeof(run->before), "%s", run->version ? run->state : state);
	snprintf(run->state, sizeof(run->state), "%s", state);
	if (!is_same)
		sim_trace("%s is %s(%s): %s", id, state, sim_column(row, 4), sim_column(row, 3));
	if (is_terminal(state) && !is_same)
		check_terminal(id, state);
	run->version = version;
	check_locks(run);
}

static void check_runs(void)
{
	sqlite3_stmt *rows =
		sim_query("SELECT id, state, version, message, reason FROM execution ORDER BY id",
			NULL, NULL);

	for (; sim_column(rows, 0); sqlite3_step(rows))
		check_run(rows);
	sqlite3_finalize(rows);
}

/* --- effects --- */

enum { ID, STATE, RUN, DIRECTION, REGISTER, BASELINE, ITEM, SEQ, GROUP, PATH, WANTED };
#define EFFECT_COLUMNS                                                                             \
	"id, state, execution_id, direction, register, baseline, item_id, seq, group_path, path, " \
	"wanted"

static struct seen_effect *effect_of(const char *id)
{
	for (size_t i = effect_count; i-- > 0;)
		if (text_is_equal(effects[i].id, id))
			return &effects[i];
	return NULL;
}

/* The values it was decided on are those of the world. */
static void check_baseline(sqlite3_stmt *row)
{
	size_t cell = (size_t)sqlite3_column_int(row, REGISTER);
	const struct sim_cell *one = &sim_cells[cell];

	if (one->foreign_ms && sim_now_ms - one->foreign_ms < RECENT_MS)
		return;
	if (!text_is_equal(sim_value(cell), sim_column(row, BASELINE)))
		sim_fail("the intent %s at %s says that %s is %s, and it is %s",
			sim_column(row, ID), sim_column(row, PATH), sim_cell_key(cell),
			sim_column(row, BASELINE), sim_value(cell));
}

/* Rolling back goes from the newest effect to the oldest. */
static void check_order(sqlite3_stmt *row)
{
	sqlite3_stmt *later;

	if (!sim_column(row, ITEM))
		return;
	/* an item whose latest effect is newer than that of this one, first tried after it */
	later = sim_query(
		"WITH newest AS (SELECT item_id, max(seq) AS seq FROM effect JOIN safety_item ON "
		"safety_item.id = item_id AND safety_item.execution_id = effect.execution_id WHERE "
		"direction = 'do' GROUP BY item_id), own AS (SELECT * FROM effect WHERE id = ?1) "
		"SELECT a.path FROM effect a, own WHERE a.direction = 'undo' AND a.execution_id = "
		"own.execution_id AND a.item_id <> own.item_id AND a.group_path <> own.group_path "
		"AND a.seq < own.seq AND NOT EXISTS (SELECT 1 FROM effect f WHERE f.direction = "
		"'undo' AND f.item_id = own.item_id AND f.seq < a.seq) AND (SELECT seq FROM newest "
		"WHERE item_id = a.item_id) < (SELECT seq FROM newest WHERE item_id = ?2)",
		sim_column(row, ID), sim_column(row, ITEM));
	if (sim_column(later, 0))
		sim_fail("%s was undone before %s, which is newer", sim_column(later, 0),
			sim_column(row, PATH));
	sqlite3_finalize(later);
}

static void check_new(sqlite3_stmt *row)
{
	static const char *const FORWARD[] = {"RUNNING", "MONITORING", NULL};
	static const char *const AT_ONCE[] = {"INTENT", "NOOP", "CONFLICT", "REFUSED", NULL};
	bool is_undo = IS(sim_column(row, DIRECTION), "undo");
	const struct seen_run *run = run_of(sim_column(row, RUN));
	const char *state = sim_column(row, STATE);

	if (!is_one_of(state, AT_ONCE))
		sim_fail(
			"effect at %s is %s and never was an INTENT", sim_column(row, PATH), state);
	if (is_undo)
		check_order(row);
	if (!IS(state, "INTENT"))
		return;
	sim_counts.intents++;
	sim_counts.undos += is_undo;
	check_baseline(row);
	if (is_undo ? !IS(run->state, "ROLLING_BACK") && !IS(run->before, "ROLLING_BACK")
		    : !is_one_of(run->state, FORWARD) && !is_one_of(run->before, FORWARD))
		sim_fail("an intent to %s at %s while the run is %s", is_undo ? "undo" : "do",
			sim_column(row, PATH), run->state);
}

static void check_change(sqlite3_stmt *row, const struct seen_effect *seen)
{
	const char *state = sim_column(row, STATE);
	bool is_marked = IS(seen->state, "IN_DOUBT") &&
			 (IS(state, "CONFIRMED") || IS(state, "REFUSED")) &&
			 count("SELECT count(*) FROM execution_command WHERE execution_id = ? AND "
			       "verb = 'mark'",
				 sim_column(row, RUN), NULL);

	sim_counts.outcomes++;
	sim_counts.conflicts += IS(state, "CONFLICT");
	if (!IS(seen->state, "INTENT") && !is_marked)
		sim_fail("the outcome of %s was %s and became %s", sim_column(row, PATH),
			seen->state, state);
}

static void check_effects(void)
{
	sqlite3_stmt *rows = sim_query(
		"SELECT " EFFECT_COLUMNS " FROM effect ORDER BY execution_id, seq", NULL, NULL);

	for (; sim_column(rows, ID); sqlite3_step(rows)) {
		struct seen_effect *seen = effect_of(sim_column(rows, ID));

		if (seen && IS(seen->state, sim_column(rows, STATE)))
			continue;
		if (seen) {
			check_change(rows, seen);
		} else {
			check_new(rows);
			if (effect_count == EFFECTS_MAX)
				sim_fail("too many effects");
			seen = &effects[effect_count++];
			snprintf(seen->id, ID_SIZE, "%s", sim_column(rows, ID));
		}
		sim_trace("effect %s %s at %s of %s is %s (%s -> %s)", sim_column(rows, ID),
			sim_column(rows, DIRECTION), sim_column(rows, PATH),
			sim_cell_key((size_t)sqlite3_column_int(rows, REGISTER)),
			sim_column(rows, STATE), sim_column(rows, BASELINE),
			sim_column(rows, WANTED));
		snprintf(seen->state, sizeof(seen->state), "%s", sim_column(rows, STATE));
	}
	sqlite3_finalize(rows);
}

static void check_items(void)
{
	if (count("SELECT count(*) FROM safety_item WHERE state <> 'CLOSED' GROUP BY register_key, "
		  "execution_id HAVING count(*) > 1",
		    NULL, NULL))
		sim_fail("a run has two items on one register");
	if (count("SELECT count(*) FROM safety_item WHERE state <> 'CLOSED' GROUP BY register_key, "
		  "position HAVING count(*) > 1",
		    NULL, NULL))
		sim_fail("two items have one place in the stack");
	if (count("SELECT count(*) FROM safety_item item WHERE state = 'UNCONFIRMED' AND NOT "
		  "EXISTS (SELECT 1 FROM effect WHERE item_id = item.id AND state = 'INTENT')",
		    NULL, NULL))
		sim_fail("an item is UNCONFIRMED and nothing is on its way");
}

void sim_check_commit(void)
{
	check_runs();
	check_effects();
	check_items();
}

/* --- writes --- */

enum { E_ID, E_WANTED, E_BASELINE, E_DIRECTION, E_RUN, E_PREVIOUS };

static sqlite3_stmt *intent_on(size_t cell)
{
	return sim_query(
		"SELECT effect.id, wanted, effect.baseline, direction, "
		"effect.execution_id, previous FROM effect LEFT JOIN safety_item ON "
		"safety_item.id = item_id WHERE effect.register_key = ? AND effect.state = "
		"'INTENT'",
		sim_cell_key(cell), NULL);
}

void sim_check_send(size_t cell, const char *value)
{
	sqlite3_stmt *row = intent_on(cell);
	struct sim_cell *one = &sim_cells[cell];

	if (!sim_column(row, E_ID))
		sim_fail("%s is written without an intent on disk", sim_cell_key(cell));
	if (!text_is_equal(sim_column(row, E_WANTED), value))
		sim_fail("%s is written as %s, the intent says %s", sim_cell_key(cell), value,
			sim_column(row, E_WANTED));
	if (text_is_equal(one->effect_id, sim_column(row, E_ID))) {
		sim_counts.resends++;
		if (one->life != sim_life || one->read_ms < one->sent_ms || !one->was_read ||
			!text_is_equal(one->read_there ? one->read_value : NULL,
				sim_column(row, E_BASELINE)))
			sim_fail("%s is sent again without a look that found the baseline",
				sim_cell_key(cell));
	}
	snprintf(one->effect_id, sizeof(one->effect_id), "%s", sim_column(row, E_ID));
	one->sent_ms = sim_now_ms;
	if (sqlite3_step(row) == SQLITE_ROW)
		sim_fail("%s has two intents at once", sim_cell_key(cell));
	sqlite3_finalize(row);
}

void sim_check_land(size_t cell, const char *value)
{
	sqlite3_stmt *row = intent_on(cell);
	const struct sim_cell *one = &sim_cells[cell];
	bool is_undo = IS(sim_column(row, E_DIRECTION), "undo");

	(void)value;
	if (is_undo && one->was_foreign && !run_of(sim_column(row, E_RUN))->is_adopted &&
		!text_is_equal(sim_value(cell), sim_column(row, E_PREVIOUS)) &&
		(one->has_versions || sim_now_ms - one->foreign_ms > RECENT_MS))
		sim_fail("an undo overwrites %s of %s, which somebody else set", sim_value(cell),
			sim_cell_key(cell));
	sqlite3_finalize(row);
}
