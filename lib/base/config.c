#include "lib/base/config.h"

#include "lib/base/text.h"
#include "lib/base/time.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 4096
#define NAME_MAX_BYTES 64

struct config_value {
	char *text; /* NULL: nothing set and no default */
	int64_t number;
};

struct config {
	const struct config_option *options;
	struct config_value *values;
	size_t count;
};

static const char *const type_names[] = {"text", "number", "true|false", "duration", "path"};

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static size_t find(const struct config *config, const char *name)
{
	size_t i = 0;

	while (i < config->count && strcmp(config->options[i].name, name))
		i++;
	return i;
}

/* A name that the program's own table lacks is a mistake of the program. */
static const struct config_value *must_find(const struct config *config, const char *name)
{
	size_t i = find(config, name);

	if (i == config->count)
		abort();
	return &config->values[i];
}

static int parse_bool(const char *name, const char *text, int64_t *ret, struct error *err)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

	for (int i = 0; i < 6; i++) {
		if (!strcmp(text, words[i])) {
			*ret = i % 2;
			return 0;
		}
	}
	error_set(err, ERROR_INVALID, "%s \"%s\" is neither true nor false", name, text);
	error_field(err, "%s", name);
	return error_remedy(err, "write true or false");
}

static int check_limits(const struct config_option *option, int64_t ms, struct error *err)
{
	char min[TIME_TEXT_SIZE], max[TIME_TEXT_SIZE];

	if ((!option->min && !option->max) || (ms >= option->min && ms <= option->max))
		return 0;
	error_set(err, ERROR_INVALID, "%s must be from %s to %s", option->name,
		time_format_duration(option->min, min, sizeof(min)),
		time_format_duration(option->max, max, sizeof(max)));
	return error_field(err, "%s", option->name);
}

/* "0" is no duration, but a setting whose limits begin at 0 may say it. */
static int parse_duration(
	const struct config_option *option, const char *text, int64_t *ret, struct error *err)
{
	int64_t ms = 0;
	int rc = 0;

	if (strcmp(text, "0") || option->min > 0 || option->max <= 0)
		rc = time_parse_duration(option->name, text, &ms, err);
	if (rc >= 0)
		rc = check_limits(option, ms, err);
	if (rc >= 0)
		*ret = ms;
	return rc;
}

static int check_text(const struct config_option *option, const char *text, struct error *err)
{
	if (!*text)
		return 0;
	return text_check_prose(option->name, text, LINE_MAX_BYTES, err);
}

static int parse_value(
	const struct config_option *option, const char *text, int64_t *ret, struct error *err)
{
	bool limited = option->min || option->max;

	switch (option->type) {
	case CONFIG_INT:
		return text_parse_int64(option->name, text, limited ? option->min : INT64_MIN,
			limited ? option->max : INT64_MAX, ret, err);
	case CONFIG_BOOL:
		return parse_bool(option->name, text, ret, err);
	case CONFIG_DURATION:
		return parse_duration(option, text, ret, err);
	case CONFIG_PATH:
	case CONFIG_TEXT:
		break;
	}
	return check_text(option, text, err);
}

static int set_value(struct config *config, size_t index, const char *text, struct error *err)
{
	struct config_value *value = &config->values[index];
	int64_t number = 0;
	int rc = parse_value(&config->options[index], text, &number, err);

	if (rc < 0)
		return rc;
	free(value->text);
	value->text = must(strdup(text));
	value->number = number;
	return 0;
}

struct config *config_new(const struct config_option *options, size_t count)
{
	struct config *config = must(calloc(1, sizeof(*config)));

	config->options = options;
	config->count = count;
	config->values = must(calloc(count + 1, sizeof(*config->values)));
	for (size_t i = 0; i < count; i++)
		if (options[i].fallback && *options[i].fallback &&
			set_value(config, i, options[i].fallback, NULL) < 0)
			abort();
	for (size_t i = 0; i < count; i++)
		if (options[i].fallback && !*options[i].fallback)
			config->values[i].text = must(strdup(""));
	return config;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->count; i++)
		free(config->values[i].text);
	free(config->values);
	free(config);
}

