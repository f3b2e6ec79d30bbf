#include "lib/base/canonical.h"
#include "lib/base/json.h"
#include "plans/graph.h"

#include <check.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"

/* A small graph; tests replace one of its parts. */
struct parts {
	const char *head, *targets, *registers, *guards, *body, *restore;
};
static const struct parts usual = {
	.head = "\"format\":1,\"plan\":\"checkout/"
		"drain-zone\",\"action\":\"apply\",\"params\":{\"zone\":\"a\"}",
	.targets = "{\"edges\":{\"selector\":{\"tier\":\"edge\"},\"list\":[{\"name\":\"edge-1\"},{"
		   "\"name\":"
		   "\"edge-2\"}]},\"prom\":{\"list\":[{\"name\":\"prom-main\"}]}}",
	.registers = "[{\"args\":[\"b/s\"],\"target\":\"edge-1\",\"type\":\"haproxy.weight\"},"
		     "{\"args\":[\"up\"],\"target\":\"prom-main\",\"type\":\"prometheus.value\"}]",
	.body = "[{\"kind\":\"set\",\"register\":0,\"value\":0}]",
};

static struct arena arena;
static struct error err;

static void setup(void)
{
	arena_init(&arena);
	err = ERROR_INIT;
}

static void teardown(void)
{
	arena_done(&arena);
}

static const char *write_graph(const struct parts *parts)
{
	return arena_format(&arena, "{%s,\"targets\":%s,\"registers\":%s%s%s,\"body\":%s%s%s}",
		parts->head ? parts->head : usual.head,
		parts->targets ? parts->targets : usual.targets,
		parts->registers ? parts->registers : usual.registers,
		parts->guards ? ",\"guards\":" : "", parts->guards ? parts->guards : "",
		parts->body ? parts->body : usual.body, parts->restore ? ",\"restore\":" : "",
		parts->restore ? parts->restore : "");
}

static int parse_text(const char *text, struct graph **ret)
{
	return graph_parse(&arena, text, strlen(text), ret, &err);
}

static struct graph *parse_good(const struct parts *parts)
{
	struct graph *graph = NULL;
	int rc = parse_text(write_graph(parts), &graph);

	ck_assert_msg(rc == 0, "%s (%s)", err.message, err.place);
	return graph;
}

static struct graph *parse_body(const char *body)
{
	return parse_good(&(struct parts){.body = body});
}

/* Refused as the plan's fault, with these words, and no graph given out. */
static void refuse_parts(const struct parts *parts, const char *message, const char *place)
{
	struct graph *graph = NULL;

	ck_assert_int_eq(parse_text(write_graph(parts), &graph), ERROR_PLAN);
	ck_assert_ptr_null(graph);
	ck_assert_int_eq(err.code, ERROR_PLAN);
	ck_assert_msg(strstr(err.message, message), "\"%s\" has no \"%s\"", err.message, message);
	ck_assert_msg(strncmp(err.place, place, strlen(place)) == 0, "place is \"%s\"", err.place);
}

static void refuse_body(const char *body, const char *message, const char *place)
{
	refuse_parts(&(struct parts){.body = body}, message, place);
}

START_TEST(a_set_gives_its_register_and_value)
{
	struct graph *graph = parse_good(&usual);
	const struct graph_node *node = &graph->body.nodes[0];

	ck_assert_uint_eq(graph->body.count, 1);
	ck_assert_int_eq(node->kind, GRAPH_NODE_SET);
	ck_assert_str_eq(node->path, "1");
	ck_assert_uint_eq(node->reg, 0);
	ck_assert_int_eq(json_integer_value(node->value), 0);
	ck_assert(graph->registers[0].is_written);
	ck_assert(!graph->registers[1].is_written);
	ck_assert_uint_eq(graph->effect_count, 1);
}
END_TEST

START_TEST(selectors_and_members_are_given)
{
	struct graph *graph = parse_good(&usual);

	ck_assert_uint_eq(graph->target_count, 2);
	ck_assert_str_eq(graph->targets[0].name, "edges");
	ck_assert_str_eq(graph->targets[0].members[1], "edge-2");
	ck_assert_ptr_null(graph->targets[0].members[2]);
	ck_assert_ptr_null(graph->targets[0].identities);
	ck_assert_ptr_nonnull(graph->targets[0].selector);
	ck_assert_ptr_null(graph->targets[1].selector);
}
END_TEST

