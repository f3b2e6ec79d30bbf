#include "inventory/target_rooms.h"

#include "lib/base/text.h"

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
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (length >= strlen(prefixes[i]) + 12 && text_starts_with(run, prefixes[i]))
			return true;
	return false;
}

/* "scheme://user@host": a user between "//" and the first '/', '?' or '#'. */
static bool has_user(const char *text)
{
	const char *start = strstr(text, "://");

	if (!start)
		return false;
	start += 3;
	return memchr(start, '@', strcspn(start, "/?#")) != NULL;
}

static bool is_likely_secret(const char *text)
{
	if (has_user(text))
		return true;
	for (const char *at = text; *at;) {
		size_t length = 0;

		while (is_run_char(at[length]))
			length++;
		if (has_known_prefix(at, length) || is_random(at, length))
			return true;
		at += length ? length : 1;
	}
	return false;
}

int target_check_no_secret(const char *field, const char *text, struct error *err)
{
	if (!text || !is_likely_secret(text))
		return 0;
	error_set(err, ERROR_INVALID, "%s looks like it holds a credential", field);
	error_field(err, "%s", field);
	return error_remedy(err, "give it by reference: --credential file:/path");
}
