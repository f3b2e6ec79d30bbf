/*
 * Verification without a daemon, read-only: bytes against columns, numbering, tree, checkpoints,
 * the copy outside, intents and outcomes, and what higher rooms compare with their own rows.
 * The first thing that is wrong is named with the number of its record.
 */
#ifndef RB_AUDIT_AUDIT_VERIFY_H
#define RB_AUDIT_AUDIT_VERIFY_H

#include "audit/audit.h"
#include "audit/audit_ledger.h"
#include "lib/base/digest.h"

#include <stdio.h>

struct audit_verify_options {
	const char *database;	     /* or */
	const char *export_path;     /* JSON lines; neither schemas nor cross checks then */
	const char *checkpoint_path; /* the copy outside; NULL = none is compared */
	const char *
		key_path; /* verifier keys, or the private key; NULL = signatures are not checked */
	bool may_lack_checkpoint, may_lack_key; /* they are only where they usually are */
	const struct store_schema *const *schemas;
	size_t schema_count;
	const struct audit_crosscheck *const *crosschecks;
	size_t crosscheck_count;
};

struct audit_verify_result {
	int64_t records;
	struct digest root;
	int64_t checkpoints,
		signatures;	 /* stored (or exported) and, of these, with a good signature */
	int64_t checkpoint_size; /* of the newest good one; what follows it is not covered */
	int64_t outside_size;	 /* -1 = was not compared */
	int64_t open_intents;	 /* no outcome yet */
	int64_t bad_seq;	 /* 0 = none: the first record where it is wrong */
	bool has_keys;
};

/* ERROR_TAMPERED for what is wrong in the audit; other codes when it could not be looked at. */
int audit_verify(const struct audit_verify_options *options, struct audit_verify_result *ret,
	struct error *err);

/*
 * `redbuttond --verify [--db FILE | --export FILE] [--checkpoint FILE] [--key FILE] [--json]`:
 * argv[0] is the mode. What is not given is taken from `defaults`. Prints; the exit code.
 */
int audit_verify_main(int argc, char **argv, const struct audit_verify_options *defaults);

#endif
