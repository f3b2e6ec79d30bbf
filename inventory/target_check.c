#include "inventory/target_rooms.h"

#include "lib/base/json.h"
#include "lib/base/secret.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <string.h>

#define KEY_MAX	    63
#define PATTERN_MAX 512
#define KIND_MAX    32
#define ADDRESS_MAX 1000

/* --- patterns --- */

bool target_next_word(const char **at, const char **ret_word, size_t *ret_length)
{
	*at += strspn(*at, " ");
	if (!**at)
		return false;
	*ret_word = *at;
	*ret_length = strcspn(*at, " ");
	*at += *ret_length;
	return true;
}

/* Greedy with one point to return to: linear in practice, no recursion. */
bool target_glob(const char *pattern, size_t pattern_length, const char *text)
{
	const char *end = pattern + pattern_length, *star = NULL, *resume = NULL;

	while (*text) {
		if (pattern < end && *pattern == '*') {
			star = pattern++;
			resume = text;
		} else if (pattern < end && *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

static int count_words(const char *pattern)
{
	const char *word;
	size_t length;
	int count = 0;

	while (target_next_word(&pattern, &word, &length))
		count++;
	return count;
}

static int refuse_pattern(const struct adapter *adapter, size_t i, struct error *err)
{
	struct buf text = BUF_INIT;

	for (size_t t = 0; t < adapter->type_count; t++)
		buf_add_format(&text, "%s%s", t ? ", " : "", adapter->types[t].name);
	error_set(err, ERROR_INVALID, "the allow-list names no register of a %s", adapter->kind);
	error_field(err, "allow[%zu]", i);
	error_remedy(err, "begin with one of %s", buf_text(&text));
	buf_done(&text);
	return ERROR_INVALID;
}

/* The first word is a type; then come as many patterns as it has arguments, or none. */
static int check_pattern(
	const struct adapter *adapter, const char *pattern, size_t i, struct error *err)
{
	int words = count_words(pattern) - 1, wanted = -1;
	const char *at = pattern, *type;
	size_t length = 0;

	if (!target_next_word(&at, &type, &length))
		return refuse_pattern(adapter, i, err);
	for (size_t t = 0; t < adapter->type_count; t++) {
		if (!target_glob(type, length, adapter->types[t].name))
			continue;
		wanted = adapter->types[t].arg_count;
		if (!words || words == wanted)
			return 0;
	}
	if (wanted < 0)
		return refuse_pattern(adapter, i, err);
	error_set(err, ERROR_INVALID, "%.*s has %d arguments, the pattern has %d", (int)length,
		type, wanted, words);
	error_field(err, "allow[%zu]", i);
	return error_remedy(err, "write a pattern for each argument ('*' for any), or none");
}

static bool is_writable(const struct adapter *adapter)
{
	for (size_t i = 0; i < adapter->type_count; i++)
		if (adapter->types[i].is_writable)
			return true;
	return false;
}

static int refuse_empty_allow(const struct adapter *adapter, struct error *err)
{
	error_set(err, ERROR_INVALID, "which registers may plans touch? The allow-list is empty");
	error_field(err, "allow");
	return error_remedy(err,
		"name them, e.g. --allow '%s *', or --allow '%s.*' for all of this target",
		adapter->types[0].name, adapter->kind);
}

static int check_allow(
	const struct target *target, const struct adapter *adapter, struct error *err)
{
	char field[32];
	int rc;

	if (!target->allow[0] && is_writable(adapter))
		return refuse_empty_allow(adapter, err);
	for (size_t i = 0; target->allow[i]; i++) {
		snprintf(field, sizeof(field), "allow[%zu]", i);
		if ((rc = text_check_prose(field, target->allow[i], PATTERN_MAX, err)) < 0 ||
			(rc = target_check_no_secret(field, target->allow[i], err)) < 0 ||
			(rc = check_pattern(adapter, target->allow[i], i, err)) < 0)
			return rc;
	}
	return 0;
}

/* --- labels --- */

static bool is_key(const char *key)
{
	size_t length = strlen(key);

	for (size_t i = 0; i < length; i++)
		if (!((key[i] >= 'a' && key[i] <= 'z') || (i && key[i] >= '0' && key[i] <= '9') ||
			    (i && strchr("._-", key[i]))))
			return false;
	return length >= 1 && length <= KEY_MAX;
}

static bool is_named(const char *key)
{
	for (const char *const *name = target_named_labels; *name; name++)
		if (!strcmp(*name, key))
			return true;
	return false;
}

/* A label of such a name holds a secret, whatever its value looks like. */
static bool is_secret_key(const char *key)
{
	static const char *const words[] = {"passw", "secret", "token", "apikey", "api_key",
		"api-key", "credential", "private-key", "private_key"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(key, words[i]))
			return true;
	return false;
}

static int refuse_secret_key(const char *field, const char *key, struct error *err)
{
	error_set(err, ERROR_INVALID, "a label %s would hold a credential", key);
	error_field(err, "%s", field);
	return error_remedy(err, "give it by reference: --credential file:/path");
}

static int check_label(const char *key, const json_t *value, struct error *err)
{
	char field[KEY_MAX + 16];
	int rc;

	if (!is_key(key)) {
		error_set(err, ERROR_INVALID, "a label's key is not of the form a-z, 0-9, . _ -");
		error_field(err, "labels");
		return error_remedy(
			err, "write it in small ASCII letters; its value may be any text");
	}
	snprintf(field, sizeof(field), "labels.%s", key);
	if (is_named(key)) {
		error_set(err, ERROR_INVALID, "%s is a field of its own", key);
		error_field(err, "%s", field);
		return error_remedy(err, "give --%s", key);
	}
	if (is_secret_key(key))
		return refuse_secret_key(field, key, err);
	if (!json_is_string(value)) {
		error_set(err, ERROR_INVALID, "the label %s is no text", key);
		return error_field(err, "%s", field);
	}
	if ((rc = text_check_name(field, json_string_value(value), err)) < 0)
		return rc;
	return target_check_no_secret(field, json_string_value(value), err);
}

static int check_labels(const struct target *target, const json_t *labels, struct error *err)
{
	const char *key;
	json_t *value;
	int rc;

	for (const char *const *name = target_named_labels; *name; name++) {
		const char *given = target_named_label(target, *name);

		if (*given && ((rc = text_check_name(*name, given, err)) < 0 ||
				      (rc = target_check_no_secret(*name, given, err)) < 0))
			return rc;
	}
	if (json_object_size(labels) > TARGET_LABEL_MAX) {
		error_set(err, ERROR_INVALID, "more than %d labels", TARGET_LABEL_MAX);
		return error_field(err, "labels");
	}
	json_object_foreach ((json_t *)labels, key, value)
		if ((rc = check_label(key, value, err)) < 0)
			return rc;
	return 0;
}

/* --- the whole --- */

static int refuse_kind(const char *kind, const struct adapter_list *adapters, struct error *err)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < adapters->count; i++)
		buf_add_format(&text, "%s%s", i ? ", " : "", adapters->adapters[i]->kind);
	error_set(err, ERROR_INVALID, "there is no kind of target \"%.*s\"", KIND_MAX, kind);
	error_field(err, "kind");
	error_remedy(err, "the kinds are %s", buf_text(&text));
	buf_done(&text);
	return ERROR_INVALID;
}

static int check_address(
	const struct target *target, const struct adapter *adapter, struct error *err)
{
	int rc;

	if ((rc = text_check_prose("address", target->address, ADDRESS_MAX, err)) < 0)
		return rc;
	/* An identity is a digest: long and random, and no secret. Its adapter knows its shape. */
	if (adapter->type_count &&
		(rc = target_check_no_secret("address", target->address, err)) < 0)
		return rc;
	return adapter->check_address ? adapter->check_address(target->address, err) : 0;
}

static int check_networks(const struct target *target, struct error *err)
{
	char field[32];
	int rc;

	for (size_t i = 0; target->networks[i]; i++) {
		snprintf(field, sizeof(field), "networks[%zu]", i);
		if ((rc = client_check_network(field, target->networks[i], err)) < 0)
			return rc;
	}
	return 0;
}

int target_check(const struct target *target, const json_t *labels,
	const struct adapter_list *adapters, struct error *err)
{
	const struct adapter *adapter;
	int rc;

	if ((rc = text_check_name("name", target->name, err)) < 0 ||
		(rc = target_check_no_secret("name", target->name, err)) < 0 ||
		(rc = text_check_name("kind", target->kind, err)) < 0)
		return rc;
	adapter = adapter_find(adapters, target->kind);
	if (!adapter)
		return refuse_kind(target->kind, adapters, err);
	if ((rc = check_address(target, adapter, err)) < 0)
		return rc;
	if (target->credential &&
		(rc = secret_check_reference("credential", target->credential, err)) < 0)
		return rc;
	if (!*target->environment) {
		error_set(err, ERROR_INVALID, "the environment is missing");
		error_field(err, "environment");
		return error_remedy(err, "e.g. --environment production");
	}
	if ((rc = check_labels(target, labels, err)) < 0 ||
		(rc = check_allow(target, adapter, err)) < 0)
		return rc;
	return check_networks(target, err);
}
