#include "main/restore.h"

#include "audit/audit.h"
#include "lib/base/arena.h"
#include "lib/base/secret.h"
#include "lib/base/time.h"
#include "main/app.h"
#include "main/settings.h"
#include "people/people.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct restore {
	const char *reason, *first_file, *second_file;
	struct arena arena;
	struct loop *loop;
	struct store *store;
	struct people *people;
};

static const struct {
	const char *name;
	size_t offset;
} flags[] = {
	{"--reason", offsetof(struct restore, reason)},
	{"--token-file", offsetof(struct restore, first_file)},
	{"--second-token-file", offsetof(struct restore, second_file)},
};

#define FLAG_COUNT (sizeof(flags) / sizeof(flags[0]))

static int read_flags(struct restore *restore, int argc, char **argv, struct error *err)
{
	for (int i = 1; i + 1 < argc; i += 2)
		for (size_t j = 0; j < FLAG_COUNT; j++)
			if (strcmp(argv[i], flags[j].name) == 0)
				*(const char **)((char *)restore + flags[j].offset) = argv[i + 1];
	if (restore->reason && restore->first_file && restore->second_file)
		return 0;
	error_set(err, ERROR_USAGE, "a reason and the tokens of two admins are needed");
	return error_remedy(err, "--reason TEXT --token-file FILE --second-token-file FILE");
}

static int open_store(struct restore *restore, const struct config *settings, struct error *err)
{
	struct store_options options = {.path = arena_format(&restore->arena, "%s/redbutton.db",
						config_text(settings, "data-dir")),
		.append_only = audit_append_only};

	options.schemas = app_schemas(&options.schema_count);
	if (loop_open(&restore->loop, err) < 0 ||
		store_open(&options, restore->loop, &restore->store, err) < 0)
		return err->code;
	return people_open(restore->store, &restore->people, err);
}

/* The admin whose token lies in the file. */
static int prove(
	struct restore *restore, const char *file, struct principal **ret, struct error *err)
{
	char path[PATH_MAX];
	struct secret token;
	int rc;

	if (!realpath(file, path))
		return error_errno(err, ERROR_NOT_FOUND, file);
	rc = secret_open(arena_format(&restore->arena, "file:%s", path), &token, err);
	if (rc < 0)
		return rc;
	rc = people_authenticate_token(restore->people, &restore->arena, (const char *)token.bytes,
		"local", time_now_us(), ret, err);
	secret_close(&token);
	return rc < 0 ? rc : principal_require(*ret, ROLE_ADMIN, &(struct scope){0}, err);
}

static int accept(struct restore *restore, const struct config *settings, struct error *err)
{
	struct audit_options options = {
		.store = restore->store,
		.loop = restore->loop,
		.origin = config_text(settings, "origin"),
		.signing_key = settings_text(settings, "signing-key"),
		.checkpoint_path = settings_text(settings, "checkpoint-file"),
	};
	struct principal *first, *second;
	struct audit_restore given = {.reason = restore->reason, .at_us = time_now_us()};

	if (prove(restore, restore->first_file, &first, err) < 0 ||
		prove(restore, restore->second_file, &second, err) < 0)
		return err->code;
	given.first = &first->actor;
	given.second = &second->actor;
	if (strcmp(first->person_id, second->person_id) == 0)
		return error_set(err, ERROR_FORBIDDEN,
			"both tokens are of %s: two persons are needed", first->person_name);
	return audit_accept_restore(&options, &given, err);
}

int restore_accept(const struct config *settings, int argc, char **argv, struct error *err)
{
	struct restore restore = {0};
	int rc = read_flags(&restore, argc, argv, err);

	if (rc == 0)
		rc = open_store(&restore, settings, err);
	if (rc == 0)
		rc = accept(&restore, settings, err);
	store_close(restore.store);
	people_close(restore.people);
	if (restore.loop)
		loop_close(restore.loop);
	arena_done(&restore.arena);
	return rc;
}
