#include "lib/base/json.h"
#include "lib/base/text.h"
#include "plans/plan_rooms.h"

#include <string.h>

/* Environments that are known not to be production. Whatever else stands there is. */
static const char *const harmless[] = {"test", "testing", "staging", "stage", "dev", "development",
	"lab", "qa", "sandbox", "local", "demo", "preview", "integration"};

/* What is known about what will be written. */
struct reach {
	bool writes, production;
	const char *site; /* of the first target; NULL before it */
	bool many_sites;
	struct scope scope;
	bool has_scope;
};

static bool is_production(const char *environment)
{
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (strcmp(harmless[i], environment) == 0)
			return false;
	return true;
}

static void narrow(const char **slot, const char *value, bool is_first)
{
	if (is_first)
		*slot = *value ? value : NULL;
	else if (!text_is_equal(*slot, value))
		*slot = NULL;
}

static void add_target(struct reach *reach, const struct target *target)
{
	reach->writes = true;
	reach->production |= is_production(target->environment);
	if (reach->site && strcmp(reach->site, target->site) != 0)
		reach->many_sites = true;
	reach->site = target->site;
	narrow(&reach->scope.environment, target->environment, !reach->has_scope);
	narrow(&reach->scope.service, target->service, !reach->has_scope);
	reach->has_scope = true;
}

static enum approval_class class_of(const struct reach *reach, bool is_irreversible)
{
	if (is_irreversible || reach->many_sites)
		return APPROVAL_R3;
	if (!reach->writes)
		return APPROVAL_R0;
	return reach->production ? APPROVAL_R2 : APPROVAL_R1;
}

static int add_named(struct store_tx *tx, struct arena *arena, struct reach *reach,
	const char *name, struct error *err)
{
	struct target *target;
	int rc = target_get(tx, arena, name, &target, err);

	if (rc >= 0)
		add_target(reach, target);
	return rc;
}

/* Actions of `run` stand in no register. */
struct run_search {
	struct store_tx *tx;
	struct arena *arena;
	struct reach *reach;
	struct error *err;
	int rc;
};

static bool add_run(void *arg, const struct graph_node *node)
{
	struct run_search *search = arg;
	const char *name = json_string_value(json_object_get(node->action, "target"));

	if (node->kind == GRAPH_NODE_MANUAL)
		search->reach->writes = search->reach->production = true;
	if (node->kind == GRAPH_NODE_RUN && name)
		search->rc = add_named(search->tx, search->arena, search->reach, name, search->err);
	return search->rc >= 0;
}

static int reach_of(struct store_tx *tx, struct arena *arena, const struct graph *graph,
	struct reach *reach, struct error *err)
{
	struct run_search search = {.tx = tx, .arena = arena, .reach = reach, .err = err};
	int rc;

	for (size_t i = 0; i < graph->register_count; i++) {
		const struct graph_register *reg = &graph->registers[i];

		if (!reg->is_written)
			continue;
		if (!reg->target)
			reach->writes = reach->production = true;
		else if ((rc = add_named(tx, arena, reach, reg->target, err)) < 0)
			return rc;
	}
	graph_each_node(graph, true, add_run, &search);
	return search.rc;
}

int plan_class_of(
	struct store_tx *tx, const struct graph *graph, enum approval_class *ret, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct reach reach = {0};
	int rc = reach_of(tx, &arena, graph, &reach, err);

	if (rc >= 0)
		*ret = class_of(&reach, graph_is_irreversible(graph));
	arena_done(&arena);
	return rc < 0 ? rc : 0;
}

int plan_scope_of(struct store_tx *tx, struct arena *arena, const struct graph *graph,
	struct scope *ret, struct error *err)
{
	struct reach reach = {0};
	int rc = reach_of(tx, arena, graph, &reach, err);

	if (rc >= 0)
		*ret = reach.scope;
	return rc < 0 ? rc : 0;
}

