/* No memory: the program says so and ends. Allocates nothing. */
#ifndef RB_BASE_MEMORY_H
#define RB_BASE_MEMORY_H

/* Where a library had no memory for what cannot be done without. Ends with the code of no_memory.
 */
_Noreturn void memory_end(void);

#endif
