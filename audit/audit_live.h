/* The living part of the audit, for audit_checkpoint.c and the rooms that ask for its state. */
#ifndef RB_AUDIT_AUDIT_LIVE_H
#define RB_AUDIT_AUDIT_LIVE_H

#include "audit/audit.h"
#include "audit/audit_note.h"

struct audit {
	struct audit_options options;
	char *origin, *checkpoint_path;
	struct audit_signer *signer; /* NULL = unsigned */
	struct audit_verifier verifier;
	char verifier_text[NOTE_KEY_SIZE];
	struct loop_timer *timer;
	bool is_making; /* a checkpoint is on its way */
	bool is_wanted; /* another was asked for meanwhile */
	bool is_closing;
	int64_t made_size, made_at_us;
	char trouble[256];
};

#endif
