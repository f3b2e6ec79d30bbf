/* `redbuttond --doctor [--json] [FLAGS]`: the settings handed to operations/doctor.h. */
#ifndef RB_MAIN_DOCTOR_H
#define RB_MAIN_DOCTOR_H

/* The exit code; argv[0] is the mode. */
int doctor_main(int argc, char **argv);

#endif