static const char nested[] =
	"[{\"kind\":\"step\",\"title\":\"one\",\"guards\":[{\"action\":\"rollback\",\"predicate\":"
	"{\"op\":\"above\",\"reading\":1,\"than\":\"1\",\"lasting_ms\":15000}}],\"body\":["
	"{\"kind\":\"hold\",\"hold_ms\":1000},"
	"{\"kind\":\"each\",\"at_once\":1,\"max_failures\":0,\"branches\":["
	"{\"item\":\"edge-1\",\"body\":[{\"kind\":\"set\",\"register\":0,\"value\":1}]},"
	"{\"item\":\"edge-2\",\"body\":[{\"kind\":\"set\",\"register\":0,\"value\":2}]}]}]}]";

START_TEST(paths_are_places_from_1)
{
	struct graph *graph = parse_body(nested);
	const struct graph_node *node = graph_node_at(graph, "1.2.2.1");

	ck_assert_ptr_nonnull(node);
	ck_assert_int_eq(node->kind, GRAPH_NODE_SET);
	ck_assert_str_eq(node->path, "1.2.2.1");
	ck_assert_int_eq(json_integer_value(node->value), 2);
	ck_assert_str_eq(graph_node_at(graph, "1.2")->branches[1].path, "1.2.2");
	ck_assert_str_eq(graph->body.nodes[0].guards.items[0].path, "1.g1");
}
END_TEST

START_TEST(a_path_without_a_node_is_null)
{
	static const char *const paths[] = {"", "0", "2", "1.3", "1.2.3.1", "1.2.1", "1.", ".1",
		"a", "1..2", "r.1", "01", "1.2.2.1.1"};
	struct graph *graph = parse_body(nested);

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		ck_assert_msg(!graph_node_at(graph, paths[i]), "%s", paths[i]);
}
END_TEST

START_TEST(restore_has_paths_of_its_own)
{
	struct graph *graph = parse_good(&(struct parts){
		.restore = "{\"guards\":[{\"action\":\"pause\",\"predicate\":{"
			   "\"op\":\"below\",\"reading\":1,"
			   "\"than\":\"5\"}}],\"body\":[{\"kind\":\"set\",\"register\":"
			   "0,\"value\":{\"$baseline\":true}}]}"});

	ck_assert(graph->has_restore);
	ck_assert_str_eq(graph_node_at(graph, "r.1")->path, "r.1");
	ck_assert_str_eq(graph->restore_guards.items[0].path, "r.g1");
}
END_TEST

struct walk {
	char paths[256];
	size_t left;
};

static bool note_path(void *arg, const struct graph_node *node)
{
	struct walk *walk = arg;

	strcat(walk->paths, node->path);
	strcat(walk->paths, " ");
	return --walk->left > 0;
}

START_TEST(nodes_are_visited_in_reading_order)
{
	struct graph *graph = parse_body(nested);
	struct walk all = {.left = 100}, two = {.left = 2};

	graph_each_node(graph, true, note_path, &all);
	ck_assert_str_eq(all.paths, "1 1.1 1.2 1.2.1.1 1.2.2.1 ");
	graph_each_node(graph, true, note_path, &two);
	ck_assert_str_eq(two.paths, "1 1.1 ");
}
END_TEST

START_TEST(a_register_reads_as_people_say_it)
{
	struct graph *graph = parse_good(&usual);

	ck_assert_str_eq(graph_register_text(&arena, &graph->registers[0]), "weight b/s on edge-1");
}
END_TEST

START_TEST(what_the_engine_cannot_walk_is_found)
{
	const char *why = NULL;
	struct graph *graph = parse_body("[{\"kind\":\"hold\",\"hold_ms\":1},{\"kind\":\"manual\","
					 "\"task\":\"Call\",\"role\":\"dba\","
					 "\"within_ms\":60000,\"irreversible\":\"a call\"}]");

	ck_assert_str_eq(graph_first_unsupported(graph, &why)->path, "2");
	ck_assert_ptr_nonnull(strstr(why, "manual"));
	ck_assert(graph_is_irreversible(graph));
	graph = parse_body(nested);
	ck_assert_ptr_null(graph_first_unsupported(graph, &why));
	ck_assert(!graph_is_irreversible(graph));
}
END_TEST

