/* The small parsers: names, numbers, times, addresses, networks. One text, all of them. */
#include "fuzz.h"

#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/client/client.h"

static void check_times(const char *text)
{
	struct error err = ERROR_INIT;
	char shown[TIME_TEXT_SIZE];
	int64_t value, again;

	if (time_parse("t", text, &value, &err) == 0) {
		time_format(value, shown, sizeof(shown));
		FUZZ_HOLDS(time_parse("t", shown, &again, &err) == 0 && again == value);
	}
	if (time_parse_duration("t", text, &value, &err) == 0) {
		FUZZ_HOLDS(value >= 1 && value <= INT64_C(366) * 86400000);
		time_format_duration(value, shown, sizeof(shown));
		FUZZ_HOLDS(time_parse_duration("t", shown, &again, &err) == 0 && again == value);
	}
	if (text_parse_int64("t", text, -5, 1000, &value, &err) == 0)
		FUZZ_HOLDS(value >= -5 && value <= 1000);
}

static void check_names(const char *text)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	const char *visible = text_visible(&arena, text);
	size_t at = 0, length = strlen(visible);

	while (at < length) {
		int32_t point = text_next(visible, length, &at);

		FUZZ_HOLDS(point >= 0 &&
			   (point == '\n' || point == '\t' || !text_is_deceptive(point)));
	}
	if (text_check_name("t", text, &err) == 0)
		FUZZ_HOLDS(!strcmp(visible, text) && *text && strlen(text) <= TEXT_NAME_MAX);
	if (text_check_path_name("t", text, &err) == 0)
		FUZZ_HOLDS(
			strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-/") == strlen(text));
	if (text_check_prose("t", text, 2000, &err) == 0)
		FUZZ_HOLDS(text_is_utf8(text, strlen(text)));
	FUZZ_HOLDS(text_is_utf8(err.message, strlen(err.message)));
	text_columns(text);
	arena_done(&arena);
}

static void check_addresses(const char *text)
{
	const unsigned all = CLIENT_UNIX | CLIENT_TCP | CLIENT_HTTP | CLIENT_HTTPS;
	const char *const networks[] = {text, NULL};
	struct client_address address, again;
	struct error err = ERROR_INIT;

	if (client_address_parse("t", text, all, &address, &err) == 0) {
		FUZZ_HOLDS(address.scheme == CLIENT_UNIX || (*address.host && address.port > 0));
		for (const char *c = address.text; *c; c++)
			FUZZ_HOLDS(*c > 0x20 && *c < 0x7f);
		if (address.scheme != CLIENT_UNIX)
			FUZZ_HOLDS(
				client_address_parse("t", address.text, all, &again, &err) == 0 &&
				!strcmp(again.host, address.host) && again.port == address.port);
	}
	if (client_check_network("t", text, &err) == 0)
		client_is_in_networks("192.0.2.7", networks);
	client_is_in_networks(text, (const char *const[]){"10.0.0.0/8", "fd00::/8", NULL});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size, 1);

	check_times(text);
	check_names(text);
	check_addresses(text);
	free(text);
	return 0;
}
