/* Registers in memory behind a real adapter struct, with everything that a plane can do to one. */
#include "sim.h"

#include "../unit/engine_neighbours.h"
#include "lib/base/json.h"
#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

struct sim_cell sim_cells[SIM_CELLS];
int sim_life;

struct call {
	struct call *next;
	struct loop_timer *land, *answer;
	adapter_done done;
	void *arg;
	size_t cell;
	bool is_write, has_landed, has_wanted;
	enum sim_fault fault;
	char wanted[64], value[64], version[24];
	char expected[24]; /* version of a compare-and-set */
	struct adapter_result result;
};

static struct loop *plane_loop;
static struct call *calls;

const char *sim_cell_key(size_t cell)
{
	static const char *const KEYS[] = {"one sim.value a", "one sim.value b", "one sim.value c",
		"one sim.value d", "one sim.value e", "one sim.value f", "one sim.value g",
		"one sim.value h"};

	return KEYS[cell];
}

const char *sim_value(size_t cell)
{
	return sim_cells[cell].is_there ? sim_cells[cell].value : NULL;
}

static void put(size_t cell, const char *value)
{
	sim_cells[cell].is_there = value != NULL;
	sim_cells[cell].version++;
	snprintf(sim_cells[cell].value, sizeof(sim_cells[cell].value), "%s", value ? value : "");
}

void sim_plane_set_foreign(size_t cell, const char *value)
{
	struct sim_cell *one = &sim_cells[cell];

	if (text_is_equal(sim_value(cell), value))
		return;
	sim_trace("somebody sets %c: %s -> %s", (char)('a' + cell),
		one->is_there ? one->value : "absent", value ? value : "absent");
	sim_counts.foreign++;
	put(cell, value);
	one->is_ours = one->was_altered = false;
	one->was_foreign = one->was_ever_foreign = true;
	one->foreign_ms = sim_now_ms;
}

/* --- calls --- */

static void forget(struct call *call)
{
	struct call **slot = &calls;

	while (*slot != call)
		slot = &(*slot)->next;
	*slot = call->next;
	loop_timer_free(call->land);
	loop_timer_free(call->answer);
	free(call);
}

static void land(struct call *call)
{
	struct sim_cell *cell = &sim_cells[call->cell];
	const char *wanted = call->has_wanted ? call->wanted : NULL;
	char now[24];

	call->has_landed = true;
	snprintf(now, sizeof(now), "%lld", (long long)cell->version);
	if (call->expected[0] && !text_is_equal(call->expected, now)) {
		call->result.outcome = ADAPTER_STALE;
		call->result.message = "it has another version";
		return;
	}
	switch (call->fault) {
	case SIM_REFUSE:
		call->result.outcome = ADAPTER_REFUSED;
		return;
	case SIM_UNREACHABLE:
		call->result.outcome = ADAPTER_UNREACHABLE;
		return;
	case SIM_NO_ANSWER:
	case SIM_IGNORE:
		return;
	default:
		break;
	}
	sim_check_land(call->cell, wanted);
	put(call->cell, call->fault == SIM_ALTER ? "13" : wanted);
	cell->is_ours = true;
	cell->was_altered = call->fault == SIM_ALTER;
	cell->was_ever_altered |= cell->was_altered;
	cell->was_foreign = false;
	sim_trace(
		"%c is %s now", (char)('a' + call->cell), cell->is_there ? cell->value : "absent");
}

static void on_land(void *arg)
{
	if (!sim_is_dead)
		land(arg);
}

static void keep_read(struct call *call)
{
	struct sim_cell *cell = &sim_cells[call->cell];

	cell->life = sim_life;
	cell->was_read =
		call->result.outcome == ADAPTER_OK || call->result.outcome == ADAPTER_ABSENT;
	cell->read_there = call->result.outcome == ADAPTER_OK;
	memcpy(cell->read_value, call->value, sizeof(cell->read_value));
}

static void on_answer(void *arg)
{
	struct call *call = arg;
	struct call copy = *call;

	if (sim_is_dead)
		return;
	if (call->is_write && !call->has_landed)
		land(call);
	copy = *call;
	if (!call->is_write)
		keep_read(call);
	forget(call);
	if (copy.is_write &&
		(copy.fault == SIM_NO_ANSWER || copy.fault == SIM_NO_ANSWER_BUT_DONE) &&
		copy.result.outcome == ADAPTER_OK)
		copy.result.outcome = ADAPTER_NO_ANSWER;
	if (copy.result.value)
		copy.result.value = copy.value;
	if (copy.result.version)
		copy.result.version = copy.version;
	copy.done(copy.arg, &copy.result);
}

static struct call *new_call(size_t cell, adapter_done done, void *arg, int delay_ms)
{
	struct call *call = calloc(1, sizeof(*call));

	call->done = done;
	call->arg = arg;
	call->cell = cell;
	call->result.message = "simulated";
	call->land = loop_timer_new(plane_loop, on_land, call);
	call->answer = loop_timer_new(plane_loop, on_answer, call);
	call->next = calls;
	calls = call;
	loop_timer_start(call->answer, delay_ms, 0);
	return call;
}

