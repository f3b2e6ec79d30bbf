/* What the engine asks its neighbours, answered in the simplest honest way. */
#include "engine_neighbours.h"

#include "approval/approval.h"
#include "audit/audit.h"
#include "lib/base/error.h"
#include "lib/base/text.h"
#include "notify/notify.h"
#include "plans/plan.h"

#include <stdlib.h>
#include <string.h>

const struct adapter *neighbours_adapter;
const char *neighbours_manifest = "{\"expires_ms\":600000}";

/* --- adapters and targets --- */

const struct adapter *adapter_find(const struct adapter_list *list, const char *kind)
{
	(void)list;
	return text_is_equal(kind, neighbours_adapter->kind) ? neighbours_adapter : NULL;
}

const struct adapter_type *adapter_type_find(const struct adapter_list *list, const char *type)
{
	(void)list;
	for (size_t i = 0; i < neighbours_adapter->type_count; i++)
		if (text_is_equal(type, neighbours_adapter->types[i].name))
			return &neighbours_adapter->types[i];
	return NULL;
}

int64_t neighbours_target_version;

int target_get(struct store_tx *tx, struct arena *arena, const char *name, struct target **ret,
	struct error *err)
{
	(void)tx;
	(void)err;
	*ret = arena_alloc(arena, sizeof(**ret));
	(*ret)->name = arena_text(arena, name);
	(*ret)->kind = "sim";
	(*ret)->address = "sim";
	(*ret)->environment = "test";
	(*ret)->service = "";
	(*ret)->version = neighbours_target_version;
	return 0;
}

int target_check_allowed(
	const struct target *target, const char *type, const char *const *args, struct error *err)
{
	(void)target;
	(void)type;
	(void)args;
	(void)err;
	return 0;
}

struct adapter_target target_for_adapter(const struct target *target)
{
	return (struct adapter_target){
		.name = target->name, .kind = target->kind, .address = target->address};
}

static size_t audit_counts[AUDIT_ACTION_COUNT];
const struct audit_actor audit_system = {.kind = AUDIT_SYSTEM, .id = "system", .name = "system"};

int audit_append(struct store_tx *tx, const struct audit_record *record, int64_t at_us,
	int64_t *ret_seq, struct error *err)
{
	(void)tx;
	(void)at_us;
	(void)ret_seq;
	(void)err;
	audit_counts[record->action]++;
	return 0;
}

int notify_send(
	struct store_tx *tx, const struct notify_event *event, int64_t at_us, struct error *err)
{
	(void)tx;
	(void)event;
	(void)at_us;
	(void)err;
	return 0;
}

/* --- graphs and plans --- */

#define GRAPHS_MAX 64
static struct {
	char digest[80];
	char *bytes;
} graphs[GRAPHS_MAX];
static size_t graph_count;

void neighbours_put_graph(const char *digest, const char *bytes)
{
	size_t at = 0;

	while (at < graph_count && !text_is_equal(graphs[at].digest, digest))
		at++;
	if (at == GRAPHS_MAX)
		abort();
	if (at == graph_count)
		graph_count++;
	free(graphs[at].bytes);
	graphs[at].bytes = strdup(bytes);
	snprintf(graphs[at].digest, sizeof(graphs[at].digest), "%s", digest);
}

void neighbours_forget(void)
{
	while (graph_count)
		free(graphs[--graph_count].bytes);
	memset(graphs, 0, sizeof(graphs));
	memset(audit_counts, 0, sizeof(audit_counts));
}

int graph_store_get(struct store_tx *tx, struct arena *arena, const char *digest,
	struct stored_graph **ret, struct error *err)
{
	(void)tx;
	for (size_t i = 0; i < graph_count; i++) {
		if (!text_is_equal(graphs[i].digest, digest))
			continue;
		*ret = arena_alloc(arena, sizeof(**ret));
		**ret = (struct stored_graph){.digest = graphs[i].digest,
			.bytes = graphs[i].bytes,
			.length = strlen(graphs[i].bytes),
			.version_id = "v",
			.approval_class = APPROVAL_R0};
		return 0;
	}
	return error_set(err, ERROR_NOT_FOUND, "no such graph");
}

int graph_store_put(
	struct store_tx *tx, const struct stored_graph *graph, int64_t at_us, struct error *err)
{
	(void)tx;
	(void)graph;
	(void)at_us;
	(void)err;
	return 0;
}

