#include "calendar/calendar_api.h"

#include "calendar/calendar_rooms.h"
#include "lib/base/json.h"
#include "lib/base/time.h"

#include <string.h>

#define BODY_MAX     (CALENDAR_ICS_MAX + CALENDAR_ICS_MAX / 2)
#define WINDOWS_PAGE 500

static void list_calendars(struct request *req);
static void add_calendar(struct request *req);
static void show_state(struct request *req);
static void show_calendar(struct request *req);
static void change_calendar(struct request *req);
static void remove_calendar(struct request *req);
static void list_windows(struct request *req);
static void show_text(struct request *req);

#define NAME                                                                                       \
	{                                                                                          \
		"name", PARAM_NAME, 0, 0, "name of the calendar"                                   \
	}

static const struct route routes[] = {
	{ROUTE_GET, "/api/v1/calendars", ROLE_ANY, 0, ROUTE_KEPT, list_calendars, {{0}}, {{0}},
		"Calendars, by name", NULL, {"200 CalendarList"}},
	{ROUTE_POST, "/api/v1/calendars", ROLE_ADMIN, BODY_MAX, ROUTE_ETAG, add_calendar, {{0}},
		{{0}}, "Add a calendar from iCalendar text", "CalendarAdd", {"201 Calendar"}},
	{ROUTE_GET, "/api/v1/calendars/state", ROLE_ANY, 0, 0, show_state, {{0}},
		{{"at", PARAM_TEXT, 0, 0, "RFC 3339; now when left out"},
			{"environment", PARAM_NAME, 0, 0, "of the target"},
			{"site", PARAM_NAME, 0, 0, "of the target"},
			{"zone", PARAM_NAME, 0, 0, "of the target"},
			{"service", PARAM_NAME, 0, 0, "of the target"},
			{"tier", PARAM_NAME, 0, 0, "of the target"}},
		"Open or closed there and then, why, and when that changes next", NULL,
		{"200 CalendarState"}},
	{ROUTE_GET, "/api/v1/calendars/{name}", ROLE_ANY, 0, ROUTE_ETAG | ROUTE_KEPT, show_calendar,
		{NAME}, {{0}}, "One calendar", NULL, {"200 Calendar"}},
	{ROUTE_PUT, "/api/v1/calendars/{name}", ROLE_ADMIN, BODY_MAX, ROUTE_ETAG | ROUTE_NEED_MATCH,
		change_calendar, {NAME}, {{0}},
		"Change the given fields of a calendar, or import its text anew (If-Match)",
		"CalendarChange", {"200 Calendar"}},
	{ROUTE_DELETE, "/api/v1/calendars/{name}", ROLE_ADMIN, 0, ROUTE_NEED_MATCH, remove_calendar,
		{NAME}, {{0}}, "Remove a calendar (If-Match)", NULL, {"204"}},
	{ROUTE_GET, "/api/v1/calendars/{name}/windows", ROLE_ANY, 0, 0, list_windows, {NAME},
		{{"from", PARAM_TEXT, 0, 0, "RFC 3339; now when left out"},
			{"limit", PARAM_INT, 1, WINDOWS_PAGE, "how many at most"}},
		"Its freezes or windows from then on, as they were worked out", NULL,
		{"200 CalendarWindowList"}},
	{ROUTE_GET, "/api/v1/calendars/{name}/text", ROLE_ANY, 0, ROUTE_KEPT, show_text, {NAME},
		{{0}}, "Its iCalendar text as it was given", NULL, {"200 text/calendar"}},
};

struct route_table calendar_routes(struct calendar_context *context)
{
	return (struct route_table){routes, sizeof(routes) / sizeof(routes[0]), context};
}

static const char *const labels[] = {"environment", "site", "zone", "service", "tier", NULL};

/* --- reading --- */

