#include "lib/server/server_rooms.h"

struct write {
	struct request *req;
	store_ask ask;
	void (*tell)(struct request *req, void *arg);
	void *arg;
	bool is_step; /* tell does not end the request */
};

static int run_ask(struct store_tx *tx, void *arg, struct error *err)
{
	struct write *write = arg;
	int rc = write->ask(tx, write->arg, err);

	if (rc < 0 || write->is_step || !write->req->keyed.key)
		return rc;
	return idempotency_record(tx, write->req, write->tell, write->arg, err);
}

/* Nobody waits any more: the write is what it is, and the request's memory ends here. */
static void drop(struct request *req)
{
	req->is_waiting = false;
	if (!req->connection)
		request_free(req);
}

static void on_told(void *arg, const struct error *err)
{
	struct write *write = arg;
	struct request *req = write->req;

	req->is_writing = false;
	if (request_is_gone(req)) {
		if (err)
			reply_note_denied(req, err);
		drop(req);
		return;
	}
	if (err) {
		reply_clear(req);
		req->headers = NULL; /* of the answer that was made inside the transaction */
		req->error = *err;
		request_fail(req);
	} else if (req->reply.is_captured) {
		req->reply.is_captured = false;
		req->is_waiting = false;
		reply_send(req);
	} else {
		request_call(req, write->tell, write->arg);
	}
}

static void start(struct request *req, store_ask ask, void (*tell)(struct request *req, void *arg),
	void *arg, bool is_step)
{
	struct write *write;

	req->is_settled = true;
	if (request_is_gone(req)) {
		drop(req);
		return;
	}
	write = arena_alloc(&req->arena, sizeof(*write));
	*write = (struct write){req, ask, tell, arg, is_step};
	req->is_waiting = true;
	req->is_writing = true;
	/* Its end is the store's answer, which always comes. */
	deadline_set(req->connection, DEADLINE_NONE);
	if (req->route->route->flags & ROUTE_VITAL)
		store_write_vital(req->store, run_ask, on_told, write);
	else
		store_write(req->store, run_ask, on_told, write);
}

void request_write(
	struct request *req, store_ask ask, void (*tell)(struct request *req, void *arg), void *arg)
{
	start(req, ask, tell, arg, false);
}

void request_write_step(
	struct request *req, store_ask ask, void (*then)(struct request *req, void *arg), void *arg)
{
	start(req, ask, then, arg, true);
}
