/* Ids made by the program: ULID text (26 characters, sorted by time, 80 random bits). */
#ifndef RB_BASE_ID_H
#define RB_BASE_ID_H

#include <stdbool.h>
#include <stddef.h>

#define ID_SIZE 27 /* with the NUL */

/* Draws a new id; within one process later ids sort later. Takes random bytes from the kernel. */
void id_new(char id[static ID_SIZE]);
bool id_is_valid(const char *text);
/* `count` random bytes from the kernel; ends the process when the kernel has none. */
void id_random(void *bytes, size_t count);

#endif
