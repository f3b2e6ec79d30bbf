/*
 * The analysis of commands for tests in other languages. Each line of the input is an object
 * {line | argv, env, cwd, path, runas, trusted, bound_files, sql, target}; each line of the output
 * {words, join, commands, proof, reason, objects, texts, secrets} or {error, place}.
 */
#include "change/command/command.h"
#include "change/command/words.h"

#include "lib/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char **list_of(struct arena *arena, const json_t *array)
{
	const char **list = arena_alloc(arena, (json_array_size(array) + 1) * sizeof(char *));

	for (size_t i = 0; i < json_array_size(array); i++)
		list[i] = json_string_value(json_array_get(array, i));
	return array ? list : NULL;
}

static const char *text_of(const json_t *asked, const char *field)
{
	return json_string_value(json_object_get(asked, field));
}

/* Hexadecimal words, for bytes that are no text. */
static const char **hex_list(struct arena *arena, const json_t *array)
{
	const char **list = arena_alloc(arena, (json_array_size(array) + 1) * sizeof(char *));

	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *hex = json_string_value(json_array_get(array, i));
		char *bytes = arena_alloc(arena, strlen(hex) / 2 + 1);

		for (size_t j = 0; hex[2 * j] && hex[2 * j + 1]; j++) {
			char digits[3] = {hex[2 * j], hex[2 * j + 1], 0};

			bytes[j] = (char)strtoul(digits, NULL, 16);
		}
		list[i] = bytes;
	}
	return list;
}

static json_t *words_json(const char *const *words)
{
	json_t *list = json_array();

	for (; *words; words++)
		json_array_append_new(list, json_string(*words));
	return list;
}

/* Texts and secrets of a step, as rules are given them. */
static void add_texts(json_t *answer, const char *const *argv)
{
	json_t *texts = json_array(), *secrets = json_array();

	for (size_t i = 0; argv && argv[i]; i++) {
		char where[32];

		snprintf(where, sizeof(where), "argv %zu", i);
		json_array_append_new(
			texts, json_pack("{s:s, s:o}", "where", where, "problems",
				       command_text_problems(argv[i], strlen(argv[i]), i == 0)));
		if (command_has_secret(argv[i], strlen(argv[i])))
			json_array_append_new(secrets, json_pack("{s:s}", "where", where));
	}
	json_object_set_new(answer, "texts", texts);
	json_object_set_new(answer, "secrets", secrets);
}

static int analyse(struct arena *arena, const json_t *asked, json_t *answer, struct error *err)
{
	struct command_input input = {.path = text_of(asked, "path"),
		.cwd = text_of(asked, "cwd"),
		.runas = text_of(asked, "runas"),
		.sql = text_of(asked, "sql"),
		.is_trusted = -1};
	const json_t *trusted = json_object_get(asked, "trusted");
	enum command_proof proof;
	const char *reason;
	json_t *commands;
	int rc;

	input.env = list_of(arena, json_object_get(asked, "env"));
	input.bound_files = list_of(arena, json_object_get(asked, "bound_files"));
	if (json_is_boolean(trusted))
		input.is_trusted = json_is_true(trusted);
	if (text_of(asked, "line")) {
		char **words;
		size_t count;

		if ((rc = words_split(arena, text_of(asked, "line"), &words, &count, err)) < 0)
			return rc;
		input.argv = (const char *const *)words;
		json_object_set_new(answer, "words", words_json(input.argv));
		json_object_set_new(answer, "join", json_string(words_join(arena, input.argv)));
	} else if (json_object_get(asked, "argv_hex")) {
		input.argv = hex_list(arena, json_object_get(asked, "argv_hex"));
	} else {
		input.argv = list_of(arena, json_object_get(asked, "argv"));
	}
	if ((rc = command_analyse(&input, &commands, &proof, &reason, err)) < 0)
		return rc;
	add_texts(answer, input.argv);
	json_object_set_new(answer, "objects",
		command_objects(commands,
			text_of(asked, "target") ? text_of(asked, "target") : "host:web-1"));
	json_object_set_new(answer, "commands", commands);
	json_object_set_new(answer, "proof", json_string(command_proof_word(proof)));
	json_object_set_new(answer, "reason", reason ? json_string(reason) : json_null());
	return 0;
}

static void answer_one(const char *bytes, size_t length)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	json_t *asked = NULL, *answer = json_object();
	char *text;

	arena_init(&arena);
	if (json_parse(bytes, length, JSON_DEPTH_MAX, &asked, &err) < 0 ||
		analyse(&arena, asked, answer, &err) < 0) {
		json_object_clear(answer);
		json_set_text(answer, "error", err.message);
		json_set_text(answer, "place", err.place);
	}
	text = json_dumps(answer, JSON_COMPACT | JSON_SORT_KEYS);
	puts(text);
	free(text);
	json_decref(answer);
	json_decref(asked);
	arena_done(&arena);
}

int main(void)
{
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length;

	while ((length = getline(&line, &capacity, stdin)) > 0)
		answer_one(line, (size_t)length);
	free(line);
	return 0;
}
