#include "fill_store.h"

#include "audit/audit.h"
#include "main/app.h"

struct filling {
	store_ask ask;
	void *arg;
	const int64_t *left;
	struct store *store;
	struct loop *loop;
	struct error err;
};

static int ask_more(struct store_tx *tx, void *arg, struct error *err)
{
	const struct filling *filling = arg;

	return filling->ask(tx, filling->arg, err);
}

static void told(void *arg, const struct error *err)
{
	struct filling *filling = arg;

	if (err)
		filling->err = *err;
	if (err || *filling->left == 0)
		loop_stop(filling->loop);
	else
		store_write(filling->store, ask_more, told, filling);
}

int fill_store(const char *path, store_ask ask, void *arg, const int64_t *left, struct error *err)
{
	struct store_options options = {.path = path, .append_only = audit_append_only};
	struct filling filling = {.ask = ask, .arg = arg, .left = left};
	int rc = loop_open(&filling.loop, err);

	if (rc < 0)
		return rc;
	options.schemas = app_schemas(&options.schema_count);
	rc = store_open(&options, filling.loop, &filling.store, err);
	if (rc >= 0) {
		store_write(filling.store, ask_more, told, &filling);
		loop_run(filling.loop);
		store_close(filling.store);
		*err = filling.err;
		rc = filling.err.code;
	}
	loop_close(filling.loop);
	return rc;
}
