#include "change/command/command.h"
#include "change/command/words.h"

#include "lib/base/buf.h"

#include "check_main.h"

#include <string.h>

/* "program: verb kind object scope flag,flag; ..." of each command, after proof and reason. */
static void add_command(struct buf *out, const json_t *command)
{
	const json_t *impact, *flag;
	size_t i, j;

	buf_add_format(out, " %s:", json_string_value(json_object_get(command, "program")));
	json_array_foreach (json_object_get(command, "impacts"), i, impact) {
		buf_add_format(out, "%s %s %s %s %s", i ? ";" : "",
			json_string_value(json_object_get(impact, "verb")),
			json_string_value(json_object_get(impact, "kind")),
			json_string_value(json_object_get(impact, "object")),
			json_string_value(json_object_get(impact, "scope")));
		json_array_foreach (json_object_get(impact, "flags"), j, flag)
			buf_add_format(out, "%s%s", j ? "," : " ", json_string_value(flag));
	}
}

static char *analysed(struct arena *arena, const struct command_input *input)
{
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	enum command_proof proof;
	const char *reason;
	json_t *commands;
	const json_t *command;
	size_t i;
	char *made;

	ck_assert_int_eq(command_analyse(input, &commands, &proof, &reason, &err), 0);
	ck_assert((proof == COMMAND_UNPROVED) == (reason != NULL));
	buf_add_format(
		&out, "%s%s%s", command_proof_word(proof), reason ? " " : "", reason ? reason : "");
	json_array_foreach (commands, i, command)
		add_command(&out, command);
	json_decref(commands);
	made = arena_text(arena, buf_text(&out));
	buf_done(&out);
	return made;
}

static char *analysed_line(struct arena *arena, const char *line, struct command_input input)
{
	struct error err = ERROR_INIT;
	char **words;
	size_t count;

	ck_assert_msg(
		words_split(arena, line, &words, &count, &err) == 0, "%s: %s", line, err.message);
	input.argv = (const char *const *)words;
	return analysed(arena, &input);
}

static const struct {
	const char *line, *wanted;
} rows[] = {
	{"ls", "read ls: list path /srv/shop one"},
	{"cat /etc/hosts", "read cat: read path /etc/hosts one"},
	{"cat ../a/./b//c", "read cat: read path /srv/a/b/c one"},
	{"rm a", "mutate rm: delete path /srv/shop/a one"},
	{"rm -rf ../../../..", "mutate rm: delete path / recursive recursive,root,force"},
	{"rm -r ''", "unproved dynamic rm: delete path  recursive recursive,emptyable"},
	{"rm '*.log'", "unproved glob rm: delete path /srv/shop/*.log one glob"},
	{"rm -- -rf", "mutate rm: delete path /srv/shop/-rf one"},
	{"rm --frob a", "unproved opaque rm: delete path /srv/shop/a one"},
	{"dd if=/dev/zero of=/dev/sdb bs=1M",
		"mutate dd: read path /dev/zero one; write device /dev/sdb one device"},
	{"tee /dev/null", "read tee:"},
	{"chmod -R 777 /srv", "mutate chmod: grant path /srv recursive recursive,world_writable"},
	{"mv a /srv/b", "mutate mv: move path /srv/shop/a one; copy path /srv/b one; write path "
			"/srv/b/a one"},
	{"systemctl stop nginx", "mutate systemctl: stop unit nginx one"},
	{"reboot", "mutate reboot: restart host  one"},
	{"kill -9 -1", "mutate kill: kill process -1 all"},
	{"sudo nice rm a", "mutate sudo: nice: rm: delete path /srv/shop/a one"},
	{"env -C /tmp rm a", "mutate env: rm: delete path /tmp/a one"},
	{"timeout 5 ls /", "read timeout: ls: list path / one root"},
	{"bash -c 'cat /a'", "read bash: cat: read path /a one"},
	{"bash -c 'cat /a | sh'", "unproved dynamic bash:"},
	{"find . -name a -exec rm '{}' ';'", "unproved dynamic find: list path /srv/shop recursive "
					     "recursive rm: delete path /srv/shop "
					     "many dynamic"},
	{"frob a", "unproved opaque frob:"},
	{"python3 x.py", "unproved opaque python3: exec process /srv/shop/x.py one"},
	{"python3", "unproved interactive_shell python3: exec process  unknown interactive"},
	{"kubectl -n a --context c scale deploy web --replicas=2",
		"mutate kubectl: scale k8s k8s:c/a/deploy/web one"},
	{"kubectl delete pods --all", "mutate kubectl: delete k8s k8s://pods/ all everything"},
	{"mysql -h d s -e 'delete from t'", "mutate mysql: delete db db:d/s.t one no_where"},
	{"mysql -e 'select 1; drop table a.b'",
		"mutate mysql: select db db:/ one; drop db db:/a.b one"},
	{"redis-cli -h c flushall", "mutate redis-cli: flush db db:c/ all"},
	{"curl -o x https://a", "mutate curl: write path /srv/shop/x one; fetch url https://a one"},
	{"rcm exec CHG-7 --step 1", "read rcm:"},
	{"rcm exec -- rm -rf /srv", "read rcm:"},
	{"rcm approve CHG-7", "unproved opaque rcm: configure gate rcm one"},
	{"nice rcm exec -- rm a", "unproved opaque nice: rcm:"},
	{"apt-get install nginx", "unproved opaque apt-get: install package nginx one"},
};

