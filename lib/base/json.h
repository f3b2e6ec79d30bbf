/*
 * Strict JSON over jansson: no key twice, depth and size bounded, int64 only; and typed reading
 * of an object whose errors name the field. One spelling for "field missing", "unknown field".
 */
#ifndef RB_BASE_JSON_H
#define RB_BASE_JSON_H

#include "lib/base/arena.h"
#include "lib/base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define JSON_DEPTH_MAX	 32 /* bodies of requests */
#define JSON_DEPTH_GRAPH 64 /* graphs */

/* Parses the whole of `bytes`. The error names line and column. *ret is the caller's (json_decref).
 */
int json_parse(const char *bytes, size_t length, int max_depth, json_t **ret, struct error *err);

/* Optional fields leave *ret untouched when absent. Required ones fail with the field's name. */
int json_get_text(const json_t *object, const char *field, bool required, const char **ret,
	struct error *err);
int json_get_int(const json_t *object, const char *field, bool required, int64_t min, int64_t max,
	int64_t *ret, struct error *err);
int json_get_bool(
	const json_t *object, const char *field, bool required, bool *ret, struct error *err);
int json_get_object(const json_t *object, const char *field, bool required, json_t **ret,
	struct error *err); /* borrowed */
/* A ULID, and a digest as "sha256:" and 64 digits. */
int json_get_id(const json_t *object, const char *field, bool required, const char **ret,
	struct error *err);
int json_get_digest(const json_t *object, const char *field, bool required, const char **ret,
	struct error *err);
int json_get_array(const json_t *object, const char *field, bool required, json_t **ret,
	struct error *err); /* borrowed */
/* Refuses any key that is not in the NULL-ended list; proposes the nearest. */
int json_check_keys(const json_t *object, const char *const *allowed, struct error *err);

/* Compact text in the arena. */
char *json_text(struct arena *arena, const json_t *value);
/* json_object_set_new with text; NULL text sets nothing. */
void json_set_text(json_t *object, const char *key, const char *text);
void json_set_int(json_t *object, const char *key, int64_t value);
void json_set_bool(json_t *object, const char *key, bool value);
void json_set_time(json_t *object, const char *key, int64_t at_us); /* RFC 3339; 0 sets nothing */
/* Appends the text unless the array has it already. */
void json_append_once(json_t *array, const char *text);

#endif
