#include "people/people_api_rooms.h"

#include "lib/base/json.h"
#include "lib/base/time.h"
#include "people/people_rooms.h"

#include <string.h>

struct token_request {
	struct token_add add;
	char text[TOKEN_TEXT_SIZE];
};

static int take_roles(const json_t *body, unsigned *ret, struct error *err)
{
	const char *word;
	json_t *list, *item;
	enum role role;
	unsigned roles = 0;
	size_t i;
	int rc;

	if ((rc = json_get_array(body, "roles", true, &list, err)) < 0)
		return rc;
	json_array_foreach (list, i, item) {
		if (!(word = json_string_value(item))) {
			error_set(err, ERROR_INVALID, "roles is a list of words");
			return error_field(err, "roles");
		}
		if ((rc = role_parse("roles", word, &role, err)) < 0)
			return rc;
		roles |= role;
	}
	*ret = roles;
	return 0;
}

static int take_token(struct request *req, struct token_add *add, struct error *err)
{
	static const char *const keys[] = {"person", "name", "roles", "expires_in", NULL};
	const json_t *body = request_json(req);
	const char *life = NULL;
	int64_t life_ms;
	int rc;

	if ((rc = json_check_keys(body, keys, err)) < 0 ||
		(rc = json_get_text(body, "person", false, &add->person, err)) < 0 ||
		(rc = json_get_text(body, "name", true, &add->name, err)) < 0 ||
		(rc = take_roles(body, &add->roles, err)) < 0 ||
		(rc = json_get_text(body, "expires_in", true, &life, err)) < 0 ||
		(rc = time_parse_duration("expires_in", life, &life_ms, err)) < 0)
		return rc;
	add->expires_at_us = add->at_us + life_ms * 1000;
	return 0;
}

static int ask_add(struct store_tx *tx, void *arg, struct error *err)
{
	return token_add(tx, &((struct token_request *)arg)->add, err);
}

static void tell_added(struct request *req, void *arg)
{
	struct token_request *made = arg;
	json_t *object = token_json(made->add.ret_token, request_now_us(req));

	json_set_text(object, "token", made->text);
	explicit_bzero(made->text, sizeof(made->text));
	request_reply_json(req, 201, object);
}

void token_api_add(struct request *req)
{
	struct token_request *made = request_alloc(req, sizeof(*made));

	made->add.by = request_principal(req);
	made->add.at_us = request_now_us(req);
	made->add.arena = request_arena(req);
	if (take_token(req, &made->add, request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	id_new(made->add.id);
	token_draw(made->text, made->add.hash);
	request_write(req, ask_add, tell_added, made);
}

void token_api_list(struct request *req)
{
	struct token *list;
	json_t *items;
	size_t count;

	if (token_list(request_reader(req), request_principal(req), request_arena(req), &list,
		    &count, request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, token_json(&list[i], request_now_us(req)));
	request_reply_json(req, 200, json_pack("{s:o}", "items", items));
}

static int ask_confirm(struct store_tx *tx, void *arg, struct error *err)
{
	return token_confirm(tx, arg, err);
}

static int ask_revoke(struct store_tx *tx, void *arg, struct error *err)
{
	return token_revoke(tx, arg, err);
}

static void tell_decided(struct request *req, void *arg)
{
	const struct token_decide *decide = arg;

	request_reply_json(req, 200, token_json(decide->ret_token, request_now_us(req)));
}

static void decide_token(struct request *req, store_ask ask)
{
	struct token_decide *decide = request_alloc(req, sizeof(*decide));

	decide->by = request_principal(req);
	decide->at_us = request_now_us(req);
	decide->arena = request_arena(req);
	decide->id = request_text(req, "id");
	request_write(req, ask, tell_decided, decide);
}

void token_api_confirm(struct request *req)
{
	decide_token(req, ask_confirm);
}

void token_api_revoke(struct request *req)
{
	decide_token(req, ask_revoke);
}

void token_api_peers(struct request *req)
{
	struct peer *list;
	json_t *items;
	size_t count;

	if (token_store_peers(request_reader(req), request_arena(req), &list, &count,
		    request_error(req)) < 0) {
		request_fail(req);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, peer_json(&list[i], request_now_us(req)));
	request_reply_json(req, 200, json_pack("{s:o}", "items", items));
}

static int ask_map(struct store_tx *tx, void *arg, struct error *err)
{
	return peer_map(tx, arg, err);
}

static int ask_confirm_peer(struct store_tx *tx, void *arg, struct error *err)
{
	return peer_confirm(tx, arg, err);
}

static int ask_unmap(struct store_tx *tx, void *arg, struct error *err)
{
	return peer_unmap(tx, arg, err);
}

static void tell_peer(struct request *req, void *arg)
{
	const struct peer_change *change = arg;

	request_reply_json(req, change->ret_peer->is_pending ? 202 : 200,
		peer_json(change->ret_peer, request_now_us(req)));
}

static void tell_unmapped(struct request *req, void *arg)
{
	(void)arg;
	request_reply_empty(req);
}

static struct peer_change *new_peer_change(struct request *req)
{
	struct peer_change *change = request_alloc(req, sizeof(*change));

	change->by = request_principal(req);
	change->at_us = request_now_us(req);
	change->arena = request_arena(req);
	change->uid = request_int(req, "uid", -1);
	return change;
}

void token_api_map(struct request *req)
{
	static const char *const keys[] = {"person", NULL};
	struct peer_change *change = new_peer_change(req);

	if (json_check_keys(request_json(req), keys, request_error(req)) < 0 ||
		json_get_text(
			request_json(req), "person", true, &change->person, request_error(req)) < 0)
		request_fail(req);
	else
		request_write(req, ask_map, tell_peer, change);
}

void token_api_confirm_peer(struct request *req)
{
	request_write(req, ask_confirm_peer, tell_peer, new_peer_change(req));
}

void token_api_unmap(struct request *req)
{
	request_write(req, ask_unmap, tell_unmapped, new_peer_change(req));
}

void token_api_me(struct request *req)
{
	request_reply_json(req, 200, principal_json(request_principal(req)));
}
