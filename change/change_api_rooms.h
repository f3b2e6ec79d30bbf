/* Between the files of the API. */
#ifndef RB_CHANGE_CHANGE_API_ROOMS_H
#define RB_CHANGE_CHANGE_API_ROOMS_H

#include "change/change_api.h"
#include "change/change_rooms.h"

/* --- change_api_look.c --- */

void change_api_list(struct request *req);
void change_api_show(struct request *req);
void change_api_render(struct request *req);
void change_api_diff(struct request *req);
void change_api_findings(struct request *req);

/* --- change_api_content.c --- */

void content_api_put(struct request *req);
void content_api_get(struct request *req);

/* --- change_api.c --- */

void change_api_fill_act(struct request *req, struct change_act *act);
/* The change with all that stands beside it. */
void change_api_reply(struct request *req, unsigned status, const struct change *change);

/* --- change_api_decide.c --- */

void change_api_approve(struct request *req);
void change_api_reapprove(struct request *req);
void change_api_reject(struct request *req);

#endif
