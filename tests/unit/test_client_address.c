#include "lib/client/client.h"

#include "check_main.h"

#include <stdio.h>
#include <string.h>

#define ALL (CLIENT_UNIX | CLIENT_TCP | CLIENT_HTTP | CLIENT_HTTPS)

START_TEST(good_addresses_come_out_canonical)
{
	static const struct {
		const char *address;
		enum client_scheme scheme;
		const char *host;
		int port;
		bool is_numeric;
		const char *text;
	} cases[] = {
		{"unix:/run/haproxy/admin.sock", CLIENT_UNIX, "", 0, false,
			"unix:/run/haproxy/admin.sock"},
		{"tcp:10.0.0.7:9999", CLIENT_TCP, "10.0.0.7", 9999, true, "tcp:10.0.0.7:9999"},
		{"tcp:[::1]:80", CLIENT_TCP, "::1", 80, true, "tcp:[::1]:80"},
		{"tcp:Edge-1.example:65535", CLIENT_TCP, "edge-1.example", 65535, false,
			"tcp:edge-1.example:65535"},
		{"http://prom:9090", CLIENT_HTTP, "prom", 9090, false, "http://prom:9090/"},
		{"http://PROM/a/../b?q=1", CLIENT_HTTP, "prom", 80, false,
			"http://prom/a/../b?q=1"},
		{"https://[::1]:8443/x", CLIENT_HTTPS, "::1", 8443, true, "https://[::1]:8443/x"},
		{"https://10.1.2.3/", CLIENT_HTTPS, "10.1.2.3", 443, true, "https://10.1.2.3/"},
		{"http://0x7f.1/", CLIENT_HTTP, "127.0.0.1", 80, true, "http://127.0.0.1/"},
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct client_address ret;

		ck_assert_msg(
			client_address_parse("address", cases[i].address, ALL, &ret, &err) == 0,
			"%s: %s", cases[i].address, err.message);
		ck_assert_int_eq(ret.scheme, cases[i].scheme);
		ck_assert_str_eq(ret.host, cases[i].host);
		ck_assert_int_eq(ret.port, cases[i].port);
		ck_assert_int_eq(ret.is_numeric, cases[i].is_numeric);
		ck_assert_str_eq(ret.text, cases[i].text);
	}
}
END_TEST

START_TEST(bad_addresses_are_refused_with_their_field)
{
	static const char *const bad[] = {"", "prom:9090", "ftp://x/", "unix:relative",
		"unix:", "tcp:host", "tcp::80", "tcp:host:0", "tcp:host:65536", "tcp:host:080",
		"tcp:host:80x", "tcp:[::1:80", "tcp:::1:80", "tcp:[10.0.0.1]:80", "tcp:ho st:80",
		"tcp:-x:80", "tcp:a..b:80", "http://", "http:///x", "http://?x", "http://u@h/",
		"http://u:p@h/", "http://h%00/", "http://[fe80::1%25eth0]/", "http://h/#f",
		"http://h/\\x", "http://h/ x", "http://h/\x7f", "http://h/\xc3\xa9", "http://h:0/",
		"http://h:99999/", "http://h:x/", "http://a b/", "http://[::1/", "http://a_b\"c/",
		"HTTP:/h"};
	struct error err = ERROR_INIT;
	struct client_address ret = {0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err = ERROR_INIT;
		ck_assert_msg(
			client_address_parse("address", bad[i], ALL, &ret, &err) == ERROR_INVALID,
			"%s -> %s", bad[i], ret.text);
		ck_assert_str_eq(err.field, "address");
		ck_assert_str_ne(err.remedy, "");
	}
	ck_assert_int_eq(client_address_parse("address", NULL, ALL, &ret, &err), ERROR_INVALID);
	ck_assert_int_eq(ret.scheme, 0);
}
END_TEST

START_TEST(a_scheme_must_fit_the_use)
{
	struct client_address ret;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(
		client_address_parse("address", "http://h/", CLIENT_UNIX | CLIENT_TCP, &ret, &err),
		ERROR_INVALID);
	ck_assert_ptr_nonnull(strstr(err.message, "scheme"));
	ck_assert_int_eq(
		client_address_parse("url", "unix:/x", CLIENT_HTTP, &ret, &err), ERROR_INVALID);
}
END_TEST

START_TEST(long_addresses_are_refused)
{
	char text[2000] = "unix:/";
	struct client_address ret;
	struct error err = ERROR_INIT;

	memset(text + 6, 'a', 120);
	ck_assert_int_eq(client_address_parse("address", text, ALL, &ret, &err), ERROR_INVALID);
	snprintf(text, sizeof(text), "http://h/%01500d", 1);
	ck_assert_int_eq(client_address_parse("address", text, ALL, &ret, &err), ERROR_INVALID);
	snprintf(text, sizeof(text), "http://a%0400d/", 1);
	ck_assert_int_eq(client_address_parse("address", text, ALL, &ret, &err), ERROR_INVALID);
}
END_TEST

START_TEST(networks_have_a_form)
{
	static const char *const good[] = {"10.0.0.0/8", "192.0.2.7", "fd00::/8", "::1",
		"0.0.0.0/0", "::/0", "::ffff:10.0.0.0/104"};
	static const char *const bad[] = {"", "10.0.0.1/8", "10.0.0.0/33", "10.0.0/8", "x",
		"10.0.0.0/", "fd00::1/8", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8 "};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(client_check_network("networks", good[i], &err) == 0, "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(client_check_network("networks", bad[i], &err) == ERROR_INVALID, "%s",
			bad[i]);
	ck_assert_str_eq(err.field, "networks");
}
END_TEST

START_TEST(addresses_are_in_their_networks_only)
{
	static const char *const private[] = {"10.1.0.0/16", "fd00::/8", NULL};
	static const char *const broken[] = {"nonsense", NULL};
	static const char *const none[] = {NULL};

	ck_assert(client_is_in_networks("10.1.255.255", private));
	ck_assert(!client_is_in_networks("10.2.0.1", private));
	ck_assert(client_is_in_networks("fdff::1", private));
	ck_assert(!client_is_in_networks("fe80::1", private));
	ck_assert(client_is_in_networks("::ffff:10.1.2.3", private));
	ck_assert(!client_is_in_networks("::ffff:127.0.0.1", private));
	ck_assert(!client_is_in_networks("not an ip", private));
	ck_assert(!client_is_in_networks("10.1.2.3", broken));
	ck_assert(client_is_in_networks("10.1.2.3", none));
	ck_assert(client_is_in_networks("10.1.2.3", NULL));
}
END_TEST

CHECK_MAIN("client address", &good_addresses_come_out_canonical,
	&bad_addresses_are_refused_with_their_field, &a_scheme_must_fit_the_use,
	&long_addresses_are_refused, &networks_have_a_form, &addresses_are_in_their_networks_only)
