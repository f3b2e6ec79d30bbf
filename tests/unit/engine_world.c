#include "engine_world.h"

#include "engine_neighbours.h"

#include "executor/execution_store.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "safety/item.h"
#include "safety/lock.h"
#include "test_directory.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct world world;
size_t world_writes, world_reads;

/* --- the plane --- */

#define CELLS	 6
#define LONG_MS	 20 /* a turn of the loop in which things are to happen, not a step of one */
#define PATIENCE 20 /* of a loaded machine */
static struct cell {
	char key[2];
	char value[64];
	bool is_there, is_unreadable;
	enum fault fault;
} cells[CELLS];
static void (*on_write)(size_t writes);
static void (*on_read)(size_t reads);

static struct cell *cell_of(const char *key)
{
	return &cells[key[0] - 'a'];
}

void world_set(const char *key, const char *value)
{
	cell_of(key)->is_there = value != NULL;
	snprintf(cell_of(key)->value, sizeof(cells[0].value), "%s", value ? value : "");
}

const char *world_get(const char *key)
{
	return cell_of(key)->is_there ? cell_of(key)->value : NULL;
}

void world_fault(const char *key, enum fault fault)
{
	cell_of(key)->fault = fault;
}

void world_unreadable(const char *key, bool is_unreadable)
{
	cell_of(key)->is_unreadable = is_unreadable;
}

void world_on_write(void (*call)(size_t writes))
{
	on_write = call;
}

void world_on_read(void (*call)(size_t reads))
{
	on_read = call;
}

struct answer {
	adapter_done done;
	void *arg;
	struct adapter_result result;
	char value[64];
};

static void give(void *arg)
{
	struct answer *answer = arg;

	answer->done(answer->arg, &answer->result);
	free(answer);
}

static struct answer *new_answer(adapter_done done, void *arg, enum adapter_outcome outcome)
{
	struct answer *answer = calloc(1, sizeof(*answer));

	answer->done = done;
	answer->arg = arg;
	answer->result.outcome = outcome;
	answer->result.message = "simulated";
	loop_soon(world.loop, give, answer);
	return answer;
}

static int sim_parse(const struct adapter_register *reg, const json_t *value, struct arena *arena,
	const char **ret_value, struct error *err)
{
	(void)reg;
	(void)err;
	if (value)
		*ret_value = json_text(arena, value);
	return 0;
}

static int sim_read(struct client *client, const struct adapter_target *target,
	const struct adapter_register *reg, int timeout_ms, adapter_done done, void *arg,
	struct error *err)
{
	struct cell *cell = cell_of(reg->args[0]);
	struct answer *answer;

	(void)client;
	(void)target;
	(void)timeout_ms;
	(void)err;
	world_reads++;
	if (on_read)
		on_read(world_reads);
	answer = new_answer(done, arg, cell->is_there ? ADAPTER_OK : ADAPTER_ABSENT);
	if (cell->is_unreadable)
		answer->result.outcome = ADAPTER_UNKNOWN;
	snprintf(answer->value, sizeof(answer->value), "%s", cell->value);
	answer->result.value = answer->result.outcome == ADAPTER_OK ? answer->value : NULL;
	return 0;
}

static int sim_write(struct client *client, const struct adapter_target *target,
	const struct adapter_register *reg, const char *value, const char *version, int timeout_ms,
	adapter_done done, void *arg, struct error *err)
{
	static const enum adapter_outcome OUTCOMES[] = {
		[FAULT_NONE] = ADAPTER_OK,
		[FAULT_REFUSE] = ADAPTER_REFUSED,
		[FAULT_UNREACHABLE] = ADAPTER_UNREACHABLE,
		[FAULT_NO_ANSWER] = ADAPTER_NO_ANSWER,
		[FAULT_NO_ANSWER_BUT_DONE] = ADAPTER_NO_ANSWER,
		[FAULT_IGNORE] = ADAPTER_OK,
	};
	struct cell *cell = cell_of(reg->args[0]);

	(void)client;
	(void)target;
	(void)version;
	(void)timeout_ms;
	(void)err;
	world_writes++;
	if (on_write)
		on_write(world_writes);
	if (cell->fault == FAULT_NONE || cell->fault == FAULT_NO_ANSWER_BUT_DONE)
		world_set(reg->args[0], value);
	new_answer(done, arg, OUTCOMES[cell->fault]);
	return 0;
}

