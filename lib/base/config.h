/*
 * Settings from one table: name, type, default, limits, help. Sources, later ones win:
 * default, file (`name = value`, `#` comments), environment (RB_DATA_DIR for data-dir), flags
 * (--data-dir X). Every error names the source, the name and the remedy.
 */
#ifndef RB_BASE_CONFIG_H
#define RB_BASE_CONFIG_H

#include "lib/base/buf.h"
#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_type { CONFIG_TEXT, CONFIG_INT, CONFIG_BOOL, CONFIG_DURATION, CONFIG_PATH };

struct config_option {
	const char *name; /* "data-dir" */
	enum config_type type;
	const char *fallback; /* default as text; NULL = required */
	int64_t min, max;     /* CONFIG_INT: value; CONFIG_DURATION: ms; both 0 = no limits */
	const char *help;
};

struct config; /* values of one table */

struct config *config_new(const struct config_option *options, size_t count);
void config_free(struct config *config);
int config_read_file(struct config *config, const char *path, struct error *err);
int config_read_environment(struct config *config, const char *prefix, struct error *err);
/* Takes --name value, --name=value, --flag, --no-flag out of argv; what remains stays in
 * *argc/argv. */
int config_read_flags(struct config *config, int *argc, char **argv, struct error *err);
int config_set(struct config *config, const char *source, const char *name, const char *value,
	struct error *err);
/* Fails naming the first required option without a value. */
int config_check(struct config *config, struct error *err);
/* What stands above a file: the environment, then the flags; and then the check. */
int config_read_above_file(
	struct config *config, const char *prefix, int *argc, char **argv, struct error *err);

const char *config_text(const struct config *config, const char *name);
int64_t config_int(const struct config *config, const char *name); /* also durations, in ms */
bool config_bool(const struct config *config, const char *name);
/* "path", "duration": how a value of that type is written in help. */
const char *config_type_name(enum config_type type);
/* "1 to 32", "" when there are none. In `text`, of at least CONFIG_LIMITS_SIZE bytes. */
#define CONFIG_LIMITS_SIZE 96
const char *config_limits(const struct config_option *option, char *text);
/* The table as help text, with each default and limit. */
void config_add_help(const struct config_option *options, size_t count, struct buf *out);

#endif
