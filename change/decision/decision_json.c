/* One spelling of questions. What is not known is refused by name. */
#include "change/command/words.h"
#include "change/decision/decision_rooms.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE64		  sodium_base64_VARIANT_ORIGINAL
#define REQUEST_ID_MAX	  64
#define WORD_MAX_BYTES	  256
#define PATH_MAX_BYTES	  4096
#define CONTENTS_MAX	  64
#define CONTENT_MAX_BYTES (INT64_C(1) << 40)

static int refuse(struct error *err, const char *field, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(struct error *err, const char *field, const char *format, ...)
{
	char message[256];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	error_set(err, ERROR_INVALID, "%s", message);
	return error_field(err, "%s", field);
}

/* The field of an error of something inside: "actor.user". */
static int within(const char *outer, int rc, struct error *err)
{
	char inner[sizeof(err->field)];

	if (rc >= 0 || !err)
		return rc;
	memcpy(inner, err->field, sizeof(inner));
	if (!strcmp(inner, outer))
		return rc;
	return *inner ? error_field(err, "%s.%s", outer, inner) : error_field(err, "%s", outer);
}

/* --- pieces --- */

static int take_word(const json_t *object, const char *key, bool is_required, size_t max,
	const char **ret, struct error *err)
{
	int rc = json_get_text(object, key, is_required, ret, err);

	if (rc < 0 || !*ret)
		return rc;
	if (strlen(*ret) > max)
		return refuse(err, key, "it has more than %zu bytes", max);
	for (const char *c = *ret; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return refuse(err, key, "a control character");
	return 0;
}

static bool is_hex(const char *text, size_t length)
{
	return strlen(text) == length && strspn(text, "0123456789abcdef") == length;
}

/* Bytes without a NUL, as execve takes them. */
static int take_bytes(struct arena *arena, const char *field, const json_t *value, const char **ret,
	struct error *err)
{
	const char *text = json_string_value(value);
	size_t room, length;
	char *bytes;

	if (!text)
		return refuse(err, field, "base64 is needed");
	room = strlen(text) / 4 * 3 + 4;
	bytes = arena_alloc(arena, room + 1);
	if (sodium_base642bin((unsigned char *)bytes, room, text, strlen(text), NULL, &length, NULL,
		    BASE64) < 0 ||
		memchr(bytes, 0, length))
		return refuse(err, field, "it is not base64 of bytes without a NUL");
	*ret = bytes;
	return 0;
}

static int take_byte_list(struct arena *arena, const json_t *object, const char *key,
	const char *const **ret, struct error *err)
{
	json_t *list = NULL;
	const char **out;
	size_t count;
	int rc = json_get_array(object, key, false, &list, err);

	if (rc < 0 || !list)
		return rc;
	count = json_array_size(list);
	if (count > GATE_LIST_MAX)
		return refuse(err, key, "more than %d elements", GATE_LIST_MAX);
	out = arena_alloc(arena, (count + 1) * sizeof(*out));
	for (size_t i = 0; i < count; i++)
		if ((rc = take_bytes(arena, key, json_array_get(list, i), &out[i], err)) < 0)
			return rc;
	*ret = out;
	return 0;
}

static int take_environment(
	struct arena *arena, const json_t *exec, struct gate_exec *ret, struct error *err)
{
	json_t *env = NULL, *value;
	const char **list, *name;
	size_t count = 0;
	int rc;

	if ((rc = take_byte_list(arena, exec, "env_b64", &ret->env, err)) < 0 ||
		(rc = json_get_object(exec, "env", false, &env, err)) < 0 || !env)
		return rc;
	if (ret->env)
		return refuse(err, "env", "give env or env_b64");
	if (json_object_size(env) > GATE_LIST_MAX)
		return refuse(err, "env", "more than %d variables", GATE_LIST_MAX);
	list = arena_alloc(arena, (json_object_size(env) + 1) * sizeof(*list));
	json_object_foreach (env, name, value) {
		if (!json_is_string(value) || !*name || strchr(name, '='))
			return refuse(err, "env", "each variable is a name and a text");
		list[count++] = arena_format(arena, "%s=%s", name, json_string_value(value));
	}
	ret->env = list;
	return 0;
}

/* --- contents and input --- */

static int take_content(const json_t *object, struct gate_content *ret, struct error *err)
{
	static const char *const keys[] = {"role", "sha256", "size", NULL};
	int64_t size = 0;
	int rc;

	if (!json_is_object(object))
		return refuse(err, "contents", "an object is needed");
	if ((rc = json_check_keys(object, keys, err)) < 0 ||
		(rc = take_word(object, "role", true, WORD_MAX_BYTES, &ret->role, err)) < 0 ||
		(rc = take_word(object, "sha256", true, 64, &ret->sha256, err)) < 0 ||
		(rc = json_get_int(object, "size", false, 0, CONTENT_MAX_BYTES, &size, err)) < 0)
		return rc;
	if (!is_hex(ret->sha256, 64))
		return refuse(err, "sha256", "64 hex digits are needed");
	ret->size = (uint64_t)size;
	return 0;
}

static int take_contents(
	struct arena *arena, const json_t *body, struct gate_exec *ret, struct error *err)
{
	json_t *list = NULL;
	int rc = json_get_array(body, "contents", false, &list, err);

	if (rc < 0)
		return rc;
	if (json_array_size(list) > CONTENTS_MAX)
		return refuse(err, "contents", "more than %d contents", CONTENTS_MAX);
	ret->contents = arena_alloc(arena, (json_array_size(list) + 2) * sizeof(*ret->contents));
	for (size_t i = 0; i < json_array_size(list); i++)
		if ((rc = take_content(json_array_get(list, i), &ret->contents[i], err)) < 0)
			return rc;
	ret->content_count = json_array_size(list);
	return 0;
}

static bool has_stdin(const struct gate_exec *exec)
{
	for (size_t i = 0; i < exec->content_count; i++)
		if (!strcmp(exec->contents[i].role, "stdin"))
			return true;
	return false;
}

static const char *const stdin_kinds[] = {[GATE_STDIN_NONE] = "none",
	[GATE_STDIN_BOUND] = "bound",
	[GATE_STDIN_OPEN] = "open",
	[GATE_STDIN_TERMINAL] = "terminal"};
#define STDIN_KINDS (sizeof(stdin_kinds) / sizeof(stdin_kinds[0]))

static int take_stdin(const json_t *exec, struct gate_exec *ret, struct error *err)
{
	static const char *const keys[] = {"kind", "sha256", "size", NULL};
	const char *kind = "none", *sha256 = NULL;
	json_t *object = NULL;
	int64_t size = 0;
	size_t i = 0;
	int rc;

	if ((rc = json_get_object(exec, "stdin", false, &object, err)) < 0 || !object)
		return rc;
	if ((rc = json_check_keys(object, keys, err)) < 0 ||
		(rc = take_word(object, "kind", true, 8, &kind, err)) < 0 ||
		(rc = take_word(object, "sha256", false, 64, &sha256, err)) < 0 ||
		(rc = json_get_int(object, "size", false, 0, CONTENT_MAX_BYTES, &size, err)) < 0)
		return rc;
	while (i < STDIN_KINDS && strcmp(stdin_kinds[i], kind) != 0)
		i++;
	if (i == STDIN_KINDS)
		return refuse(err, "kind", "none, bound, open or terminal");
	ret->stdin_kind = (enum gate_stdin)i;
	if (sha256 && !is_hex(sha256, 64))
		return refuse(err, "sha256", "64 hex digits are needed");
	if (sha256 && i == GATE_STDIN_BOUND && !has_stdin(ret))
		ret->contents[ret->content_count++] =
			(struct gate_content){"stdin", sha256, (uint64_t)size};
	return 0;
}

/* --- the command --- */

static int take_exec(
	struct arena *arena, const json_t *body, struct gate_exec *ret, struct error *err)
{
	static const char *const keys[] = {"path", "argv_b64", "cwd", "runas", "env", "env_b64",
		"stdin", "ppid_chain", "sudo", "trusted", NULL};
	json_t *exec = NULL, *ignored = NULL;
	int rc = json_get_object(body, "exec", false, &exec, err);

	*ret = (struct gate_exec){.path = "", .cwd = "", .runas = ""};
	if (rc < 0 || (rc = take_contents(arena, body, ret, err)) < 0 || !exec)
		return rc;
	if ((rc = json_check_keys(exec, keys, err)) < 0 ||
		(rc = json_get_text(exec, "path", true, &ret->path, err)) < 0 ||
		(rc = take_byte_list(arena, exec, "argv_b64", &ret->argv, err)) < 0 ||
		(rc = json_get_text(exec, "cwd", false, &ret->cwd, err)) < 0 ||
		(rc = take_word(exec, "runas", true, WORD_MAX_BYTES, &ret->runas, err)) < 0 ||
		(rc = take_environment(arena, exec, ret, err)) < 0 ||
		(rc = take_stdin(exec, ret, err)) < 0 ||
		(rc = json_get_array(exec, "ppid_chain", false, &ignored, err)) < 0 ||
		(rc = json_get_object(exec, "sudo", false, &ignored, err)) < 0 ||
		(rc = json_get_bool(exec, "trusted", false, &ret->is_trusted, err)) < 0)
		return rc;
	if (strlen(ret->path) > PATH_MAX_BYTES || strlen(ret->cwd) > PATH_MAX_BYTES)
		return refuse(err, "path", "longer than %d bytes", PATH_MAX_BYTES);
	if (!ret->argv || !ret->argv[0])
		return refuse(err, "argv_b64", "a command has at least its name");
	return 0;
}

/* A line is what somebody typed elsewhere: split, and never trusted. */
static int take_line(
	struct arena *arena, const json_t *body, struct gate_exec *ret, struct error *err)
{
	const char *line = NULL;
	char **words;
	size_t count;
	int rc = json_get_text(body, "line", false, &line, err);

	if (rc < 0 || !line)
		return rc;
	if (ret->argv)
		return refuse(err, "line", "give line or exec");
	if ((rc = words_split(arena, line, &words, &count, err)) < 0)
		return rc;
	if (!count)
		return refuse(err, "line", "it is empty");
	ret->argv = (const char *const *)words;
	ret->path = words[0];
	return 0;
}

/* --- who and where --- */

static int take_actor(const json_t *body, struct gate_request *request, struct decision_body *ret,
	struct error *err)
{
	static const char *const keys[] = {"user", "uid", "auth_method", "session_id", "tty", NULL};
	const char *ignored = NULL;
	json_t *actor = NULL;
	int rc;

	ret->uid = -1;
	ret->user = "";
	if ((rc = json_get_object(body, "actor", true, &actor, err)) < 0 ||
		(rc = json_check_keys(actor, keys, err)) < 0 ||
		(rc = take_word(actor, "user", true, WORD_MAX_BYTES, &ret->user, err)) < 0 ||
		(rc = json_get_int(actor, "uid", false, 0, UINT32_MAX, &ret->uid, err)) < 0 ||
		(rc = take_word(actor, "auth_method", false, WORD_MAX_BYTES, &ignored, err)) < 0 ||
		(rc = take_word(
			 actor, "session_id", false, WORD_MAX_BYTES, &request->session, err)) < 0)
		return rc;
	request->actor_user = ret->user;
	request->actor_uid = ret->uid >= 0 ? (uint32_t)ret->uid : 0;
	return take_word(actor, "tty", false, WORD_MAX_BYTES, &request->tty, err);
}

static int take_targets(const json_t *body, struct decision_body *ret, struct error *err)
{
	static const char *const keys[] = {"type", "id", "name", NULL};
	const char *type = NULL, *name = NULL;
	json_t *list = NULL;
	const json_t *target;
	int rc = json_get_array(body, "targets", false, &list, err);

	ret->target_id = "";
	if (rc < 0 || !json_array_size(list))
		return rc;
	if (json_array_size(list) != 1)
		return refuse(err, "targets", "a question is about one target");
	target = json_array_get(list, 0);
	if (!json_is_object(target))
		return refuse(err, "targets", "an object is needed");
	if ((rc = json_check_keys(target, keys, err)) < 0 ||
		(rc = take_word(target, "type", false, WORD_MAX_BYTES, &type, err)) < 0 ||
		(rc = take_word(target, "name", false, WORD_MAX_BYTES, &name, err)) < 0)
		return rc;
	return take_word(target, "id", true, 512, &ret->target_id, err);
}

static int take_host(const json_t *body, struct decision_body *ret, struct error *err)
{
	static const char *const keys[] = {
		"machine_id", "boot_id", "gate_version", "policy_rev", NULL};
	const char *ignored = NULL;
	json_t *host = NULL;
	int rc = json_get_object(body, "host", false, &host, err);

	ret->machine_id = ret->policy_rev = "";
	if (rc < 0 || !host)
		return rc;
	if ((rc = json_check_keys(host, keys, err)) < 0 ||
		(rc = take_word(host, "machine_id", false, WORD_MAX_BYTES, &ret->machine_id, err)) <
			0 ||
		(rc = take_word(host, "boot_id", false, WORD_MAX_BYTES, &ignored, err)) < 0 ||
		(rc = take_word(host, "gate_version", false, WORD_MAX_BYTES, &ignored, err)) < 0)
		return rc;
	return take_word(host, "policy_rev", false, WORD_MAX_BYTES, &ret->policy_rev, err);
}

/* --- releases --- */

static int check_release(const json_t *release, const char *phase, struct error *err)
{
	static const char *const keys[] = {"platform", "service", "environment", "artifact_digest",
		"version_from", "version_to", "phase", "batch_no", "batch_pct", "tag_mutable",
		"model", "outcome", NULL};
	static const char *const needed[] = {
		"platform", "service", "artifact_digest", "version_to", "phase"};
	const char *text = NULL, *outcome = NULL;
	int64_t number = 0;
	json_t *model = NULL;
	bool flag = false;
	int rc = json_check_keys(release, keys, err);

	for (size_t i = 0; rc >= 0 && i < sizeof(needed) / sizeof(needed[0]); i++)
		rc = take_word(release, needed[i], true, WORD_MAX_BYTES, &text, err);
	if (rc < 0 ||
		(rc = take_word(release, "environment", false, WORD_MAX_BYTES, &text, err)) < 0 ||
		(rc = take_word(release, "version_from", false, WORD_MAX_BYTES, &text, err)) < 0 ||
		(rc = json_get_int(release, "batch_no", false, 0, 100000, &number, err)) < 0 ||
		(rc = json_get_int(release, "batch_pct", false, 0, 100, &number, err)) < 0 ||
		(rc = json_get_bool(release, "tag_mutable", false, &flag, err)) < 0 ||
		(rc = json_get_object(release, "model", false, &model, err)) < 0)
		return rc;
	if ((rc = take_word(release, "outcome", !strcmp(phase, "node_end"), 16, &outcome, err)) < 0)
		return rc;
	if (outcome && strcmp(outcome, "success") != 0 && strcmp(outcome, "failed") != 0)
		return refuse(err, "outcome", "success or failed");
	return text_check_name(
		"service", json_string_value(json_object_get(release, "service")), err);
}

static int take_phase(const json_t *body, struct decision_question *ret, struct error *err)
{
	static const char *const phases[] = {"pre", "node_start", "node_end", NULL};
	json_t *release = NULL;
	bool is_node;
	size_t i = 0;
	int rc;

	if ((rc = take_word(body, "phase", true, 16, &ret->phase, err)) < 0 ||
		(rc = json_get_object(body, "release", false, &release, err)) < 0)
		return rc;
	while (phases[i] && strcmp(phases[i], ret->phase) != 0)
		i++;
	if (!phases[i]) {
		refuse(err, "phase", "pre, node_start or node_end");
		return error_remedy(err, "the end of a run is told: POST .../runs/{run}/end");
	}
	is_node = i > 0;
	if (is_node != (release != NULL))
		return refuse(err, "release", "%s",
			is_node ? "a phase of a release names its release"
				: "a release asks with node_start and node_end");
	ret->release = release;
	return release ? within("release", check_release(release, ret->phase, err), err) : 0;
}

/* --- all of it --- */

static bool is_source(const char *word)
{
	static const char *const sources[] = {
		"terminal", "sudo", "ssh", "release", "model", "api", NULL};

	for (const char *const *source = sources; *source; source++)
		if (!strcmp(*source, word))
			return true;
	return false;
}

static int take_head(const json_t *body, struct decision_question *ret,
	struct decision_body *ret_body, struct error *err)
{
	struct gate_request *request = &ret->request;
	const char *nonce = NULL, *ts = NULL;
	int64_t schema = 0, step = 0;
	int rc;

	if ((rc = json_get_int(body, "schema", true, 1, 1, &schema, err)) < 0 ||
		(rc = take_word(body, "request_id", true, REQUEST_ID_MAX, &request->request_id,
			 err)) < 0 ||
		(rc = take_word(body, "nonce", true, GATE_NONCE_SIZE, &nonce, err)) < 0 ||
		(rc = take_word(body, "ts", true, TIME_TEXT_SIZE, &ts, err)) < 0 ||
		(rc = take_word(body, "source", true, 16, &request->source, err)) < 0 ||
		(rc = take_word(body, "change", false, 32, &request->change, err)) < 0 ||
		(rc = json_get_int(body, "step", false, 0, UINT32_MAX, &step, err)) < 0 ||
		(rc = take_word(body, "parent_run", false, ID_SIZE, &request->parent_run, err)) <
			0 ||
		(rc = json_get_bool(body, "strict", false, &request->is_strict, err)) < 0 ||
		(rc = take_word(
			 body, "typed_key", false, WORD_MAX_BYTES, &request->typed_key, err)) < 0)
		return rc;
	if (!is_source(request->source))
		return refuse(err, "source", "terminal, sudo, ssh, release, model or api");
	if (strlen(request->request_id) < 8)
		return refuse(err, "request_id", "a uuid is needed");
	if (!is_hex(nonce, GATE_NONCE_SIZE - 1))
		return refuse(err, "nonce", "%d hex digits are needed", GATE_NONCE_SIZE - 1);
	memcpy(request->nonce, nonce, GATE_NONCE_SIZE);
	request->step = (uint32_t)step;
	return time_parse("ts", ts, &ret_body->ts_us, err);
}

int decision_question_parse(struct arena *arena, const json_t *body, struct decision_question *ret,
	struct decision_body *ret_body, struct error *err)
{
	static const char *const keys[] = {"schema", "request_id", "nonce", "ts", "actor", "source",
		"change", "step", "phase", "exec", "line", "targets", "contents", "release", "host",
		"parent_run", "strict", "typed_key", NULL};
	struct gate_request *request = &ret->request;
	int rc;

	*ret = (struct decision_question){.target = "",
		.target_identity = "",
		.gate = "",
		.key_person = "",
		.asker = "",
		.host = "",
		.body = body};
	*ret_body = (struct decision_body){.uid = -1};
	*request = (struct gate_request){.kind = GATE_DECIDE,
		.change = "",
		.session = "",
		.tty = "",
		.parent_run = "",
		.typed_key = ""};
	if ((rc = json_check_keys(body, keys, err)) < 0 ||
		(rc = take_head(body, ret, ret_body, err)) < 0 ||
		(rc = within("actor", take_actor(body, request, ret_body, err), err)) < 0 ||
		(rc = take_phase(body, ret, err)) < 0 ||
		(rc = within("exec", take_exec(arena, body, &request->exec, err), err)) < 0 ||
		(rc = take_line(arena, body, &request->exec, err)) < 0 ||
		(rc = within("targets", take_targets(body, ret_body, err), err)) < 0 ||
		(rc = within("host", take_host(body, ret_body, err), err)) < 0)
		return rc;
	if (!ret->release && !request->exec.argv)
		return refuse(err, "exec", "a question without a command");
	ret->asked_at_us = ret_body->ts_us;
	ret->target_identity = ret_body->target_id;
	return 0;
}

/* --- a question of the socket, as the same body --- */

static json_t *bytes_json(const char *bytes)
{
	size_t length = strlen(bytes), room = sodium_base64_encoded_len(length, BASE64);
	char *text = malloc(room);
	json_t *value;

	if (!text)
		abort();
	sodium_bin2base64(text, room, (const unsigned char *)bytes, length, BASE64);
	value = json_string(text);
	free(text);
	return value;
}

static json_t *byte_list_json(const char *const *list)
{
	json_t *array = json_array();

	for (; list && *list; list++)
		json_array_append_new(array, bytes_json(*list));
	return array;
}

static json_t *exec_json(const struct gate_exec *exec)
{
	json_t *object = json_object();

	json_set_text(object, "path", exec->path);
	json_object_set_new(object, "argv_b64", byte_list_json(exec->argv));
	json_object_set_new(object, "env_b64", byte_list_json(exec->env));
	json_set_text(object, "cwd", exec->cwd);
	json_set_text(object, "runas", exec->runas);
	json_object_set_new(
		object, "stdin", json_pack("{s:s}", "kind", stdin_kinds[exec->stdin_kind]));
	json_set_bool(object, "trusted", exec->is_trusted);
	return object;
}

static json_t *contents_json(const struct gate_exec *exec)
{
	json_t *list = json_array();

	for (size_t i = 0; i < exec->content_count; i++) {
		json_t *content = json_object();

		json_set_text(content, "role", exec->contents[i].role);
		json_set_text(content, "sha256", exec->contents[i].sha256);
		json_set_int(content, "size", (int64_t)exec->contents[i].size);
		json_array_append_new(list, content);
	}
	return list;
}

static json_t *actor_json(const struct gate_request *request)
{
	json_t *actor = json_object();

	json_set_text(actor, "user", request->actor_user);
	json_set_int(actor, "uid", request->actor_uid);
	json_set_text(actor, "session_id", request->session);
	json_set_text(actor, "tty", request->tty);
	return actor;
}

void decision_exec_put(json_t *object, const struct gate_exec *exec)
{
	json_object_set_new(object, "exec", exec_json(exec));
	json_object_set_new(object, "contents", contents_json(exec));
}

int decision_exec_parse(
	struct arena *arena, const json_t *object, struct gate_exec *ret, struct error *err)
{
	return take_exec(arena, object, ret, err);
}

json_t *decision_question_json(
	const struct gate_request *request, const char *phase, const char *target, int64_t ts_us)
{
	json_t *body = json_object(), *targets = json_array(), *one = json_object();

	json_set_int(body, "schema", 1);
	json_set_text(body, "request_id", request->request_id);
	json_set_text(body, "nonce", request->nonce);
	json_set_time(body, "ts", ts_us);
	json_object_set_new(body, "actor", actor_json(request));
	json_set_text(body, "source", request->source);
	if (request->change && *request->change)
		json_set_text(body, "change", request->change);
	if (request->step)
		json_set_int(body, "step", request->step);
	json_set_text(body, "phase", phase);
	json_object_set_new(body, "exec", exec_json(&request->exec));
	json_object_set_new(body, "contents", contents_json(&request->exec));
	json_set_text(one, "id", target);
	json_array_append_new(targets, one);
	json_object_set_new(body, "targets", targets);
	if (request->parent_run && *request->parent_run)
		json_set_text(body, "parent_run", request->parent_run);
	json_set_bool(body, "strict", request->is_strict);
	if (request->typed_key && *request->typed_key)
		json_set_text(body, "typed_key", request->typed_key);
	return body;
}

/* --- as it is stored --- */

static json_t *names_of(const json_t *exec)
{
	json_t *names = json_array();
	const json_t *value;
	const char *name;
	size_t i;

	json_object_foreach ((json_t *)json_object_get(exec, "env"), name, value)
		json_array_append_new(names, json_string(name));
	json_array_foreach (json_object_get(exec, "env_b64"), i, value) {
		struct arena arena = ARENA_INIT;
		const char *bytes = NULL, *visible;

		if (take_bytes(&arena, "env_b64", value, &bytes, NULL) == 0) {
			visible = text_visible(
				&arena, arena_text_n(&arena, bytes, strcspn(bytes, "=")));
			json_array_append_new(names, json_string(visible));
		}
		arena_done(&arena);
	}
	return names;
}

json_t *decision_input_json(const json_t *body)
{
	json_t *input = json_deep_copy(body), *exec = json_object_get(input, "exec");

	if (json_object_del(input, "typed_key") == 0)
		json_set_bool(input, "has_typed_key", true);
	if (exec) {
		json_object_set_new(exec, "env_names", names_of(exec));
		json_object_del(exec, "env");
		json_object_del(exec, "env_b64");
	}
	return input;
}
