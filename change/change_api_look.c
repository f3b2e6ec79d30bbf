#include "change/change_api_rooms.h"
#include "lib/base/json.h"

#include <string.h>

void change_api_list(struct request *req)
{
	struct change_filter filter = {
		.state = request_text(req, "state"),
		.requester = request_text(req, "requester"),
		.before_seq = request_int(req, "before", INT64_MAX),
		.limit = request_int(req, "limit", CHANGE_PAGE),
	};
	struct change **list = NULL;
	size_t count = 0;
	json_t *items;

	if (change_store_list(request_reader(req), request_arena(req), &filter, &list, &count,
		    request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, change_json(list[i]));
	request_reply_json(req, 200, json_pack("{s:o}", "items", items));
}

void change_api_show(struct request *req)
{
	struct change *change;

	if (change_get(request_reader(req), request_arena(req), request_text(req, "name"), &change,
		    request_error(req)) < 0)
		request_fail(req);
	else
		change_api_reply(req, 200, change);
}

static int load(struct request *req, struct change **ret, struct change_revision **ret_row)
{
	int rc = change_get(request_reader(req), request_arena(req), request_text(req, "name"), ret,
		request_error(req));

	return rc < 0 ? rc
		      : revision_store_get(request_reader(req), request_arena(req), (*ret)->seq,
				(*ret)->revision, ret_row, request_error(req));
}

/* A draft is rendered as it is now; from its assessment on the bytes that are signed are kept. */
static int render_now(struct request *req, const struct change *change,
	const struct change_revision *row, const char **ret)
{
	struct render_input input = {.tx = request_reader(req), .change = change, .row = row};
	struct revision *revision;
	int rc = change_get_revision(
		input.tx, request_arena(req), change, &revision, request_error(req));

	if (rc < 0)
		return rc;
	input.revision = revision;
	return change_render(request_arena(req), &input, ret, request_error(req));
}

void change_api_render(struct request *req)
{
	struct change_revision *row;
	struct change *change;
	const char *text;
	json_t *object;

	if (load(req, &change, &row) < 0) {
		request_fail(req);
		return;
	}
	text = row->rendering;
	if (!*text && render_now(req, change, row, &text) < 0) {
		request_fail(req);
		return;
	}
	object = json_object();
	json_set_text(object, "name", change->name);
	json_set_int(object, "revision", change->revision);
	json_set_text(object, "revision_digest", change->revision_digest);
	if (*row->rendering) {
		json_set_text(object, "render_digest", row->render_digest);
		json_set_text(object, "approval_digest",
			*change->approval_digest ? change->approval_digest : NULL);
	}
	json_set_text(object, "text", text);
	request_reply_json(req, 200, object);
}

void change_api_diff(struct request *req)
{
	struct change_revision *row;
	struct change *change;
	json_t *items = NULL;

	if (load(req, &change, &row) < 0 ||
		json_parse(row->diff, strlen(row->diff), JSON_DEPTH_GRAPH, &items,
			request_error(req)) < 0)
		request_fail(req);
	else
		request_reply_json(req, 200,
			json_pack("{s:s, s:I, s:o}", "name", change->name, "revision",
				(json_int_t)change->revision, "items", items));
}

void change_api_findings(struct request *req)
{
	struct store_tx *tx = request_reader(req);
	const char *const *waived;
	struct risk_report *report;
	struct change *change;

	if (change_get(tx, request_arena(req), request_text(req, "name"), &change,
		    request_error(req)) < 0 ||
		risk_get(tx, request_arena(req), change->seq, change->revision, &report,
			request_error(req)) < 0 ||
		change_waived(tx, request_arena(req), change, request_now_us(req), &waived,
			request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	risk_recount(report, waived, request_arena(req));
	request_reply_json(req, 200, risk_report_json(report));
}
