/* The adapter's conversations with peers that are not, or badly, HAProxy. */
#include "adapter_asker.h"
#include "check_main.h"
#include "client_peer.h"

#include <sys/socket.h>
#include <unistd.h>

#define HAPROXY (&haproxy_adapter)
#define STAT                                                                                       \
	"# "                                                                                       \
	"pxname,svname,qcur,qmax,scur,smax,slim,stot,status,\nweb,FRONTEND,,,0,0,100,0,OPEN,\n\n"  \
	"Name: HAProxy\nVersion: 2.6.12\n\n"

static struct peer peer;
static char lines[1024]; /* every line that came, joined by '|' */
static const char *replies[4];

/* The n-th connection gets the n-th reply. */
static void answer_in_order(struct peer *own, int fd)
{
	const char *reply = replies[atomic_load(&own->connections) - 1];

	if (!peer_read_line(own, fd))
		return;
	strcat(lines, own->seen);
	lines[strcspn(lines, "\n")] = '|';
	if (reply)
		send(fd, reply, strlen(reply), MSG_NOSIGNAL);
}

static void begin(const char *first, const char *second)
{
	lines[0] = 0;
	replies[0] = first;
	replies[1] = second;
	peer_open_unix(&peer, answer_in_order, NULL);
	asker_open("haproxy", peer.address);
}

static void end(void)
{
	asker_close();
	peer_close(&peer);
}

START_TEST(a_key_that_is_there_is_set)
{
	begin("0x1 /x off\n\n", "\n");
	ck_assert_int_eq(ask_write(HAPROXY, "haproxy.map", "f.map", "/x", "\"on\""), ADAPTER_OK);
	ck_assert_str_eq(lines, "show map f.map|set map f.map /x on|");
	end();
}
END_TEST

START_TEST(a_key_that_is_not_there_is_added)
{
	begin("\n", "\n");
	ck_assert_int_eq(ask_write(HAPROXY, "haproxy.map", "f.map", "/x", "\"on\""), ADAPTER_OK);
	ck_assert_str_eq(lines, "show map f.map|add map f.map /x on|");
	end();
}
END_TEST

START_TEST(a_key_is_deleted_once)
{
	begin("0x1 /x off\n\n", "\n");
	ck_assert_int_eq(ask_write(HAPROXY, "haproxy.map", "f.map", "/x", NULL), ADAPTER_OK);
	ck_assert_str_eq(lines, "show map f.map|del map f.map /x|");
	end();
	begin("\n", NULL);
	ck_assert_int_eq(ask_write(HAPROXY, "haproxy.map", "f.map", "/x", NULL), ADAPTER_OK);
	ck_assert_str_eq(lines, "show map f.map|");
	end();
}
END_TEST

START_TEST(a_key_twice_is_not_written)
{
	begin("0x1 /x off\n0x2 /x on\n\n", NULL);
	ck_assert_int_eq(
		ask_write(HAPROXY, "haproxy.map", "f.map", "/x", "\"on\""), ADAPTER_REFUSED);
	ck_assert_ptr_nonnull(strstr(asker.message, "2 entries"));
	ck_assert_str_eq(lines, "show map f.map|");
	end();
}
END_TEST

START_TEST(nothing_is_written_after_a_look_without_an_answer)
{
	begin("nonsense\n", NULL);
	ck_assert_int_eq(
		ask_write(HAPROXY, "haproxy.map", "f.map", "/x", "\"on\""), ADAPTER_UNREACHABLE);
	ck_assert_str_eq(lines, "show map f.map|");
	end();
	begin(NULL, NULL);
	ck_assert_int_eq(
		ask_write(HAPROXY, "haproxy.maxconn", "web", NULL, "5"), ADAPTER_UNREACHABLE);
	ck_assert_str_eq(lines, "show stat web 1 -1;show info|");
	end();
}
END_TEST

START_TEST(a_limit_goes_up_with_paused_listeners_and_down_without)
{
	begin(STAT, "\n\n\n");
	ck_assert_int_eq(ask_write(HAPROXY, "haproxy.maxconn", "web", NULL, "200"), ADAPTER_OK);
	ck_assert_str_eq(lines,
		"show stat web 1 -1;show info|disable frontend web;set maxconn frontend web 200;"
		"enable frontend web|");
	end();
	begin(STAT, "\n");
	ck_assert_int_eq(ask_write(HAPROXY, "haproxy.maxconn", "web", NULL, "50"), ADAPTER_OK);
	ck_assert_str_eq(lines, "show stat web 1 -1;show info|set maxconn frontend web 50|");
	end();
}
END_TEST

START_TEST(nonsense_after_a_write_is_no_answer)
{
	begin("+OK Gpop ready\r\n", NULL);
	ck_assert_int_eq(
		ask_write(HAPROXY, "haproxy.weight", "app/s1", NULL, "50"), ADAPTER_NO_ANSWER);
	ck_assert_ptr_nonnull(strstr(asker.message, "Gpop"));
	ck_assert_str_eq(lines, "set server app/s1 weight 50|");
	end();
}
END_TEST

START_TEST(a_closed_conversation_after_a_write_is_no_answer)
{
	begin(NULL, NULL);
	ck_assert_int_eq(ask_write(HAPROXY, "haproxy.state", "app/s1", NULL, "\"drain\""),
		ADAPTER_NO_ANSWER);
	end();
}
END_TEST

