/* The living part: what is due by the clock, and who waits for an assessment. */
#include "change/change_rooms.h"
#include "incidents/incident.h"
#include "lib/base/log.h"
#include "lib/base/loop.h"
#include "lib/base/time.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_EACH_MS 5000
#define NEWS_EACH_US (60 * INT64_C(1000000))
#define AFTER_SLACK_US                                                                             \
	(24 * INT64_C(3600000000)) /* a link made in time is still found a day late */

struct change_waiter {
	struct change_waiter *next;
	int64_t seq;
	void (*told)(void *arg);
	void *arg;
};

const struct change_limits *changes_limits(const struct changes *changes)
{
	return &changes->options.limits;
}

struct approvals *changes_approvals(const struct changes *changes)
{
	return changes->options.approvals;
}

/* --- who waits --- */

static void tell(void *arg)
{
	struct change_waiter *waiter = arg;

	waiter->told(waiter->arg);
	free(waiter);
}

void changes_tell_assessed(struct changes *changes, int64_t seq)
{
	struct change_waiter **at = &changes->waiters, *waiter;

	while ((waiter = *at)) {
		if (seq && waiter->seq != seq) {
			at = &waiter->next;
			continue;
		}
		*at = waiter->next;
		if (changes->is_stopping)
			tell(waiter);
		else
			loop_soon(changes->options.loop, tell, waiter);
	}
}

void changes_when_assessed(struct changes *changes, int64_t seq, void (*told)(void *arg), void *arg)
{
	struct change_waiter *waiter = calloc(1, sizeof(*waiter));

	if (!waiter)
		abort();
	*waiter = (struct change_waiter){changes->waiters, seq, told, arg};
	if (change_is_assessing(changes, seq)) {
		changes->waiters = waiter;
		return;
	}
	loop_soon(changes->options.loop, tell, waiter);
}

/* --- beginning an assessment --- */

struct soon {
	struct changes *changes;
	int64_t seq;
};

static void begin(void *arg)
{
	struct soon *soon = arg;

	change_assess(soon->changes, soon->seq);
}

void changes_assess_soon(struct changes *changes, struct store_tx *tx, int64_t seq)
{
	struct soon *soon = arena_alloc(store_tx_arena(tx), sizeof(*soon));

	*soon = (struct soon){changes, seq};
	store_after_commit(tx, begin, soon);
}

/* --- what is due --- */

static int expire(struct store_tx *tx, struct change *change, int64_t now_us, struct error *err)
{
	bool was_approved = change->state == CHANGE_APPROVED;
	const struct change_move move = {.event = EVENT_EXPIRE,
		.reason = was_approved ? "its window is over and nothing ran"
				       : "nobody decided in time",
		.actor = &audit_system,
		.at_us = now_us};
	int rc = change_move(tx, change, &move, err);

	if (rc < 0)
		return rc;
	return change_withdraw(tx, change, move.reason, &audit_system, now_us, err);
}

static int act_on_due(struct store_tx *tx, struct change *change, int64_t now_us, struct error *err)
{
	switch (change->state) {
	case CHANGE_PENDING:
	case CHANGE_APPROVED:
		return expire(tx, change, now_us, err);
	case CHANGE_EXECUTING:
		return change_settle(tx, change, &audit_system, now_us, err);
	default:
		return 0;
	}
}

/* --- incidents that came of it --- */

typedef int (*after_found)(void *arg, struct store_tx *tx, const struct change *change,
	const struct change_after *after, struct error *err);

static bool is_known(const struct change_after *known, size_t count, const char *incident)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(known[i].reference, incident))
			return true;
	return false;
}

static int find_after(struct store_tx *tx, struct arena *arena, const struct change *change,
	after_found found, void *arg, struct error *err)
{
	struct incident_linked *links;
	struct change_after *known;
	size_t link_count, known_count;
	int rc;

	if ((rc = incident_linked_to(tx, arena, "change", change->name, &links, &link_count, err)) <
			0 ||
		!link_count ||
		(rc = after_store_list(tx, arena, change->seq, &known, &known_count, err)) < 0)
		return rc;
	for (size_t i = 0; i < link_count; i++) {
		const struct change_after after = {
			"caused_incident", links[i].incident, links[i].linked_at_us};

		if (links[i].linked_at_us <= change->closed_at_us + CHANGE_AFTER_US &&
			!is_known(known, known_count, links[i].incident) &&
			(rc = found(arg, tx, change, &after, err)) < 0)
			return rc;
	}
	return 0;
}