START_TEST(every_wrong_type_is_refused)
{
	static const char *const bodies[] = {"{}", "3", "null", "[3]", "[[]]", "[null]", "[{}]",
		"[{\"kind\":3}]", "[{\"kind\":\"set\",\"register\":\"0\",\"value\":0}]",
		"[{\"kind\":\"set\",\"register\":0}]", "[{\"kind\":\"set\",\"value\":0}]",
		"[{\"kind\":\"hold\",\"hold_ms\":\"1s\"}]", "[{\"kind\":\"hold\",\"hold_ms\":0}]",
		"[{\"kind\":\"hold\",\"hold_ms\":-1}]", "[{\"kind\":\"hold\",\"hold_ms\":1.5}]",
		"[{\"kind\":\"check\",\"predicate\":[]}]",
		"[{\"kind\":\"check\",\"predicate\":{}}]",
		"[{\"kind\":\"step\",\"title\":\"x\",\"body\":{}}]",
		"[{\"kind\":\"step\",\"title\":\"x\",\"body\":[]}]",
		"[{\"kind\":\"step\",\"title\":\"\",\"body\":[{\"kind\":\"hold\",\"hold_ms\":1}]}]",
		"[{\"kind\":\"gate\",\"question\":\"?\",\"within_ms\":1}]",
		"[{\"kind\":\"set\",\"register\":0,\"value\":0.5}]"};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct graph *graph = NULL;
		int rc = parse_text(write_graph(&(struct parts){.body = bodies[i]}), &graph);

		ck_assert_msg(rc == ERROR_PLAN && !graph, "%s is taken", bodies[i]);
	}
}
END_TEST

START_TEST(an_unknown_kind_names_its_node_and_the_nearest)
{
	refuse_body("[{\"kind\":\"hold\",\"hold_ms\":1},{\"kind\":\"rmap\"}]", "unknown", "node 2");
	ck_assert_str_eq(err.remedy, "did you mean \"ramp\"?");
}
END_TEST

START_TEST(an_unknown_field_is_refused)
{
	refuse_body("[{\"kind\":\"set\",\"register\":0,\"value\":0,\"url\":\"http://x\"}]", "url",
		"node 1");
}
END_TEST

START_TEST(a_field_of_another_kind_is_refused)
{
	refuse_body("[{\"kind\":\"hold\",\"hold_ms\":1,\"register\":0}]", "register", "node 1");
}
END_TEST

START_TEST(an_unknown_top_field_is_refused)
{
	refuse_parts(
		&(struct parts){
			.head = "\"format\":1,\"plan\":\"a\",\"action\":\"apply\",\"params\":{},"
				"\"x\":1"},
		"\"x\"", "");
}
END_TEST

START_TEST(another_format_is_refused)
{
	refuse_parts(
		&(struct parts){
			.head = "\"format\":2,\"plan\":\"a\",\"action\":\"apply\",\"params\":{}"},
		"format", "");
}
END_TEST

START_TEST(a_position_past_the_registers_is_refused)
{
	refuse_body("[{\"kind\":\"set\",\"register\":2,\"value\":0}]", "register is 2", "node 1");
}
END_TEST

START_TEST(a_negative_position_is_refused)
{
	refuse_body("[{\"kind\":\"set\",\"register\":-1,\"value\":0}]", "register is -1", "node 1");
}
END_TEST

START_TEST(a_reading_past_the_registers_is_refused)
{
	refuse_body("[{\"kind\":\"check\",\"predicate\":{\"op\":\"below\",\"reading\":9,\"than\":"
		    "\"1\"}}]",
		"reading is 9", "node 1");
}
END_TEST

START_TEST(a_position_inside_a_form_is_checked)
{
	refuse_body("[{\"kind\":\"check\",\"predicate\":{\"op\":\"below\",\"reading\":1,\"than\":"
		    "{\"$reading\":2}}}]",
		"position", "node 1");
}
END_TEST