static int refuse_name(
	const struct config *config, const char *source, const char *name, struct error *err)
{
	const char **names = must(calloc(config->count + 1, sizeof(*names)));
	const char *nearest;

	for (size_t i = 0; i < config->count; i++)
		names[i] = config->options[i].name;
	nearest = text_nearest(name, names, config->count);
	free(names);
	error_set(err, ERROR_INVALID, "%s: there is no setting \"%s\"", source, name);
	error_field(err, "%s", name);
	error_place(err, "%s", source);
	if (nearest)
		error_remedy(err, "did you mean %s?", nearest);
	return ERROR_INVALID;
}

int config_set(struct config *config, const char *source, const char *name, const char *value,
	struct error *err)
{
	size_t index = find(config, name);
	int rc;

	if (index == config->count)
		return refuse_name(config, source, name, err);
	rc = set_value(config, index, value, err);
	if (rc < 0) {
		error_prefix(err, "%s", source);
		error_place(err, "%s", source);
	}
	return rc;
}

static char *trim(char *text)
{
	size_t length;

	while (*text == ' ' || *text == '\t')
		text++;
	length = strlen(text);
	while (length && strchr(" \t\r\n", text[length - 1]))
		text[--length] = 0;
	return text;
}

static int read_line(struct config *config, const char *source, char *line, struct error *err)
{
	char *name = trim(line), *equals;

	if (!*name || *name == '#')
		return 0;
	equals = strchr(name, '=');
	if (!equals) {
		error_set(err, ERROR_INVALID, "%s: \"%s\" is not of the form name = value", source,
			name);
		error_place(err, "%s", source);
		return error_remedy(err, "write name = value, or begin a comment with #");
	}
	*equals = 0;
	return config_set(config, source, trim(name), trim(equals + 1), err);
}

int config_read_file(struct config *config, const char *path, struct error *err)
{
	FILE *file = fopen(path, "re");
	char line[LINE_MAX_BYTES], source[512];
	int rc = 0;

	if (!file) {
		error_errno(err, ERROR_IO, path);
		return error_place(err, "%s", path);
	}
	for (int number = 1; rc >= 0 && fgets(line, sizeof(line), file); number++) {
		snprintf(source, sizeof(source), "%.480s:%d", path, number);
		if (strlen(line) == sizeof(line) - 1) {
			rc = error_set(err, ERROR_INVALID, "%s: the line is too long", source);
			error_place(err, "%s", source);
			break;
		}
		rc = read_line(config, source, line, err);
	}
	if (rc >= 0 && ferror(file))
		rc = error_errno(err, ERROR_IO, path);
	fclose(file);
	return rc;
}

