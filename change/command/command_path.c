#include "change/command/command_rooms.h"

#include "lib/base/buf.h"
#include "lib/base/text.h"

#include <string.h>

/* What is written there is gone; nothing changes. */
static const char sinks[] =
	" /dev/null /dev/full /dev/zero /dev/stdout /dev/stderr /dev/fd/1 /dev/fd/2 ";
/* Files below /dev that can be read without anything happening. */
static const char quiet_devices[] =
	" /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/stdin "
	"/dev/stdout /dev/stderr /dev/fd/0 /dev/fd/1 /dev/fd/2 ";
/* Reading them takes something away, or sets something off. */
static const char *const loud[] = {
	"/proc/kmsg", "/proc/kcore", "/sys/kernel/debug", "/sys/kernel/tracing"};
/* Block devices by the beginning of their names. */
static const char *const devices[] = {"/dev/sd", "/dev/hd", "/dev/vd", "/dev/xvd", "/dev/nvme",
	"/dev/md", "/dev/dm-", "/dev/mapper/", "/dev/disk/", "/dev/loop", "/dev/mmcblk", "/dev/sr",
	"/dev/nbd", "/dev/rbd", "/dev/drbd", "/dev/zd", "/dev/ram", "/dev/mem", "/dev/kmem",
	"/dev/port", "/dev/bcache", "/dev/dasd", "/dev/pmem", "/dev/block/"};

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void add_parts(struct buf *out, const char *path, bool is_absolute)
{
	while (*path) {
		size_t length = strcspn(path, "/");

		if (length == 2 && !strncmp(path, "..", 2)) {
			const char *slash = out->length ? strrchr(out->bytes, '/') : NULL;
			const char *last = slash ? slash + 1 : buf_text(out);

			if (out->length && strcmp(last, "..") != 0) {
				size_t keep = slash ? (size_t)(slash - out->bytes) : 0;

				out->length = keep;
				out->bytes[keep] = 0;
			} else if (!is_absolute) {
				buf_add_text(out, out->length ? "/.." : "..");
			}
		} else if (length && !(length == 1 && *path == '.')) {
			if (is_absolute || out->length)
				buf_add_char(out, '/');
			buf_add(out, path, length);
		}
		path += length;
		path += strspn(path, "/");
	}
}

char *path_resolve(const struct command *command, const char *path)
{
	struct buf out = BUF_INIT;
	bool is_absolute = path[0] == '/' || (command->cwd && command->cwd[0] == '/');
	char *made;

	if (path[0] != '/' && is_absolute)
		add_parts(&out, command->cwd, true);
	add_parts(&out, path, is_absolute);
	if (!out.length)
		buf_add_text(&out, is_absolute ? "/" : ".");
	made = arena_text(&command->analysis->arena, buf_text(&out));
	buf_done(&out);
	return made;
}

bool path_is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	if (length == 1)
		return path[0] == '/';
	return !strncmp(path, folder, length) && (path[length] == '/' || !path[length]);
}

bool path_is_device(const char *path)
{
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (text_starts_with(path, devices[i]))
			return true;
	return false;
}

bool path_is_url(const char *text)
{
	const char *colon = strstr(text, "://");

	return colon && colon != text && !memchr(text, '/', (size_t)(colon - text));
}

static bool is_in_list(const char *list, const char *path)
{
	return !strchr(path, ' ') && text_is_word(list, path);
}

/* Nothing is left of it but slashes, dots and stars. */
static bool is_root(const char *resolved)
{
	return resolved[0] == '/' && strspn(resolved, "/.*") == strlen(resolved);
}

