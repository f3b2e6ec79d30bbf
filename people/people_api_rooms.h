/* Handlers that lie in token_api.c, for the table in people_api.c. */
#ifndef RB_PEOPLE_PEOPLE_API_ROOMS_H
#define RB_PEOPLE_PEOPLE_API_ROOMS_H

#include "people/people_api.h"

void token_api_list(struct request *req);
void token_api_add(struct request *req);
void token_api_confirm(struct request *req);
void token_api_revoke(struct request *req);
void token_api_peers(struct request *req);
void token_api_map(struct request *req);
void token_api_confirm_peer(struct request *req);
void token_api_unmap(struct request *req);
void token_api_me(struct request *req);

#endif
