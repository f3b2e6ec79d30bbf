/* The adapter against a real HAProxy, over its unix socket and its port. */
#include "adapter_asker.h"
#include "check_main.h"
#include "plane.h"

#include <sys/socket.h>
#include <unistd.h>

#define HAPROXY (&haproxy_adapter)
#define WEIGHT	"haproxy.weight", "app/s1", NULL
#define STATE	"haproxy.state", "app/s1", NULL
#define MAP	"haproxy.map", "limits.map"
#define MAXCONN "haproxy.maxconn", "web", NULL
#define OPENED	"haproxy.frontend", "web", NULL

static const char configuration[] =
	"global\n"
	"  stats socket unix@admin.sock mode 600 level admin\n"
	"  stats socket unix@user.sock mode 600 level user\n"
	"  stats socket ipv4@127.0.0.1:%d level admin\n"
	"  maxconn 1000\n"
	"defaults\n"
	"  mode http\n"
	"  timeout connect 2s\n  timeout client 5s\n  timeout server 5s\n"
	"frontend web\n"
	"  bind 127.0.0.1:%d\n"
	"  maxconn 500\n"
	"  http-request set-var(txn.limit) str(default),map_str_int(limits.map,7)\n"
	"  http-request return status 200\n"
	"backend app\n"
	"  server s1 127.0.0.1:1 weight 100\n"
	"  server s2 127.0.0.1:1 weight 100 disabled\n"
	"backend fixed\n"
	"  balance static-rr\n"
	"  server s1 127.0.0.1:1 weight 100\n";

static struct plane plane;
static int admin_port, web_port;
static char unix_address[128], user_address[128], tcp_address[64];

static void begin(void)
{
	const char *const argv[] = {"/usr/sbin/haproxy", "-f", "h.cfg", "-db", NULL};
	char text[2048];

	plane_open(&plane, "haproxy");
	admin_port = plane_free_port();
	web_port = plane_free_port();
	snprintf(text, sizeof(text), configuration, admin_port, web_port);
	plane_write_file(&plane, "h.cfg", text);
	plane_write_file(&plane, "limits.map", "default 1000000\ntwice 1\ntwice 2\n");
	plane_start(&plane, argv);
	plane_await_port(&plane, admin_port);
	plane_await_socket(&plane, "admin.sock");
	plane_await_socket(&plane, "user.sock");
	snprintf(unix_address, sizeof(unix_address), "unix:%s/admin.sock", plane.folder);
	snprintf(user_address, sizeof(user_address), "unix:%s/user.sock", plane.folder);
	snprintf(tcp_address, sizeof(tcp_address), "tcp:127.0.0.1:%d", admin_port);
	asker_open("haproxy", unix_address);
}

static void end(void)
{
	ck_assert(plane_is_running(&plane));
	asker_close();
	plane_close(&plane);
}

static void expect_value(const char *type, const char *first, const char *second, const char *value)
{
	ck_assert_msg(ask_read(HAPROXY, type, first, second) == ADAPTER_OK, "%s", asker.message);
	ck_assert_str_eq(asker.value, value);
}

static void write_ok(const char *type, const char *first, const char *second, const char *value)
{
	ck_assert_msg(
		ask_write(HAPROXY, type, first, second, value) == ADAPTER_OK, "%s", asker.message);
}

START_TEST(a_weight_is_read_written_and_read_back)
{
	begin();
	expect_value(WEIGHT, "100");
	write_ok(WEIGHT, "50");
	expect_value(WEIGHT, "50");
	write_ok(WEIGHT, "0");
	expect_value(WEIGHT, "0");
	write_ok(WEIGHT, "256");
	expect_value(WEIGHT, "256");
	expect_value("haproxy.weight", "app/s2", NULL, "100");
	end();
}
END_TEST

START_TEST(the_port_speaks_as_the_socket_does)
{
	begin();
	asker.target.address = tcp_address;
	write_ok(WEIGHT, "25");
	expect_value(WEIGHT, "25");
	ck_assert_int_eq(ask_check(HAPROXY), ADAPTER_OK);
	end();
}
END_TEST

