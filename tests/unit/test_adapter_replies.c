#include "adapters/haproxy_rooms.h"
#include "adapters/prometheus_rooms.h"

#include "check_main.h"
#include "lib/base/buf.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define NOW_US	     1795341461000000

#define SERVERS                                                                                    \
	"1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight\n"   \
	"3 app 1 s1 127.0.0.1 2 0 100\n3 app 2 s2 127.0.0.1 2 8 100\n3 app 3 s3 127.0.0.1 0 1 "    \
	"100\n"                                                                                    \
	"3 app 4 s4 127.0.0.1 0 9 100\n3 app 5 s5 127.0.0.1 0 2 100\n3 app 6 s6 127.0.0.1 0 x "    \
	"100\n\n"
#define STAT_HEAD	    "# pxname,svname,qcur,qmax,scur,smax,slim,stot,status,\n"
#define STAT(limit, status) STAT_HEAD "web,FRONTEND,,,0,0," limit ",0," status ",\n\n"
#define INFO(version)	    "Name: HAProxy\nVersion: " version "\nUptime: 0d\n\n"

struct reply {
	enum haproxy_kind kind;
	const char *first, *second, *reply;
	enum adapter_outcome outcome;
	const char *value;
};

static struct arena arena;

static struct adapter_result read_reply(const struct reply *reply)
{
	const char *const args[] = {reply->first, reply->second, NULL};

	return haproxy_read_reply(reply->kind, args, reply->reply, strlen(reply->reply), &arena);
}

static void check_replies(const struct reply *replies, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct adapter_result result = read_reply(&replies[i]);

		ck_assert_msg(result.outcome == replies[i].outcome, "case %zu: outcome %d, %s", i,
			result.outcome, result.message ? result.message : "");
		if (replies[i].value)
			ck_assert_str_eq(result.value, replies[i].value);
		else
			ck_assert_ptr_null(result.value);
		ck_assert(result.outcome == ADAPTER_OK || result.outcome == ADAPTER_ABSENT ||
			  result.message);
	}
	arena_done(&arena);
}

START_TEST(weights_are_read)
{
	static const struct reply replies[] = {
		{HAPROXY_WEIGHT, "app/s1", NULL, "50 (initial 100)\n\n", ADAPTER_OK, "50"},
		{HAPROXY_WEIGHT, "app/s1", NULL, "0 (initial 1)\n\n", ADAPTER_OK, "0"},
		{HAPROXY_WEIGHT, "app/s1", NULL, "No such server.\n\n", ADAPTER_REFUSED, NULL},
		{HAPROXY_WEIGHT, "app/s1", NULL, "Permission denied\n\n", ADAPTER_REFUSED, NULL},
		{HAPROXY_WEIGHT, "app/s1", NULL, "50\n\n", ADAPTER_NO_ANSWER, NULL},
		{HAPROXY_WEIGHT, "app/s1", NULL, "\n", ADAPTER_NO_ANSWER, NULL},
		{HAPROXY_WEIGHT, "app/s1", NULL, "", ADAPTER_NO_ANSWER, NULL},
		{HAPROXY_WEIGHT, "app/s1", NULL, "50 (initial", ADAPTER_NO_ANSWER, NULL},
		{HAPROXY_WEIGHT, "app/s1", NULL, "50 (initial 100)\n", ADAPTER_NO_ANSWER, NULL},
		{HAPROXY_WEIGHT, "app/s1", NULL, "220 mail.example ESMTP\r\n", ADAPTER_NO_ANSWER,
			NULL},
		{HAPROXY_WEIGHT, "app/s1", NULL, "-5 (initial 100)\n\n", ADAPTER_NO_ANSWER, NULL},
		{HAPROXY_WEIGHT, "app/s1", NULL, "99999999999999999999 (initial 1)\n\n",
			ADAPTER_NO_ANSWER, NULL},
	};

	check_replies(replies, COUNT(replies));
}
END_TEST

