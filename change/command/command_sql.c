/*
 * What statements of SQL do, by their words. Only what is understood word by word is proved: a
 * SELECT is a read when it calls nothing but functions known to be harmless and writes nowhere.
 */
#include "change/command/command_rooms.h"
#include "change/command/command_sql_word.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct statement {
	struct command *command;
	const struct sql_word *words;
	size_t count;
	enum sql_dialect dialect;
	const char *server, *schema;
};

/* Functions that only compute, and words that stand before a parenthesis without being one. */
static const char tame_functions[] =
	" COUNT SUM MIN MAX AVG COALESCE NULLIF IFNULL IF NVL NOW CURDATE CURRENT_DATE "
	"CURRENT_TIMESTAMP DATE TIME "
	"DATE_TRUNC DATE_FORMAT DATE_ADD DATE_SUB DATEDIFF TIMESTAMPDIFF TO_CHAR TO_DATE "
	"TO_TIMESTAMP EXTRACT YEAR MONTH DAY HOUR "
	"MINUTE UNIX_TIMESTAMP FROM_UNIXTIME AGE LOWER UPPER LENGTH CHAR_LENGTH TRIM LTRIM RTRIM "
	"SUBSTRING SUBSTR LEFT "
	"RIGHT CONCAT CONCAT_WS REPLACE ROUND FLOOR CEIL CEILING ABS MOD CAST CONVERT GREATEST "
	"LEAST GROUP_CONCAT STRING_AGG "
	"ARRAY_AGG JSON_EXTRACT JSON_UNQUOTE JSON_OBJECT ROW_NUMBER RANK DENSE_RANK LAG LEAD "
	"FIRST_VALUE LAST_VALUE VERSION "
	"DATABASE USER CURRENT_USER CONNECTION_ID CURRENT_DATABASE CURRENT_SCHEMA PG_SIZE_PRETTY "
	"PG_DATABASE_SIZE "
	"PG_RELATION_SIZE PG_TOTAL_RELATION_SIZE PG_TABLE_SIZE PG_INDEXES_SIZE PG_IS_IN_RECOVERY "
	"PG_LAST_WAL_RECEIVE_LSN "
	"PG_LAST_WAL_REPLAY_LSN PG_CURRENT_WAL_LSN PG_WAL_LSN_DIFF PG_POSTMASTER_START_TIME "
	"INET_NTOA MD5 SHA2 HEX "
	"VARCHAR CHAR DECIMAL NUMERIC "
	"IN AND OR NOT VALUES EXISTS ANY ALL SOME OVER USING ON AS FROM WHERE HAVING BY SELECT "
	"CASE WHEN THEN ELSE UNION "
	"EXCEPT INTERSECT JOIN WITH DISTINCT BETWEEN FILTER LIMIT OFFSET INTERVAL RECURSIVE LIKE "
	"IS SET ";
/* Words inside a query that make it more than one. */
static const char query_wild[] =
	" INTO PROCEDURE INSERT UPDATE DELETE MERGE OUTFILE DUMPFILE SHARE LOCK EXEC EXECUTE CALL ";
/* Functions by what calling them does. */
static const struct {
	const char *name, *verb, *scope, *flag;
} loud_functions[] = {
	{"LOAD_FILE", "read", "one", "server_file"},
	{"PG_READ_FILE", "read", "one", "server_file"},
	{"PG_READ_BINARY_FILE", "read", "one", "server_file"},
	{"PG_LS_DIR", "read", "one", "server_file"},
	{"LO_IMPORT", "insert", "one", "server_file"},
	{"LO_EXPORT", "write", "one", "server_file"},
	{"PG_TERMINATE_BACKEND", "kill", "many", NULL},
	{"PG_CANCEL_BACKEND", "kill", "many", NULL},
	{"PG_RELOAD_CONF", "configure", "all", NULL},
	{"PG_PROMOTE", "configure", "all", NULL},
	{"SET_CONFIG", "configure", "one", NULL},
	{"SETVAL", "update", "one", NULL},
	{"SYS_EXEC", "exec", "one", "runs_program"},
	{"SYS_EVAL", "exec", "one", "runs_program"},
	{"XP_CMDSHELL", "exec", "one", "runs_program"},
};

