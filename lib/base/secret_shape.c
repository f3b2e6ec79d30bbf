#include "lib/base/secret.h"

#include <math.h>
#include <string.h>

#define RUN_MIN	     20 /* shorter ones are names */
#define HEX_MIN	     32
#define ENTROPY_MIN  3.3 /* bits a character */
#define SWITCHES_MIN 8	 /* between letters and digits, in a text of one case */

/* Prefixes that issuers give their secrets, so that scanners find them. */
static const char *const prefixes[] = {"whsec_", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-",
	"xoxb-", "xoxp-", "AKIA", "ASIA", "LTAI", "sk_live_", "eyJ", "hvs.", "-----BEGIN"};

static bool is_run_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '+' || c == '=';
}

struct shape {
	bool has_lower, has_upper, has_digit, is_hex;
	int switches; /* letter to digit or back */
	double entropy;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static double find_entropy(const char *run, size_t length)
{
	size_t counts[256] = {0};
	double entropy = 0;

	for (size_t i = 0; i < length; i++)
		counts[(unsigned char)run[i]]++;
	for (size_t i = 0; i < 256; i++)
		if (counts[i])
			entropy -= (double)counts[i] / (double)length *
				   log2((double)counts[i] / (double)length);
	return entropy;
}

static struct shape find_shape(const char *run, size_t length)
{
	struct shape shape = {.is_hex = true, .entropy = find_entropy(run, length)};

	for (size_t i = 0; i < length; i++) {
		char c = run[i];

		shape.has_lower |= c >= 'a' && c <= 'z';
		shape.has_upper |= c >= 'A' && c <= 'Z';
		shape.has_digit |= is_digit(c);
		shape.is_hex &= is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
		shape.switches += i > 0 && is_digit(c) != is_digit(run[i - 1]);
	}
	return shape;
}

static bool is_random(const char *run, size_t length)
{
	struct shape shape;

	if (length < RUN_MIN)
		return false;
	shape = find_shape(run, length);
	if (shape.entropy < ENTROPY_MIN)
		return false;
	if (shape.is_hex && shape.has_digit && (shape.has_lower || shape.has_upper))
		return length >= HEX_MIN;
	if (shape.has_lower && shape.has_upper && shape.has_digit)
		return true;
	return shape.has_digit && shape.switches >= SWITCHES_MIN;
}

static bool has_known_prefix(const char *run, size_t length)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t prefix = strlen(prefixes[i]);

		if (length >= prefix + 12 && !strncmp(run, prefixes[i], prefix))
			return true;
	}
	return false;
}

/* "scheme://user@host": a user between "//" and the first '/', '?' or '#'; with a password when
 * only that counts. */
static bool has_user(const char *text, size_t length, bool is_user_enough)
{
	for (size_t i = 0; i + 3 < length; i++) {
		size_t end = i + 3;
		bool has_password = false;

		if (strncmp(text + i, "://", 3) != 0)
			continue;
		for (; end < length && !strchr("/?# \t\n\"'", text[end]); end++) {
			if (text[end] == '@' && (is_user_enough || has_password))
				return true;
			has_password |= text[end] == ':';
		}
	}
	return false;
}

/* As a digest is written: SHA-256 and its like, of files, images and commits. */
static bool is_digest(const char *run, size_t length)
{
	if (length != 32 && length != 40 && length != 64 && length != 96 && length != 128)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_digit(run[i]) && !(run[i] >= 'a' && run[i] <= 'f'))
			return false;
	return true;
}

/* Words of a command are joined by dashes and the like: each is looked at by itself. */
static bool has_secret_part(const char *run, size_t length, bool is_strict)
{
	if (is_strict)
		return is_random(run, length);
	for (size_t at = 0; at < length;) {
		size_t part = 0;

		while (at + part < length && !strchr("-_=", run[at + part]))
			part++;
		if (has_known_prefix(run + at, length - at) ||
			(is_random(run + at, part) && !is_digest(run + at, part)))
			return true;
		at += part + 1;
	}
	return false;
}

bool secret_is_likely(const char *text, size_t length, bool is_strict)
{
	if (has_user(text, length, is_strict))
		return true;
	for (size_t at = 0; at < length;) {
		size_t run = 0;

		while (at + run < length && is_run_char(text[at + run]))
			run++;
		if (has_known_prefix(text + at, run) || has_secret_part(text + at, run, is_strict))
			return true;
		at += run ? run : 1;
	}
	return false;
}
