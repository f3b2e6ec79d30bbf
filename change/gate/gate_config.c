#include "change/gate/gate_config.h"

#include "change/gate/account.h"
#include "change/gate/gate_key.h"
#include "change/gate/gate_message.h"
#include "change/gate/trust.h"
#include "lib/base/config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct config_option options[] = {
	{"socket", CONFIG_PATH, GATE_SOCKET_PATH, 0, 0, "where the gate listens"},
	{"gate-user", CONFIG_TEXT, "root", 0, 0,
		"account that must be at the other end of the socket: a name of /etc/passwd or a "
		"uid"},
	{"gate-key", CONFIG_TEXT, "", 0, 0,
		"Ed25519 public key, in hex or base64, that must have signed each answer"},
	{"recordings", CONFIG_TEXT, "", 0, 0,
		"folder of the recordings, with mode 0700, of the account that records"},
};

#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

static int refuse(const char *path, const char *name, const char *why, struct error *err)
{
	error_set(err, ERROR_INVALID, "%s: %s %s", path, name, why);
	error_field(err, "%s", name);
	return error_place(err, "%s", path);
}

static int take_key(const char *path, const char *text, struct gate_config *ret, struct error *err)
{
	if (!text[0])
		return 0;
	if (!gate_key_parse(text, ret->key))
		return refuse(path, "gate-key", GATE_KEY_FORM, err);
	ret->has_key = true;
	return 0;
}

static int take_settings(struct arena *arena, const char *path, const struct config *config,
	struct gate_config *ret, struct error *err)
{
	struct gate_config taken = {.socket = arena_text(arena, config_text(config, "socket")),
		.recordings = arena_text(arena, config_text(config, "recordings"))};
	int code;

	if (taken.recordings[0] && taken.recordings[0] != '/')
		return refuse(path, "recordings", "must be a path from /", err);
	code = account_uid(config_text(config, "gate-user"), &taken.server_uid, err);
	if (code < 0)
		return refuse(path, "gate-user", "names no account of /etc/passwd", err);
	code = take_key(path, config_text(config, "gate-key"), &taken, err);
	if (code == 0)
		*ret = taken;
	return code;
}

static int read_file(struct config *config, const char *path, struct error *err)
{
	struct stat state;
	int code;

	if (!strcmp(path, GATE_CONFIG_PATH) && access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (stat(path, &state) == 0 && !S_ISREG(state.st_mode)) {
		error_set(err, ERROR_INVALID, "%s is no file of settings", path);
		return error_remedy(
			err, "name a file, root's alone, in folders of root; it may be empty");
	}
	code = trust_check(path, err);
	if (code < 0) {
		error_prefix(err, "the settings of the gate are not believed");
		return error_remedy(err, "chown root, chmod 0644, in folders of root: %s", path);
	}
	return config_read_file(config, path, err);
}

int gate_config_read(
	struct arena *arena, const char *path, struct gate_config *ret, struct error *err)
{
	struct config *config = config_new(options, OPTION_COUNT);
	int code = read_file(config, path, err);

	if (code == 0)
		code = take_settings(arena, path, config, ret, err);
	config_free(config);
	return code;
}
