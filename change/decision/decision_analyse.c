/* What is found out of the question alone. */
#include "change/command/words.h"
#include "change/decision/decision_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <string.h>

#define LINE_MAX_BYTES 4000

static void drop_json(void *value)
{
	json_decref(value);
}

/* problem of command_text_problems, reason code */
static const struct {
	const char *problem, *reason;
} problems[] = {
	{"encoding", "encoding"},
	{"control", "control_char"},
	{"bidi", "unicode"},
	{"invisible", "unicode"},
	{"mixed_script", "unicode"},
};

static const char *reason_of(const char *problem)
{
	for (size_t i = 0; i < sizeof(problems) / sizeof(problems[0]); i++)
		if (!strcmp(problems[i].problem, problem))
			return problems[i].reason;
	return "unicode";
}

/* The first problem of a word, "" when there is none. */
static const char *problem_of(const char *word, bool is_command_word)
{
	json_t *found = command_text_problems(word, strlen(word), is_command_word);
	const char *first = json_string_value(json_array_get(found, 0));
	const char *reason = first ? reason_of(first) : "";

	json_decref(found);
	return reason;
}

static const char *text_problem(const struct gate_exec *exec)
{
	const char *problem = problem_of(exec->path, true);

	for (size_t i = 0; !*problem && exec->argv && exec->argv[i]; i++)
		problem = problem_of(exec->argv[i], i == 0);
	return problem;
}

static json_t *steering_names(struct arena *arena, const struct gate_exec *exec)
{
	json_t *names = json_array();

	for (size_t i = 0; exec->env && exec->env[i]; i++)
		if (command_variable_steers(exec->env[i])) {
			const char *name =
				arena_text_n(arena, exec->env[i], strcspn(exec->env[i], "="));

			json_array_append_new(names, json_string(text_visible(arena, name)));
		}
	return names;
}

static const char *secret_place(struct arena *arena, const struct gate_exec *exec)
{
	for (size_t i = 0; exec->argv && exec->argv[i]; i++)
		if (command_has_secret(exec->argv[i], strlen(exec->argv[i])))
			return arena_format(arena, "argument %zu", i);
	return "";
}

static const char *line_of(struct arena *arena, const struct gate_exec *exec)
{
	const char *line = text_visible(arena, words_join(arena, exec->argv));
	size_t length = strlen(line);

	if (length <= LINE_MAX_BYTES)
		return line;
	while (length > LINE_MAX_BYTES || ((unsigned char)line[length] & 0xc0) == 0x80)
		length--;
	return arena_format(arena, "%.*s ... (%zu bytes)", (int)length, line, strlen(line));
}

void decision_analyse(struct arena *arena, const struct decision_question *question,
	struct decision_analysis *ret)
{
	const struct gate_exec *exec = &question->request.exec;
	const struct command_input input = {
		.path = exec->path,
		.argv = exec->argv,
		.env = exec->env,
		.cwd = exec->cwd,
		.runas = exec->runas,
		.actor = question->request.actor_user,
		.is_trusted = exec->is_trusted,
	};

	*ret = (struct decision_analysis){.proof = COMMAND_UNPROVED,
		.reason = "opaque",
		.text = "",
		.line = "",
		.has_secret = ""};
	ret->steering = steering_names(arena, exec);
	arena_defer(arena, drop_json, ret->steering);
	if (!exec->argv || !exec->argv[0])
		return;
	ret->text = text_problem(exec);
	ret->line = line_of(arena, exec);
	ret->has_secret = secret_place(arena, exec);
	if (command_analyse(&input, &ret->commands, &ret->proof, &ret->reason, NULL) < 0) {
		ret->commands = NULL;
		ret->proof = COMMAND_UNPROVED;
		ret->reason = "opaque";
	}
	if (ret->commands)
		arena_defer(arena, drop_json, ret->commands);
	/* What reads from an open input may be told anything: a shell, an interpreter. Those are
	 * never proved, so that the input of a proved read is data. */
}
