#include "main/openapi.h"

#include "api_schemas.h"
#include "lib/base/json.h"
#include "main/app_rooms.h"
#include "people/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32

static const char *word_of_bit(unsigned bit)
{
	return role_word((enum role)bit);
}

static int add_schemas(json_t *schemas, const json_t *more, struct error *err)
{
	const char *name;
	json_t *schema;

	json_object_foreach ((json_t *)more, name, schema) {
		if (json_object_get(schemas, name))
			return error_set(err, ERROR_INTERNAL, "the schema %s is given twice", name);
		json_object_set(schemas, name, schema);
	}
	return 0;
}

/* The first file is the frame of the document, the others are schemas by name. */
static int read_files(json_t **ret, struct error *err)
{
	json_t *document = NULL, *schemas = NULL;
	int rc = 0;

	for (size_t i = 0; i < api_schemas_count && rc >= 0; i++) {
		const struct embedded_file *file = &api_schemas[i];
		json_t *read = NULL;

		rc = json_parse((const char *)file->bytes, file->length, DEPTH_MAX, &read, err);
		if (rc < 0) {
			error_prefix(err, "%s", file->name);
		} else if (i == 0) {
			document = read;
			schemas =
				json_object_get(json_object_get(document, "components"), "schemas");
		} else {
			rc = add_schemas(schemas, read, err);
			if (rc < 0)
				error_prefix(err, "%s", file->name);
			json_decref(read);
		}
	}
	*ret = document;
	return rc;
}

static int describe(json_t *document, struct error *err)
{
	struct route_table tables[APP_TABLES_MAX];
	struct app *app = calloc(1, sizeof(*app));
	int rc;

	if (!app)
		abort();
	json_set_text(json_object_get(document, "info"), "version", RB_VERSION);
	rc = server_describe(tables, app_routes(app, tables), word_of_bit, document, err);
	free(app);
	return rc;
}

int openapi_print(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	json_t *document = NULL;
	int rc = read_files(&document, &err);

	(void)argc;
	(void)argv;
	if (rc >= 0)
		rc = describe(document, &err);
	if (rc >= 0)
		json_dumpf(document, stdout, JSON_INDENT(1) | JSON_ENSURE_ASCII);
	json_decref(document);
	if (rc < 0)
		fprintf(stderr, "redbuttond: %s\n", err.message);
	else
		putchar('\n');
	return error_exit(rc);
}
