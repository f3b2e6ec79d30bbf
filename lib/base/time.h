/* Time: wall clock in microseconds since 1970 UTC for rows and people, monotonic for deadlines. */
#ifndef RB_BASE_TIME_H
#define RB_BASE_TIME_H

#include "lib/base/error.h"

#include <stddef.h>
#include <stdint.h>

#define TIME_TEXT_SIZE 40 /* holds an RFC 3339 time or a duration */

int64_t time_now_us(void);
int64_t time_mono_ns(void);
int64_t time_mono_ms(void);
/* The kernel's boot id (36 characters), read once. */
const char *time_boot_id(void);

/* "2026-11-24T11:19:17.123456Z"; `size` at least TIME_TEXT_SIZE. Returns text. */
char *time_format(int64_t at_us, char *text, size_t size);
/* RFC 3339 with any offset. */
int time_parse(const char *field, const char *text, int64_t *ret_at_us, struct error *err);

/* "30s", "1h30m", "500ms", "2d": units d h m s ms in falling order, each once; 1 ms to 366 d. */
int time_parse_duration(const char *field, const char *text, int64_t *ret_ms, struct error *err);
char *time_format_duration(int64_t ms, char *text, size_t size); /* the canonical spelling */

#endif
