/* Clients of databases: their statements, their own commands, their escapes. */
#include "change/command/command_rooms.h"

#include "lib/base/text.h"

#include <string.h>
#include <strings.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static const char *server_of(const struct command *c)
{
	return or_empty(option_value(c, "h"));
}

/* A client that is given no statement asks the keyboard, unless a bound file is its input. */
static void act_console(struct command *c, enum sql_dialect dialect, const char *schema)
{
	const char *sql = c->outer ? NULL : c->analysis->input->sql;

	if (sql)
		sql_analyse(c, sql, dialect, server_of(c), schema);
	else {
		impact_flag(impact_add(c, "connect", "db", "", "one"), "interactive");
		command_doubt(c, "interactive_shell");
	}
}

/* Lines of the mysql client that are not SQL: by a word, or by a backslash anywhere. */
static void check_mysql_text(struct command *c, const char *text)
{
	static const char *const words[] = {
		"system", "source", "pager", "tee", "edit", "delimiter", "connect"};
	const char *line = text;

	for (const char *at = text; (at = strchr(at, '\\')) != NULL; at += 1 + (at[1] != 0))
		if (at[1] == '!' || at[1] == 'P' || at[1] == '.' || at[1] == 'e' || at[1] == 'T')
			impact_runs(c, arena_text_n(&c->analysis->arena, at, strcspn(at, "\n;")));
	while (*line) {
		line += strspn(line, " \t\n;");
		for (size_t i = 0; i < COUNT(words); i++)
			if (!strncasecmp(line, words[i], strlen(words[i])) &&
				strchr(" \t\n", line[strlen(words[i])]))
				impact_runs(c, arena_text_n(&c->analysis->arena, line,
						       strcspn(line, "\n;")));
		line += strcspn(line, "\n;");
	}
}

static void flag_secret(struct command *c)
{
	impact_flag(impact_add(c, "connect", "db", "", "one"), "plaintext_secret");
	impact_is_read(json_array_get(c->impacts, json_array_size(c->impacts) - 1));
}

/* "\\G" at the end only shows rows one below the other. */
static const char *without_end(struct command *c, const char *text)
{
	size_t length = strlen(text);

	while (length && strchr(" \t\n;", text[length - 1]))
		length--;
	if (length >= 2 && text[length - 2] == '\\' && strchr("Gg", text[length - 1]))
		length -= 2;
	return arena_text_n(&c->analysis->arena, text, length);
}

static void act_mysql(struct command *c)
{
	const char *schema = c->operand_count ? c->operands[0] : or_empty(option_value(c, "D"));
	bool has_text = false;

	if (option_value(c, "p"))
		flag_secret(c);
	for (size_t i = 0; i < c->given_count; i++)
		if (c->given[i].name[0] == 'e' && c->given[i].name_length == 1 &&
			c->given[i].value) {
			has_text = true;
			check_mysql_text(c, c->given[i].value);
			sql_analyse(c, without_end(c, c->given[i].value), SQL_MYSQL, server_of(c),
				schema);
		}
	if (!has_text)
		act_console(c, SQL_MYSQL, schema);
}

static void act_mysqladmin(struct command *c)
{
	const char *word = c->operand_count ? c->operands[0] : "";
	const char *schema = c->operand_count > 1 ? c->operands[1] : "";
	const char *object = arena_format(&c->analysis->arena, "db:%s/%s", server_of(c), schema);

	if (option_value(c, "p"))
		flag_secret(c);
	if (text_is_word("status extended-status ping processlist variables version", word))
		impact_add(c, "list", "db", object, "one");
	else if (!strcmp(word, "drop") || !strcmp(word, "create"))
		impact_add(c, word, "db", object, "one");
	else if (!strcmp(word, "shutdown"))
		impact_add(c, "stop", "db", object, "all");
	else if (!strcmp(word, "kill"))
		impact_add(c, "kill", "db", *schema ? object : "",
			strchr(schema, ',') || !*schema ? "many" : "one");
	else if (text_starts_with(word, "flush") || !strcmp(word, "reload") ||
		 !strcmp(word, "refresh"))
		impact_add(c, "flush", "db", object, "all");
	else if (!strcmp(word, "password"))
		impact_add(c, "grant", "db", object, "one");
	else
		impact_is_unproved(
			c, impact_add(c, "configure", "db", object, "unknown"), "opaque");
}

/* Backslash commands of psql that only look; the others write, run, or read more commands. */
static bool is_tame_meta(const char *text)
{
	size_t length = strcspn(text, " \t\n");

	if (strpbrk(text, "|`\n;") || strchr(text + 1, '\\'))
		return false;
	return (text[1] == 'd' || text[1] == 'l' || (length == 2 && strchr("xz", text[1])) ||
		       !strncmp(text, "\\conninfo", length) ||
		       !strncmp(text, "\\timing", length)) &&
	       strspn(text + 1, "abcdefghijklmnopqrstuvwxyzS+") + 1 >= length;
}