START_TEST(states_are_what_people_forced)
{
	static const struct reply replies[] = {
		{HAPROXY_STATE, "app/s1", NULL, SERVERS, ADAPTER_OK, "\"ready\""},
		{HAPROXY_STATE, "app/s2", NULL, SERVERS, ADAPTER_OK, "\"drain\""},
		{HAPROXY_STATE, "app/s3", NULL, SERVERS, ADAPTER_OK, "\"maint\""},
		{HAPROXY_STATE, "app/s4", NULL, SERVERS, ADAPTER_OK, "\"maint\""},
		{HAPROXY_STATE, "app/s5", NULL, SERVERS, ADAPTER_OK, "\"ready\""},
		{HAPROXY_STATE, "app/s6", NULL, SERVERS, ADAPTER_NO_ANSWER, NULL},
		{HAPROXY_STATE, "app/s7", NULL, SERVERS, ADAPTER_REFUSED, NULL},
		{HAPROXY_STATE, "other/s1", NULL, SERVERS, ADAPTER_REFUSED, NULL},
		{HAPROXY_STATE, "app/s1", NULL, "Can't find backend.\n\n", ADAPTER_REFUSED, NULL},
		{HAPROXY_STATE, "app/s1", NULL, "1\n\n", ADAPTER_NO_ANSWER, NULL},
		{HAPROXY_STATE, "app/s1", NULL, "1\n# be_name srv_name\napp s1\n\n",
			ADAPTER_NO_ANSWER, NULL},
		{HAPROXY_STATE, "app/s1", NULL, "\n", ADAPTER_NO_ANSWER, NULL},
	};

	check_replies(replies, COUNT(replies));
}
END_TEST

START_TEST(maps_are_read_and_a_key_twice_is_unknown)
{
	static const struct reply replies[] = {
		{HAPROXY_MAP, "f.map", "/x", "0x55d0 /x on\n\n", ADAPTER_OK, "\"on\""},
		{HAPROXY_MAP, "f.map", "/x", "0x1 /xy off\n0x2 /x on\n0x3 /y on\n\n", ADAPTER_OK,
			"\"on\""},
		{HAPROXY_MAP, "f.map", "/x", "0x1 /x two words\n\n", ADAPTER_OK, "\"two words\""},
		{HAPROXY_MAP, "f.map", "/x", "0x1 /x a\"b\n\n", ADAPTER_OK, "\"a\\\"b\""},
		{HAPROXY_MAP, "f.map", "/x", "0x1 /x on\n0x2 /x on\n\n", ADAPTER_UNKNOWN, NULL},
		{HAPROXY_MAP, "f.map", "/x", "0x1 /x \xFF\n\n", ADAPTER_UNKNOWN, NULL},
		{HAPROXY_MAP, "f.map", "/x", "0x1 /xy on\n\n", ADAPTER_ABSENT, NULL},
		{HAPROXY_MAP, "f.map", "/x", "\n", ADAPTER_ABSENT, NULL},
		{HAPROXY_MAP, "f.map", "/x",
			"Unknown map identifier. Please use #<id> or <file>.\n\n", ADAPTER_REFUSED,
			NULL},
		{HAPROXY_MAP, "f.map", "/x", "0x1 /y on\nnonsense\n\n", ADAPTER_NO_ANSWER, NULL},
		{HAPROXY_MAP, "f.map", "/x", "0x1 /x on\n0x2 /y", ADAPTER_NO_ANSWER, NULL},
		{HAPROXY_MAP, "f.map", "/x", "", ADAPTER_NO_ANSWER, NULL},
	};

	check_replies(replies, COUNT(replies));
}
END_TEST

START_TEST(frontends_are_read)
{
	static const struct reply replies[] = {
		{HAPROXY_MAXCONN, "web", NULL, STAT("1000", "OPEN"), ADAPTER_OK, "1000"},
		{HAPROXY_MAXCONN, "web", NULL, STAT("", "OPEN"), ADAPTER_NO_ANSWER, NULL},
		{HAPROXY_MAXCONN, "other", NULL, STAT("1000", "OPEN"), ADAPTER_NO_ANSWER, NULL},
		{HAPROXY_MAXCONN, "web", NULL, "No such proxy.\n\n", ADAPTER_REFUSED, NULL},
		{HAPROXY_FRONTEND, "web", NULL, STAT("1000", "OPEN"), ADAPTER_OK, "true"},
		{HAPROXY_FRONTEND, "web", NULL, STAT("1000", "PAUSED"), ADAPTER_OK, "false"},
		{HAPROXY_FRONTEND, "web", NULL, STAT("1000", "STOP"), ADAPTER_UNKNOWN, NULL},
		{HAPROXY_FRONTEND, "web", NULL, STAT_HEAD "\n", ADAPTER_NO_ANSWER, NULL},
		{HAPROXY_FRONTEND, "web", NULL, "\n", ADAPTER_NO_ANSWER, NULL},
	};

	check_replies(replies, COUNT(replies));
}
END_TEST

