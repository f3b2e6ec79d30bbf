/* Who can change a file: root alone, or somebody else too. */
#ifndef RB_CHANGE_GATE_TRUST_H
#define RB_CHANGE_GATE_TRUST_H

#include "lib/base/error.h"

/*
 * 0 when only root can change what is at the absolute `path`: the file and each folder down to it
 * belong to root and no other may write to them. A folder with the sticky bit is no exception: in
 * /tmp anybody makes names. Symbolic links on the way count with the folders they stand in.
 * ERROR_FORBIDDEN names the first part that somebody else can change; ERROR_NOT_FOUND.
 */
int trust_check(const char *path, struct error *err);

#endif
