#include "audit/audit_verify.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

struct flags {
	struct audit_verify_options options;
	bool is_json;
};

struct flag {
	const char *name;
	void (*set)(struct flags *flags, const char *value);
};

static void set_database(struct flags *flags, const char *value)
{
	flags->options.database = value;
	flags->options.export_path = NULL;
}

static void set_export(struct flags *flags, const char *value)
{
	flags->options.export_path = value;
	if (flags->options.may_lack_checkpoint) /* the copy outside grows on; an export does not */
		flags->options.checkpoint_path = NULL;
	flags->options.database = NULL;
}

static void set_checkpoint(struct flags *flags, const char *value)
{
	flags->options.may_lack_checkpoint = false;
	flags->options.checkpoint_path = value;
}

static void set_key(struct flags *flags, const char *value)
{
	flags->options.may_lack_key = false;
	flags->options.key_path = value;
}

static const struct flag known_flags[] = {
	{"--db", set_database},
	{"--export", set_export},
	{"--checkpoint", set_checkpoint},
	{"--key", set_key},
};

static int take_flag(struct flags *flags, const char *name, const char *value, struct error *err)
{
	for (size_t i = 0; i < sizeof(known_flags) / sizeof(known_flags[0]); i++) {
		if (strcmp(known_flags[i].name, name))
			continue;
		if (!value)
			return error_set(err, ERROR_USAGE, "%s needs a file", name);
		known_flags[i].set(flags, value);
		return 0;
	}
	error_set(err, ERROR_USAGE, "\"%s\" is not understood", name);
	return error_remedy(err,
		"--verify [--db FILE | --export FILE] [--checkpoint FILE] [--key FILE] [--json]");
}

static int read_flags(struct flags *flags, int argc, char **argv, struct error *err)
{
	for (int i = 1; i < argc; i++) {
		int rc;

		if (!strcmp(argv[i], "--json")) {
			flags->is_json = true;
			continue;
		}
		rc = take_flag(flags, argv[i], i + 1 < argc ? argv[i + 1] : NULL, err);
		if (rc < 0)
			return rc;
		i++;
	}
	if (flags->options.database || flags->options.export_path)
		return 0;
	error_set(err, ERROR_USAGE, "there is nothing to verify");
	return error_remedy(err, "name it with --db FILE or --export FILE");
}

static void print_json(
	const struct audit_verify_result *result, const struct error *err, bool is_good)
{
	char root[DIGEST_TEXT_SIZE];
	json_t *object = json_object();
	char *text;

	json_set_bool(object, "verified", is_good);
	if (is_good) {
		json_set_int(object, "records", result->records);
		json_set_text(object, "root", digest_text(&result->root, root));
		json_set_int(object, "checkpoints", result->checkpoints);
		json_set_int(object, "signatures", result->signatures);
		json_set_bool(object, "signatures_checked", result->has_keys);
		json_set_int(object, "checkpoint_size", result->checkpoint_size);
		json_set_bool(object, "outside_compared", result->outside_size >= 0);
		json_set_int(object, "open_intents", result->open_intents);
	} else {
		json_set_text(object, "code", error_word(err->code));
		json_set_text(object, "message", err->message);
		json_set_text(object, "remedy", err->remedy);
		if (result->bad_seq)
			json_set_int(object, "bad_seq", result->bad_seq);
	}
	text = json_dumps(object, JSON_COMPACT);
	puts(text ? text : "{}");
	free(text);
	json_decref(object);
}

static void print_text(const struct audit_verify_result *result)
{
	char root[DIGEST_TEXT_SIZE];

	printf("verified: %lld records\n", (long long)result->records);
	printf("root: %s\n", digest_text(&result->root, root));
	printf("checkpoints: %lld, the newest of %lld records; %s\n",
		(long long)result->checkpoints, (long long)result->checkpoint_size,
		result->has_keys ? "every signature is good"
				 : "signatures were not checked (no --key)");
	if (result->outside_size >= 0)
		printf("checkpoint outside: of %lld records, the same history\n",
			(long long)result->outside_size);
	else
		puts("checkpoint outside: not compared (no --checkpoint): an older file or a cut "
		     "end would not be noticed");
	if (result->open_intents)
		printf("effects without an outcome: %lld (running, or in doubt)\n",
			(long long)result->open_intents);
}

static int fail(const struct audit_verify_result *result, const struct error *err, bool is_json)
{
	if (is_json) {
		print_json(result, err, false);
		return error_exit(err->code);
	}
	fprintf(stderr, "%s: %s\n",
		err->code == ERROR_TAMPERED ? "NOT verified" : "could not verify", err->message);
	if (*err->place)
		fprintf(stderr, "  at: %s\n", err->place);
	if (*err->remedy)
		fprintf(stderr, "  remedy: %s\n", err->remedy);
	return error_exit(err->code);
}

int audit_verify_main(int argc, char **argv, const struct audit_verify_options *defaults)
{
	struct flags flags = {.options = *defaults};
	struct audit_verify_result result = {0};
	struct error err = ERROR_INIT;

	if (read_flags(&flags, argc, argv, &err) < 0 ||
		audit_verify(&flags.options, &result, &err) < 0)
		return fail(&result, &err, flags.is_json);
	if (flags.is_json)
		print_json(&result, &err, true);
	else
		print_text(&result);
	return 0;
}
