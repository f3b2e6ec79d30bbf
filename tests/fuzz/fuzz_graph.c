/* A graph as a runner could send it: parsed, shown, completed, and parsed again. */
#include "fuzz.h"

#include "lib/base/text.h"
#include "plans/graph.h"

static const char *give_identity(void *arg, const char *target_name)
{
	(void)arg;
	return target_name[0] == '?' ? NULL
				     : "sha256:11111111111111111111111111111111111111111111111111"
				       "11111111111111";
}

static const char VERSION[] =
	"sha256:2222222222222222222222222222222222222222222222222222222222222222";

struct look {
	const struct graph *graph;
	struct arena *arena;
	size_t seen;
};

static bool look_at(void *arg, const struct graph_node *node)
{
	struct look *look = arg;

	look->seen++;
	FUZZ_HOLDS(graph_node_at(look->graph, node->path) == node);
	FUZZ_HOLDS(graph_node_text(look->arena, look->graph, node));
	return true;
}

static void show(const struct graph *graph)
{
	struct arena arena = ARENA_INIT;
	struct look look = {graph, &arena, 0};
	struct buf tree = BUF_INIT;
	const char *why;

	if (graph->node_count <= 2000)
		graph_each_node(graph, true, look_at, &look);
	FUZZ_HOLDS(graph->node_count > 2000 || look.seen == graph->node_count);
	graph_add_tree(&tree, graph, NULL);
	FUZZ_HOLDS(text_is_utf8(buf_text(&tree), tree.length));
	graph_is_irreversible(graph);
	graph_first_unsupported(graph, &why);
	buf_done(&tree);
	arena_done(&arena);
}

static void complete(const char *bytes, size_t size)
{
	struct graph_completion completion = {.version_digest = VERSION,
		.kind = "real",
		.mode = "graceful",
		.identity = give_identity};
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct buf whole = BUF_INIT;
	struct digest digest;
	struct graph *graph;

	if (graph_complete(&arena, bytes, size, &completion, &whole, &digest, &err) == 0) {
		FUZZ_HOLDS(graph_parse(&arena, buf_text(&whole), whole.length, &graph, &err) == 0);
		show(graph);
	}
	buf_done(&whole);
	arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes = fuzz_copy(data, size, 0);
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct graph *graph = NULL;

	if (graph_parse(&arena, bytes, size, &graph, &err) == 0)
		show(graph);
	else
		FUZZ_HOLDS(err.code && err.message[0]);
	arena_done(&arena);
	complete(bytes, size);
	free(bytes);
	return 0;
}
