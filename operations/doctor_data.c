#include "operations/doctor_rooms.h"

#include "audit/audit.h"
#include "lib/base/secret.h"
#include "lib/base/text.h"
#include "people/people.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the database --- */

static const char *older_text(struct doctor *doctor, const struct store_upgrade *older)
{
	const char *text = "older than this program:";

	for (size_t i = 0; i < older->count; i++)
		text = arena_format(doctor->arena, "%s %s %lld of %lld", text, older->rooms[i].room,
			(long long)older->rooms[i].from, (long long)older->rooms[i].to);
	return text;
}

static void open_reader(struct doctor *doctor, struct store_options *options)
{
	struct error err = ERROR_INIT;

	options->read_only = true;
	if (store_open(options, NULL, &doctor->store, &err) < 0)
		doctor_add_error(doctor, DOCTOR_FAIL, "database", &err,
			"run it as root or as the daemon's user");
	doctor->is_readable = doctor->store != NULL;
}

static void look_at_mode(struct doctor *doctor)
{
	struct stat st;

	if (stat(doctor->options->database, &st) == 0 && (st.st_mode & 0077))
		doctor_add(doctor, DOCTOR_FAIL, "database mode",
			arena_format(doctor->arena, "others may read or write it (mode %03o)",
				(unsigned)st.st_mode & 0777),
			arena_format(doctor->arena, "chmod 600 %s", doctor->options->database));
}

void doctor_look_at_database(struct doctor *doctor)
{
	struct store_options options = {
		.path = doctor->options->database,
		.schemas = doctor->options->schemas,
		.schema_count = doctor->options->schema_count,
	};
	struct store_upgrade older;
	struct error err = ERROR_INIT;

	if (access(options.path, F_OK) < 0) {
		doctor_add(doctor, DOCTOR_WARN, "database",
			arena_format(doctor->arena, "%s is not there yet", options.path),
			"the first start makes it; if there was one: redbuttond --restore FILE");
		return;
	}
	look_at_mode(doctor);
	if (store_look(&options, &older, &err) < 0) {
		doctor_add_error(doctor, DOCTOR_FAIL, "database", &err,
			"keep the file; redbuttond --restore FILE");
		return;
	}
	if (older.count) {
		doctor_add(doctor, DOCTOR_WARN, "database", older_text(doctor, &older),
			"the next start upgrades it, after a copy");
		return;
	}
	open_reader(doctor, &options);
	if (doctor->is_readable)
		doctor_ok(
			doctor, "database", "opens, its pages are whole, its tables are of today");
}

/* --- the key --- */

void doctor_look_at_key(struct doctor *doctor)
{
	const char *reference = doctor->options->signing_key;
	struct error err = ERROR_INIT;
	struct secret key;

	if (!reference) {
		doctor_add(doctor, DOCTOR_WARN, "signing key", "there is none",
			"set signing-key: an unsigned checkpoint can be made by anybody");
		return;
	}
	if (text_starts_with(reference, "cred:")) {
		doctor_ok(doctor, "signing key", "%s: only the unit has it", reference);
		return;
	}
	if (secret_open(reference, &key, &err) < 0) {
		doctor_add_error(doctor, DOCTOR_FAIL, "signing key", &err,
			"mode 0600, owned by the daemon's user or root");
		return;
	}
	secret_close(&key);
	doctor_ok(doctor, "signing key", "%s, readable by its owner only", reference);
}

/* --- the checkpoint outside --- */

void doctor_look_at_checkpoint(struct doctor *doctor)
{
	struct audit_options options = {
		.store = doctor->store,
		.origin = doctor->options->origin,
		.checkpoint_path = doctor->options->checkpoint_path,
	};
	struct error err = ERROR_INIT;
	int64_t size = 0;

	if (!options.checkpoint_path) {
		doctor_add(doctor, DOCTOR_WARN, "checkpoint", "none is kept outside",
			"set checkpoint-file to a file on another disk: without it an older file "
			"put back is not noticed");
		return;
	}
	if (!doctor->is_readable)
		return;
	if (audit_check_outside(&options, &size, &err) < 0)
		doctor_add_error(doctor, DOCTOR_FAIL, "checkpoint", &err, "redbutton audit verify");
	else
		doctor_ok(doctor, "checkpoint", "%s fits the database (%lld records covered)",
			options.checkpoint_path, (long long)size);
}

/* --- people --- */

void doctor_look_at_people(struct doctor *doctor)
{
	static const char *const nobody[] = {NULL};
	const char *file =
		arena_format(doctor->arena, "%s/bootstrap-token", doctor->options->data_dir);
	int64_t admins;

	if (!doctor->is_readable)
		return;
	admins = people_count_with_role(
		store_reader(doctor->store), ROLE_ADMIN, &(struct scope){0}, nobody);
	if (admins < 2)
		doctor_add(doctor, DOCTOR_WARN, "admins",
			arena_format(doctor->arena, "there %s %lld", admins == 1 ? "is" : "are",
				(long long)admins),
			"redbutton grant add --role admin: a restore is accepted by two");
	else
		doctor_ok(doctor, "admins", "there are %lld", (long long)admins);
	if (access(file, F_OK) == 0)
		doctor_add(doctor, DOCTOR_WARN, "first token",
			arena_format(doctor->arena, "%s still lies there", file),
			"log in otherwise, then remove the file");
}
