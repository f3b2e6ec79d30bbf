#include "change/sudo/plugin_verdict.h"

#include <string.h>

typedef bool (*wrong_function)(
	const struct plugin_question *question, const struct gate_verdict *verdict);

static bool has_duty(const struct gate_verdict *verdict)
{
	return *verdict->run || verdict->must;
}

static bool is_killed_already(const struct plugin_question *q, const struct gate_verdict *v)
{
	return v->kill_at_us != 0 && v->kill_at_us <= q->now_us;
}

static bool is_other_change(const struct plugin_question *q, const struct gate_verdict *v)
{
	enum gate_reason reason;

	/* A proved read needs no change, whichever was named. */
	if (!*q->request->change ||
		(gate_reason_parse(v->reason, &reason) && reason == REASON_OK_READONLY))
		return false;
	return strcmp(v->change, q->request->change) != 0 ||
	       (q->request->step && v->step != q->request->step);
}

static bool is_unknown_duty(const struct plugin_question *q, const struct gate_verdict *v)
{
	(void)q;
	return v->must & ~GATE_MUST_KNOWN;
}

static bool is_to_be_sealed(const struct plugin_question *q, const struct gate_verdict *v)
{
	(void)q;
	return v->must & GATE_MUST_SEAL;
}

static bool is_unwatched(const struct plugin_question *q, const struct gate_verdict *v)
{
	return has_duty(v) && !q->is_io_loaded;
}

static bool is_without_run(const struct plugin_question *q, const struct gate_verdict *v)
{
	return !q->is_inside && v->must && !*v->run;
}

static bool is_own_run(const struct plugin_question *q, const struct gate_verdict *v)
{
	return *v->run && strcmp(v->run, q->request->parent_run) != 0;
}

static bool is_without_lease(const struct plugin_question *q, const struct gate_verdict *v)
{
	return is_own_run(q, v) && v->lease_s == 0;
}

static bool is_unwatched_inside(const struct plugin_question *q, const struct gate_verdict *v)
{
	return q->is_inside && is_own_run(q, v) && !q->is_watched;
}

static bool is_unrecorded(const struct plugin_question *q, const struct gate_verdict *v)
{
	return q->is_inside && (v->must & GATE_MUST_RECORD) && !q->is_recording;
}

/* sudo says nothing of the descriptors of what a command starts, and gives it none. */
static bool is_null_input_inside(const struct plugin_question *q, const struct gate_verdict *v)
{
	return q->is_inside && (v->must & GATE_MUST_NULL_INPUT);
}

static bool is_ungranted_edit(const struct plugin_question *q, const struct gate_verdict *v)
{
	enum gate_reason reason;

	return q->is_edit &&
	       (!gate_reason_parse(v->reason, &reason) || reason == REASON_OK_READONLY);
}

static const struct {
	wrong_function is_wrong;
	enum gate_reason reason;
	const char *message;
} faults[] = {
	{is_killed_already, REASON_EXPIRED, "the command would have to end before it starts"},
	{is_other_change, REASON_GATE_UNAVAILABLE, "the allow is of another change or step"},
	{is_unknown_duty, REASON_GATE_UNAVAILABLE, "the allow wants what is not known here"},
	{is_to_be_sealed, REASON_CONTENT_UNBOUND,
		"the step runs from a sealed copy, which sudo cannot do: sudo rcm exec"},
	{is_unwatched, REASON_GATE_UNAVAILABLE,
		"rcm_io is not loaded: nothing would record or end the command"},
	{is_without_run, REASON_GATE_UNAVAILABLE, "the allow has duties and no run"},
	{is_without_lease, REASON_GATE_UNAVAILABLE, "the allow has a run and no lease"},
	{is_unwatched_inside, REASON_SESSION_STATE,
		"a command inside one without a run cannot use a grant of its own"},
	{is_unrecorded, REASON_SESSION_STATE,
		"this command must be recorded, and the one around it is not"},
	{is_null_input_inside, REASON_SESSION_STATE,
		"the step has no standard input, and a command inside another keeps its own"},
	{is_ungranted_edit, REASON_CONTENT_UNBOUND, "an edit needs a step of kind edit"},
};

bool plugin_verdict_is_allow(const struct plugin_question *question,
	const struct gate_verdict *verdict, const char **ret_reason, const char **ret_message)
{
	*ret_reason = verdict->reason;
	*ret_message = verdict->message;
	if (verdict->verdict != GATE_ALLOW)
		return false;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (!faults[i].is_wrong(question, verdict))
			continue;
		*ret_reason = gate_reason_word(faults[i].reason);
		*ret_message = faults[i].message;
		return false;
	}
	return true;
}