START_TEST(commands_and_their_impacts)
{
	struct arena arena = ARENA_INIT;
	struct command_input input = {.cwd = "/srv/shop", .is_trusted = -1};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *found = analysed_line(&arena, rows[i].line, input);

		ck_assert_msg(!strcmp(found, rows[i].wanted), "%s\n  is %s\n not %s", rows[i].line,
			found, rows[i].wanted);
	}
	arena_done(&arena);
}
END_TEST

START_TEST(a_file_is_what_its_path_says)
{
	struct arena arena = ARENA_INIT;
	struct command_input input = {.cwd = "/", .is_trusted = 1, .path = "/usr/bin/bash"};

	/* A link from ls to a shell is a shell. */
	ck_assert_str_eq(analysed_line(&arena, "ls", input),
		"unproved opaque bash: exec process  unknown interactive");
	input.path = "/usr/bin/systemctl";
	ck_assert_str_eq(
		analysed_line(&arena, "reboot", input), "mutate reboot: restart host  one");
	input.path = "/usr/bin/pgrep";
	ck_assert_str_eq(
		analysed_line(&arena, "pkill x", input), "mutate pkill: kill process x many");
	input.path = "/usr/bin/vim.basic";
	ck_assert_str_eq(analysed_line(&arena, "vi", input),
		"unproved interactive_shell vi: exec process  unknown interactive");
	input = (struct command_input){.cwd = "/", .is_trusted = 0, .path = "/usr/bin/ls"};
	ck_assert_str_eq(
		analysed_line(&arena, "ls", input), "unproved opaque ls: list path / one root");
	arena_done(&arena);
}
END_TEST

/* Below a third account rcm would take that one's grants. */
START_TEST(rcm_runs_as_who_asks_or_as_root)
{
	static const char *const argv[] = {"rcm", "exec", "CHG-7", "--step", "1", NULL};
	static const struct {
		const char *runas, *actor, *wanted;
	} who[] = {{"root", "li", "read rcm:"}, {"li", "li", "read rcm:"},
		{"bo", "li", "unproved opaque rcm:"}, {"bo", NULL, "unproved opaque rcm:"}};
	struct arena arena = ARENA_INIT;

	for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++) {
		const struct command_input input = {.argv = argv,
			.path = "/usr/bin/rcm",
			.is_trusted = 1,
			.cwd = "/",
			.runas = who[i].runas,
			.actor = who[i].actor};

		ck_assert_str_eq(analysed(&arena, &input), who[i].wanted);
	}
	arena_done(&arena);
}
END_TEST

START_TEST(environment_and_folder_count)
{
	static const char *const usual[] = {"PATH=/usr/bin:/bin", "HOME=/root", "LANG=C", NULL};
	static const char *const steering[] = {"LANG=C", "LD_PRELOAD=/tmp/x.so", NULL};
	static const char *const path[] = {"PATH=/tmp:/usr/bin", NULL};
	struct arena arena = ARENA_INIT;
	struct command_input input = {.cwd = "/", .is_trusted = -1, .env = usual};

	ck_assert_str_eq(analysed_line(&arena, "true", input), "read true:");
	input.env = steering;
	ck_assert_str_eq(analysed_line(&arena, "true", input), "unproved opaque true:");
	input.env = path;
	ck_assert_str_eq(analysed_line(&arena, "true", input), "unproved opaque true:");
	input = (struct command_input){.is_trusted = -1};
	ck_assert_str_eq(analysed_line(&arena, "rm a", input),
		"unproved dynamic rm: delete path a one dynamic");
	arena_done(&arena);
}
END_TEST