static void answer_endless(struct peer *own, int fd)
{
	static const char LINE[] = "0x1 key value\n";
	static char lines_of_it[4096 * (sizeof(LINE) - 1)];

	for (size_t at = 0; at < sizeof(lines_of_it); at += sizeof(LINE) - 1)
		memcpy(lines_of_it + at, LINE, sizeof(LINE) - 1);
	peer_read_line(own, fd);
	while (send(fd, lines_of_it, sizeof(lines_of_it), MSG_NOSIGNAL) > 0)
		continue;
}

static void answer_never(struct peer *own, int fd)
{
	char byte;

	peer_read_line(own, fd);
	while (read(fd, &byte, 1) > 0)
		continue;
}

START_TEST(endless_and_silent_peers_are_left)
{
	peer_open_unix(&peer, answer_endless, NULL);
	asker_open("haproxy", peer.address);
	ck_assert_int_eq(ask_read(HAPROXY, "haproxy.map", "f.map", "/x"), ADAPTER_NO_ANSWER);
	end();
	peer_open_unix(&peer, answer_never, NULL);
	asker_open("haproxy", peer.address);
	asker.timeout_ms = 500;
	ck_assert_int_eq(
		ask_write(HAPROXY, "haproxy.weight", "app/s1", NULL, "50"), ADAPTER_NO_ANSWER);
	asker.timeout_ms = 100;
	ck_assert_int_eq(
		ask_write(HAPROXY, "haproxy.map", "f.map", "/x", "\"on\""), ADAPTER_UNREACHABLE);
	end();
}
END_TEST

START_TEST(nobody_there_is_unreachable)
{
	asker_open("haproxy", "unix:/nonexistent/h.sock");
	ck_assert_int_eq(ask_read(HAPROXY, "haproxy.weight", "app/s1", NULL), ADAPTER_UNREACHABLE);
	ck_assert_int_eq(
		ask_write(HAPROXY, "haproxy.weight", "app/s1", NULL, "5"), ADAPTER_UNREACHABLE);
	ck_assert_int_eq(ask_check(HAPROXY), ADAPTER_UNREACHABLE);
	asker_close();
}
END_TEST

START_TEST(an_address_outside_the_networks_is_not_spoken_to)
{
	static const char *const networks[] = {"10.0.0.0/8", NULL};

	peer_open(&peer, answer_never, NULL);
	asker_open("haproxy", peer.address);
	asker.target.networks = networks;
	ck_assert_int_eq(ask_read(HAPROXY, "haproxy.weight", "app/s1", NULL), ADAPTER_UNREACHABLE);
	ck_assert_ptr_nonnull(strstr(asker.message, "networks"));
	ck_assert_int_eq(atomic_load(&peer.connections), 0);
	end();
}
END_TEST

static int write_error(const char *type, const char *first, const char *value)
{
	const char *const args[] = {first, NULL};
	const struct adapter_register reg = {.type = type, .args = args};
	struct error err = ERROR_INIT;

	return haproxy_adapter.write(
		asker.client, &asker.target, &reg, value, NULL, 100, asker_answer, NULL, &err);
}

START_TEST(what_cannot_be_said_is_refused_before_anything_is_sent)
{
	begin(NULL, NULL);
	ck_assert_int_eq(write_error("haproxy.weight", "app/s1;show info", "5"), ERROR_INVALID);
	ck_assert_int_eq(write_error("haproxy.weight", "app/s1", "\"5;shutdown\""), ERROR_INVALID);
	ck_assert_int_eq(write_error("haproxy.weight", "app/s1", NULL), ERROR_INVALID);
	ck_assert_int_eq(write_error("haproxy.weight", "app/s1", "not json"), ERROR_INVALID);
	ck_assert_int_eq(write_error("haproxy.nothing", "app/s1", "5"), ERROR_INVALID);
	ck_assert_int_eq(atomic_load(&peer.connections), 0);
	end();
}
END_TEST

START_TEST(closing_the_client_frees_what_waits)
{
	const char *const args[] = {"f.map", "/x", NULL};
	const struct adapter_register reg = {.type = "haproxy.map", .args = args};

	begin(NULL, NULL);
	ck_assert_int_eq(haproxy_adapter.read(
				 asker.client, &asker.target, &reg, 100, asker_answer, NULL, NULL),
		0);
	ck_assert_int_eq(haproxy_adapter.write(asker.client, &asker.target, &reg, "\"on\"", NULL,
				 100, asker_answer, NULL, NULL),
		0);
	end();
	ck_assert_int_eq(asker.answers, 0);
}
END_TEST

CHECK_MAIN("adapter haproxy", &a_key_that_is_there_is_set, &a_key_that_is_not_there_is_added,
	&a_key_is_deleted_once, &a_key_twice_is_not_written,
	&nothing_is_written_after_a_look_without_an_answer,
	&a_limit_goes_up_with_paused_listeners_and_down_without,
	&nonsense_after_a_write_is_no_answer, &a_closed_conversation_after_a_write_is_no_answer,
	&endless_and_silent_peers_are_left, &nobody_there_is_unreachable,
	&an_address_outside_the_networks_is_not_spoken_to,
	&what_cannot_be_said_is_refused_before_anything_is_sent,
	&closing_the_client_frees_what_waits)
