#include "audit_world.h"

#include "test_directory.h"

#include "lib/base/json.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct audit_world audit_world;

static const struct store_schema *const schemas[] = {&audit_schema};

void audit_world_open_store(void)
{
	struct store_options options = {.path = audit_world.path,
		.schemas = schemas,
		.schema_count = 1,
		.append_only = audit_append_only};
	struct error err = ERROR_INIT;

	ck_assert_msg(store_open(&options, audit_world.loop, &audit_world.store, &err) == 0, "%s",
		err.message);
}

void audit_world_close_store(void)
{
	store_close(audit_world.store);
	audit_world.store = NULL;
}

void audit_world_open(void)
{
	struct error err = ERROR_INIT;

	test_directory(audit_world.directory, sizeof(audit_world.directory), "audit");
	snprintf(audit_world.path, sizeof(audit_world.path), "%s/db", audit_world.directory);
	ck_assert_int_eq(loop_open(&audit_world.loop, &err), 0);
	audit_world_open_store();
}

void audit_world_close(void)
{
	DIR *dir;
	struct dirent *entry;

	audit_world_close_store();
	loop_close(audit_world.loop);
	dir = opendir(audit_world.directory);
	while (dir && (entry = readdir(dir))) {
		char name[400];

		snprintf(name, sizeof(name), "%s/%s", audit_world.directory, entry->d_name);
		unlink(name);
	}
	closedir(dir);
	rmdir(audit_world.directory);
}

struct ended {
	bool is_told;
	struct error err;
};

static void told(void *arg, const struct error *err)
{
	struct ended *ended = arg;

	ended->is_told = true;
	if (err)
		ended->err = *err;
	loop_stop(audit_world.loop);
}

struct write {
	store_ask ask;
	void *arg;
	struct ended ended;
};

static int ask(struct store_tx *tx, void *arg, struct error *err)
{
	struct write *write = arg;

	return write->ask(tx, write->arg, err);
}

static void told_write(void *arg, const struct error *err)
{
	told(&((struct write *)arg)->ended, err);
}

int audit_world_write(store_ask ask_it, void *arg, struct error *err)
{
	struct write write = {.ask = ask_it, .arg = arg};

	store_write(audit_world.store, ask, told_write, &write);
	while (!write.ended.is_told)
		loop_run(audit_world.loop);
	if (err)
		*err = write.ended.err;
	return write.ended.err.code;
}

static int ask_append(struct store_tx *tx, void *arg, struct error *err)
{
	return audit_append(tx, arg, INT64_C(1764000000000000), NULL, err);
}

int audit_world_append(const struct audit_record *record, struct error *err)
{
	return audit_world_write(ask_append, (void *)(uintptr_t)record, err);
}

static const struct audit_actor person = {.kind = AUDIT_HUMAN,
	.id = "01HZX0000000000000000LIWEI",
	.name = "\xe6\x9d\x8e\xe4\xbc\x9f",
	.session = "sha256:00",
	.address = "127.0.0.1:4711"};

static int append_one(struct store_tx *tx, int i, struct error *err)
{
	char subject[64], intent[32];
	json_t *detail = json_pack("{s:i, s:s, s:[i,b,n]}", "number", i, "text",
		"a \"quoted\" \\ text\nwith a \xe2\x9c\x93", "list", -i, 1);
	struct audit_record record = {
		.actor = i % 3 ? &person : &audit_system,
		.action = AUDIT_PLAN_ADD,
		.subject_kind = "plan",
		.subject_id = subject,
		.detail = i % 5 ? detail : NULL,
		.approvals = i % 7 == 0 ? "[\"A1\",\"A2\"]" : NULL,
	};
	int rc;

	snprintf(subject, sizeof(subject), "checkout/plan-%d", i % 10);
	if (i % 4 == 1 || i % 4 == 2) {
		snprintf(subject, sizeof(subject), "RUN%d/step/%d", i / 40, i / 4);
		snprintf(intent, sizeof(intent), "INTENT%06d", i / 4);
		record.subject_kind = "effect";
		record.intent_id = intent;
		record.action = i % 4 == 1 ? AUDIT_EFFECT_INTENT : AUDIT_EFFECT_OUTCOME;
		record.outcome = i % 4 == 1 ? AUDIT_INTENT : AUDIT_OK;
		record.detail = detail;
		if (i % 4 == 2)
			json_set_text(detail, "outcome", "CONFIRMED");
	}
	rc = audit_append(tx, &record, INT64_C(1764000000000000) + i, NULL, err);
	json_decref(detail);
	return rc;
}

static int ask_fill(struct store_tx *tx, void *arg, struct error *err)
{
	int rc = 0, *count = arg;

	for (int i = 0; i < *count && rc >= 0; i++)
		rc = append_one(tx, i, err);
	return rc;
}

void audit_world_fill(int count)
{
	struct error err = ERROR_INIT;

	ck_assert_msg(audit_world_write(ask_fill, &count, &err) == 0, "%s", err.message);
}
