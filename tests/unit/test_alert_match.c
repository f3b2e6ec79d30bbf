/* Which alerts are about what, and that the same ones are the same list. */
#include "change/alert/alert.h"
#include "check_main.h"

#include <string.h>

static json_t *parse(const char *text)
{
	json_t *value = json_loads(text, 0, NULL);

	ck_assert_ptr_nonnull(value);
	return value;
}

/* "object name, object name": what is about web-1 of shop, and about the namespace pay. */
static void expect(const char *firing, const char *want)
{
	json_t *alerts = parse(firing), *list = json_array(), *one,
	       *labels = parse("{\"instance\":\"10.0.0.7\",\"cluster\":\"main\"}");
	const struct alert_subject subjects[] = {
		{.object = "svc:shop", .kind = "service", .name = "shop"},
		{.object = "host:web-1", .kind = "host", .name = "web-1", .labels = labels},
		{.object = "k8s:p", .kind = "k8s", .name = "p", .labels = labels, .space = "pay"},
	};
	char found[4096] = "";
	size_t i;

	alert_match(alerts, "production", subjects, 3, list);
	json_array_foreach (list, i, one) {
		strcat(found, i ? ", " : "");
		strcat(found, json_string_value(json_object_get(one, "object")));
		strcat(found, " ");
		strcat(found, json_string_value(json_object_get(one, "name")));
	}
	ck_assert_str_eq(found, want);
	json_decref(alerts);
	json_decref(list);
	json_decref(labels);
}

START_TEST(an_alert_is_about_what_its_labels_name)
{
	static const char *const rows[][2] = {
		{"{\"instance\":\"web-1:9100\"}", "host:web-1 A"},
		{"{\"host\":\"web-1.example.com\"}", "host:web-1 A"},
		{"{\"node\":\"web-1\"}", "host:web-1 A"},
		{"{\"instance\":\"10.0.0.7:9100\"}", "host:web-1 A, k8s:p A"},
		{"{\"instance\":\"10.0.0.70:9100\"}", ""},
		{"{\"host\":\"10.0.0.7\"}", ""}, /* the target has no label host */
		{"{\"instance\":\"web-10:9100\"}", ""},
		{"{\"instance\":\"\"}", ""},
		{"{\"service\":\"shop\"}", "svc:shop A"},
		{"{\"job\":\"shop\"}", "svc:shop A"},
		{"{\"service\":\"shop-api\"}", ""},
		{"{\"namespace\":\"pay\"}", "k8s:p A"},
		{"{\"namespace\":\"pay\",\"cluster\":\"main\"}", "k8s:p A"},
		{"{\"namespace\":\"pay\",\"cluster\":\"other\"}", ""},
		{"{\"service\":\"shop\",\"instance\":\"web-1\"}", "host:web-1 A, svc:shop A"},
		{"{\"service\":\"shop\",\"environment\":\"production\"}", "svc:shop A"},
		{"{\"service\":\"shop\",\"environment\":\"staging\"}", ""},
		{"{\"service\":\"shop\",\"env\":\"staging\"}", ""},
		{"{\"service\":\"shop\",\"severity\":\"info\"}", ""},
		{"{\"service\":\"shop\",\"severity\":\"none\"}", ""},
		{"{\"service\":\"shop\",\"severity\":\"warning\"}", "svc:shop A"},
		{"{}", ""},
	};
	char text[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *rest = rows[i][0] + 1;

		snprintf(text, sizeof(text), "[{\"alertname\":\"A\"%s%s]", *rest == '}' ? "" : ",",
			rest);
		expect(text, rows[i][1]);
	}
}
END_TEST

START_TEST(the_same_alerts_are_the_same_list)
{
	expect("[{\"alertname\":\"B\",\"job\":\"shop\"},{\"alertname\":\"A\",\"job\":\"shop\"},"
	       "{\"alertname\":\"B\",\"job\":\"shop\",\"pod\":\"2\"},"
	       "{\"alertname\":\"C\",\"node\":\"web-1\"},{\"job\":\"shop\"}]",
		"host:web-1 C, svc:shop A, svc:shop B, svc:shop without a name");
}
END_TEST

START_TEST(a_storm_is_cut)
{
	const struct alert_subject subject = {
		.object = "svc:shop", .kind = "service", .name = "shop"};
	json_t *firing = json_array(), *list = json_array();
	char name[16];

	for (int i = 999; i >= 0; i--) {
		snprintf(name, sizeof(name), "A%03d", i);
		json_array_append_new(
			firing, json_pack("{s:s, s:s}", "alertname", name, "service", "shop"));
	}
	alert_match(firing, "production", &subject, 1, list);
	ck_assert_uint_eq(json_array_size(list), ALERTS_TOLD_MAX);
	for (int i = 0; i < ALERTS_TOLD_MAX; i++) {
		snprintf(name, sizeof(name), "A%03d", i);
		ck_assert_str_eq(
			json_string_value(json_object_get(json_array_get(list, (size_t)i), "name")),
			name);
	}
	json_decref(firing);
	json_decref(list);
}
END_TEST

CHECK_MAIN("alert match", &an_alert_is_about_what_its_labels_name,
	&the_same_alerts_are_the_same_list, &a_storm_is_cut)
