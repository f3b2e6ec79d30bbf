#include "plans/graph.h"

#include "lib/base/canonical.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "plans/graph_parse.h"

#include <string.h>

static const char *const graph_fields[] = {"format", "plan", "version", "kind", "action", "mode",
	"params", "targets", "registers", "guards", "body", "restore", NULL};
static const char *const restore_fields[] = {"guards", "body", NULL};

static void free_json(void *value)
{
	json_decref(value);
}

int graph_place(struct error *err, const char *format, ...)
{
	char place[sizeof(err->place)];
	va_list args;

	if (err->place[0])
		return err->code;
	va_start(args, format);
	vsnprintf(place, sizeof(place), format, args);
	va_end(args);
	return error_place(err, "%s", place);
}

int graph_parse_duration(
	const json_t *object, const char *field, bool required, int64_t *ret, struct error *err)
{
	return json_get_int(object, field, required, 1, GRAPH_MAX_DURATION_MS, ret, err);
}

int graph_parse_name(
	const json_t *object, const char *field, bool required, const char **ret, struct error *err)
{
	const char *name = NULL;
	int rc = json_get_text(object, field, required, &name, err);

	if (rc < 0 || !name)
		return rc;
	if ((rc = text_check_name(field, name, err)) < 0)
		return rc;
	*ret = name;
	return 0;
}

int graph_parse_prose(
	const json_t *object, const char *field, bool required, const char **ret, struct error *err)
{
	const char *prose = NULL;
	int rc = json_get_text(object, field, required, &prose, err);

	if (rc < 0 || !prose)
		return rc;
	if ((rc = text_check_prose(field, prose, GRAPH_MAX_PROSE_BYTES, err)) < 0)
		return rc;
	*ret = prose;
	return 0;
}

/* A text that is one of two words. */
static int parse_choice(const json_t *root, const char *field, bool required, const char *one,
	const char *other, const char **ret, struct error *err)
{
	const char *word = NULL;
	int rc = json_get_text(root, field, required, &word, err);

	if (rc < 0 || !word)
		return rc;
	if (strcmp(word, one) != 0 && strcmp(word, other) != 0) {
		error_set(err, ERROR_INVALID, "%s must be \"%s\" or \"%s\"", field, one, other);
		return error_field(err, "%s", field);
	}
	*ret = word;
	return 0;
}

/* What the daemon adds: all three, or none before graph_complete. */
static int parse_completion(const json_t *root, struct graph *graph, struct error *err)
{
	struct digest digest;
	int rc;

	if ((rc = json_get_text(root, "version", false, &graph->version_digest, err)) < 0 ||
		(rc = parse_choice(root, "kind", false, "real", "drill", &graph->kind, err)) < 0 ||
		(rc = parse_choice(
			 root, "mode", false, "graceful", "ungraceful", &graph->mode, err)) < 0)
		return rc;
	if (!graph->version_digest != !graph->kind || !graph->kind != !graph->mode)
		return error_set(err, ERROR_INVALID, "version, kind and mode go together");
	if (graph->version_digest && !digest_parse(graph->version_digest, &digest))
		return error_set(err, ERROR_INVALID, "version is no digest");
	return 0;
}

static int parse_head(const json_t *root, struct graph *graph, struct error *err)
{
	json_t *params;
	int64_t format;
	int rc;

	if ((rc = json_check_keys(root, graph_fields, err)) < 0 ||
		(rc = json_get_int(root, "format", true, 1, 1, &format, err)) < 0 ||
		(rc = json_get_text(root, "plan", true, &graph->plan, err)) < 0 ||
		(rc = text_check_path_name("plan", graph->plan, err)) < 0 ||
		(rc = parse_choice(root, "action", true, "apply", "restore", &graph->action, err)) <
			0 ||
		(rc = parse_completion(root, graph, err)) < 0 ||
		(rc = json_get_object(root, "params", true, &params, err)) < 0 ||
		(rc = graph_check_literal("params", params, err)) < 0)
		return rc;
	graph->params = params;
	return 0;
}

static int parse_tables(struct graph_parser *parser, const json_t *root, struct error *err)
{
	json_t *targets, *registers;
	int rc;

	if ((rc = json_get_object(root, "targets", true, &targets, err)) < 0 ||
		(rc = json_get_array(root, "registers", true, &registers, err)) < 0 ||
		(rc = graph_parse_targets(parser, targets, err)) < 0)
		return rc;
	return graph_parse_registers(parser, registers, err);
}

static int parse_body(struct graph_parser *parser, const json_t *root, struct error *err)
{
	struct graph *graph = parser->graph;
	json_t *body;
	int rc;

	if ((rc = graph_parse_guards(parser, root, "", &graph->guards, err)) < 0 ||
		(rc = json_get_array(root, "body", true, &body, err)) < 0 ||
		(rc = graph_parse_list(parser, body, "", 0, false, &graph->body, err)) < 0)
		return rc;
	graph->effect_count = parser->effects;
	return 0;
}

static int parse_restore(struct graph_parser *parser, const json_t *root, struct error *err)
{
	struct graph *graph = parser->graph;
	json_t *restore = NULL, *body;
	int rc = json_get_object(root, "restore", false, &restore, err);

	if (rc < 0 || !restore)
		return rc;
	graph->has_restore = true;
	parser->effects = 0;
	if ((rc = json_check_keys(restore, restore_fields, err)) < 0 ||
		(rc = graph_parse_guards(parser, restore, "r", &graph->restore_guards, err)) < 0 ||
		(rc = json_get_array(restore, "body", true, &body, err)) < 0 ||
		(rc = graph_parse_list(parser, body, "r", 0, false, &graph->restore, err)) < 0)
		return graph_place(err, "restore");
	return 0;
}

static int parse_root(struct graph_parser *parser, struct error *err)
{
	const json_t *root = parser->graph->root;
	int rc;

	if ((rc = parse_head(root, parser->graph, err)) < 0 ||
		(rc = parse_tables(parser, root, err)) < 0 ||
		(rc = parse_body(parser, root, err)) < 0)
		return rc;
	return parse_restore(parser, root, err);
}

/* Only canonical JSON is a graph: so no real numbers, no control characters, no odd keys. */
static int check_canonical(const json_t *root, struct error *err)
{
	struct buf bytes = BUF_INIT;
	int rc = canonical_add(&bytes, root, err);

	buf_done(&bytes);
	return rc;
}

int graph_parse(struct arena *arena, const char *bytes, size_t length, struct graph **ret,
	struct error *err)
{
	struct graph_parser parser = {
		.arena = arena, .graph = arena_alloc(arena, sizeof(struct graph))};
	json_t *root = NULL;
	int rc;

	if (length > GRAPH_MAX_BYTES)
		return error_set(err, ERROR_PLAN, "the graph has %zu bytes; at most %u are allowed",
			length, GRAPH_MAX_BYTES);
	rc = json_parse(bytes, length, JSON_DEPTH_GRAPH, &root, err);
	if (rc >= 0) {
		arena_defer(arena, free_json, root);
		parser.graph->root = root;
		parser.members = json_object();
		rc = check_canonical(root, err);
		if (rc >= 0)
			rc = parse_root(&parser, err);
		json_decref(parser.members);
	}
	if (rc < 0) {
		error_prefix(err, "graph");
		err->code = ERROR_PLAN;
		return ERROR_PLAN;
	}
	*ret = parser.graph;
	return 0;
}