START_TEST(a_state_is_read_written_and_read_back)
{
	begin();
	expect_value(STATE, "\"ready\"");
	expect_value("haproxy.state", "app/s2", NULL, "\"maint\"");
	write_ok(STATE, "\"drain\"");
	expect_value(STATE, "\"drain\"");
	write_ok(STATE, "\"maint\"");
	expect_value(STATE, "\"maint\"");
	write_ok(STATE, "\"ready\"");
	expect_value(STATE, "\"ready\"");
	write_ok("haproxy.state", "app/s2", NULL, "\"ready\"");
	expect_value("haproxy.state", "app/s2", NULL, "\"ready\"");
	end();
}
END_TEST

START_TEST(drain_keeps_the_weight)
{
	begin();
	write_ok(WEIGHT, "40");
	write_ok(STATE, "\"drain\"");
	expect_value(WEIGHT, "40");
	end();
}
END_TEST

START_TEST(a_map_is_added_to_set_and_deleted_from)
{
	begin();
	expect_value(MAP, "default", "\"1000000\"");
	ck_assert_int_eq(ask_read(HAPROXY, MAP, "acme/"), ADAPTER_ABSENT);
	write_ok(MAP, "acme/", "\"200\"");
	expect_value(MAP, "acme/", "\"200\"");
	write_ok(MAP, "acme/", "\"300\"");
	expect_value(MAP, "acme/", "\"300\"");
	write_ok(MAP, "acme/", NULL);
	ck_assert_int_eq(ask_read(HAPROXY, MAP, "acme/"), ADAPTER_ABSENT);
	write_ok(MAP, "acme/", NULL);
	expect_value(MAP, "default", "\"1000000\"");
	write_ok(MAP, "\xE5\x95\x86", "\"5\"");
	expect_value(MAP, "\xE5\x95\x86", "\"5\"");
	end();
}
END_TEST

START_TEST(a_value_that_the_map_cannot_hold_changes_nothing)
{
	begin();
	ck_assert_int_eq(ask_write(HAPROXY, MAP, "acme/", "\"many\""), ADAPTER_REFUSED);
	ck_assert_int_eq(ask_read(HAPROXY, MAP, "acme/"), ADAPTER_ABSENT);
	/* HAProxy says yes to this one; only reading back shows that it was not done. */
	write_ok(MAP, "default", "\"many\"");
	expect_value(MAP, "default", "\"1000000\"");
	end();
}
END_TEST

START_TEST(a_key_twice_is_unknown_and_not_written)
{
	begin();
	ck_assert_int_eq(ask_read(HAPROXY, MAP, "twice"), ADAPTER_UNKNOWN);
	ck_assert_int_eq(ask_write(HAPROXY, MAP, "twice", "\"3\""), ADAPTER_REFUSED);
	ck_assert_int_eq(ask_read(HAPROXY, MAP, "twice"), ADAPTER_UNKNOWN);
	end();
}
END_TEST

START_TEST(what_is_not_there_is_refused)
{
	begin();
	ck_assert_int_eq(ask_read(HAPROXY, "haproxy.weight", "app/nope", NULL), ADAPTER_REFUSED);
	ck_assert_int_eq(ask_read(HAPROXY, "haproxy.weight", "nope/s1", NULL), ADAPTER_REFUSED);
	ck_assert_int_eq(ask_read(HAPROXY, "haproxy.state", "app/nope", NULL), ADAPTER_REFUSED);
	ck_assert_int_eq(ask_read(HAPROXY, "haproxy.state", "nope/s1", NULL), ADAPTER_REFUSED);
	ck_assert_int_eq(ask_read(HAPROXY, "haproxy.map", "nope.map", "k"), ADAPTER_REFUSED);
	ck_assert_int_eq(ask_read(HAPROXY, "haproxy.maxconn", "nope", NULL), ADAPTER_REFUSED);
	ck_assert_int_eq(ask_read(HAPROXY, "haproxy.frontend", "nope", NULL), ADAPTER_REFUSED);
	ck_assert_int_eq(
		ask_write(HAPROXY, "haproxy.weight", "app/nope", NULL, "5"), ADAPTER_REFUSED);
	ck_assert_int_eq(
		ask_write(HAPROXY, "haproxy.weight", "fixed/s1", NULL, "50"), ADAPTER_REFUSED);
	ck_assert_int_eq(ask_write(HAPROXY, "haproxy.state", "app/nope", NULL, "\"drain\""),
		ADAPTER_REFUSED);
	ck_assert_int_eq(
		ask_write(HAPROXY, "haproxy.map", "nope.map", "k", "\"v\""), ADAPTER_REFUSED);
	ck_assert_int_eq(ask_write(HAPROXY, "haproxy.maxconn", "nope", NULL, "5"), ADAPTER_REFUSED);
	ck_assert_int_eq(
		ask_write(HAPROXY, "haproxy.frontend", "nope", NULL, "false"), ADAPTER_REFUSED);
	end();
}
END_TEST