static bool is_at(const struct statement *s, size_t at, const char *word)
{
	return at < s->count && !strcmp(s->words[at].upper, word);
}

static bool is_sign(const struct statement *s, size_t at, char sign)
{
	return at < s->count && s->words[at].kind == SQL_SIGN && s->words[at].text[0] == sign;
}

static size_t find_word(const struct statement *s, size_t from, const char *word)
{
	for (size_t i = from; i < s->count; i++)
		if (!strcmp(s->words[i].upper, word))
			return i;
	return s->count;
}

static bool has_word(const struct statement *s, const char *word)
{
	return find_word(s, 0, word) < s->count;
}

static bool is_one_of(const struct sql_word *word, const char *list)
{
	return word->kind == SQL_WORD && text_is_word(list, word->upper);
}

static bool is_name(const struct statement *s, size_t at)
{
	return at < s->count && (s->words[at].kind == SQL_WORD || s->words[at].kind == SQL_NAME);
}

/* "db:server/schema.table" of the name at `at`. */
static const char *object_at(const struct statement *s, size_t at)
{
	struct arena *arena = &s->command->analysis->arena;

	if (!is_name(s, at))
		return arena_format(arena, "db:%s/%s", s->server, s->schema);
	if (is_sign(s, at + 1, '.') && is_name(s, at + 2))
		return arena_format(
			arena, "db:%s/%s.%s", s->server, s->words[at].text, s->words[at + 2].text);
	return arena_format(arena, "db:%s/%s%s%s", s->server, s->schema, *s->schema ? "." : "",
		s->words[at].text);
}

static json_t *impact(
	const struct statement *s, const char *verb, const char *object, const char *scope)
{
	return impact_add(s->command, verb, "db", object, scope);
}

static void doubt(const struct statement *s)
{
	command_doubt(s->command, "opaque");
}

/* Calls of functions; what is not known to be tame is not proved. */
static void check_calls(const struct statement *s)
{
	for (size_t i = 0; i + 1 < s->count; i++) {
		bool is_known = false;

		if (!is_sign(s, i + 1, '(') || !is_name(s, i))
			continue;
		for (size_t j = 0; j < COUNT(loud_functions); j++)
			if (!strcmp(s->words[i].upper, loud_functions[j].name)) {
				json_t *made = impact(s, loud_functions[j].verb,
					object_at(s, s->count), loud_functions[j].scope);

				if (loud_functions[j].flag)
					impact_flag(made, loud_functions[j].flag);
				is_known = true;
				doubt(s);
			}
		if (!is_known && !is_one_of(&s->words[i], tame_functions))
			doubt(s);
	}
}

static void act_select(const struct statement *s)
{
	size_t from = find_word(s, 0, "FROM");
	json_t *made = impact(s, "select", object_at(s, from + 1), "one");

	for (size_t i = 0; i < s->count; i++) {
		if (is_one_of(&s->words[i], query_wild) ||
			(is_at(s, i, "FOR") && !is_sign(s, i + 1, '(')) || is_sign(s, i, ':'))
			if (!(is_sign(s, i, ':') && s->dialect == SQL_POSTGRES &&
				    !is_sign(s, i + 1, '=')))
				doubt(s);
		if (is_at(s, i, "OUTFILE") || is_at(s, i, "DUMPFILE"))
			impact_flag(made, "server_file");
	}
	if (has_word(s, "INTO") || has_word(s, "INSERT") || has_word(s, "UPDATE") ||
		has_word(s, "DELETE"))
		json_object_set_new(made, "mode", json_string("exclusive"));
	check_calls(s);
}

/* WHERE 1=1, WHERE TRUE, WHERE 'a'='a', ... OR 1=1. Without a column in it, it is always the same.
 */