static int delay_of(size_t cell)
{
	return sim_cells[cell].is_slow ? sim_between(200, 4900) : sim_between(0, 12);
}

static size_t cell_of(const struct adapter_register *reg)
{
	return (size_t)(reg->args[0][0] - 'a');
}

static int sim_parse(const struct adapter_register *reg, const json_t *value, struct arena *arena,
	const char **ret_value, struct error *err)
{
	(void)reg;
	if (!value)
		return 0;
	if (json_is_integer(value) && json_integer_value(value) > 100000)
		return error_set(err, ERROR_INVALID, "too large for this plane");
	*ret_value = json_text(arena, value);
	return 0;
}

static int sim_read(struct client *client, const struct adapter_target *target,
	const struct adapter_register *reg, int timeout_ms, adapter_done done, void *arg,
	struct error *err)
{
	size_t cell = cell_of(reg);
	struct sim_cell *one = &sim_cells[cell];
	struct call *call;

	(void)client;
	(void)target;
	(void)timeout_ms;
	if (one->is_unreadable && sim_is(20))
		return error_set(err, ERROR_UNREACHABLE, "simulated: no way there");
	call = new_call(cell, done, arg, delay_of(cell));
	one->read_ms = sim_now_ms;
	call->result.outcome = one->is_unreadable ? sim_is(50) ? ADAPTER_UNKNOWN : ADAPTER_NO_ANSWER
			       : one->is_there	  ? ADAPTER_OK
						  : ADAPTER_ABSENT;
	memcpy(call->value, one->value, sizeof(call->value));
	if (call->result.outcome == ADAPTER_OK)
		call->result.value = call->value;
	if (one->has_versions) {
		snprintf(call->version, sizeof(call->version), "%lld", (long long)one->version);
		call->result.version = call->version;
	}
	return 0;
}

static int sim_write(struct client *client, const struct adapter_target *target,
	const struct adapter_register *reg, const char *value, const char *version, int timeout_ms,
	adapter_done done, void *arg, struct error *err)
{
	size_t cell = cell_of(reg);
	bool is_lost;
	struct call *call;
	int delay_ms;

	(void)client;
	(void)target;
	if (sim_is_dead)
		return error_set(err, ERROR_UNREACHABLE, "dead");
	sim_check_send(cell, value);
	sim_counts.sends++;
	is_lost = sim_cells[cell].fault == SIM_NO_ANSWER ||
		  sim_cells[cell].fault == SIM_NO_ANSWER_BUT_DONE;
	delay_ms = is_lost ? timeout_ms : delay_of(cell);
	call = new_call(cell, done, arg, delay_ms);
	call->is_write = true;
	call->fault = sim_cells[cell].fault;
	call->has_wanted = value != NULL;
	snprintf(call->wanted, sizeof(call->wanted), "%s", value ? value : "");
	snprintf(call->expected, sizeof(call->expected), "%s", version ? version : "");
	sim_trace("send %c = %s (fault %d)", (char)('a' + cell), value ? value : "absent",
		call->fault);
	loop_timer_start(call->land, sim_between(0, delay_ms), 0);
	if (sim_is(sim_disk.crash_at_send)) {
		sim_trace("crash after the send");
		sim_is_dead = true;
	}
	return 0;
}

static const struct adapter_type TYPES[] = {{.name = "sim.value",
	.arg_count = 1,
	.is_writable = true,
	.has_compare_and_set = true,
	.can_be_absent = true,
	.settle_ms = 300}};
static const struct adapter ADAPTER = {
	.kind = "sim",
	.types = TYPES,
	.type_count = 1,
	.parse = sim_parse,
	.read = sim_read,
	.write = sim_write,
};

/* --- life --- */

void sim_plane_start(struct loop *loop)
{
	plane_loop = loop;
	neighbours_adapter = &ADAPTER;
	memset(sim_cells, 0, sizeof(sim_cells));
	for (size_t i = 0; i < SIM_CELLS; i++) {
		char text[16] = "10";

		if (i < SIM_WRITTEN)
			snprintf(text, sizeof(text), "%d", sim_between(1, 10) * 20);
		put(i, i < SIM_WRITTEN && sim_is(10) ? NULL : text);
		sim_cells[i].has_versions = sim_is(50);
		sim_cells[i].initial_there = sim_cells[i].is_there;
		memcpy(sim_cells[i].initial, sim_cells[i].value, sizeof(sim_cells[i].initial));
	}
}

void sim_plane_heal(void)
{
	for (size_t i = 0; i < SIM_CELLS; i++) {
		sim_cells[i].fault = SIM_FINE;
		sim_cells[i].is_unreadable = sim_cells[i].is_slow = false;
	}
	for (size_t i = SIM_WRITTEN; i < SIM_CELLS; i++)
		sim_plane_set_foreign(i, "10");
}

void sim_plane_kill(void)
{
	while (calls) {
		if (calls->is_write && !calls->has_landed && sim_is(50))
			land(calls);
		forget(calls);
	}
}
