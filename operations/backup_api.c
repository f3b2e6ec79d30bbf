#include "operations/backup_api.h"

#include "lib/base/json.h"
#include "lib/base/text.h"

static void post_backup(struct request *req);

static const struct route routes[] = {
	{.method = ROUTE_POST,
		.path = "/api/v1/backups",
		.access = ROLE_ADMIN,
		.max_body = 8192,
		.flags = ROUTE_NO_KEY,
		.handle = post_backup,
		.summary = "Copy the database into a new file on the daemon's host",
		.request = "BackupRequest",
		.answers = {"201 Backup"}},
};

struct route_table backup_routes(struct backup_api *api)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), api};
}

static void on_done(void *arg, const struct backup_result *result, const struct error *err)
{
	struct request *req = arg;
	json_t *reply;

	if (err) {
		*request_error(req) = *err;
		request_fail(req);
		return;
	}
	reply = json_object();
	json_set_text(reply, "file", result->file);
	json_set_text(reply, "checkpoint", result->note);
	json_set_int(reply, "bytes", result->bytes);
	json_set_int(reply, "checkpoint_records", result->records);
	request_reply_json(req, 201, reply);
}

/* A name on the host is given by who is on the host: over the network it would be a way to write
 * there. */
static int check_local(const struct principal *principal, struct error *err)
{
	if (text_is_equal(principal->actor.address, "unix"))
		return 0;
	error_set(err, ERROR_FORBIDDEN, "a backup is asked for on the daemon's own host");
	return error_remedy(err, "use the unix socket there: redbutton backup FILE");
}

static void post_backup(struct request *req)
{
	static const char *const fields[] = {"file", NULL};
	const struct backup_api *api = request_context(req);
	const struct principal *principal = request_principal(req);
	struct error *err = request_error(req);
	const char *path;

	if (json_check_keys(request_json(req), fields, err) < 0 ||
		json_get_text(request_json(req), "file", true, &path, err) < 0 ||
		check_local(principal, err) < 0 ||
		backup_start(api->backups, path, &principal->actor, on_done, req, err) < 0)
		request_fail(req);
	else
		request_hold(req);
}
