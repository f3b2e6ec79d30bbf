#include "change/command/command_rooms.h"

#include "change/command/words.h"

#include "lib/base/text.h"

#include <string.h>

#define COMMANDS_MAX 64
#define DEPTH_MAX    12

static const struct program *const families[] = {command_wrap_programs, command_find_programs,
	command_shell_programs, command_look_programs, command_files_programs,
	command_system_programs, command_disk_programs, command_net_programs, command_kube_programs,
	command_container_programs, command_db_programs, command_package_programs};

/* One file under many names: the name that it is called by decides. "*": any name. */
static const struct {
	const char *file, *names;
} many_names[] = {
	{"busybox", "*"},
	{"toybox", "*"},
	{"coreutils", "*"},
	{"snap", "*"},
	{"systemctl", "reboot poweroff halt shutdown init telinit runlevel"},
	{"kmod", "modprobe insmod rmmod depmod modinfo lsmod"},
	{"pgrep", "pkill pidwait"},
	{"killall5", "pidof"},
	{"lvm", "lvcreate lvremove lvresize lvextend lvreduce lvchange lvconvert lvrename vgcreate "
		"vgremove "
		"vgreduce vgextend vgchange vgrename vgimport vgexport pvcreate pvremove pvmove "
		"pvresize "
		"pvchange lvs vgs pvs lvdisplay vgdisplay pvdisplay lvscan vgscan pvscan "
		"lvmdiskscan"},
	{"xtables-nft-multi",
		"iptables ip6tables iptables-nft ip6tables-nft iptables-save ip6tables-save "
		"iptables-restore ip6tables-restore ebtables arptables"},
	{"xtables-legacy-multi",
		"iptables ip6tables iptables-legacy ip6tables-legacy iptables-save "
		"ip6tables-save iptables-restore ip6tables-restore"},
	{"mke2fs", "mkfs.ext2 mkfs.ext3 mkfs.ext4"},
	{"e2fsck", "fsck.ext2 fsck.ext3 fsck.ext4"},
	{"mkfs.fat", "mkfs.vfat mkfs.msdos"},
};

/* Folders whose programs are what their names say. */
static const char *const known_folders[] = {"/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/"};
/* The usual value of PATH steers nothing. */
static const char path_folders[] = " /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin "
				   "/usr/games /usr/local/games /snap/bin ";

char command_unknown[] = "$";

const char *command_proof_word(enum command_proof proof)
{
	static const char *const words[] = {"read", "mutate", "unproved"};

	return words[proof];
}

/* A name of a row: the same, or with digits and dots for #, or with anything for *. */
static bool is_name(const char *row_name, size_t length, const char *name)
{
	char last = row_name[length - 1];

	if (last == '#' || last == '*') {
		if (strncmp(row_name, name, length - 1) != 0)
			return false;
		name += length - 1;
		return last == '*' || strspn(name, "0123456789.-") == strlen(name);
	}
	return !strncmp(row_name, name, length) && !name[length];
}

static bool has_name(const struct program *row, const char *name)
{
	for (const char *at = row->names; *at; at += strspn(at, " ")) {
		size_t length = strcspn(at, " ");

		if (is_name(at, length, name))
			return true;
		at += length;
	}
	return false;
}

const struct program *command_find_program(const char *name)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		for (const struct program *row = families[i]; row->names; row++)
			if (has_name(row, name))
				return row;
	return NULL;
}

void command_doubt(struct command *command, const char *reason)
{
	command->proof = COMMAND_UNPROVED;
	if (!command->reason)
		command->reason = reason;
}

static bool is_called(const char *file, const char *called)
{
	for (size_t i = 0; i < sizeof(many_names) / sizeof(many_names[0]); i++)
		if (!strcmp(many_names[i].file, file))
			return many_names[i].names[0] == '*' ||
			       text_is_word(many_names[i].names, called);
	return false;
}

/* The row of the program, by the file that will run and by the name it is called by. */
static void choose_row(struct command *c)
{
	const char *called = path_base(c->words[0]);
	const char *file = c->path && *c->path ? path_base(c->path) : called;
	const struct program *by_name = command_find_program(called);
	const struct program *by_file = command_find_program(file);

	c->program = called;
	c->row = by_name;
	if (!strcmp(called, file) || by_name == by_file || is_called(file, called))
		return;
	command_doubt(c, "opaque");
	if (by_file) {
		c->row = by_file;
		c->program = file;
	}
}

/* A path that was typed is one of the folders' own, or somebody looked at the file. */
static void check_trust(struct command *c)
{
	const char *path = c->path && *c->path ? c->path : c->words[0];

	if (c->is_trusted == 1)
		return;
	if (c->is_trusted == 0)
		command_doubt(c, "opaque");
	if (!strchr(path, '/'))
		return;
	for (size_t i = 0; i < sizeof(known_folders) / sizeof(known_folders[0]); i++)
		if (text_starts_with(path, known_folders[i]) &&
			!strchr(path + strlen(known_folders[i]), '/'))
			return;
	command_doubt(c, "opaque");
}

