#include "people/people_cli.h"

#include "lib/base/json.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int run_token_create(struct cli *cli, struct error *err);
static int run_token_list(struct cli *cli, struct error *err);
static int run_token_revoke(struct cli *cli, struct error *err);
static int run_token_confirm(struct cli *cli, struct error *err);
static int run_peer_map(struct cli *cli, struct error *err);
static int run_peer_unmap(struct cli *cli, struct error *err);
static int run_peer_list(struct cli *cli, struct error *err);
static int run_peer_confirm(struct cli *cli, struct error *err);

static const struct cli_verb verbs[] = {
	{"token", "create", "", 0, 0, "Make an API token; it is shown once",
		"A token has of its person's roles those that it names, until it ends (366d at\n"
		"most). With --write it goes into a new file of mode 0600 and is not printed.",
		{{"name", "TEXT", true, false, "what it is for"},
			{"role", "ROLE", true, true, "a role it may use; again for more"},
			{"expires", "DURATION", true, false, "life, e.g. 30d"},
			{"person", "NAME", false, false, "for another person (admin)"},
			{"write", "FILE", false, false, "write it there instead of printing it"}},
		run_token_create},
	{"token", "list", "", 0, 0, "List your tokens; an admin sees all", NULL, {{0}},
		run_token_list},
	{"token", "revoke", "ID", 1, 1, "Revoke a token", NULL, {{0}}, run_token_revoke},
	{"token", "confirm", "ID", 1, 1, "Confirm an admin's token that another admin made", NULL,
		{{0}}, run_token_confirm},
	{"peer", "map", "UID PERSON", 2, 2, "Say who a uid on the daemon's host is", NULL, {{0}},
		run_peer_map},
	{"peer", "unmap", "UID", 1, 1, "Make a uid a viewer again", NULL, {{0}}, run_peer_unmap},
	{"peer", "list", "", 0, 0, "List the mapped uids", NULL, {{0}}, run_peer_list},
	{"peer", "confirm", "UID", 1, 1, "Confirm a uid of an admin that another admin mapped",
		NULL, {{0}}, run_peer_confirm},
};

const struct cli_verbs token_verbs = {verbs, sizeof(verbs) / sizeof(verbs[0])};

static const char *const token_columns[] = {"ID=id", "NAME=name", "PERSON=person",
	"ROLES=roles_text", "STATE=state", "ENDS=expires_at", "LAST USED=used_at", NULL};
static const char *const token_fields[] = {"id=id", "name=name", "person=person",
	"roles=roles_text", "state=state", "ends=expires_at", NULL};
static const char *const peer_columns[] = {
	"UID=uid", "PERSON=person", "STATE=state", "BY=mapped_by", "SINCE=mapped_at", NULL};
static const char *const peer_fields[] = {
	"uid=uid", "person=person", "state=state", "mapped by=mapped_by", NULL};

static void set_roles_text(json_t *token)
{
	struct buf text = BUF_INIT;
	json_t *role;
	size_t i;

	json_array_foreach (json_object_get(token, "roles"), i, role)
		buf_add_format(&text, "%s%s", i ? ", " : "", json_string_value(role));
	json_set_text(token, "roles_text", buf_text(&text));
	buf_done(&text);
}

static void print_token(struct cli *cli, json_t *token)
{
	if (!cli_is_json(cli))
		set_roles_text(token);
	cli_print_fields(cli, token, token_fields);
	if (!strcmp(cli_member(cli, token, "state"), "PENDING"))
		cli_say(cli,
			"\nIt works when another admin has confirmed it within 24 hours:\n"
			"  redbutton token confirm %s\n",
			cli_member(cli, token, "id"));
}

/* --- tokens --- */

static json_t *create_body(struct cli *cli)
{
	json_t *body = json_object();
	json_t *roles = json_array();
	const char *role;

	json_set_text(body, "name", cli_flag(cli, "name"));
	json_set_text(body, "expires_in", cli_flag(cli, "expires"));
	json_set_text(body, "person", cli_flag(cli, "person"));
	for (size_t i = 0; (role = cli_flag_at(cli, "role", i)); i++)
		json_array_append_new(roles, json_string(role));
	json_object_set_new(body, "roles", roles);
	return body;
}

/* Opened before the token is made: a file that cannot be written must not cost a token. */
static int open_output(const char *path, int *ret_fd, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		error_errno(err, ERROR_IO, path);
		return error_remedy(err, "name a file that does not exist yet");
	}
	*ret_fd = fd;
	return 0;
}

