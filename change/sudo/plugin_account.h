/*
 * A grant names the account that a command runs as; a group of its own choosing (sudo -g, -P) or
 * two accounts of one number would run it as something else under that name.
 */
#ifndef RB_CHANGE_SUDO_ACCOUNT_H
#define RB_CHANGE_SUDO_ACCOUNT_H

#include "lib/base/error.h"

/* 0 when runas_uid, runas_gid and their effective ones in sudo's command_info are those that the
 * accounts of this host give to `name`. ERROR_INVALID names the setting. */
int plugin_account_check(char *const *command_info, const char *name, struct error *err);

#endif
