/* What class a graph is of, and whether its targets are still those it was built for. */
#include "check_main.h"
#include "plan_world.h"
#include "plans/plan_rooms.h"

#include <string.h>

static const struct store_schema *const schemas[] = {&approval_schema, &plans_schema};
static struct error err;

#define SET(value) "{\"kind\":\"set\",\"register\":0,\"value\":" value "}"

static void expect(int rc, int code, const char *message)
{
	ck_assert_msg(rc == code, "%d: %s", rc, err.message);
	ck_assert_msg(
		strstr(err.message, message) != NULL, "\"%s\" has no \"%s\"", err.message, message);
}

static struct graph *parse_graph(const char *targets, const char *registers, const char *body)
{
	struct graph *graph = NULL;
	const char *text = arena_format(&world.arena,
		"{\"format\":1,\"plan\":\"a\",\"action\":\"apply\",\"params\":{},\"targets\":{%s},"
		"\"registers\":[%s],"
		"\"body\":[%s]}",
		targets, registers, body);

	ck_assert_msg(graph_parse(&world.arena, text, strlen(text), &graph, &err) == 0, "%s",
		err.message);
	return graph;
}

#define ONE(name)   "\"t\":{\"list\":[{\"name\":\"" name "\"}]}"
#define WRITE(name) "{\"args\":[\"b\"],\"target\":\"" name "\",\"type\":\"plane.weight\"}"

static enum approval_class class_of(const char *targets, const char *registers, const char *body)
{
	enum approval_class found = APPROVAL_R0;

	ck_assert_int_eq(plan_class_of(store_reader(world.store),
				 parse_graph(targets, registers, body), &found, &err),
		0);
	return found;
}

START_TEST(the_class_follows_what_is_written)
{
	plan_world_open(schemas, 2);
	ck_assert_int_eq(
		class_of(ONE("edge-1"), WRITE("edge-1"), "{\"kind\":\"hold\",\"hold_ms\":1}"),
		APPROVAL_R0);
	ck_assert_int_eq(class_of(ONE("lab-1"), WRITE("lab-1"), SET("1")), APPROVAL_R1);
	ck_assert_int_eq(class_of(ONE("edge-1"), WRITE("edge-1"), SET("1")), APPROVAL_R2);
	plan_targets[2].environment = "";
	ck_assert_int_eq(class_of(ONE("lab-1"), WRITE("lab-1"), SET("1")), APPROVAL_R2);
	ck_assert_int_eq(class_of("\"t\":{\"list\":[{\"name\":\"edge-1\"},{\"name\":\"south-1\"}]}",
				 WRITE("edge-1") "," WRITE("south-1"),
				 SET("1") ",{\"kind\":\"set\",\"register\":1,\"value\":1}"),
		APPROVAL_R3);
	ck_assert_int_eq(class_of(ONE("lab-1"), WRITE("lab-1"),
				 "{\"kind\":\"manual\",\"task\":\"t\",\"role\":\"r\",\"within_ms\":"
				 "1,\"irreversible\":\"x\"}"),
		APPROVAL_R3);
	plan_world_close();
}
END_TEST

static struct graph *selected_graph(void)
{
	char identity[DIGEST_TEXT_SIZE];
	struct digest raw;

	target_identity(&plan_targets[0], &raw);
	digest_text(&raw, identity);
	return parse_graph(arena_format(&world.arena,
				   "\"edges\":{\"selector\":{\"site\":\"north\"},\"list\":[{"
				   "\"name\":\"edge-1\",\"identity\":\"%s\"},"
				   "{\"name\":\"edge-2\",\"identity\":\"%s\"}]}",
				   identity, identity),
		WRITE("edge-1"), SET("1"));
}

static int check_targets(const struct graph *graph)
{
	err = ERROR_INIT;
	return plan_check_targets(store_reader(world.store), graph, &err);
}

START_TEST(changed_targets_are_named)
{
	struct graph *graph;

	plan_world_open(schemas, 2);
	graph = selected_graph();
	ck_assert_msg(check_targets(graph) == 0, "%s", err.message);
	plan_targets[3].site = "north";
	expect(check_targets(graph), ERROR_TARGETS_CHANGED, "south-1 is selected now");
	plan_targets[3].site = "south";
	plan_targets[1].site = "south";
	expect(check_targets(graph), ERROR_TARGETS_CHANGED, "edge-2 is not selected any more");
	plan_targets[1].address = "tcp:127.0.0.1:2";
	expect(check_targets(graph), ERROR_TARGETS_CHANGED, "edge-2 has another kind, address");
	plan_targets[1].name = NULL;
	expect(check_targets(graph), ERROR_TARGETS_CHANGED, "edge-2 is gone");
	plan_world_close();
}
END_TEST

CHECK_MAIN("plan_class", &the_class_follows_what_is_written, &changed_targets_are_named)