/* Only what can be read: a metrics server. */
static bool is_read_only(const json_t *declaration)
{
	return text_is_equal(json_string_value(json_object_get(declaration, "kind")), "prometheus");
}

void plan_class_of_manifest(struct store_tx *tx, const struct plan_version *version,
	enum approval_class *ret, struct scope *ret_scope, struct arena *arena)
{
	bool is_unknown =
		strstr(version->script, "irreversible") || strstr(version->modules, "irreversible");
	json_t *manifest = plan_manifest(arena, version), *declaration;
	struct reach reach = {.writes = true};
	struct error unresolved = ERROR_INIT;
	const char *declared;

	json_object_foreach (json_object_get(manifest, "targets"), declared, declaration) {
		struct target **targets;
		size_t count;

		if (is_read_only(declaration))
			continue;
		if (plan_resolve(tx, arena, declared, declaration, &targets, &count, &unresolved) <
			0) {
			is_unknown = true;
			continue;
		}
		for (size_t i = 0; i < count; i++)
			add_target(&reach, targets[i]);
	}
	if (!reach.has_scope)
		reach.production = true;
	*ret = class_of(&reach, is_unknown);
	*ret_scope = reach.scope;
}

/* --- are the targets of a graph still the same? --- */

static int refuse_changed(
	struct error *err, const char *declared, const char *name, const char *what)
{
	error_set(err, ERROR_TARGETS_CHANGED, "the targets changed since the preview: %s %s", name,
		what);
	error_field(err, "targets.%s", declared);
	return error_remedy(err, "preview again; when the digest is the same, approvals stay");
}

static int check_member(struct store_tx *tx, struct arena *arena,
	const struct graph_target *declared, size_t position, struct target **ret,
	struct error *err)
{
	const char *name = declared->members[position];
	char text[DIGEST_TEXT_SIZE];
	struct digest digest;
	int rc = target_get(tx, arena, name, ret, err);

	if (rc == ERROR_NOT_FOUND)
		return refuse_changed(err, declared->name, name, "is gone");
	if (rc < 0)
		return rc;
	target_identity(*ret, &digest);
	if (declared->identities &&
		strcmp(declared->identities[position], digest_text(&digest, text)) == 0)
		return 0;
	return refuse_changed(
		err, declared->name, name, "has another kind, address, credential or allow-list");
}

/* Both lists are sorted by name. */
static int compare_selection(
	const struct graph_target *declared, struct target **now, size_t count, struct error *err)
{
	size_t i = 0;

	for (; declared->members[i] && i < count; i++) {
		int order = strcmp(declared->members[i], now[i]->name);

		if (order < 0)
			return refuse_changed(err, declared->name, declared->members[i],
				"is not selected any more");
		if (order > 0)
			return refuse_changed(err, declared->name, now[i]->name, "is selected now");
	}
	if (declared->members[i])
		return refuse_changed(
			err, declared->name, declared->members[i], "is not selected any more");
	return i < count ? refuse_changed(err, declared->name, now[i]->name, "is selected now") : 0;
}

static int check_declared(
	struct store_tx *tx, const struct graph_target *declared, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct target *member = NULL, **now;
	size_t count;
	int rc = 0;

	for (size_t i = 0; rc >= 0 && declared->members[i]; i++)
		rc = check_member(tx, &arena, declared, i, &member, err);
	if (rc >= 0 && declared->selector &&
		(rc = target_select(
			 tx, &arena, member->kind, declared->selector, &now, &count, err)) >= 0)
		rc = compare_selection(declared, now, count, err);
	arena_done(&arena);
	return rc;
}

int plan_check_targets(struct store_tx *tx, const struct graph *graph, struct error *err)
{
	int rc;

	for (size_t i = 0; i < graph->target_count; i++)
		if ((rc = check_declared(tx, &graph->targets[i], err)) < 0)
			return rc;
	return 0;
}
