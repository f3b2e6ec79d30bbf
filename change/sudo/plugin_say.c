#include "change/sudo/plugin.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

/* Lines of a message stay lines; everything else that could deceive is shown. */
static void add_lines(struct buf *out, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		text_add_visible(out, text, length);
		text += length;
		if (*text && text[1])
			buf_add_char(out, '\n');
		text += *text != 0;
	}
}

static void say(struct plugin *plugin, const struct buf *line)
{
	snprintf(plugin->said, sizeof(plugin->said), "%s", buf_text(line));
	if (plugin->print)
		plugin->print(SUDO_CONV_ERROR_MSG, "rcm: %s\n", buf_text(line));
}

void plugin_say_refusal(struct plugin *plugin, enum gate_verdict_word verdict, const char *reason,
	const char *change, uint32_t step, const char *message)
{
	enum gate_reason code;
	struct buf line = BUF_INIT;

	if (!gate_reason_parse(reason, &code))
		code = REASON_GATE_UNAVAILABLE;
	buf_add_format(
		&line, "%s[%d %s]", gate_verdict_word(verdict), gate_reason_exit(code), reason);
	if (change && *change)
		buf_add_format(&line, " %s", change);
	if (change && *change && step)
		buf_add_format(&line, " step %u", (unsigned)step);
	if (*message) {
		buf_add_text(&line, ": ");
		add_lines(&line, message);
	}
	say(plugin, &line);
	buf_done(&line);
}

void plugin_say_error(struct plugin *plugin, const struct error *err)
{
	struct buf line = BUF_INIT;

	add_lines(&line, err->message);
	if (*err->place) {
		buf_add_text(&line, " (");
		add_lines(&line, err->place);
		buf_add_char(&line, ')');
	}
	if (*err->remedy) {
		buf_add_text(&line, "\n  remedy: ");
		add_lines(&line, err->remedy);
	}
	say(plugin, &line);
	buf_done(&line);
}
