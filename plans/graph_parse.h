/*
 * Between the rooms that parse a graph. Every function refuses with a sentence about the field;
 * graph_parse turns that into ERROR_PLAN and the nodes add their path.
 */
#ifndef RB_PLANS_GRAPH_PARSE_H
#define RB_PLANS_GRAPH_PARSE_H

#include "plans/graph.h"

#define GRAPH_MAX_GUARDS      64
#define GRAPH_MAX_ARGS	      64
#define GRAPH_MAX_ARG_BYTES   4096
#define GRAPH_MAX_PROSE_BYTES 1000
#define GRAPH_MAX_DURATION_MS (INT64_C(366) * 24 * 3600 * 1000)
#define GRAPH_MAX_COUNT	      INT64_C(1000000)

struct graph_parser {
	struct arena *arena;
	struct graph *graph;
	json_t *members; /* name of each target that a selection lists; owned by graph_parse */
	size_t effects;	 /* of the action that is being parsed */
};

/* {name: {selector? list}} into graph->targets. */
int graph_parse_targets(struct graph_parser *parser, const json_t *targets, struct error *err);
/* [{target? type args http?}] into graph->registers. */
int graph_parse_registers(struct graph_parser *parser, const json_t *registers, struct error *err);
/* An action of `run`: {target type argv | path body}. */
int graph_parse_action(struct graph_parser *parser, const json_t *action, struct error *err);
/* The blocks of graph_block.c: the fields of one node, whose path and depth are set. */
int graph_parse_step(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err);
int graph_parse_parallel(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err);
int graph_parse_each(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err);
int graph_parse_ramp(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err);
int graph_parse_choose(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err);
int graph_parse_call(struct graph_parser *parser, const json_t *object, struct graph_node *node,
	struct error *err);
/* "2.1" and 3 are "2.1.3". */
const char *graph_join_path(struct arena *arena, const char *path, size_t position);
/* The list of nodes that stands at `path` ("" at the top, "r" in restore). */
int graph_parse_list(struct graph_parser *parser, const json_t *list, const char *path,
	size_t depth, bool is_parallel, struct graph_list *ret, struct error *err);
/* The optional member `guards` of a block. */
int graph_parse_guards(struct graph_parser *parser, const json_t *block, const char *path,
	struct graph_guards *ret, struct error *err);
/* The member `field` of an object as a predicate; NULL when it is optional and absent. */
int graph_parse_predicate(struct graph_parser *parser, const json_t *object, const char *field,
	bool required, struct graph_predicate **ret, struct error *err);
/* Does the predicate, or one inside it, ask for a time? The longest one, else 0. */
int64_t graph_predicate_lasting(const struct graph_predicate *predicate);

/* A member that is a position in graph->registers. */
int graph_parse_position(struct graph_parser *parser, const json_t *object, const char *field,
	size_t *ret, struct error *err);
/* A member in ms, 1 to 366 days; optional ones leave *ret untouched. */
int graph_parse_duration(
	const json_t *object, const char *field, bool required, int64_t *ret, struct error *err);
/* A member that is a name (text_check_name) or prose for a person. */
int graph_parse_name(const json_t *object, const char *field, bool required, const char **ret,
	struct error *err);
int graph_parse_prose(const json_t *object, const char *field, bool required, const char **ret,
	struct error *err);

/* A literal: scalars, lists and objects, with $decimal inside; no other form. */
int graph_check_literal(const char *field, const json_t *value, struct error *err);
/* What `set` writes: a literal or $percent $rest $baseline $absent. */
int graph_check_value(
	struct graph_parser *parser, const char *field, const json_t *value, struct error *err);
/*
 * What a reading is compared with: a decimal as text, $percent or $reading; for `equals` any
 * literal, and also $baseline and $absent.
 */
int graph_check_than(
	struct graph_parser *parser, const json_t *value, bool is_equals, struct error *err);

/* "node 2.1: <message>" only when no place is known yet. */
int graph_place(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
