/* POST /api/v1/backups; listed in main. */
#ifndef RB_OPERATIONS_BACKUP_API_H
#define RB_OPERATIONS_BACKUP_API_H

#include "lib/server/server.h"
#include "operations/backup.h"
#include "people/people.h"

/* What the handler needs; main's, as long as the server is open. */
struct backup_api {
	struct backups *backups;
};

struct route_table backup_routes(struct backup_api *api);

#endif
