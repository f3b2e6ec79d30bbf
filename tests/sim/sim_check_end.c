/* What must hold when the dust has settled. */
#include "sim.h"

#include "lib/base/text.h"

void sim_check_taken_over(bool was_long)
{
	sqlite3_stmt *rows = sim_query("SELECT id, state FROM execution WHERE state IN ('RUNNING', "
				       "'MONITORING', 'ROLLING_BACK')",
		NULL, NULL);

	if (was_long && sim_column(rows, 0))
		sim_fail("%s is %s though the daemon was away for long", sim_column(rows, 0),
			sim_column(rows, 1));
	sqlite3_finalize(rows);
}

/* Every run has ended or asks somebody; one that waits for locks waits for one that asks. */
void sim_check_quiet(void)
{
	sqlite3_stmt *rows = sim_query("SELECT id, state FROM execution WHERE ended_at_us = 0 AND "
				       "state NOT IN ('PAUSED', 'QUEUED')",
		NULL, NULL);
	bool is_asked;

	if (sim_column(rows, 0))
		sim_fail("%s is %s for ever", sim_column(rows, 0), sim_column(rows, 1));
	sqlite3_finalize(rows);
	rows = sim_query("SELECT 1 FROM execution WHERE state = 'PAUSED'", NULL, NULL);
	is_asked = sim_column(rows, 0) != NULL;
	sqlite3_finalize(rows);
	rows = sim_query("SELECT id FROM execution WHERE state = 'QUEUED'", NULL, NULL);
	if (sim_column(rows, 0) && !is_asked)
		sim_fail("%s is QUEUED behind nobody", sim_column(rows, 0));
	sqlite3_finalize(rows);
}

/* A person once left another value there. */
static bool was_kept(size_t cell)
{
	sqlite3_stmt *row = sim_query("SELECT 1 FROM safety_item WHERE register_key = ? AND "
				      "closed_reason LIKE 'kept%'",
		sim_cell_key(cell), NULL);
	bool was = sim_column(row, 0) != NULL;

	sqlite3_finalize(row);
	return was;
}

enum { STATE, OURS };

static bool check_top(size_t cell)
{
	const struct sim_cell *one = &sim_cells[cell];
	sqlite3_stmt *row = sim_query("SELECT state, ours FROM safety_item WHERE register_key = ? "
				      "AND state <> 'CLOSED' ORDER BY position DESC LIMIT 1",
		sim_cell_key(cell), NULL);
	bool is_there = sim_column(row, 0) != NULL;

	if (is_there && text_is_equal(sim_column(row, STATE), "IN_EFFECT") &&
		!one->was_ever_foreign && !was_kept(cell) &&
		!text_is_equal(sim_value(cell), sim_column(row, OURS)))
		sim_fail("%s is %s, and the item in effect says %s", sim_cell_key(cell),
			sim_value(cell), sim_column(row, OURS));
	if (is_there && text_is_equal(sim_column(row, STATE), "UNCONFIRMED"))
		sim_fail("%s has an item that nobody confirms any more", sim_cell_key(cell));
	sqlite3_finalize(row);
	return is_there;
}

/* Nothing is listed: then the register is as the last item found it. */
static void check_clear(size_t cell)
{
	const struct sim_cell *one = &sim_cells[cell];
	sqlite3_stmt *row =
		sim_query("SELECT closed_reason, baseline FROM safety_item WHERE "
			  "register_key = ? ORDER BY closed_at_us DESC, position LIMIT 1",
			sim_cell_key(cell), NULL);
	bool is_kept = was_kept(cell);

	if (one->is_ours && !is_kept && !text_is_equal(sim_value(cell), sim_column(row, 1)))
		sim_fail("%s is %s, and nothing in effect is listed (last: %s)", sim_cell_key(cell),
			sim_value(cell), sim_column(row, 0));
	if (!is_kept && !one->was_ever_foreign && !one->was_ever_altered &&
		!text_is_equal(sim_value(cell), one->initial_there ? one->initial : NULL))
		sim_fail("%s was %s in the beginning, is %s, and nothing is listed",
			sim_cell_key(cell), one->initial, sim_value(cell));
	sqlite3_finalize(row);
}

void sim_check_end(void)
{
	sqlite3_stmt *rows = sim_query("SELECT execution_id FROM safety_lock", NULL, NULL);

	if (sim_column(rows, 0))
		sim_fail("%s still has locks", sim_column(rows, 0));
	sqlite3_finalize(rows);
	for (size_t i = 0; i < SIM_WRITTEN; i++)
		if (!check_top(i))
			check_clear(i);
}
