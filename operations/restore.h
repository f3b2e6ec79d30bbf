/*
 * `redbuttond --restore FILE`: puts a backup in the place of the database, with the daemon stopped.
 * FILE is copied first and the copy is what is looked at, so that what was verified is what goes
 * live. The replaced database is kept beside. Fails closed: until the last rename the database of
 * before is in its place.
 */
#ifndef RB_OPERATIONS_RESTORE_H
#define RB_OPERATIONS_RESTORE_H

#include "audit/audit_verify.h"
#include "lib/store/store.h"

struct restore_options {
	const char *file;	 /* the backup */
	const char *note;	 /* its checkpoint; NULL = FILE.checkpoint, when that is there */
	const char *database;	 /* that it replaces; may be missing */
	const char *signing_key; /* verifier keys or the private key; NULL = not checked */
	const struct store_schema *const *schemas;
	size_t schema_count;
	const struct audit_crosscheck *const *crosschecks; /* made when the tables are of today */
	size_t crosscheck_count;
	int64_t at_us;
};

struct restore_result {
	char kept[4200]; /* where the replaced database lies; "" when there was none */
	bool has_note;	 /* a checkpoint was compared */
	struct audit_verify_result audit;
	struct store_upgrade older; /* what the next start upgrades */
};

int restore_database(
	const struct restore_options *options, struct restore_result *ret, struct error *err);

/*
 * The mark that a restore leaves beside the database: the daemon that finds it lets no run go on by
 * itself, then takes it away.
 */
bool restore_is_marked(const char *database);
int restore_unmark(const char *database, struct error *err);

#endif
