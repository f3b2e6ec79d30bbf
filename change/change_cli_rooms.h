/* Between the verbs of rcm-client. */
#ifndef RB_CHANGE_CHANGE_CLI_ROOMS_H
#define RB_CHANGE_CHANGE_CLI_ROOMS_H

#include "change/change_cli.h"

#include <stdint.h>

/* --- change_cli.c --- */

/* "/api/v1/changes/CHG-7" and what comes below. */
const char *change_cli_path(struct cli *cli, const char *below);
/* State, window, who is asked, what the rules found. */
void change_cli_print(struct cli *cli, const json_t *change);

/* --- change_cli_body.c: a body out of flags --- */

/* Uploads contents and asks for targets; *ret is the caller's. */
int change_cli_body(struct cli *cli, json_t **ret, struct error *err);
/* Of a standard change: --template, its values as PARAM=VALUE, and what is said of time and people.
 */
int change_cli_template_body(struct cli *cli, json_t **ret, struct error *err);
/* Takes the targets of --drop-target out of all steps; no step may be left without one. */
int change_cli_drop_targets(struct cli *cli, json_t *body, struct error *err);
/* Lays the flags of `edit` over a body that was read. */
int change_cli_lay_over(struct cli *cli, json_t *body, struct error *err);
/* A file with {"title", "body"} or a body alone. */
int change_cli_read_body(struct cli *cli, const char *path, json_t **ret_body,
	const char **ret_title, struct error *err);

/* --- change_cli_target.c --- */

/* Names for --target flags ("web-1", "service=shop,zone=a"), sorted, each once, in the arena. */
int change_cli_targets(struct cli *cli, const char *environment, const char ***ret,
	size_t *ret_count, struct error *err);
/*
 * The batches of so many targets for "1,20%,100%": where each ends, counted from the first target.
 * ERROR_USAGE unless they grow and the last has all.
 */
int change_cli_batches(struct arena *arena, const char *text, size_t targets, size_t **ret_ends,
	size_t *ret_count, struct error *err);

/* --- change_cli_metric.c --- */

/* "name: query < 0.01 over 5m on prom"; the caller's. */
int change_cli_metric(const char *text, json_t **ret, struct error *err);

#endif