static bool is_constant(const struct statement *s, size_t where)
{
	bool has_column = false;

	for (size_t i = where + 1; i < s->count; i++) {
		if (is_at(s, i, "OR") && i + 1 < s->count &&
			(s->words[i + 1].kind == SQL_NUMBER || s->words[i + 1].kind == SQL_TEXT ||
				is_at(s, i + 1, "TRUE")))
			return true;
		if (is_one_of(&s->words[i], "LIMIT ORDER"))
			break;
		has_column |= s->words[i].kind == SQL_NAME ||
			      (s->words[i].kind == SQL_WORD &&
				      !is_one_of(&s->words[i], "AND OR NOT TRUE FALSE IS NULL LIKE "
							       "IN BETWEEN XOR"));
		/* "id = id" */
		if (i + 2 < s->count && is_sign(s, i + 1, '=') && is_name(s, i) &&
			!strcmp(s->words[i].text, s->words[i + 2].text) &&
			s->words[i].kind == s->words[i + 2].kind && i + 3 >= s->count)
			return true;
	}
	return !has_column;
}

/* LIMIT 500: so many rows at most. */
static void note_rows(const struct statement *s, json_t *made)
{
	size_t limit = find_word(s, 0, "LIMIT");

	if (limit + 1 < s->count && s->words[limit + 1].kind == SQL_NUMBER &&
		strspn(s->words[limit + 1].text, "0123456789") ==
			strlen(s->words[limit + 1].text) &&
		strlen(s->words[limit + 1].text) < 10)
		impact_rows(made, strtoll(s->words[limit + 1].text, NULL, 10));
}

static void impact_rows_of(const struct statement *s, const char *verb, size_t table)
{
	size_t where = find_word(s, 0, "WHERE");
	json_t *made = impact(s, verb, object_at(s, table), "one");

	if (where >= s->count)
		impact_flag(made, "no_where");
	else if (is_constant(s, where))
		impact_flag(made, "constant_where");
	note_rows(s, made);
	check_calls(s);
}

static void act_update(const struct statement *s)
{
	size_t at = 1;

	while (at < s->count &&
		is_one_of(&s->words[at], "LOW_PRIORITY IGNORE ONLY OR ROLLBACK ABORT"))
		at++;
	impact_rows_of(s, "update", at);
}

static void act_delete(const struct statement *s)
{
	size_t from = find_word(s, 0, "FROM");

	impact_rows_of(s, "delete", is_at(s, from + 1, "ONLY") ? from + 2 : from + 1);
}

static void act_insert(const struct statement *s)
{
	size_t into = find_word(s, 0, "INTO");

	impact(s, "insert", object_at(s, into < s->count ? into + 1 : 1), "one");
	check_calls(s);
}

static const char object_words[] =
	"TABLE DATABASE SCHEMA INDEX VIEW FUNCTION PROCEDURE TRIGGER EVENT SEQUENCE TYPE "
	"EXTENSION USER ROLE TABLESPACE PARTITION IF EXISTS NOT ONLY TEMPORARY MATERIALIZED UNIQUE "
	"CONCURRENTLY OR REPLACE COLUMN DOMAIN SERVER CAST POLICY RULE ONLINE OFFLINE IGNORE "
	"UNLOGGED";

/* DROP a, b; TRUNCATE a, b. */
static void impact_named(const struct statement *s, const char *verb)
{
	size_t at = 1;
	bool is_account = has_word(s, "USER") || has_word(s, "ROLE");

	while (at < s->count && is_one_of(&s->words[at], object_words))
		at++;
	do {
		impact(s, is_account ? "grant" : verb, object_at(s, at), "one");
		while (at < s->count && !is_sign(s, at, ','))
			at++;
		at++;
	} while (at < s->count);
}

static void act_drop(const struct statement *s)
{
	impact_named(s, "drop");
}

static void act_truncate(const struct statement *s)
{
	impact_named(s, "truncate");
}

static void act_create(const struct statement *s)
{
	if (has_word(s, "USER") || has_word(s, "ROLE"))
		impact_named(s, "grant");
	else
		impact_named(s, "create");
	/* A body of code, or a table from a query. */
	if (has_word(s, "FUNCTION") || has_word(s, "PROCEDURE") || has_word(s, "EXTENSION") ||
		has_word(s, "SELECT"))
		doubt(s);
}

