/* Between the rooms of change/template/. */
#ifndef RB_CHANGE_TEMPLATE_ROOMS_H
#define RB_CHANGE_TEMPLATE_ROOMS_H

#include "change/template/template.h"

#define TEMPLATE_PAGE	    200
#define TEMPLATE_REASON_MAX 1000

#define MAY_WRITE  (ROLE_AUTHOR | ROLE_ADMIN)
#define MAY_RETIRE (ROLE_AUTHOR | ROLE_APPROVER | ROLE_COMMANDER | ROLE_ADMIN)

/* --- template_param.c --- */

/* The declarations: closed sets of keys, limits that hold, a pattern that its example meets. */
int template_check_params(struct arena *arena, const json_t *params, struct error *err);
/*
 * The texts that the values become, one for each declared parameter: {name: text}, the caller's.
 * ERROR_INVALID with the parameter as the field for what is missing, not declared or not allowed.
 */
int template_take_values(struct store_tx *tx, struct arena *arena, const json_t *params,
	const json_t *values, json_t **ret, struct error *err);

/* --- template_body.c --- */

/* Who approves it reads all of it: no text in it has a character that cannot be seen. */
int template_check_visible(const char *field, const json_t *value, struct error *err);

/* The body: its keys, and that values stand only where they may and each parameter is used. */
int template_check_body(
	struct arena *arena, const json_t *body, const json_t *params, struct error *err);
/* The body with the texts in it; the caller's. */
json_t *template_fill_body(const json_t *body, const json_t *texts);

/* --- template.c --- */

const char *template_subject(struct arena *arena, const char *name, int64_t version);
/* The digest of what is approved, from the fields. */
void template_digest(const struct change_template *template, char ret[static DIGEST_TEXT_SIZE]);
int template_set_state(struct store_tx *tx, struct change_template *template,
	enum template_state state, const char *reason, const char *approval_id,
	const struct audit_actor *actor, int64_t at_us, struct error *err);
int template_audit(struct store_tx *tx, const struct change_template *template,
	const struct audit_actor *actor, enum audit_action action, const char *approval_id,
	int64_t at_us, struct error *err);
/* Is it approved now, counted again, and not older than 180 days? */
int template_check_holds(struct store_tx *tx, struct arena *arena,
	const struct change_template *template, int64_t now_us, struct error *err);

/* --- template_store.c --- */

/* 1 with the row, 0 without. version 0 = the newest. */
int template_store_find(struct store_tx *tx, struct arena *arena, const char *name, int64_t version,
	struct change_template **ret, struct error *err);
int template_store_find_active(struct store_tx *tx, struct arena *arena, const char *name,
	struct change_template **ret, struct error *err);
int template_store_insert(
	struct store_tx *tx, const struct change_template *template, struct error *err);
/* State, its reason and approved_at_us; row_version + 1 in the struct too. ERROR_STALE. */
int template_store_update(struct store_tx *tx, struct change_template *template, struct error *err);
/* Newest version of each name, by name. */
int template_store_list(struct store_tx *tx, struct arena *arena, const char *after, int64_t limit,
	struct change_template ***ret, size_t *ret_count, struct error *err);
int template_store_insert_use(
	struct store_tx *tx, const struct template_outcome *outcome, struct error *err);
/* Of the newest `limit` uses since then. */
int template_store_failures(struct store_tx *tx, const char *name, int64_t version,
	int64_t since_us, int64_t limit, int64_t *ret, struct error *err);
struct store_query *template_store_rows(struct store_tx *tx);

/* --- template_json.c --- */

json_t *template_json(const struct change_template *template, int64_t now_us);

#endif
