#include "inventory/target_rooms.h"

#include "lib/base/secret.h"

#include <string.h>

int target_check_no_secret(const char *field, const char *text, struct error *err)
{
	if (!text || !secret_is_likely(text, strlen(text), true))
		return 0;
	error_set(err, ERROR_INVALID, "%s looks like it holds a credential", field);
	error_field(err, "%s", field);
	return error_remedy(err, "give it by reference: --credential file:/path");
}
