/*
 * The recording of a run: asciicast v2, one file, SHA-256 taken while it is written. The header has
 * "rcm":{change,run,host}; events are o (shown), i (typed), r (window), m (what rcm did). What was
 * typed at a prompt for a secret stands there as <masked:8 hex digits>: the same secret has the
 * same digits within one recording and no others tell it.
 */
#ifndef RB_CHANGE_GATE_RECORDER_H
#define RB_CHANGE_GATE_RECORDER_H

#include "lib/base/arena.h"
#include "lib/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recorder;

struct recorder_options {
	const char *folder; /* made with 0700 if missing; must be of this account, for it alone */
	const char *change, *run, *host; /* run names the file */
	const char *command;		 /* a line for people, or NULL */
	const char *term, *shell;	 /* or NULL */
	unsigned columns, rows;		 /* 0 without a terminal */
	bool is_masked;
};

struct recorder_sum {
	const char *path; /* the recorder's until recorder_free */
	char sha256[65];
	uint64_t bytes;
	bool is_whole; /* every event is in the file and the file is on the disk */
};

/* ERROR_FORBIDDEN for a folder that others can look into or change; ERROR_IO. */
int recorder_open(const struct recorder_options *options, struct recorder **ret, struct error *err);
void recorder_free(struct recorder *recorder);

/* Each is false from the first event on that could not be written: the run must end then. */
bool recorder_output(struct recorder *recorder, const char *bytes, size_t length);
/* `is_hidden`: the terminal does not show what is typed now. */
bool recorder_input(struct recorder *recorder, const char *bytes, size_t length, bool is_hidden);
bool recorder_window(struct recorder *recorder, unsigned columns, unsigned rows);
bool recorder_mark(struct recorder *recorder, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Writes what is held back, syncs and closes the file. One that is not whole has a digest that does
 * not fit its bytes. */
void recorder_end(struct recorder *recorder, struct recorder_sum *ret);

#endif
