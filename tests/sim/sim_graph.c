/* Random graphs: every kind of node that the engine walks, over registers a..f and signals g, h. */
#include "sim.h"

#include "../unit/engine_neighbours.h"

#include <stdlib.h>

#define VERSION	  "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define DEPTH_MAX 4

struct maker {
	struct buf out;
	size_t nodes;
	int budget;
	bool is_restore;
};

static void make_list(struct maker *maker, unsigned cells, int depth, int most);

static size_t pick_cell(unsigned cells)
{
	size_t cell;

	do
		cell = (size_t)sim_between(0, SIM_WRITTEN - 1);
	while (!(cells & (1u << cell)));
	return cell;
}

static int count_of(unsigned cells)
{
	int count = 0;

	for (; cells; cells &= cells - 1)
		count++;
	return count;
}

/* --- values --- */

static void make_value(struct maker *maker, size_t cell)
{
	static const char *const FORMS[] = {
		"{\"$percent\":{\"n\":\"50\",\"at_least\":\"1\"}}",
		"{\"$percent\":{\"n\":\"25\",\"round\":\"up\"}}",
		"{\"$baseline\":true}",
		"{\"$absent\":true}",
		"\"drain\"",
	};

	if (maker->is_restore && sim_is(70)) {
		buf_add_text(&maker->out, FORMS[2]);
	} else if (sim_is(30)) {
		buf_add_text(&maker->out, FORMS[sim_between(0, 4)]);
	} else if (sim_is(5)) {
		buf_add_format(&maker->out, "{\"$rest\":{\"total\":\"500\",\"of\":[%zu]}}",
			(cell + 1) % SIM_WRITTEN);
	} else {
		buf_add_format(&maker->out, "%d", sim_between(0, 9));
	}
}

static void make_set(struct maker *maker, unsigned cells)
{
	size_t cell = pick_cell(cells);

	buf_add_format(&maker->out, "{\"kind\":\"set\",\"register\":%zu,\"value\":", cell);
	make_value(maker, cell);
	if (sim_is(5))
		buf_add_format(&maker->out, ",\"if_value\":%d", sim_between(1, 10) * 20);
	buf_add_char(&maker->out, '}');
}

/* --- predicates --- */

static void make_comparison(struct maker *maker, bool is_good)
{
	int reading = sim_between(SIM_WRITTEN, SIM_CELLS - 1);

	buf_add_format(&maker->out, "{\"op\":\"%s\",\"reading\":%d,\"than\":\"50\"",
		is_good ? "below" : "above", reading);
}

/* True when all is well (or, not `is_good`, when something is not). */
static void make_predicate(struct maker *maker, bool is_good, int lasting_most_ms)
{
	static const char *const GROUPS[] = {"all", "any", "none"};
	int group = sim_between(0, 9);

	if (group <= 2) {
		buf_add_format(&maker->out, "{\"op\":\"%s\",\"of\":[", GROUPS[group]);
		make_comparison(maker, group == 2 ? !is_good : is_good);
		buf_add_text(&maker->out, "},");
		make_comparison(maker, group == 2 ? !is_good : is_good);
		buf_add_text(&maker->out, "}]");
	} else {
		make_comparison(maker, is_good);
	}
	if (lasting_most_ms && sim_is(40))
		buf_add_format(&maker->out, ",\"lasting_ms\":%d", sim_between(1, lasting_most_ms));
	buf_add_char(&maker->out, '}');
}

static void make_guards(struct maker *maker)
{
	static const char *const ACTIONS[] = {"pause", "abort", "rollback"};

	if (!sim_is(35))
		return;
	buf_add_format(&maker->out,
		",\"guards\":[{\"action\":\"%s\",\"predicate\":", ACTIONS[sim_between(0, 2)]);
	make_predicate(maker, false, 15000);
	buf_add_text(&maker->out, "}]");
}

/* --- nodes without nodes --- */

