/*
 * The rooms people, inventory and notify over a real store, behind a real server on a loopback
 * port: tests speak HTTP to them, or run closures directly.
 */
#ifndef RB_TESTS_FEATURE_WORLD_H
#define RB_TESTS_FEATURE_WORLD_H

#include "adapters/adapter.h"
#include "inventory/target_api.h"
#include "lib/server/server.h"
#include "lib/store/store.h"
#include "people/people.h"

struct feature_world {
	struct loop *loop;
	struct store *store;
	struct client *client;
	struct people *people;
	struct server *server;
	struct arena arena;
	struct target_context targets;
	int port;
	char directory[64];
	char first_token[TOKEN_TEXT_SIZE]; /* of the first start; roles admin and viewer */
	char etag[32];			   /* of the last answer */
	char log_path[96];		   /* standard error goes there */
};
extern struct feature_world world;

/* `adapters` NULL = none. */
void feature_open(const struct adapter_list *adapters);
void feature_close(void);
/* Closes all but the files, and opens it again. */
void feature_restart(void);
/* Turns the loop for a while. */
void feature_turn(int ms);
/* Until what is owed to the store (last used, denials) is written. */
void feature_settle(void);
/* Runs the closure in a transaction of its own; 0 or its code. */
int feature_write(store_ask ask, void *arg, struct error *err);
/* One request; the answer's body in the world's arena (NULL = none), its status returned. */
int feature_call(const char *token, const char *method, const char *path, const char *if_match,
	const char *body, json_t **ret);
/* The same, and the status must be this one. */
json_t *feature_ask(
	int status, const char *token, const char *method, const char *path, const char *body);
/* A text member, "" when absent. */
const char *feature_member(const json_t *object, const char *key);
/* Does any file of the world (database, log of the program) hold these bytes? */
bool feature_holds(const char *bytes);
/* How many records of the audit have this action. */
int64_t feature_audited(const char *action);
/* A person with a token that has these roles, granted by the first admin; the token's text. */
const char *feature_person(const char *name, const char *role);
/* The principal of a token, as a request would have it. */
struct principal *feature_principal(const char *token);

#endif
