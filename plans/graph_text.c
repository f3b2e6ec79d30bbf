#include "lib/base/text.h"
#include "plans/graph.h"

#include <string.h>

/* "weight" of "haproxy.weight": people know the target, so its kind is noise. */
static const char *short_type(const char *type)
{
	const char *dot = strchr(type, '.');

	return dot ? dot + 1 : type;
}

const char *graph_register_text(struct arena *arena, const struct graph_register *reg)
{
	struct buf out = BUF_INIT;
	const char *text;

	buf_add_text(&out, short_type(reg->type));
	for (const char *const *arg = reg->args; arg && *arg; arg++) {
		buf_add_char(&out, ' ');
		text_add_visible(&out, *arg, strlen(*arg));
	}
	if (reg->target) {
		buf_add_text(&out, " on ");
		text_add_visible(&out, reg->target, strlen(reg->target));
	}
	text = arena_text_n(arena, buf_text(&out), out.length);
	buf_done(&out);
	return text;
}
