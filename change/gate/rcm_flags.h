/*
 * What every verb takes that asks the gate of this host: X(id, name, name_beside, value, help).
 * rcm has them as its options. A verb of rcm-client that runs rcm hands them on; there --socket is
 * the daemon's, so `name_beside` is the name that each of them has beside it.
 */
#ifndef RB_CHANGE_GATE_RCM_FLAGS_H
#define RB_CHANGE_GATE_RCM_FLAGS_H

#define RCM_GATE_FLAGS(X)                                                                          \
	X(STATUS_FD, "status-fd", "status-fd", "FD",                                               \
		"where the verdict is written as one line of JSON")                                \
	X(SOCKET, "socket", "gate-socket", "PATH",                                                 \
		"another socket; the account behind it must be the same")                          \
	X(CONFIG, "config", "config", "PATH", "other settings, in a file that only root can change")

#endif
