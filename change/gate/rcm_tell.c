#include "change/gate/rcm_rooms.h"

#include "lib/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int rcm_complain(const struct error *err, int exit_code)
{
	struct buf line = BUF_INIT;

	buf_add_text(&line, "rcm: ");
	text_add_visible(&line, err->message, strlen(err->message));
	if (err->place[0] && !strstr(err->message, err->place)) {
		buf_add_text(&line, " (");
		text_add_visible(&line, err->place, strlen(err->place));
		buf_add_char(&line, ')');
	}
	buf_add_char(&line, '\n');
	if (err->remedy[0]) {
		buf_add_text(&line, "  ");
		text_add_visible(&line, err->remedy, strlen(err->remedy));
		buf_add_char(&line, '\n');
	}
	fputs(buf_text(&line), stderr);
	buf_done(&line);
	return exit_code;
}

/* Each line of a message for people, with nothing in it that acts on a terminal. */
static void add_lines(struct buf *out, const char *message)
{
	for (const char *at = message; *at;) {
		size_t length = strcspn(at, "\n");

		if (at != message)
			buf_add_text(out, "  ");
		text_add_visible(out, at, length);
		buf_add_char(out, '\n');
		at += length + (at[length] == '\n');
	}
}

void rcm_tell(const char *word, const char *reason, const char *change, uint32_t step,
	const char *message)
{
	enum gate_reason parsed = REASON_GATE_UNAVAILABLE;
	struct buf line = BUF_INIT;

	gate_reason_parse(reason, &parsed);
	buf_add_format(&line, "rcm: %s[%d %s]", word, gate_reason_exit(parsed), reason);
	if (change[0])
		buf_add_format(&line, " %s", change);
	if (change[0] && step)
		buf_add_format(&line, " step %u", (unsigned)step);
	buf_add_text(&line, ": ");
	add_lines(&line, message[0] ? message : "no reason was given");
	fputs(buf_text(&line), stderr);
	buf_done(&line);
}

/* One line whatever is in it: JSON has no line ends but between its tokens. */
void rcm_write_detail(int fd, const char *detail)
{
	struct buf line = BUF_INIT;
	size_t at = 0;

	buf_add_text(&line, detail);
	for (size_t i = 0; i < line.length; i++)
		if (line.bytes[i] == '\n' || line.bytes[i] == '\r')
			line.bytes[i] = ' ';
	buf_add_char(&line, '\n');
	while (at < line.length) {
		ssize_t done = write(fd, line.bytes + at, line.length - at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			break;
		at += (size_t)done;
	}
	buf_done(&line);
}

int rcm_tell_verdict(struct rcm *rcm, const struct gate_verdict *verdict)
{
	enum gate_reason reason = REASON_GATE_UNAVAILABLE;

	gate_reason_parse(verdict->reason, &reason);
	if (rcm->status_fd >= 0)
		rcm_write_detail(rcm->status_fd, verdict->detail);
	if (verdict->verdict != GATE_ALLOW)
		rcm_tell(gate_verdict_word(verdict->verdict), verdict->reason, verdict->change,
			verdict->step, verdict->message);
	return gate_reason_exit(reason);
}

int rcm_refuse(struct job *job, enum gate_reason reason, const struct error *err)
{
	gate_deny(&job->rcm->arena, &job->verdict, reason, "%s%s%s", err->message,
		err->remedy[0] ? "\n" : "", err->remedy);
	job->verdict.change = job->rcm->change;
	job->verdict.step = job->rcm->step;
	rcm_tell_verdict(job->rcm, &job->verdict);
	return RCM_REFUSED;
}
