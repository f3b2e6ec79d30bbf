/* The handlers of plan_api.c's route table that stand in files of their own. */
#ifndef RB_PLANS_PLAN_API_ROOMS_H
#define RB_PLANS_PLAN_API_ROOMS_H

#include "lib/server/server.h"

/* plan_api_look.c */
void plan_api_list(struct request *req);
void plan_api_show(struct request *req);
void plan_api_versions(struct request *req);
void plan_api_version(struct request *req);
void plan_api_diff(struct request *req);
/* plan_api_change.c */
void plan_api_submit(struct request *req);
void plan_api_activate(struct request *req);
void plan_api_suspend(struct request *req);
void plan_api_resume(struct request *req);
void plan_api_retire(struct request *req);
void plan_api_discard(struct request *req);

#endif
