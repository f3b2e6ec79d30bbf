/*
 * Previews: the graph of a plan for given parameters, stored under its digest, and the reading:
 * what its registers hold now and what each set would write. Reads only, never a write.
 */
#ifndef RB_EXECUTOR_PREVIEW_H
#define RB_EXECUTOR_PREVIEW_H

#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/store/store.h"

#include <stdint.h>

struct preview {
	char id[ID_SIZE];
	const char *plan;
	const char *version_id;
	const char *graph_digest;
	const char *reading; /* canonical JSON:
				{"registers":[{register,key,outcome,value,message}],"sets":{path:value}}
			      */
	const char *created_by;
	int64_t created_at_us;
};

int preview_get(struct store_tx *tx, struct arena *arena, const char *id, struct preview **ret,
	struct error *err);
int preview_store_insert(struct store_tx *tx, const struct preview *preview, struct error *err);

#endif