START_TEST(bound_contents_are_known)
{
	static const char *const bound[] = {"/srv/shop/x.py", "x.sql", "web.yaml", NULL};
	struct arena arena = ARENA_INIT;
	struct command_input input = {.cwd = "/srv/shop", .is_trusted = -1, .bound_files = bound};

	ck_assert_str_eq(analysed_line(&arena, "python3 x.py", input),
		"mutate python3: exec process /srv/shop/x.py one");
	ck_assert_str_eq(analysed_line(&arena, "kubectl apply -f web.yaml", input),
		"mutate kubectl: apply k8s  unknown");
	ck_assert_str_eq(analysed_line(&arena, "kubectl apply -f other.yaml", input),
		"unproved mutable_ref kubectl: apply k8s  unknown");
	input.sql = "update t set a = 1 where id = 2";
	ck_assert_str_eq(
		analysed_line(&arena, "mysql s", input), "mutate mysql: update db db:/s.t one");
	ck_assert_str_eq(analysed_line(&arena, "psql -X -P pager=off -f x.sql s", input),
		"mutate psql: update db db:/s.t one");
	arena_done(&arena);
}
END_TEST

START_TEST(depth_and_number_are_bounded)
{
	const char *argv[200];
	struct arena arena = ARENA_INIT;
	struct command_input input = {.argv = argv, .is_trusted = -1};
	char *found;

	for (size_t i = 0; i < 198; i++)
		argv[i] = "nice";
	argv[198] = "ls";
	argv[199] = NULL;
	found = analysed(&arena, &input);
	ck_assert(!strncmp(found, "unproved opaque", 15));
	arena_done(&arena);
}
END_TEST

START_TEST(nothing_is_no_command)
{
	const char *argv[] = {"", NULL};
	struct command_input input = {.argv = argv, .is_trusted = -1};
	struct error err = ERROR_INIT;
	enum command_proof proof;
	const char *reason;
	json_t *commands;

	ck_assert_int_eq(command_analyse(&input, &commands, &proof, &reason, &err), ERROR_INVALID);
	ck_assert_str_eq(err.field, "argv");
	input.argv = NULL;
	ck_assert_int_eq(command_analyse(&input, &commands, &proof, &reason, &err), ERROR_INVALID);
}
END_TEST

START_TEST(objects_of_a_change)
{
	static const struct {
		const char *line, *objects;
	} cases[] = {
		{"ls", "host:web-1=shared "},
		{"rm a", "host:web-1=exclusive "},
		{"cp a b", "host:web-1=exclusive "},
		{"frob", "host:web-1=exclusive "},
		{"kubectl --context c -n n scale deploy/w --replicas=1",
			"k8s:c/n/deploy/w=exclusive "},
		{"kubectl scale deploy/w --replicas=1", "host:web-1=exclusive "},
		{"kubectl --context c -n n get pods", "k8s:c/n/pods=shared "},
		{"mysql -h d s -e 'select a from t; delete from t where a=1'",
			"db:d/s.t=exclusive "},
	};
	struct arena arena = ARENA_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct command_input input = {.cwd = "/srv/shop", .is_trusted = -1};
		struct error err = ERROR_INIT;
		struct buf found = BUF_INIT;
		enum command_proof proof;
		json_t *commands, *objects;
		const json_t *item;
		const char *reason;
		char **words;
		size_t count, j;

		ck_assert_int_eq(words_split(&arena, cases[i].line, &words, &count, &err), 0);
		input.argv = (const char *const *)words;
		ck_assert_int_eq(command_analyse(&input, &commands, &proof, &reason, &err), 0);
		objects = command_objects(commands, "host:web-1");
		json_array_foreach (objects, j, item)
			buf_add_format(&found, "%s=%s ",
				json_string_value(json_object_get(item, "key")),
				json_string_value(json_object_get(item, "mode")));
		ck_assert_msg(!strcmp(buf_text(&found), cases[i].objects), "%s: %s", cases[i].line,
			buf_text(&found));
		buf_done(&found);
		json_decref(objects);
		json_decref(commands);
	}
	arena_done(&arena);
}
END_TEST

CHECK_MAIN("command impacts", &commands_and_their_impacts, &a_file_is_what_its_path_says,
	&rcm_runs_as_who_asks_or_as_root, &environment_and_folder_count, &bound_contents_are_known,
	&depth_and_number_are_bounded, &nothing_is_no_command, &objects_of_a_change)
