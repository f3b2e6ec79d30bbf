/*
 * `redbuttond --doctor`: looks at everything that the daemon stands on, on its own host, with the
 * daemon up or down. It changes nothing but a file of its own that it removes again (to measure the
 * disk), and asks targets only what a check asks. Each finding has a remedy.
 */
#ifndef RB_OPERATIONS_DOCTOR_H
#define RB_OPERATIONS_DOCTOR_H

#include "adapters/adapter.h"
#include "lib/base/arena.h"
#include "lib/store/store.h"

#include <stdio.h>

enum doctor_state { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor_finding {
	const char *name; /* "database", "target edge-1" */
	enum doctor_state state;
	const char *text, *remedy; /* remedy "" when it is ok */
};

/* From the daemon's settings; NULL = not set. */
struct doctor_options {
	const char *data_dir, *database;
	const char *socket, *listen;
	const char *signing_key, *checkpoint_path, *origin;
	const char *tls_certificate, *tls_key;
	const char *runner;
	int64_t reserve_bytes;
	const struct store_schema *const *schemas;
	size_t schema_count;
	const struct adapter_list *adapters;
};

struct doctor_report {
	struct doctor_finding *findings;
	size_t count;
	enum doctor_state worst;
};

/* Takes some seconds when targets are silent. Texts live in the arena. */
void doctor_examine(
	const struct doctor_options *options, struct arena *arena, struct doctor_report *ret);
/* Exit code: 0 all well, 1 something to look at, 2 something does not work. */
int doctor_exit(const struct doctor_report *report);
void doctor_print(const struct doctor_report *report, bool is_json, FILE *out);

#endif
