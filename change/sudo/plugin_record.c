#include "change/sudo/plugin_record.h"

#include "change/gate/recorder.h"
#include "lib/base/text.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOST_SIZE 256

/* A line for people: the words with blanks between them, nothing that could deceive. */
static void add_command(struct buf *out, char *const *argv)
{
	for (size_t i = 0; argv[i]; i++) {
		if (i)
			buf_add_char(out, ' ');
		text_add_visible(out, argv[i], strlen(argv[i]));
	}
}

int plugin_record_open(const struct plugin *plugin, const char *folder, char *const *argv,
	unsigned lines, unsigned columns, struct recorder **ret, struct error *err)
{
	struct recorder *recorder = NULL;
	struct buf command = BUF_INIT;
	char host[HOST_SIZE] = "";
	struct recorder_options options = {
		.folder = folder,
		.change = plugin->session.first.change,
		.run = plugin->session.first.run,
		.host = host,
		.columns = columns,
		.rows = lines,
	};
	int code;

	gethostname(host, sizeof(host) - 1);
	add_command(&command, argv);
	options.command = buf_text(&command);
	code = recorder_open(&options, &recorder, err);
	if (code == 0 && !recorder_mark(recorder, "start %s", options.command)) {
		code = error_set(err, ERROR_IO, "the recording in %s could not be begun", folder);
		recorder_free(recorder);
	}
	buf_done(&command);
	if (code == 0)
		*ret = recorder;
	return code;
}

void plugin_record_end(
	struct recorder *recorder, int status, struct arena *arena, struct gate_end *ret_end)
{
	struct recorder_sum sum;

	if (WIFSIGNALED(status))
		recorder_mark(recorder, "end signal %d", WTERMSIG(status));
	else
		recorder_mark(recorder, "end exit %d", WEXITSTATUS(status));
	recorder_end(recorder, &sum);
	ret_end->recording = arena_text(arena, sum.path);
	ret_end->recording_sha256 = arena_text(arena, sum.sha256);
	ret_end->recording_bytes = sum.bytes;
	ret_end->is_recording_whole = sum.is_whole;
	recorder_free(recorder);
}
