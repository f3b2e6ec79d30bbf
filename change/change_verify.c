/*
 * The verification of a change whose runs have ended: its metrics are read once it was observed
 * long enough. All pass: closed. One fails: failed. Something stays unknown to the deadline:
 * inconclusive. Only a pass closes it; the rest is for people.
 */
#include "change/change_rooms.h"
#include "change/grant/grant.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/time.h"

#include <stdlib.h>
#include <string.h>

#define AGAIN_US    (30 * INT64_C(1000000))
#define DEADLINE_US (10 * INT64_C(60000000)) /* behind the observation, for what is unknown */

struct verification {
	struct verification *next;
	struct changes *changes;
	struct arena arena;
	int64_t seq, at_us;
	struct change *change;
	struct revision *revision;
	struct change_reading *readings;
	size_t waiting;
};

static void forget(struct verification *verification)
{
	struct verification **at = &verification->changes->verifications;

	while (*at && *at != verification)
		at = &(*at)->next;
	if (*at)
		*at = verification->next;
	arena_done(&verification->arena);
	free(verification);
}

/* --- the end: one closure --- */

static enum metric_answer sum_of(const struct verification *verification)
{
	size_t count = verification->revision->metric_count;
	enum metric_answer sum = count ? METRIC_PASS : METRIC_UNKNOWN;

	for (size_t i = 0; i < count; i++) {
		const char *outcome = verification->readings[i].outcome;

		if (!strcmp(outcome, "fail"))
			return METRIC_FAIL;
		if (strcmp(outcome, "pass") != 0)
			sum = METRIC_UNKNOWN;
	}
	return sum;
}

static json_t *readings_detail(const struct verification *verification)
{
	json_t *list = json_array();

	for (size_t i = 0; i < verification->revision->metric_count; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s}", "name", verification->readings[i].name,
				      "outcome", verification->readings[i].outcome, "value",
				      verification->readings[i].value));
	return list;
}

static int put_readings(
	struct store_tx *tx, const struct verification *verification, struct error *err)
{
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < verification->revision->metric_count; i++)
		rc = reading_store_put(tx, verification->seq, &verification->readings[i], err);
	return rc;
}

static int close_passed(
	struct store_tx *tx, struct change *change, int64_t at_us, struct error *err)
{
	const struct change_move move = {.event = EVENT_PASS,
		.reason = "all metrics held while it was observed",
		.result = "success",
		.actor = &audit_system,
		.at_us = at_us};
	size_t count;
	int rc;

	change->verify_at_us = 0;
	if ((rc = change_move(tx, change, &move, err)) < 0)
		return rc;
	return grant_revoke(tx, change->seq, false, false, "the change is closed", &audit_system,
		at_us, &count, err);
}

/* A verdict waits for a person; without one the metrics are read again. */
static int note(struct store_tx *tx, const struct verification *verification, struct change *change,
	enum metric_answer sum, struct error *err)
{
	struct change old = *change;
	int64_t deadline_us = change->runs_ended_at_us +
			      verification->revision->observe_s * CHANGE_SECOND_US + DEADLINE_US;
	bool is_over = sum == METRIC_FAIL || verification->at_us >= deadline_us ||
		       !verification->revision->metric_count;
	int rc;

	if (is_over)
		change->verdict = sum == METRIC_FAIL ? "failed" : "inconclusive";
	change->verify_at_us = is_over ? 0 : verification->at_us + AGAIN_US;
	change->version++;
	change->changed_at_us = verification->at_us;
	if ((rc = change_store_update(tx, change, &old, err)) < 0 || !is_over)
		return rc;
	return change_record(tx, change, AUDIT_CHANGE_VERIFY, &audit_system,
		json_pack("{s:s, s:o}", "verdict", change->verdict, "readings",
			readings_detail(verification)),
		verification->at_us, err);
}

static int ask_end(struct store_tx *tx, void *arg, struct error *err)
{
	struct verification *verification = arg;
	enum metric_answer sum = sum_of(verification);
	struct change *now;
	int rc = change_store_get(tx, &verification->arena, verification->seq, &now, err);

	if (rc < 0 || now->state != CHANGE_VERIFYING || now->verdict)
		return rc;
	if ((rc = put_readings(tx, verification, err)) < 0)
		return rc;
	if (sum == METRIC_PASS)
		return close_passed(tx, now, verification->at_us, err);
	return note(tx, verification, now, sum, err);
}

static void tell_end(void *arg, const struct error *err)
{
	struct verification *verification = arg;

	if (err)
		log_warn("change", "a verification could not be written", "change",
			verification->change->name, "error", err->message);
	forget(verification);
}

static void end(struct verification *verification)
{
	if (verification->changes->is_stopping) {
		forget(verification);
		return;
	}
	verification->at_us = time_now_us();
	for (size_t i = 0; i < verification->revision->metric_count; i++)
		verification->readings[i].read_at_us = verification->at_us;
	store_write(verification->changes->options.store, ask_end, tell_end, verification);
}

/* --- the readings, all at once --- */

struct wait {
	struct verification *verification;
	size_t position;
};

static void metric_known(void *arg, enum metric_answer answer, const char *value)
{
	static const char *const words[] = {
		[METRIC_UNKNOWN] = "unknown", [METRIC_PASS] = "pass", [METRIC_FAIL] = "fail"};
	struct wait *wait = arg;
	struct verification *verification = wait->verification;
	struct change_reading *reading = &verification->readings[wait->position];

	reading->outcome = words[answer];
	reading->value = arena_text(&verification->arena, value);
	if (--verification->waiting == 0)
		end(verification);
}

static int load(struct verification *verification, struct error *err)
{
	struct store_tx *tx = store_reader(verification->changes->options.store);
	int rc = change_store_get(
		tx, &verification->arena, verification->seq, &verification->change, err);

	if (rc < 0)
		return rc;
	return change_get_revision(
		tx, &verification->arena, verification->change, &verification->revision, err);
}

static void start(struct verification *verification)
{
	const struct revision *revision = verification->revision;
	size_t count = revision->metric_count;

	verification->readings =
		arena_alloc(&verification->arena, (count + 1) * sizeof(*verification->readings));
	verification->waiting = count;
	for (size_t i = 0; i < count; i++) {
		struct wait *wait = arena_alloc(&verification->arena, sizeof(*wait));

		*wait = (struct wait){verification, i};
		verification->readings[i].name = revision->verification[i].name;
		metric_verify(
			verification->changes, &revision->verification[i], metric_known, wait);
	}
	if (!count)
		end(verification);
}

void change_verify(struct changes *changes, int64_t seq)
{
	struct verification *verification;
	struct error err = ERROR_INIT;

	for (verification = changes->verifications; verification; verification = verification->next)
		if (verification->seq == seq)
			return;
	if (!(verification = calloc(1, sizeof(*verification))))
		abort();
	verification->changes = changes;
	verification->seq = seq;
	verification->next = changes->verifications;
	changes->verifications = verification;
	if (load(verification, &err) < 0) {
		log_warn("change", "a change could not be read", "error", err.message);
		forget(verification);
	} else if (verification->change->state != CHANGE_VERIFYING ||
		   verification->change->verdict) {
		forget(verification);
	} else {
		start(verification);
	}
}

void change_verify_stop(struct changes *changes)
{
	while (changes->verifications)
		forget(changes->verifications);
}