START_TEST(only_silence_is_a_yes)
{
	static const struct {
		enum haproxy_kind kind;
		const char *reply;
		enum adapter_outcome outcome;
	} cases[] = {
		{HAPROXY_WEIGHT, "\n", ADAPTER_OK},
		{HAPROXY_MAXCONN, "\n\n\n", ADAPTER_OK},
		{HAPROXY_MAP, "entry not found.\n\n", ADAPTER_REFUSED},
		{HAPROXY_MAP, "Key not found.\n\n", ADAPTER_REFUSED},
		{HAPROXY_WEIGHT, "Absolute weight can only be between 0 and 256 inclusive.\n\n",
			ADAPTER_REFUSED},
		{HAPROXY_WEIGHT,
			"Backend is using a static LB algorithm and only accepts weights '0%' and "
			"'100%'.\n\n",
			ADAPTER_REFUSED},
		{HAPROXY_WEIGHT,
			"Unknown command, but maybe one of the following ones is a better match:\n "
			" help\n\n",
			ADAPTER_REFUSED},
		{HAPROXY_FRONTEND, "All sockets are already disabled.\n\n", ADAPTER_OK},
		{HAPROXY_WEIGHT, "All sockets are already disabled.\n\n", ADAPTER_NO_ANSWER},
		{HAPROXY_MAXCONN, "\nNo such frontend.\n\n\n", ADAPTER_REFUSED},
		{HAPROXY_MAXCONN, "\n\nFailed to resume frontend, check logs.\n\n",
			ADAPTER_NO_ANSWER},
		{HAPROXY_FRONTEND, "Failed to pause frontend, check logs.\n\n", ADAPTER_NO_ANSWER},
		{HAPROXY_WEIGHT, "OK\n\n", ADAPTER_NO_ANSWER},
		{HAPROXY_WEIGHT, "+OK\r\n", ADAPTER_NO_ANSWER},
		{HAPROXY_WEIGHT, "", ADAPTER_NO_ANSWER},
		{HAPROXY_WEIGHT, "No such ser", ADAPTER_NO_ANSWER},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct adapter_result result = haproxy_write_reply(
			cases[i].kind, cases[i].reply, strlen(cases[i].reply), &arena);

		ck_assert_msg(
			result.outcome == cases[i].outcome, "case %zu: %d", i, result.outcome);
		ck_assert_ptr_null(result.value);
	}
	arena_done(&arena);
}
END_TEST

START_TEST(nonsense_is_shown_visibly)
{
	static const char nonsense[] = "\x1b[2Jhi\nmore\n\n";
	struct adapter_result result =
		haproxy_write_reply(HAPROXY_WEIGHT, nonsense, strlen(nonsense), &arena);

	ck_assert_str_eq(result.message, "not a reply of HAProxy: \\x1b[2Jhi");
	result = haproxy_write_reply(HAPROXY_WEIGHT, "a\0b\n\n", 5, &arena);
	ck_assert_int_eq(result.outcome, ADAPTER_NO_ANSWER);
	arena_done(&arena);
}
END_TEST

START_TEST(a_check_names_the_release_and_the_level)
{
	static const char admin[] = INFO("2.6.12-1+deb12u4") "admin\n\n",
			  user[] = INFO("2.6.12") "user\n\n",
			  other[] = "Name: Varnish\nVersion: 7\n\nadmin\n\n";
	struct adapter_result result = haproxy_check_reply(admin, strlen(admin), &arena);

	ck_assert_int_eq(result.outcome, ADAPTER_OK);
	ck_assert_str_eq(result.message, "HAProxy 2.6.12-1+deb12u4");
	result = haproxy_check_reply(user, strlen(user), &arena);
	ck_assert_int_eq(result.outcome, ADAPTER_REFUSED);
	ck_assert_ptr_nonnull(strstr(result.message, "level user"));
	result = haproxy_check_reply(other, strlen(other), &arena);
	ck_assert_int_eq(result.outcome, ADAPTER_NO_ANSWER);
	arena_done(&arena);
}
END_TEST

START_TEST(listeners_are_paused_where_raising_would_end_haproxy)
{
	static const char old[] = STAT("100", "OPEN") INFO("2.6.12-1+deb12u4");

	ck_assert(haproxy_must_pause("web", old, 101));
	ck_assert(!haproxy_must_pause("web", old, 100));
	ck_assert(!haproxy_must_pause("web", old, 5));
	ck_assert(!haproxy_must_pause("web", STAT("100", "PAUSED") INFO("2.6.12"), 101));
	ck_assert(haproxy_must_pause("web", STAT("100", "FULL") INFO("2.6.12"), 101));
	ck_assert(!haproxy_must_pause("other", old, 101));
	ck_assert(haproxy_must_pause("web", STAT("100", "OPEN"), 101));
	ck_assert(haproxy_must_pause("web", STAT("100", "OPEN") INFO("2.9.15"), 101));
	ck_assert(haproxy_must_pause("web", STAT("100", "OPEN") INFO("3.0.5"), 101));
	ck_assert(!haproxy_must_pause("web", STAT("100", "OPEN") INFO("2.6.20"), 101));
	ck_assert(!haproxy_must_pause("web", STAT("100", "OPEN") INFO("2.8.12"), 101));
	ck_assert(!haproxy_must_pause("web", STAT("100", "OPEN") INFO("3.0.6"), 101));
	ck_assert(!haproxy_must_pause("web", STAT("100", "OPEN") INFO("3.1.0"), 101));
	ck_assert(!haproxy_must_pause("web", STAT("100", "OPEN") INFO("4.0-dev1"), 101));
}
END_TEST

