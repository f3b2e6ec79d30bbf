/*
 * The process that forks evaluations. The daemon executes it once: descriptor 3 is a SOCK_SEQPACKET
 * socket. Packet in: one byte 'S'. Packet out: int32, the pid of a new jailed child that waits for
 * its input, with two descriptors: the child's stream socket and a pidfd of it; or a negative errno
 * without descriptors. End of file ends the nursery and, by PDEATHSIG, its children.
 */
#ifndef RB_RUNNER_NURSERY_H
#define RB_RUNNER_NURSERY_H

/* Returns the exit code of the program. */
int nursery_run(void);

#endif