START_TEST(a_limit_is_read_written_and_read_back)
{
	begin();
	expect_value(MAXCONN, "500");
	write_ok(MAXCONN, "10");
	expect_value(MAXCONN, "10");
	write_ok(MAXCONN, "600");
	expect_value(MAXCONN, "600");
	expect_value(OPENED, "true");
	end();
}
END_TEST

START_TEST(the_limit_of_a_full_frontend_can_be_raised)
{
	int fds[6];

	begin();
	write_ok(MAXCONN, "2");
	for (int i = 0; i < 6; i++) {
		fds[i] = plane_connect(web_port);
		ck_assert_int_ge(fds[i], 0);
		ck_assert_int_gt(send(fds[i], "GET / HTTP/1.1\r\n", 16, MSG_NOSIGNAL), 0);
	}
	usleep(300000);
	write_ok(MAXCONN, "100");
	expect_value(MAXCONN, "100");
	expect_value(OPENED, "true");
	for (int i = 0; i < 6; i++)
		close(fds[i]);
	write_ok(MAXCONN, "0");
	fds[0] = plane_connect(web_port);
	usleep(200000);
	write_ok(MAXCONN, "50");
	expect_value(MAXCONN, "50");
	close(fds[0]);
	end();
}
END_TEST

START_TEST(a_frontend_is_disabled_and_enabled)
{
	begin();
	expect_value(OPENED, "true");
	write_ok(OPENED, "false");
	expect_value(OPENED, "false");
	write_ok(OPENED, "false");
	write_ok(MAXCONN, "700");
	expect_value(OPENED, "false");
	write_ok(OPENED, "true");
	expect_value(OPENED, "true");
	write_ok(OPENED, "true");
	end();
}
END_TEST

START_TEST(a_check_says_who_answers)
{
	begin();
	ck_assert_int_eq(ask_check(HAPROXY), ADAPTER_OK);
	ck_assert_int_eq(strncmp(asker.message, "HAProxy ", 8), 0);
	asker.target.address = user_address;
	ck_assert_int_eq(ask_check(HAPROXY), ADAPTER_REFUSED);
	ck_assert_ptr_nonnull(strstr(asker.message, "level admin"));
	ck_assert_int_eq(ask_write(HAPROXY, WEIGHT, "5"), ADAPTER_REFUSED);
	end();
}
END_TEST

START_TEST(a_haproxy_that_ended_is_unreachable)
{
	begin();
	plane_close(&plane);
	ck_assert_int_eq(ask_write(HAPROXY, WEIGHT, "5"), ADAPTER_UNREACHABLE);
	asker_close();
}
END_TEST

CHECK_MAIN("plane haproxy", &a_weight_is_read_written_and_read_back,
	&the_port_speaks_as_the_socket_does, &a_state_is_read_written_and_read_back,
	&drain_keeps_the_weight, &a_map_is_added_to_set_and_deleted_from,
	&a_value_that_the_map_cannot_hold_changes_nothing, &a_key_twice_is_unknown_and_not_written,
	&what_is_not_there_is_refused, &a_limit_is_read_written_and_read_back,
	&the_limit_of_a_full_frontend_can_be_raised, &a_frontend_is_disabled_and_enabled,
	&a_check_says_who_answers, &a_haproxy_that_ended_is_unreachable)
