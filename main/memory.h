/* What happens when there is no memory. Linked into the daemon only, with --wrap for each function.
 */
#ifndef RB_MAIN_MEMORY_H
#define RB_MAIN_MEMORY_H

/* Before anything else: jansson and libuv allocate as we do. */
void memory_begin(void);

#endif