static void take_psql_text(struct command *c, const char *text, const char *schema)
{
	const char *start = text + strspn(text, " \t\n");
	const char *slash = strchr(start, '\\');

	if (*start == '\\' && is_tame_meta(start)) {
		impact_add(c, "list", "db",
			arena_format(&c->analysis->arena, "db:%s/%s", server_of(c), schema), "one");
		return;
	}
	if (slash)
		impact_runs(c, arena_text_n(&c->analysis->arena, slash, strcspn(slash, "\n")));
	if (strchr(start, ':') && (strstr(start, ":'") || strstr(start, ":\"")))
		command_doubt(c, "dynamic");
	sql_analyse(c, start, SQL_POSTGRES, server_of(c), schema);
}

static void act_psql(struct command *c)
{
	const char *schema = c->operand_count ? c->operands[0] : or_empty(option_value(c, "d"));
	const char *file = option_value(c, "f");
	bool has_text = false;

	for (size_t i = 0; i < c->given_count; i++)
		if (c->given[i].name[0] == 'c' && c->given[i].name_length == 1 &&
			c->given[i].value) {
			has_text = true;
			take_psql_text(c, c->given[i].value, schema);
		}
	if (option_has(c, "l")) {
		impact_add(c, "list", "db", "", "one");
		has_text = true;
	}
	if (file) {
		has_text = true;
		if (path_is_bound(c, file) && c->analysis->input->sql)
			take_psql_text(c, c->analysis->input->sql, schema);
		else
			impact_is_unproved(c, impact_add(c, "exec", "db", "", "unknown"), "opaque");
	}
	if (strchr(schema, '=') || strstr(schema, "://"))
		command_doubt(c, "opaque");
	if (!has_text)
		act_console(c, SQL_POSTGRES, schema);
	else if (!option_has(c, "X") || !option_value(c, "P") ||
		 strcmp(option_value(c, "P"), "pager=off") != 0)
		command_doubt(c, "opaque"); /* ~/.psqlrc, and a pager that runs what is typed */
}

static void act_sqlite(struct command *c)
{
	static const char tame[] = ".tables .schema .databases .indexes .indices .headers .mode "
				   ".stats .show .version .dbinfo";
	const char *file = c->operand_count ? c->operands[0] : "";

	if (c->operand_count < 2 && !option_has(c, "cmd")) {
		act_interactive(c);
		return;
	}
	for (size_t i = 1; i <= c->operand_count; i++) {
		const char *text =
			i < c->operand_count ? c->operands[i] : or_empty(option_value(c, "cmd"));
		char *word = arena_text_n(&c->analysis->arena, text, strcspn(text, " "));

		if (*text != '.')
			sql_analyse(c, text, SQL_SQLITE, "", path_resolve(c, file));
		else if (!text_is_word(tame, word) || strchr(text, '\n'))
			impact_runs(c, text);
		else
			path_read(c, file);
	}
	if (!option_has(c, "readonly"))
		for (size_t i = 0; i < json_array_size(c->impacts); i++)
			if (strcmp(json_string_value(
					   json_object_get(json_array_get(c->impacts, i), "proof")),
				    "read") != 0) {
				path_impact(c, "write", file, "one");
				break;
			}
}

static const char redis_reads[] =
	" GET MGET STRLEN EXISTS TTL PTTL TYPE HGET HMGET HGETALL HKEYS HVALS HLEN HEXISTS HSCAN "
	"LRANGE LLEN LINDEX SMEMBERS "
	"SCARD SISMEMBER SSCAN SRANDMEMBER ZRANGE ZREVRANGE ZRANGEBYSCORE ZSCORE ZCARD ZCOUNT "
	"ZRANK ZSCAN SCAN KEYS INFO PING "
	"ECHO DBSIZE TIME LASTSAVE ROLE XRANGE XREVRANGE XLEN XINFO OBJECT GETRANGE BITCOUNT "
	"GETBIT PFCOUNT RANDOMKEY COMMAND "
	"GEOPOS GEODIST DUMP ";
/* Two words that look. */
static const char *const redis_questions[][2] = {{"CONFIG", "GET"}, {"CLIENT", "LIST"},
	{"CLIENT", "INFO"}, {"CLIENT", "ID"}, {"SLOWLOG", "GET"}, {"SLOWLOG", "LEN"},
	{"MEMORY", "USAGE"}, {"MEMORY", "STATS"}, {"MEMORY", "DOCTOR"}, {"LATENCY", "LATEST"},
	{"LATENCY", "HISTORY"}, {"CLUSTER", "INFO"}, {"CLUSTER", "NODES"}, {"CLUSTER", "SLOTS"},
	{"ACL", "LIST"}, {"ACL", "WHOAMI"}, {"PUBSUB", "CHANNELS"}, {"SENTINEL", "MASTERS"},
	{"SENTINEL", "GET-MASTER-ADDR-BY-NAME"}};
