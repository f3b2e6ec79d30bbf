/* Asks an adapter and waits for its answer, for tests: one loop, one client, one result. */
#ifndef RB_TESTS_ADAPTER_ASKER_H
#define RB_TESTS_ADAPTER_ASKER_H

#include "adapters/adapter.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static struct {
	struct loop *loop;
	struct client *client;
	struct adapter_target target;
	int timeout_ms;
	int answers;
	enum adapter_outcome outcome;
	char value[512], message[1024];
} asker;

static void asker_open(const char *kind, const char *address)
{
	memset(&asker, 0, sizeof(asker));
	asker.target = (struct adapter_target){.name = "t", .kind = kind, .address = address};
	asker.timeout_ms = 5000;
	ck_assert_int_eq(loop_open(&asker.loop, NULL), 0);
	ck_assert_int_eq(client_open(asker.loop, &asker.client, NULL), 0);
}

static void asker_close(void)
{
	client_close(asker.client);
	loop_close(asker.loop);
}

static void asker_answer(void *arg, const struct adapter_result *result)
{
	(void)arg;
	asker.answers++;
	asker.outcome = result->outcome;
	snprintf(asker.value, sizeof(asker.value), "%s", result->value ? result->value : "");
	snprintf(
		asker.message, sizeof(asker.message), "%s", result->message ? result->message : "");
	ck_assert((result->value != NULL) == (result->outcome == ADAPTER_OK) || !result->value);
	loop_stop(asker.loop);
}

static enum adapter_outcome asker_wait(int rc, const struct error *err)
{
	ck_assert_msg(rc == 0, "%s", err->message);
	ck_assert_int_eq(asker.answers, 0);
	loop_run(asker.loop);
	ck_assert_int_eq(asker.answers, 1);
	return asker.outcome;
}

__attribute__((unused)) static enum adapter_outcome ask_read(
	const struct adapter *adapter, const char *type, const char *first, const char *second)
{
	const char *const args[] = {first, second, NULL};
	const struct adapter_register reg = {.type = type, .args = args};
	struct error err = ERROR_INIT;

	asker.answers = 0;
	return asker_wait(adapter->read(asker.client, &asker.target, &reg, asker.timeout_ms,
				  asker_answer, NULL, &err),
		&err);
}

__attribute__((unused)) static enum adapter_outcome ask_write(const struct adapter *adapter,
	const char *type, const char *first, const char *second, const char *value)
{
	const char *const args[] = {first, second, NULL};
	const struct adapter_register reg = {.type = type, .args = args};
	struct error err = ERROR_INIT;

	asker.answers = 0;
	return asker_wait(adapter->write(asker.client, &asker.target, &reg, value, NULL,
				  asker.timeout_ms, asker_answer, NULL, &err),
		&err);
}

__attribute__((unused)) static enum adapter_outcome ask_check(const struct adapter *adapter)
{
	struct error err = ERROR_INIT;

	asker.answers = 0;
	return asker_wait(adapter->check(asker.client, &asker.target, asker.timeout_ms,
				  asker_answer, NULL, &err),
		&err);
}

#endif