static const struct adapter_type sim_types[] = {{.name = "sim.value",
	.arg_count = 1,
	.is_writable = true,
	.can_be_absent = true,
	.settle_ms = 0}};
static const struct adapter sim_adapter = {
	.kind = "sim",
	.types = sim_types,
	.type_count = 1,
	.parse = sim_parse,
	.read = sim_read,
	.write = sim_write,
};

/* --- the world --- */

static const struct principal person = {
	.person_id = "01HZZZZZZZZZZZZZZZZZZZZZZZ", .person_name = "alice"};

static void open_engine(void)
{
	struct executor_options options = {
		.loop = world.loop,
		.store = world.store,
		.guard_interval_ms = 10,
		.wait_interval_ms = 10,
	};
	struct error err = ERROR_INIT;

	ck_assert_int_eq(executor_open(&options, &world.executor, &err), 0);
	for (int i = 0; i < 1000 && !executor_is_ready(world.executor); i++)
		world_turn(2);
	ck_assert(executor_is_ready(world.executor));
}

void world_open(void)
{
	static const struct store_schema *const SCHEMAS[] = {&safety_schema, &executor_schema};
	struct store_options options = {.schemas = SCHEMAS, .schema_count = 2};
	struct error err = ERROR_INIT;
	char path[96];

	memset(cells, 0, sizeof(cells));
	neighbours_adapter = &sim_adapter;
	world_writes = world_reads = 0;
	on_write = NULL;
	on_read = NULL;
	for (int i = 0; i < CELLS; i++)
		world_set((char[]){(char)('a' + i), 0}, "100");
	test_directory(world.directory, sizeof(world.directory), "engine");
	snprintf(path, sizeof(path), "%s/store.db", world.directory);
	options.path = path;
	ck_assert_int_eq(loop_open(&world.loop, &err), 0);
	ck_assert_msg(store_open(&options, world.loop, &world.store, &err) == 0, "%s", err.message);
	open_engine();
}

void world_close(void)
{
	char command[128];

	executor_stop(world.executor);
	store_close(world.store);
	executor_close(world.executor);
	loop_close(world.loop);
	neighbours_forget();
	snprintf(command, sizeof(command), "rm -rf %s", world.directory);
	ck_assert_int_eq(system(command), 0);
}

