/* What never changes of a preview and of a run, as one digest: its first record carries it, and
 * executor_verify.c reads the same columns of the row. */
#include "executor/execution_store.h"
#include "executor/preview.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const char *number(struct arena *arena, int64_t value)
{
	return arena_format(arena, "%lld", (long long)value);
}

const char *preview_terms(struct arena *arena, const struct preview *preview)
{
	const char *const values[] = {preview->plan, preview->version_id, preview->reading,
		preview->created_by, number(arena, preview->created_at_us)};

	return audit_terms(arena, values, COUNT(values));
}

const char *execution_terms(struct arena *arena, const struct execution *execution)
{
	const char *const values[] = {
		execution->plan,
		execution->version_id,
		number(arena, execution->version_number),
		execution->kind,
		execution->action,
		execution->mode,
		execution->params,
		execution->why,
		execution->requested_by,
		execution->requested_name,
		execution->preview_id,
		execution->restores_id,
		execution->approval_id,
		execution->reading,
		number(arena, execution->is_undo),
		number(arena, execution->rollback_at_deadline),
		number(arena, execution->within_ms),
		number(arena, execution->expires_ms),
		execution->on_expiry,
		number(arena, execution->created_at_us),
	};

	return audit_terms(arena, values, COUNT(values));
}
