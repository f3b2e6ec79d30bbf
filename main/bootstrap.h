/*
 * The first start: a token of the first admin in <data-dir>/bootstrap-token, which a person reads
 * once. The file lies there before the token counts, so a crash in between loses nothing.
 */
#ifndef RB_MAIN_BOOTSTRAP_H
#define RB_MAIN_BOOTSTRAP_H

#include "lib/base/error.h"
#include "people/people.h"

#include <stdint.h>

struct bootstrap {
	struct people_bootstrap people;
	char path[4096]; /* of the file that people read */
};

/* Draws the token and writes it beside its place. Before the transaction of people_bootstrap. */
int bootstrap_draw(
	struct bootstrap *bootstrap, const char *data_dir, int64_t now_us, struct error *err);
/* After it: puts the file in its place, or removes what was not needed. The token is zeroed. */
int bootstrap_settle(struct bootstrap *bootstrap, struct error *err);

#endif