static void list_calendars(struct request *req)
{
	struct calendar **list = NULL;
	size_t count = 0;
	json_t *items;

	if (calendar_store_list(request_reader(req), request_arena(req), &list, &count,
		    request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, calendar_json(list[i]));
	request_reply_json(req, 200, json_pack("{s:o}", "items", items));
}

static int take_time(struct request *req, const char *param, int64_t *ret)
{
	const char *text = request_text(req, param);

	*ret = request_now_us(req);
	return text ? time_parse(param, text, ret, request_error(req)) : 0;
}

static json_t *asked_subjects(struct request *req)
{
	json_t *subject = json_object(), *subjects = json_array();

	for (const char *const *label = labels; *label; label++)
		json_set_text(subject, *label, request_text(req, *label));
	json_array_append_new(subjects, subject);
	return subjects;
}

static void show_state(struct request *req)
{
	struct calendar_state state;
	json_t *subjects = asked_subjects(req);
	int64_t at_us;
	int rc = take_time(req, "at", &at_us);

	if (rc == 0)
		rc = calendar_get_state(request_reader(req), request_arena(req), subjects, at_us,
			&state, request_error(req));
	json_decref(subjects);
	if (rc < 0)
		request_fail(req);
	else
		request_reply_json(req, 200, calendar_state_json(&state));
}

static int find_calendar(struct request *req, struct calendar **ret)
{
	return calendar_get(request_reader(req), request_arena(req), request_text(req, "name"), ret,
		request_error(req));
}

static void reply_calendar(struct request *req, unsigned status, const struct calendar *calendar)
{
	request_set_version(req, calendar->version);
	request_reply_json(req, status, calendar_json(calendar));
}

static void show_calendar(struct request *req)
{
	struct calendar *calendar;

	if (find_calendar(req, &calendar) < 0)
		request_fail(req);
	else
		reply_calendar(req, 200, calendar);
}

static void list_windows(struct request *req)
{
	struct calendar_window *windows = NULL;
	struct calendar *calendar;
	json_t *items;
	int64_t from_us;
	size_t count = 0;

	if (take_time(req, "from", &from_us) < 0 || find_calendar(req, &calendar) < 0 ||
		calendar_store_windows(request_reader(req), request_arena(req), calendar->id,
			from_us, INT64_MAX, request_int(req, "limit", WINDOWS_PAGE), &windows,
			&count, request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, calendar_window_json(&windows[i]));
	request_reply_json(req, 200, json_pack("{s:o}", "items", items));
}

static void show_text(struct request *req)
{
	struct calendar *calendar;
	const char *ics;

	if (find_calendar(req, &calendar) < 0 ||
		calendar_store_text(request_reader(req), request_arena(req), calendar->id, &ics,
			request_error(req)) < 0)
		request_fail(req);
	else
		request_reply_bytes(req, 200, "text/calendar; charset=utf-8", ics, strlen(ics));
}

/* --- putting: the windows are worked out on the pool, then all is written at once --- */

struct putting {
	struct calendar_put put;
	struct request *req;
};

static int take_default(const json_t *body, struct calendar *calendar, struct error *err)
{
	const char *word = NULL;
	int rc = json_get_text(body, "default", false, &word, err);

	if (rc < 0 || !word)
		return rc;
	calendar->is_open_by_default = !strcmp(word, "open");
	if (calendar->is_open_by_default || !strcmp(word, "closed"))
		return 0;
	error_set(err, ERROR_INVALID, "default is \"open\" or \"closed\", not \"%s\"", word);
	error_field(err, "default");
	return error_remedy(
		err, "open: its events are freezes; closed: its events are the windows");
}

static int take_overrun(const json_t *body, struct calendar *calendar, struct error *err)
{
	const char *word = NULL;
	int rc = json_get_text(body, "overrun", false, &word, err);

	return rc < 0 || !word ? rc : calendar_overrun_parse(word, &calendar->overrun, err);
}

static int take_approvers(const json_t *body, struct calendar *calendar, struct error *err)
{
	if (json_is_null(json_object_get(body, "approvers"))) {
		calendar->approvers = NULL;
		return 0;
	}
	return json_get_text(body, "approvers", false, &calendar->approvers, err);
}

static int take_fields(struct request *req, struct calendar_put *put, struct error *err)
{
	const json_t *body = request_json(req);
	struct calendar *calendar = &put->calendar;
	json_t *selector = NULL;
	int rc;

	if ((rc = take_default(body, calendar, err)) < 0 ||
		(rc = json_get_text(body, "zone", false, &calendar->zone, err)) < 0 ||
		(rc = json_get_object(body, "selector", false, &selector, err)) < 0 ||
		(rc = take_overrun(body, calendar, err)) < 0 ||
		(rc = take_approvers(body, calendar, err)) < 0 ||
		(rc = json_get_int(body, "grace_ms", false, INT64_MIN, INT64_MAX,
			 &calendar->grace_ms, err)) < 0 ||
		(rc = json_get_int(body, "max_age_ms", false, INT64_MIN, INT64_MAX,
			 &calendar->max_age_ms, err)) < 0 ||
		(rc = json_get_text(body, "ics", put->is_new, &put->ics, err)) < 0)
		return rc;
	if (selector)
		put->selector = selector;
	put->is_import = json_object_get(body, "ics") != NULL;
	return 0;
}

static int ask_put(struct store_tx *tx, void *arg, struct error *err)
{
	return calendar_put(tx, &((struct putting *)arg)->put, err);
}

static void tell_put(struct request *req, void *arg)
{
	const struct calendar_put *put = &((const struct putting *)arg)->put;

	reply_calendar(req, put->is_new ? 201 : 200, put->ret_calendar);
}

static void on_windows(void *arg, const struct error *err)
{
	struct putting *putting = arg;

	if (err) {
		*request_error(putting->req) = *err;
		request_fail(putting->req);
		return;
	}
	request_write(putting->req, ask_put, tell_put, putting);
}

static struct putting *start_putting(struct request *req)
{
	struct putting *putting = request_alloc(req, sizeof(*putting));

	putting->req = req;
	putting->put.act = (struct calendar_act){
		request_principal(req), request_now_us(req), request_arena(req)};
	return putting;
}

static void expand(struct putting *putting)
{
	const struct calendar_context *context = request_context(putting->req);
	const struct calendar_work work = {context->loop, &putting->put, on_windows, putting};

	calendar_expand(&work);
	request_hold(putting->req);
}

static void add_calendar(struct request *req)
{
	static const char *const keys[] = {"name", "default", "zone", "selector", "overrun",
		"grace_ms", "approvers", "max_age_ms", "ics", NULL};
	struct putting *putting = start_putting(req);
	struct error *err = request_error(req);

	putting->put.is_new = true;
	putting->put.calendar = (struct calendar){.is_open_by_default = true, .zone = "UTC"};
	id_new(putting->put.calendar.id);
	if (json_check_keys(request_json(req), keys, err) < 0 ||
		json_get_text(request_json(req), "name", true, &putting->put.calendar.name, err) <
			0 ||
		take_fields(req, &putting->put, err) < 0)
		request_fail(req);
	else
		expand(putting);
}

static void free_json(void *value)
{
	json_decref(value);
}

/* What is not given stays as it is. */
static int take_kept(struct request *req, struct calendar_put *put)
{
	struct calendar *calendar;
	json_t *selector = NULL;

	if (find_calendar(req, &calendar) < 0 ||
		calendar_store_text(request_reader(req), request_arena(req), calendar->id,
			&put->ics, request_error(req)) < 0 ||
		json_parse(calendar->selector, strlen(calendar->selector), JSON_DEPTH_MAX,
			&selector, request_error(req)) < 0)
		return request_error(req)->code;
	arena_defer(request_arena(req), free_json, selector);
	put->calendar = *calendar;
	put->selector = selector;
	return 0;
}

static void change_calendar(struct request *req)
{
	static const char *const keys[] = {"default", "zone", "selector", "overrun", "grace_ms",
		"approvers", "max_age_ms", "ics", NULL};
	struct putting *putting = start_putting(req);
	struct calendar_put *put = &putting->put;
	struct error *err = request_error(req);

	put->if_version = request_if_match(req);
	if (json_check_keys(request_json(req), keys, err) < 0 || take_kept(req, put) < 0) {
		request_fail(req);
		return;
	}
	if (put->if_version < 0)
		put->if_version = put->calendar.version;
	if (take_fields(req, put, err) < 0)
		request_fail(req);
	else
		expand(putting);
}

/* --- removing --- */

static int ask_remove(struct store_tx *tx, void *arg, struct error *err)
{
	return calendar_remove(tx, arg, err);
}

static void tell_removed(struct request *req, void *arg)
{
	(void)arg;
	request_reply_empty(req);
}

static void remove_calendar(struct request *req)
{
	struct calendar_remove *remove = request_alloc(req, sizeof(*remove));

	remove->act = (struct calendar_act){
		request_principal(req), request_now_us(req), request_arena(req)};
	remove->name = request_text(req, "name");
	remove->if_version = request_if_match(req);
	request_write(req, ask_remove, tell_removed, remove);
}
