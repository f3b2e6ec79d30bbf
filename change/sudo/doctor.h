/*
 * `rcm doctor`: everything that the gate stands on, on this host: sudo and its configuration, the
 * plugin, the socket and who serves it, recordings, identity, clock. Each known way to set it up
 * wrongly is one check of a table, with its remedy. It changes nothing, takes nothing and needs
 * root.
 */
#ifndef RB_CHANGE_SUDO_DOCTOR_H
#define RB_CHANGE_SUDO_DOCTOR_H

#include "change/gate/gate_config.h"

#include <stdio.h>

struct doctor_paths {
	const char *sudo;		/* the program that people call */
	const char *sudo_conf;		/* what it reads */
	const char *plugin_dir;		/* where a plugin without a '/' in its path is looked for */
	const char *identity_root;	/* "" or a folder that stands for / (identity.h) */
	const struct gate_config *gate; /* of `rcm` */
};

#define DOCTOR_PATHS_INIT(gate)                                                                    \
	((struct doctor_paths){"/usr/bin/sudo", "/etc/sudo.conf", "/usr/libexec/sudo", "", (gate)})

/* One line a check, and a remedy below what is not well. 0 all is well, 1 something is weak, 2 the
 * gate can be passed by or does not work. */
int doctor_run(const struct doctor_paths *paths, FILE *out);

#endif