static bool is_online(const struct statement *s)
{
	size_t algorithm = find_word(s, 0, "ALGORITHM"), lock = find_word(s, 0, "LOCK");

	if (is_at(s, algorithm + 2, "INSTANT"))
		return true;
	return is_at(s, algorithm + 2, "INPLACE") && is_at(s, lock + 2, "NONE");
}

static void act_alter(const struct statement *s)
{
	size_t at = 1;
	json_t *made;

	if (is_at(s, 1, "SYSTEM")) {
		impact(s, "configure", object_at(s, s->count), "all");
		return;
	}
	if (is_at(s, 1, "USER") || is_at(s, 1, "ROLE")) {
		impact(s, "grant", object_at(s, 2), "one");
		return;
	}
	while (at < s->count && is_one_of(&s->words[at], object_words))
		at++;
	made = impact(s, "alter", object_at(s, at), "one");
	if (is_online(s))
		impact_flag(made, "online");
	for (size_t i = at; i + 1 < s->count; i++)
		if (is_at(s, i, "DROP") && is_at(s, i + 1, "PARTITION"))
			impact(s, "drop", object_at(s, at), "one");
		else if (is_at(s, i, "TRUNCATE") && is_at(s, i + 1, "PARTITION"))
			impact(s, "truncate", object_at(s, at), "one");
}

static void act_rename(const struct statement *s)
{
	impact(s, "alter", object_at(s, 2), "one");
}

static void act_grant(const struct statement *s)
{
	size_t on = find_word(s, 0, "ON");

	impact(s, "grant", object_at(s, on + 1), "one");
}

static void act_flush(const struct statement *s)
{
	impact(s, "flush", object_at(s, s->count), "all");
}

static void act_server(const struct statement *s)
{
	impact(s, "configure", object_at(s, s->count), "all");
}

static void act_stop(const struct statement *s)
{
	impact(s, !strcmp(s->words[0].upper, "RESTART") ? "restart" : "stop",
		object_at(s, s->count), "all");
}

static void act_kill(const struct statement *s)
{
	size_t at = is_at(s, 1, "QUERY") || is_at(s, 1, "CONNECTION") ? 2 : 1;

	if (at < s->count && s->words[at].kind == SQL_NUMBER && at + 1 >= s->count)
		impact(s, "kill",
			arena_format(&s->command->analysis->arena, "db:%s/connection/%s", s->server,
				s->words[at].text),
			"one");
	else
		impact(s, "kill", "", "unknown");
}

/* SET GLOBAL and its like hold for all; what a session sets is not proved, but for a few. */
static void act_set(const struct statement *s)
{
	if (has_word(s, "GLOBAL") || has_word(s, "PERSIST") || has_word(s, "PERSIST_ONLY") ||
		has_word(s, "@@GLOBAL") || has_word(s, "@@PERSIST")) {
		impact(s, "configure", object_at(s, 2), "all");
		return;
	}
	if (has_word(s, "PASSWORD") || has_word(s, "ROLE") || has_word(s, "AUTHORIZATION"))
		impact(s, "grant", object_at(s, s->count), "one");
	if (!is_one_of(&s->words[s->count > 1 ? 1 : 0],
		    "NAMES STATEMENT_TIMEOUT LOCK_TIMEOUT TIME_ZONE"))
		doubt(s);
}

static void act_copy(const struct statement *s)
{
	bool is_from = has_word(s, "FROM") && !is_sign(s, 1, '(');
	json_t *made = impact(s, is_from ? "insert" : "select", object_at(s, 1), "one");

	if (has_word(s, "PROGRAM")) {
		impact_flag(made, "runs_program");
		impact_runs(s->command, "COPY ... PROGRAM");
	} else if (!has_word(s, "STDIN") && !has_word(s, "STDOUT")) {
		impact_flag(made, "server_file");
		doubt(s);
	}
	check_calls(s);
}

