#include "change/gate/fingerprint.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOMAIN "rcm-fp-1"
#define SEALED "sha256:" /* the path of what runs from a sealed copy */

static void add_number(crypto_hash_sha256_state *state, uint64_t number)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(number >> (56 - 8 * i));
	crypto_hash_sha256_update(state, bytes, sizeof(bytes));
}

static void add_text(crypto_hash_sha256_state *state, const char *text)
{
	size_t length = strlen(text);

	add_number(state, length);
	crypto_hash_sha256_update(state, (const unsigned char *)text, length);
}

/* One file may be several programs by the name it is called (pgrep and pkill): the name is bound,
 * the folder before it is not. */
static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void add_arguments(crypto_hash_sha256_state *state, const struct gate_exec *exec)
{
	size_t count = 0;

	while (exec->argv && exec->argv[count])
		count++;
	add_number(state, 8);
	add_number(state, count);
	for (size_t i = 0; i < count; i++)
		add_text(state, i == 0 ? base_name(exec->argv[0]) : exec->argv[i]);
}

static bool is_allowed(const char *variable, const char *const *names)
{
	for (; names && *names; names++) {
		size_t length = strlen(*names);

		if (length && !strncmp(variable, *names, length) && variable[length] == '=')
			return true;
	}
	return false;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Each has a '=', which what follows (the standard input) never has: the list needs no count. */
static void add_environment(
	crypto_hash_sha256_state *state, const struct gate_exec *exec, const char *const *env_allow)
{
	struct arena arena = ARENA_INIT;
	const char **list = NULL;
	size_t count = 0, capacity = 0;

	for (size_t i = 0; exec->env && exec->env[i]; i++) {
		if (!is_allowed(exec->env[i], env_allow))
			continue;
		list = arena_grow(&arena, list, count, &capacity, sizeof(*list));
		list[count++] = exec->env[i];
	}
	if (count > 1)
		qsort(list, count, sizeof(*list), compare_texts);
	for (size_t i = 0; i < count; i++)
		add_text(state, list[i]);
	arena_done(&arena);
}

static const char *input_of(const struct gate_exec *exec)
{
	if (exec->stdin_kind != GATE_STDIN_BOUND)
		return exec->stdin_kind == GATE_STDIN_NONE ? "none" : "open";
	for (size_t i = 0; i < exec->content_count; i++)
		if (!strcmp(exec->contents[i].role, "stdin"))
			return exec->contents[i].sha256;
	return "bound"; /* to nothing: fits no grant */
}

bool fingerprint_is_program(const struct gate_exec *exec, const struct gate_content *content)
{
	if (!strcmp(content->role, "program"))
		return true;
	return !strcmp(content->role, "script") && !strncmp(exec->path, SEALED, strlen(SEALED)) &&
	       !strcmp(exec->path + strlen(SEALED), content->sha256);
}

void fingerprint_of(const struct gate_exec *exec, const char *const *env_allow, const char *target,
	uint8_t ret[static FINGERPRINT_BYTES])
{
	crypto_hash_sha256_state state;

	crypto_hash_sha256_init(&state);
	add_text(&state, DOMAIN);
	add_text(&state, exec->path);
	add_arguments(&state, exec);
	add_text(&state, exec->runas);
	add_text(&state, target);
	add_text(&state, exec->cwd && exec->cwd[0] ? exec->cwd : "-");
	add_environment(&state, exec, env_allow);
	add_text(&state, input_of(exec));
	for (size_t i = 0; i < exec->content_count; i++) {
		if (fingerprint_is_program(exec, &exec->contents[i]))
			continue;
		add_text(&state, exec->contents[i].role);
		add_text(&state, exec->contents[i].sha256);
	}
	crypto_hash_sha256_final(&state, ret);
}

void fingerprint_text(
	const uint8_t fingerprint[static FINGERPRINT_BYTES], char ret[static FINGERPRINT_TEXT_SIZE])
{
	size_t at = (size_t)snprintf(ret, FINGERPRINT_TEXT_SIZE, "sha256:");

	for (size_t i = 0; i < FINGERPRINT_BYTES; i++, at += 2)
		snprintf(ret + at, 3, "%02x", fingerprint[i]);
}
