/* A real program under a test: its own folder, free ports, started and ended here. */
#ifndef RB_TESTS_PLANE_H
#define RB_TESTS_PLANE_H

#include <sys/types.h>

struct plane {
	char folder[64];
	pid_t pid;
};

/* Makes the folder; fails when the program is not installed. */
void plane_open(struct plane *plane, const char *program);
void plane_write_file(const struct plane *plane, const char *name, const char *text);
/* Runs it in the folder, its output in "log". */
void plane_start(struct plane *plane, const char *const *argv);
/* Waits until the port accepts connections; fails after 90 seconds with the log. */
void plane_await_port(struct plane *plane, int port);
/* The same of a unix socket in the folder: HAProxy names each when it listens. */
void plane_await_socket(struct plane *plane, const char *name);
int plane_is_running(struct plane *plane);
void plane_close(struct plane *plane);
/* A port of 127.0.0.1 that was free just now. */
int plane_free_port(void);
/* A connected socket to the port, or -1. */
int plane_connect(int port);

#endif