static void flag_name(struct command *c, json_t *impact, const char *path, const char *resolved)
{
	bool is_relative = *path && resolved[0] != '/';

	if (!*path)
		impact_flag(impact, "emptyable");
	if (strpbrk(path, "$`")) {
		impact_flag(impact, "dynamic");
		impact_flag(impact, "emptyable");
	}
	if (strpbrk(path, "*?[") || (strchr(path, '{') && strchr(path, '}')))
		impact_flag(impact, "glob");
	if (path[0] == '~' || is_relative || c->is_found)
		impact_flag(impact, "dynamic");
	if (*path && is_root(resolved))
		impact_flag(impact, "root");
	if (strstr(resolved, "/.ssh/") || text_ends_with(resolved, "authorized_keys") ||
		text_ends_with(resolved, "authorized_keys2"))
		impact_flag(impact, "ssh_keys");
}

json_t *path_impact(struct command *c, const char *verb, const char *path, const char *scope)
{
	bool is_known = path && path != command_unknown;
	const char *resolved = is_known && *path ? path_resolve(c, path) : "";
	bool is_read = text_is_word("read list", verb), is_device = path_is_device(resolved);
	json_t *impact;

	if (!is_read && is_in_list(sinks, resolved))
		return NULL;
	if (c->is_found && !strcmp(scope, "one"))
		scope = "many";
	impact = impact_add(c, verb, is_device ? "device" : "path", resolved, scope);
	if (!strcmp(scope, "recursive"))
		impact_flag(impact, "recursive");
	if (is_device)
		impact_flag(impact, "device");
	if (!is_known)
		impact_flag(impact, "dynamic");
	else
		flag_name(c, impact, path, resolved);
	if (!is_read && impact_has_flag(impact, "glob"))
		command_doubt(c, "glob");
	if (!is_read &&
		(impact_has_flag(impact, "dynamic") || impact_has_flag(impact, "emptyable")))
		command_doubt(c, "dynamic");
	return impact;
}

/* Is it, or when all below is read: does it hold, something that must not be read by the way? */
static bool is_loud(const char *resolved, bool is_all)
{
	if (is_all && is_in_list(" / /dev /proc /sys /sys/kernel ", resolved))
		return true;
	if (path_is_below(resolved, "/dev") && strcmp(resolved, "/dev") != 0 &&
		!path_is_device(resolved) && !is_in_list(quiet_devices, resolved))
		return true;
	for (size_t i = 0; i < sizeof(loud) / sizeof(loud[0]); i++)
		if (path_is_below(resolved, loud[i]))
			return true;
	return text_starts_with(resolved, "/dev/mem") || text_starts_with(resolved, "/dev/port");
}

static void read_path(struct command *c, const char *path, const char *scope)
{
	json_t *impact = path_impact(c, "read", path, scope);
	const char *resolved = json_string_value(json_object_get(impact, "object"));

	if (is_loud(resolved, c->is_found || !strcmp(scope, "recursive")) || path_is_url(path))
		impact_is_unproved(c, impact, "opaque");
}

void path_read(struct command *c, const char *path)
{
	if (strcmp(path, "-") != 0)
		read_path(c, path, "one");
}

void path_read_all(struct command *c, const char *path)
{
	read_path(c, path, "recursive");
}

bool path_is_bound(const struct command *c, const char *path)
{
	const char *const *bound = c->analysis->input->bound_files;

	for (; bound && *bound; bound++)
		if (!strcmp(*bound, path) || !strcmp(*bound, path_resolve(c, path)))
			return true;
	return false;
}

void act_nothing(struct command *command)
{
	(void)command;
}

void act_read(struct command *c)
{
	for (size_t i = 0; i < c->operand_count; i++)
		path_read(c, c->operands[i]);
}

void act_list(struct command *c)
{
	bool is_recursive = option_has(c, "R");

	if (!c->operand_count)
		path_impact(c, "list", ".", is_recursive ? "recursive" : "one");
	for (size_t i = 0; i < c->operand_count; i++)
		path_impact(c, "list", c->operands[i], is_recursive ? "recursive" : "one");
}

void act_interactive(struct command *c)
{
	impact_flag(impact_add(c, "exec", "process", "", "unknown"), "interactive");
	command_doubt(c, "interactive_shell");
}

void act_unproved(struct command *c)
{
	command_doubt(c, "opaque");
}
