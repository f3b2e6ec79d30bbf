/*
 * Previews: the graph of a plan for given parameters, stored under its digest, and the reading:
 * what its registers hold now and what each set would write. Reads only, never a write.
 */
#ifndef RB_EXECUTOR_PREVIEW_H
#define RB_EXECUTOR_PREVIEW_H

#include "executor/executor.h"
#include "lib/base/arena.h"
#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/store/store.h"
#include "people/people.h"
#include "plans/plan.h"

#include <jansson.h>
#include <stdint.h>

struct preview {
	char id[ID_SIZE];
	const char *plan;
	const char *version_id;
	const char *graph_digest;
	const char *
		reading; /* canonical JSON:
			    {"registers":[{register,key,outcome,value,message}],"sets":{path:{key,value|problem}}}
			  */
	const char *created_by;
	int64_t created_at_us;
};

int preview_get(struct store_tx *tx, struct arena *arena, const char *id, struct preview **ret,
	struct error *err);
/* Of what never changes of it, all but its id: for its record. */
const char *preview_terms(struct arena *arena, const struct preview *preview);
struct store_query *preview_store_rows(struct store_tx *tx);
int preview_store_insert(struct store_tx *tx, const struct preview *preview, struct error *err);

/* Asks for a preview; awaits the runner and the targets. Lives in `arena` with all it points to. */
struct preview_job {
	/* take */
	struct executor *executor;
	struct plan_builder *builder;
	struct arena *arena;
	struct plan_build_request build;
	const char *restores_id; /* or NULL */
	const struct principal *principal;
	int64_t at_us;
	char id[ID_SIZE];
	/* told: err NULL when `preview` and `stored` are ready to be kept; `errors` of the plan or
	 * NULL */
	void (*done)(void *arg, const json_t *errors, const struct error *err);
	void *arg;
	struct preview preview;
	struct stored_graph stored;
	struct graph *graph;
	const struct plan_version *version;
};
int preview_start(struct preview_job *job, struct error *err);
/* Graph, preview and audit record in one transaction. */
int preview_keep(struct store_tx *tx, struct preview_job *job, struct error *err);

/*
 * The preview as people see it (the caller's): table [{target, key, now, new: [...]}], problems,
 * class, who must approve, what is in effect on its registers already.
 */
int preview_json(struct store_tx *tx, struct arena *arena, const struct preview *preview,
	json_t **ret, struct error *err);

/* What an approver is shown of it: JSON list of {target, key, change: "100 -> 75 -> 0"}, in the
 * arena. */
int preview_changes(struct store_tx *tx, struct arena *arena, const struct preview *preview,
	const char **ret, struct error *err);

#endif
