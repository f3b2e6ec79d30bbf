/* redbuttond --gate: the gate of a production host, without a store. */
#ifndef RB_MAIN_GATE_H
#define RB_MAIN_GATE_H

#include "lib/base/buf.h"

#define GATE_FILE "/etc/redbutton/gate.conf"

int gate_main(int argc, char **argv);
/* Makes a new sealed code for this host and prints it, once. */
int gate_glass_main(int argc, char **argv);
void gate_add_help(struct buf *out);
void gate_add_manual(struct buf *out);

#endif
