/* Commands as a person types them, and as words of any bytes. */
#include "fuzz.h"

#include "change/command/command.h"
#include "change/command/words.h"

#include "lib/base/arena.h"

#include <stdlib.h>

#define WORDS 64

static void check_analysis(const char *const *argv)
{
	struct command_input input = {.argv = argv, .cwd = "/srv/shop", .is_trusted = -1};
	struct error err = ERROR_INIT;
	enum command_proof proof;
	const char *reason;
	json_t *commands, *objects;
	char *text;

	if (command_analyse(&input, &commands, &proof, &reason, &err) < 0)
		return;
	FUZZ_HOLDS((proof == COMMAND_UNPROVED) == (reason != NULL));
	FUZZ_HOLDS(json_array_size(commands) > 0);
	objects = command_objects(commands, "host:a");
	text = json_dumps(commands, JSON_COMPACT);
	FUZZ_HOLDS(text && json_array_size(objects) > 0);
	free(text);
	json_decref(objects);
	json_decref(commands);
}

static void check_line(struct arena *arena, const char *line)
{
	struct error err = ERROR_INIT;
	char **words, **again;
	size_t count, count_again;

	if (words_split(arena, line, &words, &count, &err) < 0) {
		FUZZ_HOLDS(err.place[0] && err.remedy[0]);
		return;
	}
	FUZZ_HOLDS(words_split(arena, words_join(arena, (const char *const *)words), &again,
			   &count_again, &err) == 0 &&
		   count == count_again);
	for (size_t i = 0; i < count; i++)
		FUZZ_HOLDS(!strcmp(words[i], again[i]));
	check_analysis((const char *const *)words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	const char *argv[WORDS + 1] = {0};
	char *text;

	if (size > 4096)
		return 0;
	text = arena_text_n(&arena, (const char *)data, size);
	check_line(&arena, text);
	json_decref(command_text_problems(text, size, true));
	command_has_secret(text, size);
	/* The same bytes as words between blanks, whatever a shell would say of them. */
	for (size_t i = 0; i < WORDS && *text; i++) {
		argv[i] = text;
		text += strcspn(text, " ");
		if (*text)
			*text++ = 0;
	}
	check_analysis(argv);
	arena_done(&arena);
	return 0;
}
