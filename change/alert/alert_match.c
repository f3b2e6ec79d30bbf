/* Which alerts are about what: by labels that name a host, a service or a namespace. */
#include "change/alert/alert.h"
#include "lib/base/text.h"

#include <string.h>

/* Labels of an alert that name a target: by its name, or as its label of the same name says. */
static const char *const target_labels[] = {
	"instance", "host", "hostname", "node", "nodename", "target", NULL};
static const char *const service_labels[] = {"service", "job", NULL};
static const char *const environment_labels[] = {"environment", "env", NULL};
/* What is firing to show that alerting works, or for the record, says nothing is wrong. */
static const char *const harmless[] = {"none", "info", NULL};

static const char *label(const json_t *labels, const char *name)
{
	const char *value = json_string_value(json_object_get(labels, name));

	return value && *value ? value : NULL;
}

static bool is_one_of(const char *const *list, const char *word)
{
	for (; word && *list; list++)
		if (!strcmp(*list, word))
			return true;
	return false;
}

/* "web-1", "web-1:9100" and "web-1.example.com:9100" are the host web-1; an address is its own. */
static bool is_host(const char *value, const char *name)
{
	size_t length = strlen(name);

	return length && !strncmp(value, name, length) &&
	       (!value[length] || value[length] == ':' || value[length] == '.');
}

static bool names_target(const json_t *alert, const struct alert_subject *subject)
{
	for (const char *const *name = target_labels; *name; name++) {
		const char *value = label(alert, *name), *known = label(subject->labels, *name);

		if (value && (is_host(value, subject->name) || (known && is_host(value, known))))
			return true;
	}
	return subject->space && text_is_equal(label(alert, "namespace"), subject->space) &&
	       (!label(alert, "cluster") || !label(subject->labels, "cluster") ||
		       text_is_equal(label(alert, "cluster"), label(subject->labels, "cluster")));
}

static bool is_about(const json_t *alert, const struct alert_subject *subject)
{
	if (strcmp(subject->kind, "service") != 0)
		return names_target(alert, subject);
	for (const char *const *name = service_labels; *name; name++)
		if (text_is_equal(label(alert, *name), subject->name))
			return true;
	return false;
}

/* Of no environment, it is of all. */
static bool is_elsewhere(const json_t *alert, const char *environment)
{
	for (const char *const *name = environment_labels; *name; name++)
		if (label(alert, *name) && strcmp(label(alert, *name), environment) != 0)
			return true;
	return false;
}

static int compare(const json_t *one, const char *name, const char *object)
{
	int order = strcmp(json_string_value(json_object_get(one, "object")), object);

	return order ? order : strcmp(json_string_value(json_object_get(one, "name")), name);
}

/* In order, each once: the same alerts are the same list. */
static void insert(json_t *list, const char *name, const char *object)
{
	size_t at = 0;
	int order = 1;

	while (at < json_array_size(list) &&
		(order = compare(json_array_get(list, at), name, object)) < 0)
		at++;
	if (at < json_array_size(list) && !order)
		return;
	json_array_insert_new(list, at, json_pack("{s:s, s:s}", "name", name, "object", object));
	if (json_array_size(list) > ALERTS_TOLD_MAX)
		json_array_remove(list, ALERTS_TOLD_MAX);
}

void alert_match(const json_t *firing, const char *environment,
	const struct alert_subject *subjects, size_t count, json_t *list)
{
	const json_t *alert;
	size_t i;

	json_array_foreach (firing, i, alert) {
		const char *name = label(alert, "alertname");

		if (is_one_of(harmless, label(alert, "severity")) ||
			is_elsewhere(alert, environment))
			continue;
		for (size_t k = 0; k < count; k++)
			if (is_about(alert, &subjects[k]))
				insert(list, name ? name : "without a name", subjects[k].object);
	}
}