START_TEST(a_register_of_a_target_that_is_not_listed_is_refused)
{
	refuse_parts(
		&(struct parts){.registers = "[{\"args\":[],\"target\":\"db-9\",\"type\":\"x\"}]"},
		"db-9", "registers[0]");
}
END_TEST

START_TEST(a_register_without_target_is_a_switch_only)
{
	refuse_parts(
		&(struct parts){.registers = "[{\"args\":[\"b\"],\"type\":\"haproxy.weight\"}]"},
		"needs a target", "registers[0]");
	parse_good(&(struct parts){.registers = "[{\"args\":[\"shop/x\"],\"type\":\"switch\"}]"});
}
END_TEST

START_TEST(an_empty_selection_is_refused)
{
	refuse_parts(
		&(struct parts){.targets = "{\"edges\":{\"list\":[]}}"}, "empty", "target edges");
}
END_TEST

START_TEST(a_selector_without_labels_is_refused)
{
	refuse_parts(
		&(struct parts){
			.targets = "{\"edges\":{\"list\":[{\"name\":\"e\"}],\"selector\":{}}}"},
		"every target", "target edges");
}
END_TEST

START_TEST(members_out_of_order_or_twice_are_refused)
{
	refuse_parts(
		&(struct parts){
			.targets = "{\"edges\":{\"list\":[{\"name\":\"b\"},{\"name\":\"a\"}]}}"},
		"not sorted", "target edges");
	refuse_parts(
		&(struct parts){
			.targets = "{\"edges\":{\"list\":[{\"name\":\"a\"},{\"name\":\"a\"}]}}"},
		"not sorted", "target edges");
}
END_TEST

START_TEST(a_key_twice_is_refused)
{
	refuse_body("[{\"kind\":\"hold\",\"hold_ms\":1,\"hold_ms\":2}]", "JSON", "line 1, column");
}
END_TEST

START_TEST(a_bidi_title_is_refused)
{
	refuse_body("[{\"kind\":\"step\",\"title\":\"a\\u202eb\",\"body\":[{\"kind\":\"hold\","
		    "\"hold_ms\":1}]}]",
		"U+202E", "node 1");
}
END_TEST

START_TEST(control_characters_are_refused_everywhere)
{
	static const char *const bodies[] = {
		"[{\"kind\":\"set\",\"register\":0,\"value\":\"a\\u0001\"}]",
		"[{\"kind\":\"set\",\"register\":0,\"value\":\"a\\u007f\"}]",
		"[{\"kind\":\"set\",\"register\":0,\"value\":\"a\\r\"}]",
		"[{\"kind\":\"set\",\"register\":0,\"value\":{\"k\\u0007\":1}}]",
		"[{\"kind\":\"gate\",\"question\":\"a\\u001b[2J\",\"role\":\"x\",\"within_ms\":1}"
		"]"};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct graph *graph = NULL;

		ck_assert_int_eq(
			parse_text(write_graph(&(struct parts){.body = bodies[i]}), &graph),
			ERROR_PLAN);
	}
}
END_TEST

START_TEST(a_newline_in_an_argument_stays)
{
	parse_good(&(struct parts){
		.registers = "[{\"args\":[\"sum(\\n "
			     "up)\"],\"target\":\"prom-main\",\"type\":\"prometheus.value\"}]"});
}
END_TEST

START_TEST(depth_is_bounded)
{
	struct buf body = BUF_INIT;
	struct graph *graph = NULL;

	for (int i = 0; i < 40; i++)
		buf_add_text(&body, "[{\"kind\":\"step\",\"title\":\"x\",\"body\":");
	buf_add_text(&body, "[{\"kind\":\"hold\",\"hold_ms\":1}]");
	for (int i = 0; i < 40; i++)
		buf_add_text(&body, "}]");
	ck_assert_int_eq(parse_text(write_graph(&(struct parts){.body = buf_text(&body)}), &graph),
		ERROR_PLAN);
	ck_assert_ptr_nonnull(strstr(err.message, "64 levels"));
	buf_done(&body);
}
END_TEST

static int parse_many(const char *node, int count)
{
	struct buf body = BUF_INIT;
	struct graph *graph = NULL;
	int rc;

	buf_add_char(&body, '[');
	for (int i = 0; i < count; i++)
		buf_add_format(&body, "%s%s", i ? "," : "", node);
	buf_add_char(&body, ']');
	rc = parse_text(write_graph(&(struct parts){.body = buf_text(&body)}), &graph);
	buf_done(&body);
	return rc;
}