#define SUCCESS(data)	"{\"status\":\"success\",\"data\":" data "}"
#define VECTOR(samples) SUCCESS("{\"resultType\":\"vector\",\"result\":[" samples "]}")
#define SAMPLE(value)	"{\"metric\":{},\"value\":[1795341461.015,\"" value "\"]}"

START_TEST(a_reading_is_exactly_one_number)
{
	static const struct {
		int status;
		const char *body;
		enum adapter_outcome outcome;
		const char *text; /* the value, or a part of the message */
	} cases[] = {
		{200, VECTOR(SAMPLE("0.28571428571428575")), ADAPTER_OK,
			"{\"$decimal\":\"0.28571428571428575\"}"},
		{200, VECTOR(SAMPLE("1e+06")), ADAPTER_OK, "1000000"},
		{200, SUCCESS("{\"resultType\":\"scalar\",\"result\":[1795341461,\"1\"]}"),
			ADAPTER_OK, "1"},
		{200, VECTOR(""), ADAPTER_UNKNOWN, "no sample"},
		{200, VECTOR(SAMPLE("1") "," SAMPLE("2")), ADAPTER_UNKNOWN, "2 samples"},
		{200, VECTOR(SAMPLE("NaN")), ADAPTER_UNKNOWN, "NaN"},
		{200, VECTOR(SAMPLE("+Inf")), ADAPTER_UNKNOWN, "+Inf"},
		{200, VECTOR("{\"metric\":{},\"value\":[1795341000,\"1\"]}"), ADAPTER_UNKNOWN,
			"stale"},
		{200, VECTOR("{\"metric\":{},\"value\":[1795349999,\"1\"]}"), ADAPTER_UNKNOWN,
			"future"},
		{200, VECTOR("{\"metric\":{}}"), ADAPTER_UNKNOWN, "no time"},
		{200, VECTOR("{\"metric\":{},\"value\":[\"x\",1]}"), ADAPTER_UNKNOWN, "no time"},
		{200, SUCCESS("{\"resultType\":\"matrix\",\"result\":[]}"), ADAPTER_UNKNOWN,
			"matrix"},
		{200, SUCCESS("{\"resultType\":\"string\",\"result\":[1795341461,\"x\"]}"),
			ADAPTER_UNKNOWN, "string"},
		{200, SUCCESS("{}"), ADAPTER_UNKNOWN, "no result"},
		{200, SUCCESS("null"), ADAPTER_UNKNOWN, "no result"},
		{200,
			"{\"status\":\"success\",\"warnings\":[\"store "
			"down\"],\"data\":{\"resultType\":\"scalar\","
			"\"result\":[1795341461,\"1\"]}}",
			ADAPTER_UNKNOWN, "store down"},
		{400, "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"parse error\"}",
			ADAPTER_REFUSED, "parse error"},
		{503, "{\"status\":\"error\",\"errorType\":\"timeout\",\"error\":\"too slow\"}",
			ADAPTER_UNKNOWN, "too slow"},
		{503, SUCCESS("{\"resultType\":\"scalar\",\"result\":[1795341461,\"1\"]}"),
			ADAPTER_NO_ANSWER, "503"},
		{401, "Unauthorized\n", ADAPTER_REFUSED, "credential"},
		{200, "<html>login</html>", ADAPTER_NO_ANSWER, "<html>"},
		{302, "", ADAPTER_NO_ANSWER, "302"},
		{200, "", ADAPTER_NO_ANSWER, "(nothing)"},
		{200, "[]", ADAPTER_NO_ANSWER, "[]"},
		{200, "{\"status\":\"success\",\"status\":\"success\"}", ADAPTER_NO_ANSWER,
			"status"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct adapter_result result = prometheus_query_reply(
			cases[i].status, cases[i].body, strlen(cases[i].body), NOW_US, &arena);

		ck_assert_msg(result.outcome == cases[i].outcome, "case %zu: %d %s", i,
			result.outcome, result.message ? result.message : "");
		if (result.outcome == ADAPTER_OK)
			ck_assert_str_eq(result.value, cases[i].text);
		else
			ck_assert_msg(!result.value && strstr(result.message, cases[i].text),
				"case %zu: %s", i, result.message);
	}
	arena_done(&arena);
}
END_TEST

#define ALERT(state, labels) "{\"labels\":{" labels "},\"state\":\"" state "\"}"

START_TEST(alerts_are_the_labels_of_what_fires)
{
	static const struct {
		struct adapter_result (*read)(
			int status, const char *body, size_t length, struct arena *arena);
		int status;
		const char *body;
		enum adapter_outcome outcome;
		const char *text; /* the value, or a part of the message */
	} cases[] = {
		{prometheus_alerts_reply, 200, SUCCESS("{\"alerts\":[]}"), ADAPTER_OK, "[]"},
		{prometheus_alerts_reply, 200,
			SUCCESS("{\"alerts\":[" ALERT("firing", "\"a\":\"b\",\"c\":1") "," ALERT(
				"pending", "\"a\":\"x\"") "]}"),
			ADAPTER_OK, "[{\"a\":\"b\"}]"},
		{prometheus_alerts_reply, 200, SUCCESS("{\"alerts\":[{\"state\":\"firing\"}]}"),
			ADAPTER_UNKNOWN, "no labels"},
		{prometheus_alerts_reply, 200, SUCCESS("{\"alerts\":[{\"labels\":{}}]}"),
			ADAPTER_UNKNOWN, "no state"},
		{prometheus_alerts_reply, 200, SUCCESS("{}"), ADAPTER_UNKNOWN, "no alerts"},
		{prometheus_alerts_reply, 200,
			"{\"status\":\"success\",\"warnings\":[\"w\"],\"data\":{\"alerts\":[]}}",
			ADAPTER_UNKNOWN, "partial"},
		{prometheus_alerts_reply, 200, "[]", ADAPTER_NO_ANSWER, "[]"},
		{alertmanager_alerts_reply, 200, "[]", ADAPTER_OK, "[]"},
		{alertmanager_alerts_reply, 200,
			"[{\"labels\":{\"a\":\"b\"},\"status\":{\"state\":\"active\"}}]",
			ADAPTER_OK, "[{\"a\":\"b\"}]"},
		{alertmanager_alerts_reply, 200, "[{}]", ADAPTER_UNKNOWN, "no labels"},
		{alertmanager_alerts_reply, 200, "{}", ADAPTER_NO_ANSWER, "{}"},
		{alertmanager_alerts_reply, 500, "[]", ADAPTER_NO_ANSWER, "500"},
		{alertmanager_alerts_reply, 401, "", ADAPTER_REFUSED, "credential"},
		{alertmanager_check_reply, 200, "{\"versionInfo\":{\"version\":\"0.25\"}}",
			ADAPTER_OK, NULL},
		{alertmanager_check_reply, 200, "{}", ADAPTER_NO_ANSWER, "{}"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct adapter_result result = cases[i].read(
			cases[i].status, cases[i].body, strlen(cases[i].body), &arena);
		const char *said = result.value ? result.value : result.message;

		ck_assert_msg(result.outcome == cases[i].outcome, "case %zu: %d %s", i,
			result.outcome, said);
		ck_assert_msg(
			!cases[i].text || strstr(said, cases[i].text), "case %zu: %s", i, said);
	}
}
END_TEST

START_TEST(more_alerts_than_are_looked_through_are_no_answer)
{
	struct buf body = BUF_INIT;
	struct adapter_result result;

	buf_add_text(&body, "[");
	for (int i = 0; i <= ADAPTER_ALERTS_MAX; i++)
		buf_add_format(&body, "%s{\"labels\":{}}", i ? "," : "");
	buf_add_text(&body, "]");
	result = alertmanager_alerts_reply(200, buf_text(&body), body.length, &arena);
	ck_assert_int_eq(result.outcome, ADAPTER_UNKNOWN);
	ck_assert_ptr_null(result.value);
	buf_done(&body);
}
END_TEST

CHECK_MAIN("adapter replies", &weights_are_read, &states_are_what_people_forced,
	&maps_are_read_and_a_key_twice_is_unknown, &frontends_are_read, &only_silence_is_a_yes,
	&nonsense_is_shown_visibly, &a_check_names_the_release_and_the_level,
	&listeners_are_paused_where_raising_would_end_haproxy, &a_reading_is_exactly_one_number,
	&alerts_are_the_labels_of_what_fires, &more_alerts_than_are_looked_through_are_no_answer)
