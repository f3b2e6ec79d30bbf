/* The adapter's requests, and servers that are not Prometheus. */
#include "adapter_asker.h"
#include "check_main.h"
#include "client_peer.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROMETHEUS (&prometheus_adapter)
#define REPLY(status, length, body)                                                                \
	"HTTP/1.1 " status "\r\nContent-Length: " length "\r\nConnection: close\r\n\r\n" body

static struct peer peer;

static void begin(const char *reply)
{
	peer_open(&peer, peer_answer_http, reply);
	asker_open("prometheus", peer.origin);
}

static void end(void)
{
	asker_close();
	peer_close(&peer);
}

START_TEST(the_query_is_sent_encoded)
{
	begin(REPLY("200 OK", "2", "{}"));
	ask_read(PROMETHEUS, "prometheus.value",
		"rate(x{a=\"b c\",d=\"\xE5\x88\x87\"}[1m]) > 1&x=2", NULL);
	ck_assert_int_eq(strncmp(peer.seen, "POST /api/v1/query HTTP/1.1\r\n", 29), 0);
	ck_assert_ptr_nonnull(
		strstr(peer.seen, "Content-Type: application/x-www-form-urlencoded\r\n"));
	ck_assert_ptr_nonnull(strstr(peer.seen, "\r\n\r\nquery=rate%28x%7Ba%3D%22b%20c%22%2Cd%3D%"
						"22%E5%88%87%22%7D%5B1m%5D%29%20%3E%201%26x%3D2&"
						"timeout=4500ms"));
	end();
}
END_TEST

START_TEST(a_prefix_of_the_address_is_kept)
{
	char address[128];

	begin(REPLY("200 OK", "2", "{}"));
	snprintf(address, sizeof(address), "%s/prom/", peer.origin);
	asker.target.address = address;
	ask_check(PROMETHEUS);
	ck_assert_int_eq(
		strncmp(peer.seen, "GET /prom/api/v1/status/buildinfo HTTP/1.1\r\n", 43), 0);
	end();
}
END_TEST

START_TEST(a_credential_goes_along)
{
	char path[] = "/tmp/test-prometheus-XXXXXX", reference[64];
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "reader:pw\n", 10), 10);
	close(fd);
	snprintf(reference, sizeof(reference), "file:%s", path);
	begin(REPLY("401 No", "3", "no\n"));
	asker.target.credential = reference;
	ck_assert_int_eq(ask_read(PROMETHEUS, "prometheus.value", "up", NULL), ADAPTER_REFUSED);
	ck_assert_ptr_nonnull(strstr(peer.seen, "Authorization: Basic cmVhZGVyOnB3\r\n"));
	end();
	unlink(path);
}
END_TEST

START_TEST(a_server_that_is_not_prometheus_has_no_answer)
{
	begin(REPLY("200 OK", "13", "<html></html>"));
	ck_assert_int_eq(ask_read(PROMETHEUS, "prometheus.value", "up", NULL), ADAPTER_NO_ANSWER);
	ck_assert_int_eq(ask_check(PROMETHEUS), ADAPTER_NO_ANSWER);
	peer.reply = REPLY("302 Found\r\nLocation: http://127.0.0.1:1/", "0", "");
	ck_assert_int_eq(ask_read(PROMETHEUS, "prometheus.value", "up", NULL), ADAPTER_NO_ANSWER);
	peer.reply = "garbage\r\n\r\n";
	ck_assert_int_eq(ask_read(PROMETHEUS, "prometheus.value", "up", NULL), ADAPTER_NO_ANSWER);
	end();
}
END_TEST

START_TEST(nobody_there_is_unreachable)
{
	begin("");
	peer_close(&peer);
	ck_assert_int_eq(ask_read(PROMETHEUS, "prometheus.value", "up", NULL), ADAPTER_UNREACHABLE);
	ck_assert_int_eq(ask_check(PROMETHEUS), ADAPTER_UNREACHABLE);
	asker_close();
}
END_TEST

START_TEST(nothing_is_written)
{
	const char *const args[] = {"up", NULL};
	const struct adapter_register reg = {.type = "prometheus.value", .args = args};
	struct error err = ERROR_INIT;

	begin("");
	ck_assert_int_eq(prometheus_adapter.write(asker.client, &asker.target, &reg, "1", NULL, 100,
				 asker_answer, NULL, &err),
		ERROR_INVALID);
	ck_assert_int_eq(prometheus_adapter.read(
				 asker.client, &asker.target, &reg, 100, asker_answer, NULL, &err),
		0);
	end();
	ck_assert_int_eq(asker.answers, 0);
}
END_TEST

CHECK_MAIN("adapter prometheus", &the_query_is_sent_encoded, &a_prefix_of_the_address_is_kept,
	&a_credential_goes_along, &a_server_that_is_not_prometheus_has_no_answer,
	&nobody_there_is_unreachable, &nothing_is_written)
