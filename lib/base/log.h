/*
 * One event, one line on standard error: `<level> <time> <room> <message> key=value ...`.
 * Level x room can be changed while running. Under systemd the level prefix is "<N>".
 * Low floors do not log; the floor that decides logs once.
 */
#ifndef RB_BASE_LOG_H
#define RB_BASE_LOG_H

#include "lib/base/error.h"

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* "info", or "info,executor=debug,server=warn". */
int log_configure(const char *levels, struct error *err);
/*
 * From now on standard error, and so the log, goes to the end of this file (made 0640 when it is
 * not there). Called again after the file was moved away, it begins a new one; when that fails the
 * log goes on where it went.
 */
int log_to_file(const char *path, struct error *err);
bool log_is_on(const char *room, enum log_level level);
/*
 * `pairs` are (const char *key, const char *value) ended by NULL; values are quoted and made
 * visible. A NULL value is left out.
 */
void log_event(enum log_level level, const char *room, const char *message, ...)
	__attribute__((sentinel));

#define log_error(room, ...) log_event(LOG_LEVEL_ERROR, room, __VA_ARGS__, NULL)
#define log_warn(room, ...)  log_event(LOG_LEVEL_WARN, room, __VA_ARGS__, NULL)
#define log_info(room, ...)  log_event(LOG_LEVEL_INFO, room, __VA_ARGS__, NULL)
#define log_debug(room, ...) log_event(LOG_LEVEL_DEBUG, room, __VA_ARGS__, NULL)

#endif