int config_read_environment(struct config *config, const char *prefix, struct error *err)
{
	for (size_t i = 0; i < config->count; i++) {
		char variable[NAME_MAX_BYTES * 2];
		const char *value;
		size_t start = strlen(prefix);
		int rc;

		snprintf(variable, sizeof(variable), "%s%s", prefix, config->options[i].name);
		for (char *c = variable + start; *c; c++)
			*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
		value = getenv(variable);
		if (!value)
			continue;
		rc = config_set(config, variable, config->options[i].name, value, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

struct flag {
	size_t index;
	const char *value; /* behind '=', or NULL */
	bool is_negated;
};

/* True when the word is a flag of this table. */
static bool find_flag(const struct config *config, const char *word, struct flag *ret)
{
	const char *name = word + 2;
	const char *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);

	for (size_t i = 0; i < config->count; i++) {
		const char *own = config->options[i].name;
		bool is_bool = config->options[i].type == CONFIG_BOOL;

		ret->index = i;
		ret->value = equals ? equals + 1 : NULL;
		ret->is_negated =
			is_bool && !equals && !strncmp(name, "no-", 3) && !strcmp(name + 3, own);
		if (ret->is_negated || (strlen(own) == length && !strncmp(own, name, length)))
			return true;
	}
	return false;
}

static int take_flag(struct config *config, const struct flag *flag, const char *next, int *used,
	struct error *err)
{
	const struct config_option *option = &config->options[flag->index];
	const char *value = flag->value;
	char source[NAME_MAX_BYTES];

	snprintf(source, sizeof(source), "--%s", option->name);
	*used = 1;
	if (!value && option->type == CONFIG_BOOL)
		value = flag->is_negated ? "false" : "true";
	if (!value && next) {
		value = next;
		*used = 2;
	}
	if (!value) {
		error_set(err, ERROR_USAGE, "%s needs a value", source);
		error_field(err, "%s", option->name);
		return error_remedy(err, "write %s <%s>", source, type_names[option->type]);
	}
	return config_set(config, source, option->name, value, err);
}

int config_read_flags(struct config *config, int *argc, char **argv, struct error *err)
{
	int kept = 1, at = 1;

	while (at < *argc) {
		struct flag flag;
		int used = 1, rc;

		if (!strcmp(argv[at], "--"))
			break;
		if (strncmp(argv[at], "--", 2) || !find_flag(config, argv[at], &flag)) {
			argv[kept++] = argv[at++];
			continue;
		}
		rc = take_flag(config, &flag, at + 1 < *argc ? argv[at + 1] : NULL, &used, err);
		if (rc < 0)
			return rc;
		at += used;
	}
	while (at < *argc)
		argv[kept++] = argv[at++];
	if (kept < *argc)
		argv[kept] = NULL;
	*argc = kept;
	return 0;
}

int config_check(struct config *config, struct error *err)
{
	for (size_t i = 0; i < config->count; i++) {
		const char *name = config->options[i].name;

		if (config->values[i].text)
			continue;
		error_set(err, ERROR_INVALID, "the setting %s is required", name);
		error_field(err, "%s", name);
		return error_remedy(err,
			"give it by --%s, in the environment or in the configuration file", name);
	}
	return 0;
}

int config_read_above_file(
	struct config *config, const char *prefix, int *argc, char **argv, struct error *err)
{
	int rc = config_read_environment(config, prefix, err);

	if (rc >= 0)
		rc = config_read_flags(config, argc, argv, err);
	return rc < 0 ? rc : config_check(config, err);
}

const char *config_text(const struct config *config, const char *name)
{
	return must_find(config, name)->text;
}

int64_t config_int(const struct config *config, const char *name)
{
	return must_find(config, name)->number;
}

bool config_bool(const struct config *config, const char *name)
{
	return must_find(config, name)->number != 0;
}

const char *config_type_name(enum config_type type)
{
	return type_names[type];
}

const char *config_limits(const struct config_option *option, char *text)
{
	char min[TIME_TEXT_SIZE], max[TIME_TEXT_SIZE];

	*text = 0;
	if (!option->min && !option->max)
		return text;
	if (option->type == CONFIG_INT)
		snprintf(text, CONFIG_LIMITS_SIZE, "%lld to %lld", (long long)option->min,
			(long long)option->max);
	else if (option->type == CONFIG_DURATION)
		snprintf(text, CONFIG_LIMITS_SIZE, "%s to %s",
			time_format_duration(option->min, min, sizeof(min)),
			time_format_duration(option->max, max, sizeof(max)));
	return text;
}

void config_add_help(const struct config_option *options, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		const struct config_option *option = &options[i];
		char limits[CONFIG_LIMITS_SIZE];

		if (option->type == CONFIG_BOOL)
			buf_add_format(out, "  --[no-]%s\n", option->name);
		else
			buf_add_format(
				out, "  --%s <%s>\n", option->name, type_names[option->type]);
		buf_add_format(out, "      %s (", option->help);
		if (!option->fallback)
			buf_add_text(out, "required");
		else if (*option->fallback)
			buf_add_format(out, "default %s", option->fallback);
		else
			buf_add_text(out, "default: none");
		if (*config_limits(option, limits))
			buf_add_format(out, ", %s", limits);
		buf_add_text(out, ")\n");
	}
}