START_TEST(effects_are_bounded)
{
	static const char set[] = "{\"kind\":\"set\",\"register\":0,\"value\":0}";

	ck_assert_int_eq(parse_many(set, GRAPH_MAX_EFFECTS), 0);
	ck_assert_int_eq(parse_many(set, GRAPH_MAX_EFFECTS + 1), ERROR_PLAN);
	ck_assert_ptr_nonnull(strstr(err.message, "20000 effects"));
}
END_TEST

START_TEST(nodes_are_bounded)
{
	static const char hold[] = "{\"kind\":\"hold\",\"hold_ms\":1}";

	ck_assert_int_eq(parse_many(hold, GRAPH_MAX_NODES), 0);
	ck_assert_int_eq(parse_many(hold, GRAPH_MAX_NODES + 1), ERROR_PLAN);
	ck_assert_ptr_nonnull(strstr(err.message, "60000 nodes"));
}
END_TEST

START_TEST(bytes_are_bounded)
{
	struct graph *graph = NULL;
	char *text = malloc(GRAPH_MAX_BYTES + 1);

	memset(text, ' ', GRAPH_MAX_BYTES + 1);
	ck_assert_int_eq(graph_parse(&arena, text, GRAPH_MAX_BYTES + 1, &graph, &err), ERROR_PLAN);
	free(text);
}
END_TEST

static void take_than(const char *than, bool is_good)
{
	struct graph *graph = NULL;
	const char *body = arena_format(&arena,
		"[{\"kind\":\"check\",\"predicate\":{\"op\":\"below\",\"reading\":1,\"than\":%s}}]",
		than);

	ck_assert_msg(
		(parse_text(write_graph(&(struct parts){.body = body}), &graph) == 0) == is_good,
		"%s", than);
}