static const char *reason_of(const char *problem)
{
	return !strcmp(problem, "control")    ? "control_char"
	       : !strcmp(problem, "encoding") ? "encoding"
					      : "unicode";
}

static void check_texts(struct command *c)
{
	for (size_t i = 0; i < c->count; i++) {
		json_t *problems = command_text_problems(c->words[i], strlen(c->words[i]), i == 0);
		const json_t *problem;
		size_t j;

		json_array_foreach (problems, j, problem) {
			const char *word = json_string_value(problem);

			if (!strcmp(word, "encoding"))
				impact_flag(impact_add(c, "exec", "process", "", "unknown"),
					"encoding");
			command_doubt(c, reason_of(word));
		}
		json_decref(problems);
	}
}

static bool is_usual_path(const char *value)
{
	while (*value) {
		char folder[64];
		size_t length = strcspn(value, ":");

		if (!length || length >= sizeof(folder))
			return false;
		memcpy(folder, value, length);
		folder[length] = 0;
		if (strchr(folder, ' ') || !text_is_word(path_folders, folder))
			return false;
		value += length;
		if (*value == ':' && !*++value)
			return false;
	}
	return true;
}

static bool is_harmless(const char *name, const char *assignment)
{
	const char *value = strchr(assignment, '=');

	if (!strcmp(name, "PATH") && value && value[1] && is_usual_path(value + 1))
		return true;
	return !command_is_steering(name);
}

bool command_variable_steers(const char *assignment)
{
	char name[256];
	size_t length = strcspn(assignment, "=");

	if (length >= sizeof(name))
		length = sizeof(name) - 1;
	memcpy(name, assignment, length);
	name[length] = 0;
	/* A login has this; setting it on the way points programs at another shell. */
	return strcmp(name, "SHELL") != 0 && !is_harmless(name, assignment);
}

void command_note_variable(struct command *command, const char *assignment, bool is_explicit)
{
	size_t length = strcspn(assignment, "=");
	char *name = arena_text_n(&command->analysis->arena, assignment, length);

	if (is_explicit ? is_harmless(name, assignment) && !text_is_word("HOME TERM", name)
			: !command_variable_steers(assignment))
		return;
	json_array_append_new(
		command->environment, json_string(text_visible(&command->analysis->arena, name)));
	command_doubt(command, "opaque");
}

static json_t *words_json(struct analysis *analysis, char **words, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		if (words[i] != command_unknown)
			json_array_append_new(
				list, json_string(text_visible(&analysis->arena, words[i])));
	return list;
}

static json_t *wrappers_json(const struct command *outer)
{
	json_t *list = json_array();

	for (; outer; outer = outer->outer)
		json_array_insert_new(list, 0,
			json_string(text_visible(&outer->analysis->arena, outer->program)));
	return list;
}

/* What nobody could prove of a command holds for its reads too; what changes makes it a change. */
static void settle(struct command *c)
{
	json_t *impact;
	size_t i;

	json_array_foreach (c->impacts, i, impact) {
		const char *proof = json_string_value(json_object_get(impact, "proof"));

		if (!strcmp(proof, "mutate") && c->proof == COMMAND_READ)
			c->proof = COMMAND_MUTATE;
		if (!strcmp(proof, "read") && c->proof == COMMAND_UNPROVED)
			json_object_set_new(impact, "proof", json_string("unproved"));
	}
}

static void write_down(struct command *c, json_t *made)
{
	struct arena *arena = &c->analysis->arena;
	const char *path = c->path ? c->path : strchr(c->words[0], '/') ? c->words[0] : "";

	settle(c);
	json_object_set_new(made, "program", json_string(text_visible(arena, c->program)));
	json_object_set_new(made, "path", json_string(text_visible(arena, path)));
	json_object_set_new(
		made, "trusted", c->is_trusted < 0 ? json_null() : json_boolean(c->is_trusted));
	json_object_set_new(made, "wrappers", wrappers_json(c->outer));
	json_object_set_new(made, "argv", words_json(c->analysis, c->words + 1, c->count - 1));
	json_object_set_new(made, "environment", c->environment);
	json_object_set_new(made, "runs", c->runs);
	json_object_set_new(made, "proof", json_string(command_proof_word(c->proof)));
	json_object_set_new(made, "reason", json_string(c->reason ? c->reason : ""));
	json_object_set_new(made, "impacts", c->impacts);
}

