#include "lib/base/time.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define US_PER_SECOND	1000000
#define DURATION_MAX_MS (INT64_C(366) * 24 * 3600 * 1000)

struct unit {
	const char *name;
	int64_t ms;
};

/* Falling order. */
static const struct unit units[] = {
	{"d", 24 * 3600 * 1000}, {"h", 3600 * 1000}, {"m", 60 * 1000}, {"s", 1000}, {"ms", 1}};

#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))

static char boot_id[37];
static pthread_once_t boot_id_once = PTHREAD_ONCE_INIT;

int64_t time_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
}

int64_t time_mono_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t time_mono_ms(void)
{
	return time_mono_ns() / 1000000;
}

static void read_boot_id(void)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, boot_id, sizeof(boot_id) - 1) != (ssize_t)sizeof(boot_id) - 1)
		memcpy(boot_id, "00000000-0000-0000-0000-000000000000", sizeof(boot_id));
	if (fd >= 0)
		close(fd);
}

const char *time_boot_id(void)
{
	pthread_once(&boot_id_once, read_boot_id);
	return boot_id;
}

char *time_format(int64_t at_us, char *text, size_t size)
{
	int64_t us = at_us % US_PER_SECOND;
	time_t seconds = at_us / US_PER_SECOND;
	struct tm tm;

	if (us < 0) {
		us += US_PER_SECOND;
		seconds--;
	}
	if (!gmtime_r(&seconds, &tm))
		memset(&tm, 0, sizeof(tm));
	snprintf(text, size, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900,
		tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)us);
	return text;
}

/* Reads exactly `count` digits; -1 when they are not there. */
static int take_digits(const char **at, int count)
{
	int value = 0;

	for (int i = 0; i < count; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return -1;
		value = value * 10 + (**at - '0');
	}
	return value;
}

static bool take_char(const char **at, const char *one_of)
{
	if (!**at || !strchr(one_of, **at))
		return false;
	(*at)++;
	return true;
}

static int take_fraction_us(const char **at)
{
	int us = 0, scale = US_PER_SECOND / 10, digits = 0;

	if (**at != '.')
		return 0;
	for ((*at)++; **at >= '0' && **at <= '9'; (*at)++, digits++) {
		us += (**at - '0') * scale;
		scale /= 10;
	}
	return digits ? us : -1;
}

static bool take_offset(const char **at, int *ret_minutes)
{
	char sign = **at;
	int hours, minutes;

	if (take_char(at, "Zz")) {
		*ret_minutes = 0;
		return true;
	}
	if (!take_char(at, "+-") || (hours = take_digits(at, 2)) < 0 || hours > 23 ||
		!take_char(at, ":") || (minutes = take_digits(at, 2)) < 0 || minutes > 59)
		return false;
	*ret_minutes = (hours * 60 + minutes) * (sign == '-' ? -1 : 1);
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool parse_rfc3339(const char *at, int64_t *ret_at_us)
{
	struct tm tm = {0};
	int us, offset_minutes;

	if ((tm.tm_year = take_digits(&at, 4)) < 1970 || !take_char(&at, "-") ||
		(tm.tm_mon = take_digits(&at, 2)) < 1 || tm.tm_mon > 12 || !take_char(&at, "-") ||
		(tm.tm_mday = take_digits(&at, 2)) < 1 ||
		tm.tm_mday > days_in_month(tm.tm_year, tm.tm_mon))
		return false;
	if (!take_char(&at, "Tt ") || (tm.tm_hour = take_digits(&at, 2)) < 0 || tm.tm_hour > 23 ||
		!take_char(&at, ":") || (tm.tm_min = take_digits(&at, 2)) < 0 || tm.tm_min > 59 ||
		!take_char(&at, ":") || (tm.tm_sec = take_digits(&at, 2)) < 0 || tm.tm_sec > 60)
		return false;
	if ((us = take_fraction_us(&at)) < 0 || !take_offset(&at, &offset_minutes) || *at)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*ret_at_us = ((int64_t)timegm(&tm) - offset_minutes * 60) * US_PER_SECOND + us;
	return true;
}

int time_parse(const char *field, const char *text, int64_t *ret_at_us, struct error *err)
{
	if (text && parse_rfc3339(text, ret_at_us))
		return 0;
	error_set(err, ERROR_INVALID, "%s \"%s\" is not a time", field, text ? text : "");
	error_field(err, "%s", field);
	return error_remedy(err, "write it as 2026-11-24T11:19:17Z or 2026-11-24T19:19:17+08:00");
}

/* Reads one number with its unit and moves both on; false when the text does not continue so. */
static bool take_unit(const char **at, size_t *unit, int64_t *ret_ms)
{
	int64_t count = 0;
	const char *digits = *at;

	for (; **at >= '0' && **at <= '9'; (*at)++)
		if ((count = count * 10 + (**at - '0')) > DURATION_MAX_MS)
			return false;
	if (*at == digits)
		return false;
	for (; *unit < UNIT_COUNT; (*unit)++) {
		size_t length = strlen(units[*unit].name);

		if (strncmp(*at, units[*unit].name, length) ||
			(length == 1 && **at == 'm' && (*at)[1] == 's'))
			continue;
		*at += length;
		*ret_ms = count > DURATION_MAX_MS / units[*unit].ms ? DURATION_MAX_MS + 1
								    : count * units[*unit].ms;
		(*unit)++;
		return true;
	}
	return false;
}

int time_parse_duration(const char *field, const char *text, int64_t *ret_ms, struct error *err)
{
	int64_t total = 0, ms = 0;
	const char *at = text ? text : "";
	bool good = *at != 0;

	for (size_t unit = 0; good && *at;) {
		good = take_unit(&at, &unit, &ms);
		if (good && (total += ms) > DURATION_MAX_MS)
			total = DURATION_MAX_MS + 1;
	}
	if (!good) {
		error_set(
			err, ERROR_INVALID, "%s \"%s\" is not a duration", field, text ? text : "");
		error_field(err, "%s", field);
		return error_remedy(err, "write it as 500ms, 30s, 5m, 1h30m or 2d");
	}
	if (total < 1 || total > DURATION_MAX_MS) {
		error_set(err, ERROR_INVALID, "%s \"%s\" is not from 1ms to 366d", field, text);
		return error_field(err, "%s", field);
	}
	*ret_ms = total;
	return 0;
}

char *time_format_duration(int64_t ms, char *text, size_t size)
{
	size_t length = 0;

	snprintf(text, size, "%s", ms < 0 ? "-" : ms ? "" : "0s");
	length = strlen(text);
	if (ms < 0)
		ms = -ms;
	for (size_t i = 0; i < UNIT_COUNT && ms && length < size; i++) {
		if (ms < units[i].ms)
			continue;
		length += (size_t)snprintf(text + length, size - length, "%lld%s",
			(long long)(ms / units[i].ms), units[i].name);
		ms %= units[i].ms;
	}
	return text;
}