static const char redis_deletes[] = " DEL UNLINK HDEL SREM ZREM LREM LTRIM LPOP RPOP SPOP ZPOPMIN "
				    "ZPOPMAX GETDEL EXPIRE PEXPIRE "
				    "EXPIREAT ZREMRANGEBYSCORE ZREMRANGEBYRANK XDEL XTRIM ";
static const char redis_server[] =
	" CONFIG DEBUG SLAVEOF REPLICAOF FAILOVER MODULE ACL CLUSTER SCRIPT FUNCTION SWAPDB "
	"BGREWRITEAOF "
	"BGSAVE SAVE RESET MONITOR PSYNC SYNC LATENCY SLOWLOG MIGRATE RESTORE SENTINEL ";

static const char *upper(struct command *c, const char *text)
{
	char *made = arena_text(&c->analysis->arena, text);

	for (char *at = made; *at; at++)
		if (*at >= 'a' && *at <= 'z')
			*at = (char)(*at - 'a' + 'A');
	return made;
}

static bool is_redis_question(const char *word, const char *second)
{
	for (size_t i = 0; i < COUNT(redis_questions); i++)
		if (!strcmp(redis_questions[i][0], word) && !strcmp(redis_questions[i][1], second))
			return true;
	return false;
}

static void act_redis_words(struct command *c, const char *word, const char *second)
{
	const char *server = arena_format(&c->analysis->arena, "db:%s/", server_of(c));
	const char *key = arena_format(
		&c->analysis->arena, "%s%s", server, c->operand_count > 1 ? c->operands[1] : "");

	if (text_is_word(redis_reads, word) || is_redis_question(word, second))
		impact_add(c, "read", "db", key, "one");
	else if (!strcmp(word, "FLUSHALL") || !strcmp(word, "FLUSHDB"))
		impact_add(c, "flush", "db", server, "all");
	else if (!strcmp(word, "SHUTDOWN"))
		impact_add(c, "stop", "db", server, "all");
	else if (!strcmp(word, "CLIENT") && !strcmp(second, "KILL"))
		impact_add(c, "kill", "db", "", "many");
	else if (text_is_word(redis_server, word))
		impact_add(c, "configure", "db", server, "all");
	else if (text_is_word(redis_deletes, word))
		impact_rows(impact_add(c, "delete", "db", key, "one"),
			c->operand_count > 1 ? (json_int_t)c->operand_count - 1 : 0);
	else if (text_is_word("EVAL EVALSHA FCALL", word))
		impact_is_unproved(c, impact_add(c, "update", "db", server, "unknown"), "opaque");
	else if (text_is_word("SET SETEX SETNX MSET HSET HMSET LPUSH RPUSH SADD ZADD INCR DECR "
			      "INCRBY APPEND XADD PUBLISH PERSIST "
			      "RENAME COPY HINCRBY GETSET SETRANGE SETBIT PFADD",
			 word))
		impact_rows(impact_add(c, "update", "db", key, "one"), 1);
	else
		impact_is_unproved(
			c, impact_add(c, "configure", "db", server, "unknown"), "opaque");
}

static void act_redis(struct command *c)
{
	if (option_has(c, "a"))
		flag_secret(c);
	if (!c->operand_count && !option_has(c, "scan")) {
		act_console(c, SQL_SQLITE, "");
		return;
	}
	if (c->operand_count)
		act_redis_words(c, upper(c, c->operands[0]),
			c->operand_count > 1 ? upper(c, c->operands[1]) : "");
}

/* JavaScript is not read; a few calls are named for the reviewer. */
static void act_mongo(struct command *c)
{
	const char *text = option_value(c, "eval");
	const char *object = c->operand_count ? c->operands[0] : "";

	if (!text) {
		act_console(c, SQL_SQLITE, "");
		return;
	}
	if (strstr(text, "dropDatabase") || strstr(text, ".drop("))
		impact_add(c, "drop", "db", object, "one");
	if (strstr(text, "deleteMany({})") || strstr(text, "remove({})"))
		impact_flag(impact_add(c, "delete", "db", object, "one"), "no_where");
	if (strstr(text, "updateMany({},") || strstr(text, "updateMany({} "))
		impact_flag(impact_add(c, "update", "db", object, "one"), "no_where");
	if (strstr(text, "shutdownServer"))
		impact_add(c, "stop", "db", object, "all");
	impact_is_unproved(c, impact_add(c, "exec", "db", object, "unknown"), "opaque");
}

