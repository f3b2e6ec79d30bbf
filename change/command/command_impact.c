#include "change/command/command_rooms.h"

#include "lib/base/text.h"

#include <assert.h>
#include <string.h>

/* The closed lists. */
static const char verbs_read[] = " read list select ";
static const char verbs[] =
	" read list select write append create delete copy move truncate link grant mount unmount "
	"format start stop restart reload enable disable kill signal install remove exec connect "
	"listen fetch login send configure apply scale drain evict insert update drop alter flush ";
static const char kinds[] = " path device unit process host k8s db net url user sudoers package "
			    "kernel container monitor gate clock ";
static const char scopes[] = " one many recursive all cluster unknown ";
static const char flags[] =
	" recursive force root emptyable dynamic glob ssh_keys device setuid world_writable "
	"runs_program loader inline_code deferred interactive everything all_namespaces "
	"empty_selector no_where constant_where batched online server_file fetch_and_run "
	"socket_shell host_mount privileged host_namespace docker_socket encoding plaintext_secret "
	"namespace mutable_tag ";

/* A word of a closed list; another one is a slip of the pen that tests find. */
static void check_word(const char *list, const char *word)
{
	bool is_known = text_is_word(list, word);

	assert(is_known);
	(void)is_known;
}

static json_t *text_of(struct command *command, const char *text)
{
	return json_string(text_visible(&command->analysis->arena, text));
}

json_t *impact_add(struct command *command, const char *verb, const char *kind, const char *object,
	const char *scope)
{
	json_t *impact = json_object();
	bool is_read = text_is_word(verbs_read, verb);

	check_word(verbs, verb);
	check_word(kinds, kind);
	check_word(scopes, scope);
	json_object_set_new(impact, "verb", json_string(verb));
	json_object_set_new(impact, "kind", json_string(kind));
	json_object_set_new(impact, "object", text_of(command, object ? object : ""));
	json_object_set_new(impact, "scope", json_string(scope));
	json_object_set_new(impact, "mode", json_string(is_read ? "shared" : "exclusive"));
	json_object_set_new(impact, "proof", json_string(is_read ? "read" : "mutate"));
	json_object_set_new(impact, "flags", json_array());
	json_object_set_new(impact, "from", json_null());
	json_object_set_new(impact, "to", json_null());
	json_object_set_new(impact, "rows", json_null());
	json_array_append_new(command->impacts, impact);
	return impact;
}

bool impact_has_flag(const json_t *impact, const char *flag)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(impact, "flags"), i, item)
		if (!strcmp(json_string_value(item), flag))
			return true;
	return false;
}

void impact_flag(json_t *impact, const char *flag)
{
	check_word(flags, flag);
	if (impact && !impact_has_flag(impact, flag))
		json_array_append_new(json_object_get(impact, "flags"), json_string(flag));
}

void impact_number(json_t *impact, const char *field, int64_t number)
{
	json_object_set_new(impact, field, json_integer(number));
}

void impact_rows(json_t *impact, int64_t rows)
{
	json_object_set_new(impact, "rows", json_integer(rows));
}

void impact_is_read(json_t *impact)
{
	json_object_set_new(impact, "mode", json_string("shared"));
	json_object_set_new(impact, "proof", json_string("read"));
}

void impact_is_unproved(struct command *command, json_t *impact, const char *reason)
{
	json_object_set_new(impact, "mode", json_string("exclusive"));
	json_object_set_new(impact, "proof", json_string("unproved"));
	command_doubt(command, reason);
}

void impact_runs(struct command *command, const char *word)
{
	json_array_append_new(command->runs, text_of(command, word));
	impact_flag(impact_add(command, "exec", "process", "", "unknown"), "runs_program");
	command_doubt(command, "opaque");
}