static void make_wait(struct maker *maker)
{
	int within_ms = sim_between(2, 60) * 1000;

	buf_add_text(&maker->out, "{\"kind\":\"wait\",\"predicate\":");
	make_predicate(maker, sim_is(90), within_ms / 2);
	buf_add_format(&maker->out, ",\"within_ms\":%d}", within_ms);
}

static void make_leaf(struct maker *maker, unsigned cells)
{
	int kind = sim_between(0, 19);

	if (kind <= 12) {
		make_set(maker, cells);
	} else if (kind <= 14) {
		buf_add_text(&maker->out, "{\"kind\":\"check\",\"predicate\":");
		make_predicate(maker, sim_is(90), 0);
		buf_add_char(&maker->out, '}');
	} else if (kind <= 16) {
		make_wait(maker);
	} else if (kind <= 18) {
		buf_add_format(
			&maker->out, "{\"kind\":\"hold\",\"hold_ms\":%d}", sim_between(1, 20000));
	} else {
		buf_add_format(&maker->out,
			"{\"kind\":\"gate\",\"question\":\"on?\",\"role\":\"sre\",\"within_ms\":%"
			"d}",
			sim_between(1, 120) * 1000);
	}
}

/* --- blocks --- */

static void make_step(struct maker *maker, unsigned cells, int depth, const char *more)
{
	buf_add_format(&maker->out, "{\"kind\":\"step\",\"title\":\"s%zu\"%s", maker->nodes, more);
	make_guards(maker);
	buf_add_text(&maker->out, ",\"body\":[");
	make_list(maker, cells, depth + 1, 3);
	buf_add_text(&maker->out, "]}");
}

static void make_call(struct maker *maker, unsigned cells, int depth)
{
	buf_add_text(&maker->out,
		"{\"kind\":\"call\",\"plan\":\"test/child\",\"version\":\"" VERSION
		"\",\"action\":\"apply\",\"params\":{}");
	make_guards(maker);
	buf_add_text(&maker->out, ",\"body\":[");
	make_list(maker, cells, depth + 1, 3);
	buf_add_text(&maker->out, "]}");
}

/* Branches write different registers: the part of `cells` for one of them. */
static unsigned part_of(unsigned cells, size_t branch, size_t count)
{
	unsigned part = 0;
	size_t at = 0;

	for (size_t i = 0; i < SIM_WRITTEN; i++)
		if (cells & (1u << i))
			part |= at++ % count == branch ? 1u << i : 0;
	return part;
}

static void make_parallel(struct maker *maker, unsigned cells, int depth)
{
	size_t count = (size_t)sim_between(2, count_of(cells) < 4 ? 2 : 4);

	buf_add_format(&maker->out, "{\"kind\":\"parallel\",\"at_once\":%d,\"max_failures\":%d",
		sim_between(1, 4), sim_is(70) ? 0 : 1);
	make_guards(maker);
	buf_add_text(&maker->out, ",\"body\":[");
	for (size_t i = 0; i < count; i++) {
		buf_add_text(&maker->out, i ? "," : "");
		maker->nodes++;
		make_step(maker, part_of(cells, i, count), depth,
			i && sim_is(30) ? ",\"needs\":[0]" : "");
	}
	buf_add_text(&maker->out, "]}");
}

static void make_each(struct maker *maker, unsigned cells, int depth)
{
	int most = count_of(cells);
	size_t count = (size_t)sim_between(1, most);

	buf_add_format(&maker->out, "{\"kind\":\"each\",\"at_once\":%d,\"max_failures\":%d",
		sim_between(1, 4), sim_is(60) ? 0 : sim_between(1, 2));
	if (count > 1 && sim_is(40))
		buf_add_format(&maker->out, ",\"batches\":[1,%zu],\"hold_ms\":%d", count,
			sim_between(1, 10000));
	buf_add_text(&maker->out, ",\"branches\":[");
	for (size_t i = 0; i < count; i++) {
		buf_add_format(&maker->out, "%s{\"item\":\"i%zu\",\"body\":[", i ? "," : "", i);
		make_list(maker, part_of(cells, i, count), depth + 1, 2);
		buf_add_text(&maker->out, "]}");
	}
	buf_add_text(&maker->out, "]}");
}

