#include "lib/base/time.h"
#include "lib/server/server_rooms.h"

/* Rooms for a request line that drips: the idle time-out plus the time of a request. */
static void expire(struct connection *connection)
{
	struct request *req = connection->request;
	enum deadline_kind kind = connection->deadline;

	deadline_set(connection, DEADLINE_NONE);
	if (kind == DEADLINE_HELD && req && req->is_waiting && !req->is_sent) {
		request_give_up(req, ERROR_TIMEOUT, "the answer did not come in time");
		return;
	}
	shutdown(connection->fd, SHUT_RDWR);
}

static void arm(struct server *server)
{
	struct deadlines *deadlines = &server->deadlines;
	int64_t now_ms = time_mono_ms(), earliest_ms = 0;

	for (int kind = DEADLINE_IDLE; kind < DEADLINE_KINDS; kind++) {
		const struct connection *first = deadlines->first[kind];

		if (first && (!earliest_ms || first->deadline_ms < earliest_ms))
			earliest_ms = first->deadline_ms;
	}
	deadlines->armed_ms = earliest_ms;
	if (earliest_ms)
		loop_timer_start(deadlines->timer, earliest_ms - now_ms, 0);
	else
		loop_timer_stop(deadlines->timer);
}

static void on_timer(void *arg)
{
	struct server *server = arg;
	struct deadlines *deadlines = &server->deadlines;
	int64_t now_ms = time_mono_ms();

	for (int kind = DEADLINE_IDLE; kind < DEADLINE_KINDS; kind++)
		while (deadlines->first[kind] && deadlines->first[kind]->deadline_ms <= now_ms)
			expire(deadlines->first[kind]);
	arm(server);
}

void deadline_init(struct server *server)
{
	server->deadlines.timer = loop_timer_new(server->loop, on_timer, server);
}

void deadline_done(struct server *server)
{
	loop_timer_free(server->deadlines.timer);
}

static void unlink_connection(struct deadlines *deadlines, struct connection *connection)
{
	enum deadline_kind kind = connection->deadline;

	if (connection->before)
		connection->before->next = connection->next;
	else
		deadlines->first[kind] = connection->next;
	if (connection->next)
		connection->next->before = connection->before;
	else
		deadlines->last[kind] = connection->before;
	connection->before = connection->next = NULL;
}

void deadline_set(struct connection *connection, enum deadline_kind kind)
{
	struct server *server = connection->server;
	struct deadlines *deadlines = &server->deadlines;

	if (connection->deadline != DEADLINE_NONE)
		unlink_connection(deadlines, connection);
	connection->deadline = kind;
	if (kind == DEADLINE_NONE)
		return;
	connection->deadline_ms = time_mono_ms() + deadlines->length_ms[kind];
	connection->before = deadlines->last[kind];
	if (connection->before)
		connection->before->next = connection;
	else
		deadlines->first[kind] = connection;
	deadlines->last[kind] = connection;
	/* The timer may fire too early, never too late: nothing is re-armed on the hot path. */
	if (!deadlines->armed_ms || connection->deadline_ms < deadlines->armed_ms)
		arm(server);
}
