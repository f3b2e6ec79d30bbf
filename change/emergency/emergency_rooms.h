/* Between the rooms of change/emergency/. */
#ifndef RB_CHANGE_EMERGENCY_ROOMS_H
#define RB_CHANGE_EMERGENCY_ROOMS_H

#include "change/emergency/emergency.h"

struct request;

#define EMERGENCY_PAGE	     200
#define EMERGENCY_REASON_MAX 2000
#define EMERGENCY_LINE_MAX   1000 /* of a command, as kept */
#define FOLLOW_UP_NOTE_MAX   8000

#define MAY_START   (ROLE_AUTHOR | ROLE_APPROVER | ROLE_COMMANDER | ROLE_ADMIN)
#define MAY_CONFIRM (ROLE_APPROVER | ROLE_COMMANDER | ROLE_ADMIN)

struct emergency_run {
	const char *run_id, *line;
	int64_t at_us;
};

/* --- emergency.c --- */

/* The scope of rights: the service of "svc:shop"; a host is of no service. Borrows from `scope`. */
struct scope emergency_scope(const char *scope);
/* One of the roles, in that scope; else an error that names `wanted`. */
int emergency_require(const struct principal *by, unsigned roles, enum role wanted,
	const char *scope, struct error *err);
bool emergency_is_in(const struct emergency *emergency, const char *person_id);
/* Ends it; its follow-up is due a day later. The actor of a time-out is the system. */
int emergency_finish(struct store_tx *tx, struct emergency *emergency, const char *why,
	const struct audit_actor *actor, const char *notify_id, int64_t at_us, struct error *err);
/* Why it ends by itself now, or NULL. */
const char *emergency_overrun(struct store_tx *tx, struct arena *arena,
	const struct emergency *emergency, int64_t now_us);

/* --- emergency_tell.c: audit and notifications --- */

int emergency_audit(struct store_tx *tx, const struct emergency *emergency,
	const struct audit_actor *actor, enum audit_action action, int64_t at_us,
	struct error *err);
/* What ran under it. */
int emergency_audit_run(struct store_tx *tx, const struct emergency *emergency,
	const struct emergency_run *run, struct error *err);
int emergency_notify(struct store_tx *tx, const struct emergency *emergency, const char *id,
	const char *type, const char *text, int64_t at_us, struct error *err);
int follow_up_notify(struct store_tx *tx, const struct follow_up *follow_up, const char *id,
	const char *type, const char *text, int64_t at_us, struct error *err);
/* --- stores --- */

int emergency_store_next(struct store_tx *tx, int64_t *ret_seq, struct error *err);
int emergency_store_insert(
	struct store_tx *tx, const struct emergency *emergency, struct error *err);
/* Writes what an act changes, version + 1 in the struct too. ERROR_STALE when it moved on. */
int emergency_store_update(struct store_tx *tx, struct emergency *emergency, struct error *err);
int emergency_store_get(struct store_tx *tx, struct arena *arena, int64_t seq,
	struct emergency **ret, struct error *err);
/* Newest first, those before `before_seq`. */
int emergency_store_list(struct store_tx *tx, struct arena *arena, bool only_open,
	int64_t before_seq, int64_t limit, struct emergency ***ret, size_t *ret_count,
	struct error *err);
/* Not ended, of a person (NULL = of all). */
int emergency_store_open(struct store_tx *tx, struct arena *arena, const char *person_id,
	struct emergency ***ret, size_t *ret_count, struct error *err);
struct store_query *emergency_store_rows(struct store_tx *tx);

int emergency_store_insert_run(
	struct store_tx *tx, int64_t seq, const struct emergency_run *run, struct error *err);
int emergency_store_runs(struct store_tx *tx, struct arena *arena, int64_t seq,
	struct emergency_run **ret, size_t *ret_count, struct error *err);

int follow_up_store_insert(struct store_tx *tx, const struct emergency *emergency,
	int64_t due_at_us, struct error *err);
int follow_up_store_move(struct store_tx *tx, int64_t seq, int64_t due_at_us, struct error *err);
int follow_up_store_close(
	struct store_tx *tx, const struct follow_up *follow_up, struct error *err);
int follow_up_store_get(struct store_tx *tx, struct arena *arena, int64_t seq, int64_t now_us,
	struct follow_up **ret, struct error *err);
int follow_up_store_list(struct store_tx *tx, struct arena *arena, bool only_open,
	int64_t before_seq, int64_t limit, int64_t now_us, struct follow_up ***ret,
	size_t *ret_count, struct error *err);
int follow_up_store_open(struct store_tx *tx, struct arena *arena, int64_t now_us,
	struct follow_up ***ret, size_t *ret_count, struct error *err);
/* Overdue, and not told of since `told_before_us`. */
int follow_up_store_untold(struct store_tx *tx, struct arena *arena, int64_t now_us,
	int64_t told_before_us, struct follow_up ***ret, size_t *ret_count, struct error *err);
int follow_up_store_told(struct store_tx *tx, int64_t seq, int64_t at_us, struct error *err);
struct store_query *follow_up_store_rows(struct store_tx *tx);

/* --- emergency_json.c --- */

json_t *emergency_json(const struct emergency *emergency);
json_t *emergency_run_json(const struct emergency_run *run);
json_t *follow_up_json(const struct follow_up *follow_up);

/* --- emergency_hook.c --- */

/* What the hook is told of an act, and the closure that is run once it said yes. */
struct emergency_factor {
	const char *act;				   /* "start" "confirm" "renew" */
	const char *emergency, *scope, *incident, *reason; /* NULL where it has none */
	const char *code;				   /* that the person typed, or NULL */
	store_ask ask;
	void (*tell)(struct request *req, void *arg);
	void *arg;
};
/* Asks the hook (the routes' context) and then writes; writes at once when there is none. */
void emergency_hook_write(struct request *req, const struct emergency_factor *factor);

#endif
