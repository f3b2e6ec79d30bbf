/* Between the files that read a revision. */
#ifndef RB_CHANGE_REVISION_ROOMS_H
#define RB_CHANGE_REVISION_ROOMS_H

#include "change/revision.h"

#define REVISION_SERVICES_MAX	3 /* each has owners, and an approval has few levels */
#define REVISION_EXECUTORS_MAX	16
#define REVISION_EXCEPTIONS_MAX 4 /* each calendar has approvers: with the owners, all levels */
#define REVISION_METRICS_MAX	32
#define REVISION_WINDOW_MAX_US	(7 * INT64_C(86400000000))

/* ERROR_INVALID with field and remedy; returns it. */
int revision_refuse(struct error *err, const char *field, const char *what, const char *remedy);
/* The position of the text among the words (NULL-ended). */
int revision_word(const char *field, const char *text, const char *const *words, size_t *ret,
	struct error *err);
/* NULL where it is null or absent. */
int revision_is_null_text(
	const json_t *object, const char *field, const char **ret, struct error *err);

/* --- revision_list.c --- */

struct revision_list {
	const char *field;
	size_t min, max;
	const char *remedy; /* for fewer or more */
	size_t item_size;
	/* Fills one zeroed item. */
	int (*read)(struct arena *arena, const json_t *value, void *item, struct error *err);
};
/* The items lie in the arena; an error has the place of its item. */
int revision_list(struct arena *arena, const json_t *object, const struct revision_list *list,
	void **ret_items, size_t *ret_count, struct error *err);

typedef int (*revision_parse_text)(struct arena *arena, const char *field, const json_t *value,
	const char **ret, struct error *err);
/* A list of texts, NULL-ended, in the arena. */
int revision_texts(struct arena *arena, const json_t *object, const char *field, size_t max,
	revision_parse_text parse, const char *const **ret, struct error *err);
/* The same of different names. */
int revision_names(struct arena *arena, const json_t *object, const char *field, size_t max,
	const char *const **ret, struct error *err);

/* --- revision_step.c --- */

int revision_read_steps(
	struct arena *arena, const json_t *body, struct revision *revision, struct error *err);

#endif