int plan_version_get_by_digest(struct store_tx *tx, struct arena *arena, const char *digest,
	struct plan_version **ret, struct error *err)
{
	(void)tx;
	(void)digest;
	(void)err;
	*ret = arena_alloc(arena, sizeof(**ret));
	(*ret)->plan = "test/plan";
	(*ret)->number = 1;
	(*ret)->manifest = neighbours_manifest;
	(*ret)->state = PLAN_ACTIVE;
	return 0;
}

int plan_check_targets(struct store_tx *tx, const struct graph *graph, struct error *err)
{
	(void)tx;
	(void)graph;
	(void)err;
	return 0;
}

const char *plan_version_state_word(enum plan_version_state state)
{
	(void)state;
	return "ACTIVE";
}

int plan_build(struct plan_builder *builder, struct arena *arena,
	const struct plan_build_request *request,
	void (*done)(void *arg, const struct plan_build_result *result, const json_t *errors,
		const struct error *err),
	void *arg, struct error *err)
{
	(void)builder;
	(void)arena;
	(void)request;
	(void)done;
	(void)arg;
	return error_set(err, ERROR_INTERNAL, "no plans in this world");
}

int principal_require(const struct principal *principal, enum role role, const struct scope *scope,
	struct error *err)
{
	(void)principal;
	(void)role;
	(void)scope;
	(void)err;
	return 0;
}

bool people_is_in_group(struct store_tx *tx, const char *person_id, const char *group)
{
	(void)tx;
	(void)person_id;
	return text_is_equal(group, "sre");
}

bool people_has_role(
	struct store_tx *tx, const char *person_id, enum role role, const struct scope *scope)
{
	(void)tx;
	(void)person_id;
	(void)role;
	(void)scope;
	return false;
}

int role_parse(const char *field, const char *word, enum role *ret, struct error *err)
{
	(void)ret;
	return error_set(err, ERROR_INVALID, "%s: %s", field, word);
}

const char *role_word(enum role role)
{
	(void)role;
	return "role";
}

const char *audit_terms(struct arena *arena, const char *const *values, size_t count)
{
	(void)values;
	(void)count;
	return arena_text(arena, "sha256:00");
}

void approval_policy(enum approval_class approval_class, bool is_version, const struct scope *scope,
	struct approval_level *ret_levels, size_t *ret_count)
{
	(void)approval_class;
	(void)is_version;
	(void)scope;
	(void)ret_levels;
	*ret_count = 0;
}

const char *approval_class_word(enum approval_class approval_class)
{
	(void)approval_class;
	return "R0";
}

int approval_open(struct store_tx *tx, const struct approval_request *request,
	const struct audit_actor *actor, const char notify_id[static ID_SIZE], struct error *err)
{
	(void)tx;
	(void)request;
	(void)actor;
	(void)notify_id;
	return error_set(err, ERROR_INTERNAL, "no approvals in this world");
}

int approval_use(struct store_tx *tx, const char *subject_kind, const char *subject_id,
	const char *subject_digest, const struct audit_actor *actor, int64_t now_us,
	char ret_approval_id[static ID_SIZE], struct error *err)
{
	(void)tx;
	(void)subject_kind;
	(void)subject_id;
	(void)subject_digest;
	(void)actor;
	(void)now_us;
	(void)ret_approval_id;
	return error_set(err, ERROR_NOT_APPROVED, "no approvals in this world");
}

int approval_void(struct store_tx *tx, const char *subject_kind, const char *subject_id,
	const char *keep_digest, const char *reason, const struct audit_actor *actor,
	int64_t now_us, struct error *err)
{
	(void)tx;
	(void)subject_kind;
	(void)subject_id;
	(void)keep_digest;
	(void)reason;
	(void)actor;
	(void)now_us;
	(void)err;
	return 0;
}

void approvals_subscribe(struct approvals *approvals,
	void (*ended)(void *arg, const struct approval_ended *what), void *arg)
{
	(void)approvals;
	(void)ended;
	(void)arg;
}

size_t neighbours_audit_count(const char *action)
{
	static const char *const WORDS[] = {
#define X(name, word) [AUDIT_##name] = (word),
		AUDIT_ACTIONS(X)
#undef X
	};

	for (size_t i = 0; i < AUDIT_ACTION_COUNT; i++)
		if (text_is_equal(WORDS[i], action))
			return audit_counts[i];
	return 0;
}
