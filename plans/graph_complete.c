#include "lib/base/canonical.h"
#include "lib/base/json.h"
#include "plans/graph_parse.h"

static const char *const ours[] = {"version", "kind", "mode", NULL};

static int refuse(struct error *err, const char *what, const char *name)
{
	return error_set(err, ERROR_PLAN, "graph: the runner gave %s%s%s, which is not its to give",
		what, *name ? " of " : "", name);
}

static int add_member_identity(
	json_t *member, const struct graph_completion *completion, struct error *err)
{
	const char *name = NULL, *identity;
	int rc = json_get_text(member, "name", true, &name, err);

	if (rc < 0)
		return rc;
	if (json_object_get(member, "identity"))
		return refuse(err, "the identity", name);
	identity = completion->identity(completion->arg, name);
	if (!identity) {
		error_set(err, ERROR_NOT_FOUND, "there is no target \"%s\"", name);
		error_field(err, "targets");
		return error_remedy(err, "redbutton target list");
	}
	json_set_text(member, "identity", identity);
	return 0;
}

static int add_identities(
	json_t *root, const struct graph_completion *completion, struct error *err)
{
	json_t *targets, *target, *list, *member;
	const char *name;
	size_t i;
	int rc = json_get_object(root, "targets", true, &targets, err);

	if (rc < 0)
		return rc;
	json_object_foreach (targets, name, target) {
		if ((rc = json_get_array(target, "list", true, &list, err)) < 0)
			return rc;
		json_array_foreach (list, i, member) {
			if ((rc = add_member_identity(member, completion, err)) < 0)
				return rc;
		}
	}
	return 0;
}

static int complete(json_t *root, const struct graph_completion *completion, struct error *err)
{
	if (!json_is_object(root))
		return error_set(err, ERROR_PLAN, "graph: it is no object");
	for (size_t i = 0; ours[i]; i++)
		if (json_object_get(root, ours[i]))
			return refuse(err, ours[i], "");
	json_set_text(root, "version", completion->version_digest);
	json_set_text(root, "kind", completion->kind);
	json_set_text(root, "mode", completion->mode);
	return add_identities(root, completion, err);
}

/* The completed graph must be one: what comes out of here can be parsed again. */
static int check(struct arena *arena, const struct buf *bytes, struct error *err)
{
	struct graph *graph;

	return graph_parse(arena, buf_text(bytes), bytes->length, &graph, err);
}

int graph_complete(struct arena *arena, const char *runner_bytes, size_t length,
	const struct graph_completion *completion, struct buf *ret_bytes, struct digest *ret_digest,
	struct error *err)
{
	struct buf bytes = BUF_INIT;
	json_t *root = NULL;
	int rc;

	if (length > GRAPH_MAX_BYTES)
		return error_set(err, ERROR_PLAN, "the graph has %zu bytes; at most %u are allowed",
			length, GRAPH_MAX_BYTES);
	rc = json_parse(runner_bytes, length, JSON_DEPTH_GRAPH, &root, err);
	if (rc < 0)
		return err->code = ERROR_PLAN;
	rc = complete(root, completion, err);
	if (rc >= 0 && (rc = canonical_add(&bytes, root, err)) < 0)
		rc = err->code = ERROR_PLAN;
	if (rc >= 0)
		rc = check(arena, &bytes, err);
	json_decref(root);
	if (rc < 0) {
		buf_done(&bytes);
		return rc;
	}
	digest_of_domain(GRAPH_DIGEST_DOMAIN, buf_text(&bytes), bytes.length, ret_digest);
	buf_done(ret_bytes);
	*ret_bytes = bytes;
	return 0;
}