void world_restart(void)
{
	executor_stop(world.executor);
	world_turn(20);
	executor_close(world.executor);
	open_engine();
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static void turn(int64_t ms)
{
	struct loop_timer *timer = loop_timer_new(world.loop, stop, world.loop);

	loop_timer_start(timer, ms, 0);
	loop_run(world.loop);
	loop_timer_free(timer);
}

void world_turn(int64_t ms)
{
	struct store_figures figures;

	turn(ms);
	/* A disk that is busy with something else does not make it short. */
	for (int rest = 0; ms >= LONG_MS && rest < 3; rest++) {
		store_get_figures(world.store, &figures);
		if (figures.waiting)
			rest = -1;
		turn(2);
	}
}

static struct execution *row_of(const char *id, struct arena *arena)
{
	struct error err = ERROR_INIT;
	struct execution *row;

	ck_assert_int_eq(execution_get(store_reader(world.store), arena, id, &row, &err), 0);
	return row;
}

enum execution_state world_state(const char *id)
{
	struct arena arena = ARENA_INIT;
	enum execution_state state = row_of(id, &arena)->state;

	arena_done(&arena);
	return state;
}

enum pause_reason world_reason(const char *id)
{
	struct arena arena = ARENA_INIT;
	enum pause_reason reason = row_of(id, &arena)->reason;

	arena_done(&arena);
	return reason;
}

void world_until(const char *id, enum execution_state state, int64_t limit_ms)
{
	int64_t end_ms = time_mono_ms() + PATIENCE * limit_ms;

	while (world_state(id) != state && time_mono_ms() < end_ms)
		world_turn(5);
	if (world_state(id) != state) {
		struct arena arena = ARENA_INIT;
		struct execution *row = row_of(id, &arena);

		ck_abort_msg("it is %s (%s: %s), not %s", execution_state_word(row->state),
			pause_reason_word(row->reason), row->message, execution_state_word(state));
	}
}

struct start_call {
	struct execution_start start;
	int answer;	   /* of the closure, when all of it is written */
	size_t told_reads; /* of the plane, when the commit was told */
	bool is_done;
	struct error err;
};

static int ask_start(struct store_tx *tx, void *arg, struct error *err)
{
	struct start_call *call = arg;

	if (execution_start(tx, &call->start, err) < 0)
		return err->code;
	executor_expect(world.executor, tx, &call->start);
	return call->answer ? error_set(err, call->answer, "the test says no") : 0;
}

static void told_start(void *arg, const struct error *err)
{
	struct start_call *call = arg;

	call->is_done = true;
	call->told_reads = world_reads;
	if (err)
		call->err = *err;
}

#define DIGEST "sha256:1111111111111111111111111111111111111111111111111111111111111111"
static const char GRAPH[] =
	"{\"format\":1,\"plan\":\"test/plan\",\"version\":\"" DIGEST
	"\",\"kind\":\"real\",\"action\":\"apply\","
	"\"mode\":\"graceful\",\"params\":{},\"targets\":{\"t\":{\"list\":[{\"name\":\"one\","
	"\"identity\":\"" DIGEST "\"}]}},\"registers\":[%s],\"body\":%s%s%s}";

/* The id of the run; valid until the next start. */
static const char *begin(struct start_call *call)
{
	static char id[ID_SIZE];

	id_new(call->start.id);
	memcpy(id, call->start.id, ID_SIZE);
	call->start.at_us = time_now_us();
	call->start.epoch = executor_epoch(world.executor);
	snprintf(
		call->start.owner, sizeof(call->start.owner), "%s", executor_owner(world.executor));
	store_write(world.store, ask_start, told_start, call);
	while (!call->is_done)
		world_turn(1);
	ck_assert_int_eq(call->err.code, call->answer);
	return id;
}

static void put_graph(const char *body, const char *guards)
{
	char registers[1024] = "", *bytes;
	size_t size =
		strlen(body) + (guards ? strlen(guards) : 0) + sizeof(GRAPH) + sizeof(registers);

	for (int i = 0; i < CELLS; i++)
		snprintf(registers + strlen(registers), sizeof(registers) - strlen(registers),
			"%s{\"args\":[\"%c\"],\"target\":\"one\",\"type\":\"sim.value\"}",
			i ? "," : "", 'a' + i);
	bytes = malloc(size);
	snprintf(bytes, size, GRAPH, registers, body, guards ? ",\"guards\":" : "",
		guards ? guards : "");
	neighbours_put_graph(DIGEST, bytes);
	free(bytes);
}

const char *world_start(const char *body, const char *guards)
{
	struct start_call call = {.start = {.principal = &person, .graph_digest = DIGEST}};

	put_graph(body, guards);
	return begin(&call);
}

size_t world_start_told(const char *body, int answer, const char **ret_id)
{
	struct start_call call = {
		.start = {.principal = &person, .graph_digest = DIGEST}, .answer = answer};

	put_graph(body, NULL);
	*ret_id = begin(&call);
	return call.told_reads;
}

const char *world_undo(const char *id)
{
	struct start_call call = {.start = {.principal = &person,
					  .graph_digest = DIGEST,
					  .restores_id = id,
					  .is_undo = true}};

	return begin(&call);
}

void world_message(const char *id, char *ret, size_t size)
{
	struct arena arena = ARENA_INIT;

	snprintf(ret, size, "%s", row_of(id, &arena)->message);
	arena_done(&arena);
}

struct command_call {
	struct execution_command command;
	bool is_done;
	int code;
};

static int ask_command(struct store_tx *tx, void *arg, struct error *err)
{
	return execution_command(tx, &((struct command_call *)arg)->command, err);
}

static void told_command(void *arg, const struct error *err)
{
	struct command_call *call = arg;

	call->is_done = true;
	call->code = err ? err->code : 0;
}

int world_command(const char *id, enum execution_verb verb, const char *value)
{
	struct command_call call = {.command = {.execution_id = id,
					    .verb = verb,
					    .principal = &person,
					    .value = value,
					    .reason = "test",
					    .if_version = -1}};

	id_new(call.command.id);
	id_new(call.command.notify_id);
	call.command.at_us = time_now_us();
	store_write(world.store, ask_command, told_command, &call);
	while (!call.is_done)
		world_turn(1);
	executor_wake(world.executor, id);
	return call.code;
}

size_t world_items(const char *id)
{
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct item **items;
	size_t count;

	ck_assert_int_eq(
		item_list(store_reader(world.store), &arena, id, NULL, &items, &count, &err), 0);
	arena_done(&arena);
	return count;
}
