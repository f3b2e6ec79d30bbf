/* No memory: the program says so and ends. Allocates nothing. */
#ifndef RB_BASE_MEMORY_H
#define RB_BASE_MEMORY_H

/* Where a library had no memory for what cannot be done without. Ends with the code of no_memory.
 */
_Noreturn void memory_end(void);

/* OpenSSL does not live through every want of memory of its own: from here on that is the end too.
 * Before its first use. */
void memory_lead_crypto(void);

#endif
