/*
 * Want of memory ends our programs by abort(); a plugin lives in somebody else's and has an answer
 * to give. Within plugin_guard an abort() of our own code becomes a return value, which each caller
 * chooses to be a refusal. What was taken until then is lost: the process ends soon anyway.
 * The shared object is linked with --wrap=abort.
 */
#ifndef RB_CHANGE_SUDO_GUARD_H
#define RB_CHANGE_SUDO_GUARD_H

/* What `work` returns, or `on_abort`. Not for more than one thread; may be nested. */
int plugin_guard(int (*work)(void *argument), void *argument, int on_abort);

#endif
