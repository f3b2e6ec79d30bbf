#include "change/sudo/plugin_verdict.h"

#include "check_main.h"

#include <string.h>

#define NOW INT64_C(1700000000000000)

static const struct gate_request plain = {.change = "", .parent_run = ""},
				 named = {.change = "CHG-7", .step = 2, .parent_run = ""},
				 inner = {.change = "", .parent_run = "RUN-1"};

static const struct gate_verdict read_only = {.verdict = GATE_ALLOW,
					 .reason = "ok_readonly",
					 .message = "",
					 .change = "",
					 .run = ""},
				 granted = {.verdict = GATE_ALLOW,
					 .reason = "ok_grant",
					 .message = "",
					 .change = "CHG-7",
					 .step = 2,
					 .run = "RUN-1",
					 .must = GATE_MUST_PARENT | GATE_MUST_RECORD,
					 .lease_s = 60};

static struct plugin_question question(const struct gate_request *request)
{
	return (struct plugin_question){
		.request = request,
		.now_us = NOW,
		.is_io_loaded = true,
		.is_inside = *request->parent_run,
		.is_watched = *request->parent_run,
		.is_recording = true,
	};
}

static bool is_allow(const struct plugin_question *q, const struct gate_verdict *v)
{
	const char *reason = NULL, *message = NULL;
	bool answer = plugin_verdict_is_allow(q, v, &reason, &message);

	ck_assert_ptr_nonnull(reason);
	ck_assert_ptr_nonnull(message);
	if (!answer && v->verdict == GATE_ALLOW)
		ck_assert_str_ne(message, "");
	return answer;
}

START_TEST(good_allows_are_kept)
{
	const struct plugin_question of_plain = question(&plain), of_named = question(&named),
				     of_inner = question(&inner);
	struct gate_verdict without_input = granted;

	ck_assert(is_allow(&of_plain, &read_only));
	ck_assert(is_allow(&of_plain, &granted));
	ck_assert(is_allow(&of_named, &granted));
	ck_assert(is_allow(&of_named, &read_only));
	ck_assert(is_allow(&of_inner, &granted));
	ck_assert(is_allow(&of_inner, &read_only));
	without_input.must |= GATE_MUST_NULL_INPUT;
	ck_assert(is_allow(&of_plain, &without_input));
}
END_TEST

START_TEST(what_is_no_allow_is_none)
{
	const struct plugin_question of_plain = question(&plain);
	struct gate_verdict verdict = granted;

	verdict.verdict = GATE_DENY;
	ck_assert(!is_allow(&of_plain, &verdict));
	verdict.verdict = GATE_REVIEW;
	ck_assert(!is_allow(&of_plain, &verdict));
}
END_TEST

#define REFUSED(request_, base, change_)                                                           \
	do {                                                                                       \
		struct plugin_question q = question(request_);                                     \
		struct gate_verdict v = base;                                                      \
		change_;                                                                           \
		ck_assert_msg(!is_allow(&q, &v), "%s", #change_);                                  \
	} while (0)

START_TEST(an_allow_that_cannot_be_kept_is_refused)
{
	REFUSED(&plain, granted, v.kill_at_us = NOW);
	REFUSED(&plain, granted, v.must |= 1u << 9);
	REFUSED(&plain, granted, v.must |= GATE_MUST_SEAL);
	REFUSED(&plain, granted, q.is_io_loaded = false);
	REFUSED(&plain, granted, v.run = "");
	REFUSED(&plain, granted, v.lease_s = 0);
	REFUSED(&named, granted, v.change = "CHG-8");
	REFUSED(&named, granted, v.change = "");
	REFUSED(&named, granted, v.step = 3);
	REFUSED(&inner, granted, v.run = "RUN-2"; q.is_watched = false);
	REFUSED(&inner, granted, v.run = "RUN-2"; v.lease_s = 0);
	REFUSED(&inner, granted, q.is_recording = false);
	REFUSED(&inner, granted, q.is_io_loaded = false);
	REFUSED(&inner, granted, v.run = "RUN-2"; v.must |= GATE_MUST_NULL_INPUT);
	REFUSED(&plain, granted, v.must |= GATE_WANTS_KEY);
	REFUSED(&plain, read_only, q.is_edit = true);
	REFUSED(&plain, read_only, v.must = GATE_MUST_RECORD);
}
END_TEST

CHECK_MAIN("sudo_verdict", &good_allows_are_kept, &what_is_no_allow_is_none,
	&an_allow_that_cannot_be_kept_is_refused)