static bool is_question(const struct command *c)
{
	return c->count == 2 && !(c->row->style & STYLE_RAW) &&
	       (!strcmp(c->words[1], "--help") || !strcmp(c->words[1], "--version"));
}

static void act(struct command *c)
{
	if (!c->row) {
		command_doubt(c, "opaque");
		return;
	}
	if (is_question(c))
		return;
	if (!(c->row->style & STYLE_RAW))
		option_parse(c);
	c->row->act(c);
}

void command_become(struct command *c, const char *name)
{
	c->row = command_find_program(name);
	c->program = name;
	c->given_count = c->operand_count = 0;
	act(c);
}

static void run(struct command *c)
{
	json_t *made = json_object();

	json_array_append_new(c->analysis->commands, made);
	c->analysis->count++;
	c->impacts = json_array();
	c->runs = json_array();
	c->environment = c->environment ? c->environment : json_array();
	c->program = path_base(c->words[0]);
	check_texts(c);
	check_trust(c);
	choose_row(c);
	act(c);
	write_down(c, made);
}

static size_t depth_of(const struct command *command)
{
	size_t depth = 0;

	for (; command; command = command->outer)
		depth++;
	return depth;
}

void command_start(struct command *outer, const struct command_inner *inner)
{
	struct command c = {.analysis = outer->analysis,
		.outer = outer,
		.words = inner->words,
		.count = inner->count,
		.cwd = inner->cwd,
		.is_trusted = -1,
		.is_found = inner->is_found || outer->is_found,
		.is_shell = inner->is_shell};

	if (!inner->count)
		return;
	if (depth_of(outer) >= DEPTH_MAX || outer->analysis->count >= COMMANDS_MAX) {
		command_doubt(outer, "opaque");
		return;
	}
	c.environment = json_array();
	if (inner->doubt)
		command_doubt(&c, inner->doubt);
	for (size_t i = 0; i < inner->environment_count; i++)
		command_note_variable(&c, inner->environment[i], true);
	run(&c);
}

void command_start_line(struct command *outer, const char *line, const struct command_inner *like)
{
	struct command_inner inner = *like;

	inner.is_shell = true;
	if (!line[strspn(line, " \t\n")])
		return;
	if (words_split(&outer->analysis->arena, line, &inner.words, &inner.count, NULL) < 0) {
		command_doubt(outer, "dynamic");
		return;
	}
	command_start(outer, &inner);
}

static char **copy_words(struct arena *arena, const char *const *argv, size_t *ret_count)
{
	char **words;
	size_t count = 0;

	while (argv[count])
		count++;
	words = arena_alloc(arena, (count + 1) * sizeof(char *));
	for (size_t i = 0; i < count; i++)
		words[i] = arena_text(arena, argv[i]);
	*ret_count = count;
	return words;
}

/* The word as one that stays. */
static const char *lasting(const char *reason)
{
	static const char *const words[] = {"dynamic", "opaque", "glob", "interactive_shell",
		"control_char", "unicode", "encoding", "mutable_ref"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i], reason))
			return words[i];
	return "opaque";
}

/* The worst of all commands, and the first reason. */
static void sum_up(
	struct analysis *analysis, enum command_proof *ret_proof, const char **ret_reason)
{
	const json_t *command;
	size_t i;

	*ret_proof = COMMAND_READ;
	*ret_reason = NULL;
	json_array_foreach (analysis->commands, i, command) {
		const char *word = json_string_value(json_object_get(command, "proof"));

		for (int proof = COMMAND_UNPROVED; proof > (int)*ret_proof; proof--)
			if (!strcmp(word, command_proof_word((enum command_proof)proof)))
				*ret_proof = (enum command_proof)proof;
		if (!*ret_reason && !strcmp(word, "unproved"))
			*ret_reason =
				lasting(json_string_value(json_object_get(command, "reason")));
	}
}

int command_analyse(const struct command_input *input, json_t **ret_commands,
	enum command_proof *ret_proof, const char **ret_reason, struct error *err)
{
	struct analysis analysis = {.input = input};
	struct command c = {.analysis = &analysis,
		.path = input->path,
		.cwd = input->cwd,
		.is_trusted = input->is_trusted};

	if (!input->argv || !input->argv[0] || !input->argv[0][0]) {
		error_set(err, ERROR_INVALID, "the command is empty");
		error_field(err, "argv");
		return error_remedy(err, "name a program");
	}
	arena_init(&analysis.arena);
	c.words = copy_words(&analysis.arena, input->argv, &c.count);
	analysis.commands = json_array();
	c.environment = json_array();
	for (size_t i = 0; input->env && input->env[i]; i++)
		command_note_variable(&c, input->env[i], false);
	run(&c);
	*ret_commands = analysis.commands;
	sum_up(&analysis, ret_proof, ret_reason);
	arena_done(&analysis.arena);
	return 0;
}
