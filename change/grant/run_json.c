#include "change/grant/grant_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <sys/wait.h>

static void set_change(json_t *object, const struct rcm_run *run)
{
	char change[32];

	if (!run->change_seq)
		return;
	snprintf(change, sizeof(change), "CHG-%lld", (long long)run->change_seq);
	json_set_text(object, "change", change);
	json_set_int(object, "revision", run->revision);
	json_set_int(object, "step", run->step);
}

/* As waitpid gives it, and as a person says it. */
static void set_end(json_t *object, int status)
{
	char text[32] = "not known";

	json_set_int(object, "status", status);
	if (status >= 0 && WIFSIGNALED(status))
		snprintf(text, sizeof(text), "signal %d", WTERMSIG(status));
	else if (status >= 0)
		snprintf(text, sizeof(text), "exit %d", WEXITSTATUS(status));
	json_set_text(object, "ended_with", text);
}

json_t *run_json(const struct rcm_run *run)
{
	json_t *object = json_object();

	json_set_text(object, "id", run->id);
	json_set_text(object, "state", run->state);
	set_change(object, run);
	json_set_text(object, "grant", *run->grant_id ? run->grant_id : NULL);
	json_set_text(object, "emergency", run->emergency);
	json_set_text(object, "target", run->target);
	json_set_text(object, "host", run->host);
	json_set_text(object, "person_id", run->person_id);
	json_set_text(object, "line", run->line);
	json_set_time(object, "started_at", run->started_at_us);
	json_set_time(object, "lease_until", run->lease_until_us);
	json_set_time(object, "kill_at", run->kill_at_us);
	json_set_time(object, "ended_at", run->ended_at_us);
	if (run->ended_at_us)
		set_end(object, (int)run->status);
	json_set_text(object, "recording", run->recording);
	json_set_text(object, "recording_sha256", run->recording_sha256);
	if (run->recording) {
		json_set_int(object, "recording_bytes", run->recording_bytes);
		json_set_bool(object, "is_recording_whole", run->is_recording_whole);
	}
	json_set_text(object, "stop_reason", run->stop_reason);
	return object;
}