/* Tools that change large tables piece by piece. */
static void act_online(struct command *c)
{
	bool is_archiver = !strcmp(c->program, "pt-archiver");

	impact_flag(impact_add(c, is_archiver ? "delete" : "alter", "db", "", "one"),
		is_archiver ? "batched" : "online");
	for (size_t i = 1; i < c->count; i++)
		if (text_starts_with(c->words[i], "--hooks-path") ||
			text_starts_with(c->words[i], "--plugin"))
			impact_runs(c, c->words[i]);
}

static void act_dump(struct command *c)
{
	bool is_restore = strstr(c->program, "restore") || strstr(c->program, "import") ||
			  strstr(c->program, "drop") || strstr(c->program, "create");

	impact_add(c,
		strstr(c->program, "drop") ? "drop"
		: is_restore		   ? "insert"
					   : "select",
		"db", c->operand_count ? c->operands[c->operand_count - 1] : "", "many");

	if (!is_restore)
		command_doubt(c, "opaque"); /* it can lock, and writes where options say */
}

static void act_foreign(struct command *c)
{
	bool has_text = false;

	for (size_t i = 1; i < c->count; i++) {
		has_text |= text_is_word("-Q -q --query -e --execute -f", c->words[i]);
		if (strstr(text_lower(&c->analysis->arena, c->words[i]), "xp_cmdshell"))
			impact_flag(impact_add(c, "exec", "db", "", "one"), "runs_program");
	}
	if (!has_text)
		impact_flag(impact_add(c, "connect", "db", "", "one"), "interactive");
	command_doubt(c, has_text ? "opaque" : "interactive_shell");
}

#define MYSQL                                                                                      \
	"e,execute: h,host: u,user: p,password? P,port: D,database: S,socket: "                    \
	"N,skip-column-names B,batch s,silent r,raw t,table "                                      \
	"f,force% E,vertical X,xml H,html A,no-auto-rehash v,verbose q,quick n,unbuffered "        \
	"C,compress ssl-mode: "                                                                    \
	"ssl-ca: connect-timeout: default-character-set: protocol: defaults-file:% "               \
	"defaults-extra-file:% "                                                                   \
	"defaults-group-suffix:% login-path:% init-command:% pager?! tee:> plugin-dir:% "          \
	"safe-updates,U i,one-database "                                                           \
	"no-defaults local-infile?% delimiter:% i,sleep: c,count: w,wait? b comments% "            \
	"binary-mode%"

const struct program command_db_programs[] = {
	{"mysql mariadb", MYSQL, 0, act_mysql},
	{"mysqladmin mariadb-admin", MYSQL, 0, act_mysqladmin},
	{"psql",
		"c,command: f,file: d,dbname: h,host: U,username: p,port: W,password w,no-password "
		"A,no-align t,tuples-only x,expanded "
		"X,no-psqlrc q,quiet P,pset: F,field-separator: R,record-separator: "
		"1,single-transaction v,set,variable:% l,list "
		"o,output:% L,log-file:% a,echo-all e E b n s,single-step S csv H,html T 0 z",
		0, act_psql},
	{"sqlite3",
		"readonly batch header,headers noheader csv column line list json table html quote "
		"separator: cmd: init:% bail "
		"echo% interactive% safe nullvalue: newline: tabs markdown box",
		STYLE_ONE_DASH, act_sqlite},
	{"redis-cli valkey-cli keydb-cli",
		"h: p: a,pass: n: u:% s:% x% r: i: raw no-raw csv c,cluster% scan bigkeys memkeys "
		"hotkeys stat latency latency-history "
		"tls cacert: cert: key: user: no-auth-warning pattern: eval:% pipe% rdb:> replica% "
		"count: 2 3 json d: askpass "
		"verbose e",
		STYLE_STOP, act_redis},
	{"mongo mongosh",
		"eval: host: port: u,username: p,password? quiet authenticationDatabase: f,file:% "
		"shell% nodb tls",
		0, act_mongo},
	{"gh-ost pt-online-schema-change pt-archiver spirit", "", STYLE_RAW, act_online},
	{"mysqldump mariadb-dump pg_dump pg_dumpall pg_restore mysqlimport mongodump mongorestore "
	 "xtrabackup mariabackup "
	 "pg_basebackup dropdb createdb dropuser createuser mongoimport mongoexport",
		"h,host: u,U,user,username: p? P: d,dbname: f,file:> r,result-file:> c C "
		"a,all-databases single-transaction",
		0, act_dump},
	{"sqlplus sqlcmd clickhouse-client clickhouse cqlsh influx hbase hive beeline presto trino "
	 "bq osql isql obclient",
		"", STYLE_RAW, act_foreign},
	{NULL, NULL, 0, NULL},
};