static void act_load(const struct statement *s)
{
	size_t table = find_word(s, 0, "TABLE");

	impact_flag(impact(s, "insert", object_at(s, table + 1), "many"), "server_file");
	doubt(s);
}

static void act_look(const struct statement *s)
{
	impact(s, "list", object_at(s, s->count), "one");
}

static void act_nothing_here(const struct statement *s)
{
	(void)s;
}

static void act_maintain(const struct statement *s)
{
	impact(s, "write", object_at(s, s->count > 1 ? 2 : 1), "one");
}

static void act_unknown(const struct statement *s)
{
	json_t *made = impact(s, "exec", object_at(s, s->count), "unknown");

	if (has_word(s, "XP_CMDSHELL"))
		impact_flag(made, "runs_program");
	impact_is_unproved(s->command, made, "opaque");
}

static void classify(const struct statement *s);

static void act_explain(const struct statement *s)
{
	struct statement inner = *s;
	bool runs = has_word(s, "ANALYZE") || has_word(s, "ANALYSE") || is_sign(s, 1, '(');
	size_t at = 1;

	if (!runs) {
		check_calls(s); /* some servers compute inner queries */
		act_look(s);
		return;
	}
	while (at < s->count &&
		!is_one_of(&s->words[at],
			"SELECT WITH INSERT UPDATE DELETE REPLACE MERGE CREATE EXECUTE VALUES "
			"TABLE"))
		at++;
	inner.words += at;
	inner.count -= at;
	if (inner.count)
		classify(&inner);
	else
		doubt(s);
}

static const struct {
	const char *words;
	void (*act)(const struct statement *s);
} statements[] = {
	{"SELECT WITH VALUES TABLE", act_select},
	{"SHOW DESC DESCRIBE", act_look},
	{"EXPLAIN", act_explain},
	{"USE BEGIN START COMMIT ROLLBACK", act_nothing_here},
	{"UPDATE", act_update},
	{"DELETE", act_delete},
	{"INSERT REPLACE MERGE", act_insert},
	{"DROP", act_drop},
	{"TRUNCATE", act_truncate},
	{"CREATE", act_create},
	{"ALTER", act_alter},
	{"RENAME", act_rename},
	{"GRANT REVOKE", act_grant},
	{"FLUSH", act_flush},
	{"RESET PURGE CHANGE INSTALL UNINSTALL STOP CLONE", act_server},
	{"SHUTDOWN RESTART", act_stop},
	{"KILL", act_kill},
	{"SET", act_set},
	{"COPY", act_copy},
	{"LOAD IMPORT", act_load},
	{"VACUUM ANALYZE REINDEX OPTIMIZE REPAIR CLUSTER CHECKPOINT REFRESH", act_maintain},
};

static void classify(const struct statement *s)
{
	const char *first = s->words[0].upper;

	if (is_sign(s, 0, '(')) {
		act_select(s);
		return;
	}
	/* START SLAVE, START REPLICA; START TRANSACTION alone begins one. */
	if ((!strcmp(first, "START") && !is_at(s, 1, "TRANSACTION"))) {
		act_server(s);
		return;
	}
	for (size_t i = 0; *first && i < COUNT(statements); i++)
		if (text_is_word(statements[i].words, first)) {
			statements[i].act(s);
			return;
		}
	act_unknown(s);
}

void sql_analyse(struct command *command, const char *text, enum sql_dialect dialect,
	const char *server, const char *schema)
{
	struct sql_words words;
	size_t start = 0;

	sql_words_split(&command->analysis->arena, text, &words);
	if (words.is_odd)
		command_doubt(command, "opaque");
	for (size_t i = 0; i <= words.count; i++) {
		bool is_end = i == words.count ||
			      (words.words[i].kind == SQL_SIGN && words.words[i].text[0] == ';');

		if (!is_end)
			continue;
		if (i > start) {
			struct statement s = {command, words.words + start, i - start, dialect,
				server ? server : "", schema ? schema : ""};

			classify(&s);
		}
		start = i + 1;
	}
}
