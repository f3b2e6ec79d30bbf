/* Titles and members of tables and fields. Of lib/cli alone. */
#ifndef RB_CLI_TABLE_H
#define RB_CLI_TABLE_H

#include "lib/cli/cli.h"

#include <stdbool.h>
#include <stddef.h>

#define COLUMNS_MAX 24

struct column {
	const char *title, *member;
	int width;
	bool is_number; /* all its values: aligned right */
	bool is_below;	/* the terminal is too narrow: it begins a line of its own */
	int at;		/* where it begins on its line */
};

/* The "title=member" of a NULL-ended list, as wide as their titles; at most COLUMNS_MAX. */
size_t table_split(struct cli *cli, const char *const *specs, struct column *ret_columns);

#endif
