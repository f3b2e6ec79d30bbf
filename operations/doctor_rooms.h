/* Between the rooms of doctor. */
#ifndef RB_OPERATIONS_DOCTOR_ROOMS_H
#define RB_OPERATIONS_DOCTOR_ROOMS_H

#include "operations/doctor.h"

#include <stdint.h>

struct doctor {
	const struct doctor_options *options;
	struct arena *arena;
	struct doctor_report *report;
	size_t capacity;
	int64_t daemon_pid;  /* 0 = no daemon has the data directory */
	bool is_readable;    /* the database is there, whole, and its tables are those of today */
	struct store *store; /* read only, while is_readable */
};

void doctor_add(struct doctor *doctor, enum doctor_state state, const char *name, const char *text,
	const char *remedy);
void doctor_ok(struct doctor *doctor, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* What an error says, as a finding. */
void doctor_add_error(struct doctor *doctor, enum doctor_state state, const char *name,
	const struct error *err, const char *remedy);

/* --- doctor_host.c: directory, disk, clock, descriptors, sockets, systemd --- */
void doctor_look_at_daemon(struct doctor *doctor);
void doctor_look_at_directory(struct doctor *doctor);
void doctor_look_at_disk(struct doctor *doctor);
void doctor_look_at_sync(struct doctor *doctor);
void doctor_look_at_clock(struct doctor *doctor);
void doctor_look_at_descriptors(struct doctor *doctor);
void doctor_look_at_sockets(struct doctor *doctor);
void doctor_look_at_systemd(struct doctor *doctor);

/* --- doctor_data.c: database, key, checkpoint, people --- */
void doctor_look_at_database(struct doctor *doctor);
void doctor_look_at_key(struct doctor *doctor);
void doctor_look_at_checkpoint(struct doctor *doctor);
void doctor_look_at_people(struct doctor *doctor);

/* --- doctor_loop.c: jail, targets and their credentials --- */
void doctor_look_at_rooms(struct doctor *doctor);

#endif