START_TEST(a_decimal_has_one_spelling)
{
	static const char *const good[] = {"\"0.01\"", "\"5\"", "\"0\"", "{\"$reading\":0}",
		"{\"$percent\":{\"n\":\"50\",\"of\":[0,1],\"at_least\":\"0.01\",\"round\":"
		"\"nearest\"}}",
		"\"-1.5\"", "\"12.25\""};
	static const char *const bad[] = {"5", "{\"$absent\":true}", "{\"$baseline\":true}",
		"{\"$percent\":{\"n\":50}}", "\"0.10\"", "\".5\"", "\"5.\"", "\"1e3\"", "\"00.5\"",
		"\"+1.5\"", "\"nan\"", "\"\"", "\"-\"", "\"0x1\"", "\" 1.5\"", "\"1.5 \"", "\"-0\"",
		"true", "null", "[]"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		take_than(good[i], true);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		take_than(bad[i], false);
}
END_TEST

static void take_value(const char *value, bool is_good)
{
	struct graph *graph = NULL;
	const char *body =
		arena_format(&arena, "[{\"kind\":\"set\",\"register\":0,\"value\":%s}]", value);

	ck_assert_msg(
		(parse_text(write_graph(&(struct parts){.body = body}), &graph) == 0) == is_good,
		"%s", value);
}

START_TEST(values_are_literals_or_known_forms)
{
	static const char *const good[] = {"null", "true", "\"drain\"",
		"[1,{\"a\":{\"$decimal\":\"0.5\"}}]", "{\"$absent\":true}", "{\"$baseline\":true}",
		"{}", "[]"};
	static const char *const bad[] = {"{\"$decimal\":\"0.50\"}", "{\"$decimal\":\"5\"}",
		"{\"$decimal\":0}", "{\"$decimal\":\"0.5\",\"x\":1}", "{\"$what\":1}",
		"{\"$baseline\":false}", "[{\"$baseline\":true}]", "{\"a\":{\"$percent\":{}}}",
		"{\"$reading\":0}", "{\"$rest\":{\"of\":[],\"total\":\"100\"}}",
		"{\"$percent\":{}}"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		take_value(good[i], true);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		take_value(bad[i], false);
}
END_TEST

START_TEST(needs_point_to_earlier_steps_only)
{
	static const char parallel[] =
		"[{\"kind\":\"parallel\",\"at_once\":2,\"max_failures\":0,\"body\":["
		"{\"kind\":\"step\",\"title\":\"a\",%s\"body\":[{\"kind\":\"hold\",\"hold_ms\":1}]}"
		","
		"{\"kind\":\"step\",\"title\":\"b\",\"needs\":[%s],\"body\":[{\"kind\":\"hold\","
		"\"hold_ms\":1}]}]}]";
	struct graph *graph = parse_body(arena_format(&arena, parallel, "", "0"));

	ck_assert_uint_eq(graph_node_at(graph, "1.2")->need_count, 1);
	refuse_body(arena_format(&arena, parallel, "", "1"), "no earlier step", "node 1.2");
	refuse_body(arena_format(&arena, parallel, "\"needs\":[0],", "0"), "no earlier step",
		"node 1.1");
}
END_TEST

START_TEST(needs_outside_a_parallel_are_refused)
{
	refuse_body("[{\"kind\":\"hold\",\"hold_ms\":1},{\"kind\":\"step\",\"title\":\"b\","
		    "\"needs\":[0],"
		    "\"body\":[{\"kind\":\"hold\",\"hold_ms\":1}]}]",
		"only directly in a parallel", "node 2");
}
END_TEST

START_TEST(the_last_batch_is_all)
{
	static const char each[] =
		"[{\"kind\":\"each\",\"at_once\":1,\"max_failures\":0,\"hold_ms\":5,"
		"\"batches\":%s,\"branches\":[{\"item\":\"a\",\"body\":[]},"
		"{\"item\":\"b\",\"body\":[]}]}]";

	ck_assert_uint_eq(
		parse_body(arena_format(&arena, each, "[1,2]"))->body.nodes[0].batch_count, 2);
	refuse_body(arena_format(&arena, each, "[1]"), "last batch", "node 1");
	refuse_body(arena_format(&arena, each, "[2,1]"), "rising", "node 1");
	refuse_body(arena_format(&arena, each, "[1,3]"), "last batch", "node 1");
}
END_TEST

START_TEST(a_wait_shorter_than_its_lasting_is_refused)
{
	refuse_body("[{\"kind\":\"wait\",\"within_ms\":10,\"predicate\":{\"op\":\"any\",\"of\":[{"
		    "\"op\":\"below\","
		    "\"reading\":1,\"than\":\"1\",\"lasting_ms\":11}]}}]",
		"last longer", "node 1");
}
END_TEST

START_TEST(what_is_irreversible_has_no_undo)
{
	refuse_body("[{\"kind\":\"manual\",\"task\":\"x\",\"role\":\"r\",\"within_ms\":1}]",
		"either", "node 1");
	refuse_body("[{\"kind\":\"manual\",\"task\":\"x\",\"role\":\"r\",\"within_ms\":1,\"undo\":"
		    "\"y\","
		    "\"irreversible\":\"z\"}]",
		"either", "node 1");
}
END_TEST

static const char *give_identity(void *arg, const char *target_name)
{
	(void)arg;
	return strcmp(target_name, "edge-2") == 0
		       ? "sha256:2222222222222222222222222222222222222222222222222222222222222222"
		       : DIGEST_1;
}

static const char *give_none(void *arg, const char *target_name)
{
	(void)arg;
	(void)target_name;
	return NULL;
}

static int complete_graph(
	const char *text, struct graph_completion completion, char *digest_out, char **ret_bytes)
{
	struct buf bytes = BUF_INIT;
	struct digest digest;
	int rc = graph_complete(&arena, text, strlen(text), &completion, &bytes, &digest, &err);

	if (rc == 0) {
		digest_text(&digest, digest_out);
		*ret_bytes = arena_text_n(&arena, buf_text(&bytes), bytes.length);
	}
	buf_done(&bytes);
	return rc;
}

static const struct graph_completion real = {
	.version_digest = DIGEST_1, .kind = "real", .mode = "graceful", .identity = give_identity};

START_TEST(a_completed_graph_is_canonical_and_has_identities)
{
	char digest[DIGEST_TEXT_SIZE], *bytes = NULL;
	struct graph *graph = NULL;

	ck_assert_int_eq(complete_graph(write_graph(&usual), real, digest, &bytes), 0);
	ck_assert_int_eq(canonical_parse(bytes, strlen(bytes), JSON_DEPTH_GRAPH, NULL, &err), 0);
	ck_assert_int_eq(parse_text(bytes, &graph), 0);
	ck_assert_str_eq(graph->kind, "real");
	ck_assert_str_eq(graph->version_digest, DIGEST_1);
	ck_assert_str_eq(graph->targets[0].identities[0], DIGEST_1);
	ck_assert_str_eq(graph->targets[0].identities[1], give_identity(NULL, "edge-2"));
}
END_TEST

START_TEST(the_digest_is_that_of_the_domain_and_the_bytes)
{
	char digest[DIGEST_TEXT_SIZE], again[DIGEST_TEXT_SIZE], *bytes = NULL, *same = NULL;
	struct digest expected;

	ck_assert_int_eq(complete_graph(write_graph(&usual), real, digest, &bytes), 0);
	digest_of_domain("redbutton graph 1\n", bytes, strlen(bytes), &expected);
	ck_assert_str_eq(digest, digest_text(&expected, again));
	ck_assert_int_eq(complete_graph(write_graph(&usual), real, again, &same), 0);
	ck_assert_str_eq(digest, again);
}
END_TEST

START_TEST(the_order_of_keys_does_not_change_the_digest)
{
	char one[DIGEST_TEXT_SIZE], other[DIGEST_TEXT_SIZE], *bytes;

	ck_assert_int_eq(complete_graph(write_graph(&usual), real, one, &bytes), 0);
	ck_assert_int_eq(
		complete_graph(
			write_graph(&(struct parts){
				.body = "[ {\"value\":0, \"register\":0,\n\"kind\":\"set\"} ]"}),
			real, other, &bytes),
		0);
	ck_assert_str_eq(one, other);
}
END_TEST

START_TEST(a_drill_has_another_digest)
{
	char one[DIGEST_TEXT_SIZE], other[DIGEST_TEXT_SIZE], *bytes;
	struct graph_completion drill = real;

	drill.kind = "drill";
	ck_assert_int_eq(complete_graph(write_graph(&usual), real, one, &bytes), 0);
	ck_assert_int_eq(complete_graph(write_graph(&usual), drill, other, &bytes), 0);
	ck_assert_str_ne(one, other);
}
END_TEST

START_TEST(a_target_that_is_gone_is_named)
{
	char digest[DIGEST_TEXT_SIZE], *bytes = NULL;
	struct graph_completion without = real;

	without.identity = give_none;
	ck_assert_int_eq(
		complete_graph(write_graph(&usual), without, digest, &bytes), ERROR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.message, "edge-1"));
}
END_TEST

START_TEST(the_runner_cannot_forge_what_is_ours)
{
	char digest[DIGEST_TEXT_SIZE], *bytes = NULL;

	ck_assert_int_eq(complete_graph(write_graph(&(struct parts){
						.head = "\"format\":1,\"plan\":\"a\",\"action\":"
							"\"apply\",\"params\":{},"
							"\"kind\":\"drill\""}),
				 real, digest, &bytes),
		ERROR_PLAN);
	ck_assert_int_eq(
		complete_graph(write_graph(&(struct parts){
				       .targets = "{\"e\":{\"list\":[{\"identity\":\"" DIGEST_1
						  "\",\"name\":\"edge-1\"}]}}"}),
			real, digest, &bytes),
		ERROR_PLAN);
}
END_TEST

/* Graph and lines of a golden file, whose graph the language wrote. */
static char *load_golden(const char *name, json_t **ret_lines)
{
	char *path = arena_format(&arena, "%s/%s", GOLDEN_DIR, name);
	json_t *golden = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	char *text, *copy;

	ck_assert_msg(golden != NULL, "%s", path);
	text = json_dumps(json_object_get(golden, "graph"), JSON_COMPACT | JSON_SORT_KEYS);
	copy = arena_text(&arena, text);
	*ret_lines = json_incref(json_object_get(golden, "lines"));
	free(text);
	json_decref(golden);
	return copy;
}

struct golden_walk {
	const json_t *lines;
	const struct graph *graph;
	size_t count;
};

/* Every node is where the language says, and says something for people. */
static bool check_golden_node(void *arg, const struct graph_node *node)
{
	struct golden_walk *walk = arg;

	ck_assert_msg(
		json_object_get(walk->lines, node->path) != NULL, "no line of %s", node->path);
	ck_assert_ptr_eq(graph_node_at(walk->graph, node->path), node);
	ck_assert(*graph_node_text(&arena, walk->graph, node));
	walk->count++;
	return true;
}

static void check_golden(const char *name)
{
	char digest[DIGEST_TEXT_SIZE], again[DIGEST_TEXT_SIZE], *bytes = NULL, *text;
	struct golden_walk walk = {0};
	struct graph *graph = NULL;
	struct buf tree = BUF_INIT;
	json_t *lines;
	int rc;

	text = load_golden(name, &lines);
	rc = complete_graph(text, real, digest, &bytes);
	ck_assert_msg(rc == 0, "%s: %s (%s)", name, err.message, err.place);
	ck_assert_int_eq(complete_graph(text, real, again, &bytes), 0);
	ck_assert_str_eq(digest, again);
	ck_assert_int_eq(parse_text(bytes, &graph), 0);
	walk = (struct golden_walk){.lines = lines, .graph = graph};
	graph_each_node(graph, true, check_golden_node, &walk);
	ck_assert_uint_eq(walk.count, graph->node_count);
	graph_add_tree(&tree, graph, lines);
	ck_assert_ptr_nonnull(strstr(buf_text(&tree), graph->plan));
	buf_done(&tree);
	json_decref(lines);
}

START_TEST(golden_graphs_parse)
{
	DIR *dir = opendir(GOLDEN_DIR);
	const struct dirent *entry;
	int count = 0;

	ck_assert_msg(dir != NULL, "%s", GOLDEN_DIR);
	while ((entry = readdir(dir))) {
		if (!strstr(entry->d_name, ".json"))
			continue;
		check_golden(entry->d_name);
		count++;
	}
	closedir(dir);
	ck_assert_int_ge(count, 14);
}
END_TEST

Suite *graph_suite(void);
Suite *graph_suite(void)
{
	Suite *suite = suite_create("graph");
	TCase *tcase = tcase_create("graph");
	const TTest *const tests[] = {a_set_gives_its_register_and_value,
		selectors_and_members_are_given, paths_are_places_from_1,
		a_path_without_a_node_is_null, restore_has_paths_of_its_own,
		nodes_are_visited_in_reading_order, a_register_reads_as_people_say_it,
		what_the_engine_cannot_walk_is_found, every_wrong_type_is_refused,
		an_unknown_kind_names_its_node_and_the_nearest, an_unknown_field_is_refused,
		a_field_of_another_kind_is_refused, an_unknown_top_field_is_refused,
		another_format_is_refused, a_position_past_the_registers_is_refused,
		a_negative_position_is_refused, a_reading_past_the_registers_is_refused,
		a_position_inside_a_form_is_checked,
		a_register_of_a_target_that_is_not_listed_is_refused,
		a_register_without_target_is_a_switch_only, an_empty_selection_is_refused,
		a_selector_without_labels_is_refused, members_out_of_order_or_twice_are_refused,
		a_key_twice_is_refused, a_bidi_title_is_refused,
		control_characters_are_refused_everywhere, a_newline_in_an_argument_stays,
		depth_is_bounded, effects_are_bounded, nodes_are_bounded, bytes_are_bounded,
		a_decimal_has_one_spelling, values_are_literals_or_known_forms,
		needs_point_to_earlier_steps_only, needs_outside_a_parallel_are_refused,
		the_last_batch_is_all, a_wait_shorter_than_its_lasting_is_refused,
		what_is_irreversible_has_no_undo, a_completed_graph_is_canonical_and_has_identities,
		the_digest_is_that_of_the_domain_and_the_bytes,
		the_order_of_keys_does_not_change_the_digest, a_drill_has_another_digest,
		a_target_that_is_gone_is_named, golden_graphs_parse,
		the_runner_cannot_forge_what_is_ours};

	tcase_add_checked_fixture(tcase, setup, teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(graph_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