static int write_token(int fd, const char *path, const char *token, struct error *err)
{
	ssize_t length = (ssize_t)strlen(token);

	if (write(fd, token, (size_t)length) != length || write(fd, "\n", 1) != 1 || fsync(fd) < 0)
		return error_errno(err, ERROR_IO, path);
	return 0;
}

static int create(struct cli *cli, int fd, struct error *err)
{
	const char *path = cli_flag(cli, "write");
	json_t *body = create_body(cli);
	json_t *answer;
	int rc = cli_post(cli, "/api/v1/tokens", body, &answer, err);

	json_decref(body);
	if (rc < 0)
		return rc;
	if (path) {
		rc = write_token(fd, path, cli_member(cli, answer, "token"), err);
		json_object_del(answer, "token");
	}
	print_token(cli, answer);
	if (!path)
		cli_say(cli, "\n%s\nThis is shown once: keep it where only you can read it.\n",
			cli_member(cli, answer, "token"));
	return rc;
}

static int run_token_create(struct cli *cli, struct error *err)
{
	const char *path = cli_flag(cli, "write");
	int fd = -1;
	int rc = path ? open_output(path, &fd, err) : 0;

	if (rc < 0)
		return rc;
	rc = create(cli, fd, err);
	if (fd >= 0)
		close(fd);
	if (rc < 0 && fd >= 0)
		unlink(path);
	return rc;
}

static int run_token_list(struct cli *cli, struct error *err)
{
	json_t *answer, *items, *token;
	size_t i;
	int rc = cli_get(cli, "/api/v1/tokens", &answer, err);

	if (rc < 0)
		return rc;
	items = json_object_get(answer, "items");
	json_array_foreach (items, i, token)
		if (!cli_is_json(cli))
			set_roles_text(token);
	cli_print_table(cli, items, token_columns);
	return 0;
}

static int run_token_revoke(struct cli *cli, struct error *err)
{
	struct cli_request request = {
		.method = "DELETE", .path = cli_path(cli, "/api/v1/tokens/%s", cli_arg(cli, 0))};
	json_t *answer;
	int rc = cli_call(cli, &request, &answer, err);

	if (rc == 0)
		print_token(cli, answer);
	return rc;
}

static int run_token_confirm(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_post(cli, cli_path(cli, "/api/v1/tokens/%s/confirm", cli_arg(cli, 0)), NULL,
		&answer, err);

	if (rc == 0)
		print_token(cli, answer);
	return rc;
}

/* --- peers --- */

static void print_peer(struct cli *cli, const json_t *peer)
{
	cli_print_fields(cli, peer, peer_fields);
	if (!strcmp(cli_member(cli, peer, "state"), "PENDING"))
		cli_say(cli,
			"\nIt holds when another admin has confirmed it within 24 hours:\n"
			"  redbutton peer confirm %s\n",
			cli_arg(cli, 0));
}

static int run_peer_map(struct cli *cli, struct error *err)
{
	json_t *body = json_object();
	struct cli_request request = {
		.method = "PUT",
		.path = cli_path(cli, "/api/v1/peers/%s", cli_arg(cli, 0)),
		.body = body,
	};
	json_t *answer;
	int rc;

	json_set_text(body, "person", cli_arg(cli, 1));
	rc = cli_call(cli, &request, &answer, err);
	json_decref(body);
	if (rc == 0)
		print_peer(cli, answer);
	return rc;
}

static int run_peer_unmap(struct cli *cli, struct error *err)
{
	struct cli_request request = {
		.method = "DELETE", .path = cli_path(cli, "/api/v1/peers/%s", cli_arg(cli, 0))};
	json_t *answer;
	int rc = cli_call(cli, &request, &answer, err);

	if (rc == 0)
		cli_say(cli, "uid %s is a viewer again\n", cli_arg(cli, 0));
	return rc;
}

static int run_peer_list(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_get(cli, "/api/v1/peers", &answer, err);

	if (rc == 0)
		cli_print_table(cli, json_object_get(answer, "items"), peer_columns);
	return rc;
}

static int run_peer_confirm(struct cli *cli, struct error *err)
{
	json_t *answer;
	int rc = cli_post(cli, cli_path(cli, "/api/v1/peers/%s/confirm", cli_arg(cli, 0)), NULL,
		&answer, err);

	if (rc == 0)
		print_peer(cli, answer);
	return rc;
}