static void make_ramp(struct maker *maker, unsigned cells)
{
	static const char *const AT[] = {"75", "50", "25", "5", "0"};
	size_t cell = pick_cell(cells);
	int from = sim_between(0, 2), to = sim_between(from, 4);

	buf_add_format(&maker->out, "{\"kind\":\"ramp\",\"hold_ms\":%d", sim_between(1, 15000));
	if (sim_is(50))
		buf_add_text(&maker->out, ",\"forward_only\":true");
	if (sim_is(30)) {
		buf_add_text(&maker->out, ",\"go_if\":");
		make_predicate(maker, true, 3000);
		buf_add_format(&maker->out, ",\"within_ms\":%d", sim_between(5, 40) * 1000);
	}
	if (sim_is(30)) {
		buf_add_text(&maker->out, ",\"back_if\":");
		make_predicate(maker, false, 3000);
	}
	buf_add_text(&maker->out, ",\"stages\":[");
	for (int i = from; i <= to; i++) {
		maker->nodes++;
		buf_add_format(&maker->out,
			"%s{\"at\":%s,\"body\":[{\"kind\":\"set\",\"register\":%zu,\"value\":%s}]}",
			i > from ? "," : "", AT[i], cell, AT[i]);
	}
	buf_add_text(&maker->out, "]}");
}

static void make_node(struct maker *maker, unsigned cells, int depth)
{
	int kind = depth < DEPTH_MAX && maker->budget > 0 ? sim_between(0, 99) : 0;

	maker->nodes++;
	maker->budget--;
	if (kind < 60)
		make_leaf(maker, cells);
	else if (kind < 70)
		make_step(maker, cells, depth, "");
	else if (kind < 73)
		make_call(maker, cells, depth);
	else if (kind < 82 && count_of(cells) >= 2)
		make_parallel(maker, cells, depth);
	else if (kind < 91)
		make_each(maker, cells, depth);
	else
		make_ramp(maker, cells);
}

static void make_list(struct maker *maker, unsigned cells, int depth, int most)
{
	int count = sim_between(1, most);

	for (int i = 0; i < count; i++) {
		buf_add_text(&maker->out, i ? "," : "");
		make_node(maker, cells, depth);
	}
}

static void make_head(struct maker *maker)
{
	buf_add_format(&maker->out,
		"{\"format\":1,\"plan\":\"test/plan\",\"version\":\"" VERSION
		"\",\"kind\":\"real\",\"action\":\"%s\",\"mode\":\"%s\",\"params\":{},"
		"\"targets\":{\"t\":{\"list\":[{\"name\":\"one\",\"identity\":\"" VERSION
		"\"}]}},\"registers\":[",
		maker->is_restore ? "restore" : "apply", sim_is(95) ? "graceful" : "ungraceful");
	for (size_t i = 0; i < SIM_CELLS; i++)
		buf_add_format(&maker->out,
			"%s{\"args\":[\"%c\"],\"target\":\"one\",\"type\":\"sim.value\"}",
			i ? "," : "", (char)('a' + i));
	buf_add_char(&maker->out, ']');
}

size_t sim_graph_make(const char *digest, bool is_restore)
{
	struct maker maker = {.budget = sim_between(2, 24), .is_restore = is_restore};
	unsigned cells = (unsigned)sim_between(1, (1 << SIM_WRITTEN) - 1);

	make_head(&maker);
	make_guards(&maker);
	buf_add_text(&maker.out, ",\"body\":[");
	make_list(&maker, cells, 0, 6);
	buf_add_text(&maker.out, "]}");
	sim_trace("graph %s", buf_text(&maker.out));
	neighbours_put_graph(digest, buf_text(&maker.out));
	buf_done(&maker.out);
	return maker.nodes;
}

void sim_graph_put(const char *digest, const char *body)
{
	struct maker maker = {0};

	make_head(&maker);
	buf_add_format(&maker.out, ",\"body\":%s}", body);
	neighbours_put_graph(digest, buf_text(&maker.out));
	buf_done(&maker.out);
}