/* An incident that somebody links to a change within 72 hours of its end counts against it. */
static int find_all_after(struct store_tx *tx, struct arena *arena, int64_t now_us,
	after_found found, void *arg, struct error *err)
{
	struct change **list = NULL;
	size_t count = 0;
	int rc = change_store_closed_since(
		tx, arena, now_us - CHANGE_AFTER_US - AFTER_SLACK_US, &list, &count, err);

	for (size_t i = 0; rc >= 0 && i < count; i++)
		rc = find_after(tx, arena, list[i], found, arg, err);
	return rc;
}

static int count_one(void *arg, struct store_tx *tx, const struct change *change,
	const struct change_after *after, struct error *err)
{
	(void)tx;
	(void)change;
	(void)after;
	(void)err;
	*(bool *)arg = true;
	return 0;
}

static int note_one(void *arg, struct store_tx *tx, const struct change *change,
	const struct change_after *after, struct error *err)
{
	const struct changes *changes = arg;
	int rc = after_store_put(tx, change->seq, after, err);

	if (rc <= 0)
		return rc;
	return change_record(tx, change, AUDIT_CHANGE_FINDING, &audit_system,
		json_pack("{s:s, s:s}", "kind", after->kind, "reference", after->reference),
		changes->looking_at_us, err);
}

static int ask_look(struct store_tx *tx, void *arg, struct error *err)
{
	struct changes *changes = arg;
	int64_t now_us = changes->looking_at_us;
	struct arena arena = ARENA_INIT;
	struct change **list = NULL;
	size_t count = 0;
	int rc = change_store_due(tx, &arena, now_us, &list, &count, err);

	for (size_t i = 0; rc >= 0 && i < count; i++)
		rc = act_on_due(tx, list[i], now_us, err);
	if (rc >= 0)
		rc = find_all_after(tx, &arena, now_us, note_one, changes, err);
	arena_done(&arena);
	return rc < 0 ? rc : 0;
}

static void tell_looked(void *arg, const struct error *err)
{
	struct changes *changes = arg;

	if (err)
		log_warn("change", "what is due could not be written", "error", err->message);
	changes->is_looking = false;
}

/* Looked at now and then, and without a commit when there is nothing. */
static bool has_news(struct changes *changes, struct arena *arena, int64_t now_us)
{
	bool has_any = false;

	if (now_us < changes->news_at_us)
		return false;
	changes->news_at_us = now_us + NEWS_EACH_US;
	(void)find_all_after(
		store_reader(changes->options.store), arena, now_us, count_one, &has_any, NULL);
	return has_any;
}

static void look(void *arg)
{
	struct changes *changes = arg;
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	int64_t now_us = time_now_us();
	struct change **list = NULL;
	bool has_due = false;
	size_t count = 0;

	if (changes->is_looking || changes->is_stopping)
		return;
	if (change_store_due(
		    store_reader(changes->options.store), &arena, now_us, &list, &count, &err) < 0)
		log_warn("change", "what is due could not be read", "error", err.message);
	for (size_t i = 0; i < count; i++) {
		if (list[i]->state == CHANGE_ASSESSING)
			change_assess(changes, list[i]->seq);
		else if (list[i]->state == CHANGE_VERIFYING)
			change_verify(changes, list[i]->seq);
		else
			has_due = true;
	}
	if (has_due || has_news(changes, &arena, now_us)) {
		changes->is_looking = true;
		changes->looking_at_us = now_us;
		store_write(changes->options.store, ask_look, tell_looked, changes);
	}
	arena_done(&arena);
}

/* --- opening --- */

int changes_open(const struct changes_options *options, struct changes **ret, struct error *err)
{
	struct changes *changes = calloc(1, sizeof(*changes));
	int64_t each_ms = options->look_each_ms ? options->look_each_ms : LOOK_EACH_MS;

	if (!changes)
		return error_set(err, ERROR_NO_MEMORY, "no memory");
	changes->options = *options;
	approvals_follow(options->approvals, change_follow_approval, changes);
	changes->timer = loop_timer_new(options->loop, look, changes);
	loop_timer_start(changes->timer, 0, each_ms);
	*ret = changes;
	return 0;
}

/* Nothing begins any more; who waits is told. */
void changes_stop(struct changes *changes)
{
	if (!changes || changes->is_stopping)
		return;
	changes->is_stopping = true;
	loop_timer_stop(changes->timer);
	changes_tell_assessed(changes, 0);
}

void changes_close(struct changes *changes)
{
	if (!changes)
		return;
	change_assess_stop(changes);
	change_verify_stop(changes);
	loop_timer_free(changes->timer);
	free(changes);
}
