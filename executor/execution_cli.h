/* The verbs of previews and executions; listed in main. */
#ifndef RB_EXECUTOR_EXECUTION_CLI_H
#define RB_EXECUTOR_EXECUTION_CLI_H

#include "lib/cli/cli.h"

extern const struct cli_verbs preview_verbs;
extern const struct cli_verbs execution_verbs;

/* Shared by the two: the table of a preview for people. */
void preview_print(struct cli *cli, const json_t *preview);
/* Follows a run until it ends or asks; the exit code tells how (execution_cli.c). */
int execution_follow(struct cli *cli, const char *id, struct error *err);

#endif
