/* The adapter against a real Prometheus that scrapes itself. */
#include "adapter_asker.h"
#include "check_main.h"
#include "plane.h"

#include <unistd.h>

#define PROMETHEUS (&prometheus_adapter)

static struct plane plane;
static char address[64];

static enum adapter_outcome ask(const char *query)
{
	return ask_read(PROMETHEUS, "prometheus.value", query, NULL);
}

/* It listens before it answers, and its first scrapes take their time. */
static void await_value(const char *query)
{
	for (int i = 0; i < 900; i++) {
		if (ask(query) == ADAPTER_OK)
			return;
		usleep(100000);
	}
	ck_abort_msg("%s: %s", query, asker.message);
}

static void begin(void)
{
	char listen[64], configuration[512];
	const char *const argv[] = {"/usr/bin/prometheus", "--config.file=p.yml",
		"--storage.tsdb.path=data", listen, NULL};
	int port;

	plane_open(&plane, "prometheus");
	port = plane_free_port();
	snprintf(listen, sizeof(listen), "--web.listen-address=127.0.0.1:%d", port);
	snprintf(configuration, sizeof(configuration),
		"global:\n  scrape_interval: 1s\n"
		"scrape_configs:\n"
		"  - job_name: self\n    static_configs:\n      - targets: [ '127.0.0.1:%d' ]\n"
		"  - job_name: gone\n    static_configs:\n      - targets: [ '127.0.0.1:1' ]\n",
		port);
	plane_write_file(&plane, "p.yml", configuration);
	plane_start(&plane, argv);
	plane_await_port(&plane, port);
	snprintf(address, sizeof(address), "http://127.0.0.1:%d", port);
	asker_open("prometheus", address);
	await_value("1");
}

static void end(void)
{
	asker_close();
	plane_close(&plane);
}

static void expect_value(const char *query, const char *value)
{
	ck_assert_msg(ask(query) == ADAPTER_OK, "%s: %s", query, asker.message);
	ck_assert_str_eq(asker.value, value);
}

static void expect_problem(const char *query, enum adapter_outcome outcome, const char *words)
{
	ck_assert_msg(ask(query) == outcome, "%s: %d %s", query, asker.outcome, asker.message);
	ck_assert_msg(strstr(asker.message, words), "%s: %s", query, asker.message);
}

START_TEST(numbers_come_out_canonical)
{
	begin();
	expect_value("1", "1");
	expect_value("1e6", "1000000");
	expect_value("vector(0.5)", "{\"$decimal\":\"0.5\"}");
	expect_value("1/3", "{\"$decimal\":\"0.3333333333333333\"}");
	expect_value("-2.50", "{\"$decimal\":\"-2.5\"}");
	expect_value("1e-7", "{\"$decimal\":\"0.0000001\"}");
	end();
}
END_TEST

START_TEST(real_samples_are_read)
{
	begin();
	await_value("count(up) == 2 and sum(up) == 1");
	expect_value("up{job=\"self\"}", "1");
	expect_value("up{job=\"gone\"}", "0");
	expect_value("avg(up)", "{\"$decimal\":\"0.5\"}");
	expect_problem("up", ADAPTER_UNKNOWN, "2 samples");
	expect_problem("up{job=\"nobody\"}", ADAPTER_UNKNOWN, "no sample");
	end();
}
END_TEST

START_TEST(what_is_no_number_is_unknown)
{
	begin();
	expect_problem("0/0", ADAPTER_UNKNOWN, "NaN");
	expect_problem("1/0", ADAPTER_UNKNOWN, "+Inf");
	expect_problem("absent_metric", ADAPTER_UNKNOWN, "no sample");
	expect_problem("absent_metric[1m]", ADAPTER_UNKNOWN, "matrix");
	expect_problem("\"text\"", ADAPTER_UNKNOWN, "string");
	end();
}
END_TEST

START_TEST(a_broken_query_is_refused_with_its_words)
{
	begin();
	expect_problem("sum(", ADAPTER_REFUSED, "parse error");
	expect_problem("rate(up)", ADAPTER_REFUSED, "bad_data");
	end();
}
END_TEST

START_TEST(a_check_names_the_release)
{
	begin();
	ck_assert_int_eq(ask_check(PROMETHEUS), ADAPTER_OK);
	ck_assert_int_eq(strncmp(asker.message, "Prometheus 2.", 13), 0);
	end();
}
END_TEST

CHECK_MAIN("plane prometheus", &numbers_come_out_canonical, &real_samples_are_read,
	&what_is_no_number_is_unknown, &a_broken_query_is_refused_with_its_words,
	&a_check_names_the_release)
