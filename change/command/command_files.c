/* Programs that change files, and archives and copies that may run others on the way. */
#include "change/command/command_rooms.h"

#include "lib/base/text.h"

#include <string.h>

static const char *last_operand(const struct command *c)
{
	return c->operand_count ? c->operands[c->operand_count - 1] : NULL;
}

static void act_rm(struct command *c)
{
	bool is_recursive = option_has(c, "r"), is_forced = option_has(c, "f");

	for (size_t i = 0; i < c->operand_count; i++) {
		json_t *impact = path_impact(
			c, "delete", c->operands[i], is_recursive ? "recursive" : "one");

		if (is_forced)
			impact_flag(impact, "force");
		if (is_recursive && option_has(c, "no-preserve-root"))
			impact_flag(impact, "root");
	}
	if (!c->operand_count)
		path_impact(c, "delete", NULL, is_recursive ? "recursive" : "unknown");
}

static void act_delete(struct command *c)
{
	for (size_t i = 0; i < c->operand_count; i++)
		path_impact(c, "delete", c->operands[i], "one");
}

/* Where a source goes: into a folder, or onto a name. Which one is only known on the host. */
static void impact_target(
	struct command *c, const char *verb, const char *target, bool is_recursive)
{
	json_t *impact = path_impact(c, verb, target, is_recursive ? "recursive" : "one");

	if (option_has(c, "f"))
		impact_flag(impact, "force");
}

/* "u+s", "4755", "2755" */
static bool is_setuid(const char *mode)
{
	if (strspn(mode, "01234567") == strlen(mode))
		return strlen(mode) >= 4 && mode[strlen(mode) - 4] != '0' &&
		       mode[strlen(mode) - 4] != '1';
	return strchr(mode, 's') && strpbrk(mode, "+=");
}

/* cp, mv, install, ln: sources and a target. */
static void act_copy(struct command *c)
{
	bool is_move = !strcmp(c->program, "mv"), is_link = text_is_word("ln link", c->program);
	bool is_recursive = option_has(c, "r") || option_has(c, "a");
	const char *target = option_value(c, "t") ? option_value(c, "t") : last_operand(c);
	size_t sources = c->operand_count;

	if (!strcmp(c->program, "install") && option_has(c, "d")) {
		for (size_t i = 0; i < c->operand_count; i++)
			path_impact(c, "create", c->operands[i], "one");
		return;
	}
	if (!target) {
		command_doubt(c, "opaque");
		return;
	}
	if (!option_value(c, "t"))
		sources--;
	if (!sources && is_link)
		path_impact(c, "link", path_base(target), "one");
	for (size_t i = 0; i < sources; i++) {
		const char *source = c->operands[i];

		if (is_move)
			path_impact(c, "move", source, "one");
		else if (!is_link)
			path_read(c, source);
	}
	if (sources || !is_link)
		impact_target(c, is_link ? "link" : "copy", target, is_recursive && !is_move);
	/* Below the target, too: "cp shadow /etc" writes /etc/shadow. */
	for (size_t i = 0; i < sources && i < 8; i++)
		if (!is_link && sources && target[0])
			path_impact(c, "write",
				arena_format(&c->analysis->arena, "%s/%s", target,
					path_base(c->operands[i])),
				"one");
	if (option_has(c, "mode") && is_setuid(option_value(c, "mode")))
		impact_flag(path_impact(c, "grant", target, "one"), "setuid");
}

static void act_dd(struct command *c)
{
	static const char known[] =
		"if of bs ibs obs cbs count skip iseek seek oseek conv iflag oflag status";

	for (size_t i = 1; i < c->count; i++) {
		const char *word = c->words[i];
		size_t length = strcspn(word, "=");
		char *name = arena_text_n(&c->analysis->arena, word, length);

		if (!word[length] || !text_is_word(known, name))
			command_doubt(c, "opaque");
		else if (!strcmp(name, "if"))
			path_read(c, word + length + 1);
		else if (!strcmp(name, "of"))
			path_impact(c, "write", word + length + 1, "one");
	}
}

static void act_truncate(struct command *c)
{
	for (size_t i = 0; i < c->operand_count; i++)
		path_impact(c, "truncate", c->operands[i], "one");
}

static void act_tee(struct command *c)
{
	for (size_t i = 0; i < c->operand_count; i++)
		path_impact(c, option_has(c, "a") ? "append" : "write", c->operands[i], "one");
}

static void act_create(struct command *c)
{
	for (size_t i = 0; i < c->operand_count; i++)
		path_impact(c, "create", c->operands[i], "one");
}

static void act_write(struct command *c)
{
	for (size_t i = 0; i < c->operand_count; i++)
		path_impact(c, "write", c->operands[i], option_has(c, "r") ? "recursive" : "one");
}

/* "777", "o+w", "a+rwx", "+w" */
static bool is_world_writable(const char *mode)
{
	size_t length = strlen(mode);

	if (strspn(mode, "01234567") == length)
		return length && ((mode[length - 1] - '0') & 2);
	for (const char *part = mode; *part; part += strcspn(part, ","), part += *part == ',') {
		size_t who = strspn(part, "ugoa"), end = strcspn(part, ",");
		bool is_all = !who || memchr(part, 'o', who) || memchr(part, 'a', who);

		if (is_all && (part[who] == '+' || part[who] == '=') &&
			(memchr(part, 'w', end) || memchr(part, 'u', end - who) ||
				memchr(part + who, 'g', end - who)))
			return true;
	}
	return false;
}

/* chmod, chown, chgrp, setfacl ...: rights, then paths. A mode like -x looks like an option. */
static void act_grant(struct command *c)
{
	bool is_chmod = !strcmp(c->program, "chmod"), has_reference = option_has(c, "reference");
	const char *mode = !has_reference && c->operand_count ? c->operands[0] : "";
	size_t first = has_reference ? 0 : 1;

	if (is_chmod)
		for (size_t i = 1; i < c->count; i++)
			if (c->words[i][0] == '-' && c->words[i][1] &&
				strspn(c->words[i] + 1, "rwxXst") == strlen(c->words[i] + 1))
				mode = c->words[i], first = 0;
	if (text_is_word("setfacl setcap chattr", c->program))
		first = 0;
	for (size_t i = first; i < c->operand_count; i++) {
		json_t *impact = path_impact(
			c, "grant", c->operands[i], option_has(c, "R") ? "recursive" : "one");

		if (is_chmod && is_setuid(mode))
			impact_flag(impact, "setuid");
		if (is_chmod && is_world_writable(mode))
			impact_flag(impact, "world_writable");
		if (!strcmp(c->program, "setcap"))
			impact_flag(impact, "setuid");
	}
}

/* tar: what it makes, takes out, or only lists. */
static void act_tar(struct command *c)
{
	const char *file = option_value(c, "f"), *folder = option_value(c, "C");
	bool is_remote = file && strchr(file, ':') && !option_has(c, "force-local");

	if (is_remote)
		impact_runs(c, file);
	if (option_has(c, "c") || option_has(c, "r") || option_has(c, "A")) {
		path_impact(
			c, "write", file && strcmp(file, "-") != 0 ? file : "/dev/stdout", "one");
		for (size_t i = 0; i < c->operand_count; i++)
			path_impact(c, option_has(c, "remove-files") ? "delete" : "read",
				c->operands[i], "recursive");
	} else if (option_has(c, "x")) {
		if (file)
			path_read(c, file);
		if (!option_has(c, "O"))
			path_impact(c, "write",
				folder		     ? folder
				: option_has(c, "P") ? "/"
						     : ".",
				"recursive");
	} else if (option_has(c, "t") || option_has(c, "d")) {
		if (file)
			path_read(c, file);
	} else {
		command_doubt(c, "opaque");
	}
}

static bool is_remote_path(const char *path)
{
	const char *colon = strchr(path, ':');

	return colon && !memchr(path, '/', (size_t)(colon - path));
}

/* rsync and scp: the last operand is written, here or on another host. */
static void act_transfer(struct command *c)
{
	const char *target = last_operand(c);
	bool is_recursive = option_has(c, "r") || option_has(c, "a");

	for (size_t i = 0; i + 1 < c->operand_count; i++)
		if (is_remote_path(c->operands[i]) || path_is_url(c->operands[i]))
			impact_is_unproved(c,
				impact_add(c, "login", "host",
					arena_text_n(&c->analysis->arena, c->operands[i],
						strcspn(c->operands[i], ":")),
					"one"),
				"opaque");
		else
			path_read(c, c->operands[i]);
	if (!target || c->operand_count < 2) {
		command_doubt(c, "opaque");
		return;
	}
	if (is_remote_path(target) || path_is_url(target)) {
		impact_add(c, "send", "host",
			arena_text_n(&c->analysis->arena, target, strcspn(target, ":")), "one");
		command_doubt(c, "opaque");
		return;
	}
	path_impact(c, "copy", target, is_recursive ? "recursive" : "one");
	if (option_has(c, "delete"))
		path_impact(c, "delete", target, "recursive");
}

/* Archives by other programs: what is known is that files are written. */
static void act_compress(struct command *c)
{
	bool is_out = option_has(c, "c"), is_look = option_has(c, "t") || option_has(c, "l");

	for (size_t i = 0; i < c->operand_count; i++)
		if (is_out || is_look)
			path_read(c, c->operands[i]);
		else
			path_impact(c, "write", c->operands[i], "one");
}

static void act_archive(struct command *c)
{
	for (size_t i = 1; i < c->count; i++)
		if (text_starts_with(c->words[i], "-TT"))
			impact_runs(c, c->words[i]);
	if (option_has(c, "l") || option_has(c, "t") || option_has(c, "v")) {
		if (c->operand_count)
			path_read(c, c->operands[0]);
		return;
	}
	path_impact(c, "write", option_value(c, "d") ? option_value(c, "d") : ".", "recursive");
	command_doubt(c, "opaque");
}

static void act_split(struct command *c)
{
	if (c->operand_count)
		path_read(c, c->operands[0]);
	path_impact(c, "create", c->operand_count > 1 ? c->operands[1] : "x", "many");
}

const struct program command_files_programs[] = {
	{"rm",
		"f,force i I interactive? one-file-system no-preserve-root preserve-root? "
		"r,R,recursive d,dir "
		"v,verbose",
		0, act_rm},
	{"rmdir unlink shred srm",
		"ignore-fail-on-non-empty p,parents v,verbose f,force n,iterations: r s,size: "
		"u,remove? x,exact z,zero random-source:<",
		0, act_delete},
	{"cp mv",
		"a,archive attributes-only b,backup? copy-contents d f,force i,interactive H "
		"l,link L,dereference "
		"n,no-clobber P,no-dereference p preserve? no-preserve: parents r,R,recursive "
		"reflink? "
		"remove-destination sparse: strip-trailing-slashes s,symbolic-link S,suffix: "
		"t,target-directory: "
		"T,no-target-directory u,update? v,verbose x,one-file-system Z context? exchange "
		"debug",
		0, act_copy},
	{"install",
		"b,backup? c C,compare d,directory D g,group: mode,m: o,owner: "
		"p,preserve-timestamps s,strip "
		"strip-program:! S,suffix: t,target-directory: T,no-target-directory v,verbose Z "
		"context?",
		0, act_copy},
	{"ln link",
		"b,backup? d,F,directory f,force i,interactive L,logical n,no-dereference "
		"P,physical r,relative "
		"s,symbolic S,suffix: t,target-directory: T,no-target-directory v,verbose",
		0, act_copy},
	{"dd", "", STYLE_RAW, act_dd},
	{"truncate", "c,no-create o,io-blocks r,reference:< s,size:", 0, act_truncate},
	{"tee sponge", "a,append i,ignore-interrupts p output-error?", 0, act_tee},
	{"touch", "a c,no-create d,date: f h,no-dereference m r,reference:< t: time:", 0,
		act_create},
	{"mkdir", "m,mode: p,parents v,verbose Z context?", 0, act_create},
	{"mkfifo mknod mktemp fallocate",
		"m,mode: Z context? d,directory u,dry-run q,quiet p,tmpdir? t suffix: "
		"l,length: o,offset: z,zero-range n,keep-size c,collapse-range",
		0, act_create},
	{"patch dos2unix unix2dos",
		"p,strip: i,input:< R,reverse d,directory: b,backup o,output:> dry-run N f s "
		"q,quiet k",
		0, act_write},
	{"chmod chown chgrp setfacl setcap chattr",
		"c,changes f,silent,quiet v,verbose dereference h,no-dereference from: "
		"no-preserve-root "
		"preserve-root reference: R,recursive H L P r w x X s t m,modify: b,remove-all "
		"k,remove-default "
		"set: d,default restore:% p:",
		0, act_grant},
	{"tar gtar bsdtar",
		"A,catenate,concatenate c,create d,diff,compare delete r,append t,list test-label "
		"u,update x,extract,get "
		"f,file: C,directory: v,verbose z,gzip,gunzip,ungzip j,bzip2 J,xz Z,compress "
		"a,auto-compress lzip lzma lzop "
		"zstd k,keep-old-files keep-newer-files overwrite U,unlink-first recursive-unlink "
		"S,sparse O,to-stdout "
		"p,preserve-permissions,same-permissions same-owner no-same-owner numeric-owner "
		"owner: group: mode: mtime: "
		"m,touch W,verify remove-files P,absolute-names h,dereference no-recursion "
		"exclude: X,exclude-from:< "
		"exclude-vcs T,files-from:% null strip-components: transform,xform:% "
		"one-file-system w,interactive b: "
		"totals? wildcards no-wildcards anchored N: newer: force-local selinux acls xattrs "
		"sort: format: H: "
		"I,use-compress-program:! to-command:! checkpoint? checkpoint-action:! "
		"F,info-script,new-volume-script:! "
		"M,multi-volume L: rsh-command:! rmt-command:! index-file:> g,listed-incremental:> "
		"warning: ignore-failed-read",
		STYLE_FIRST_BARE, act_tar},
	{"rsync",
		"v,verbose q,quiet c,checksum a,archive r,recursive R,relative b,backup "
		"backup-dir: suffix: u,update inplace "
		"append l,links L,copy-links k K H,hard-links p,perms E,executability A,acls "
		"X,xattrs o,owner g,group "
		"devices specials D t,times O S,sparse n,dry-run W x,one-file-system e,rsh:! "
		"rsync-path:! existing "
		"ignore-existing remove-source-files "
		"delete,del,delete-before,delete-during,delete-delay,delete-after,"
		"delete-excluded force max-delete: max-size: min-size: partial partial-dir: "
		"delay-updates numeric-ids "
		"timeout: I,ignore-times size-only z,compress compress-level: exclude: "
		"exclude-from:< include: "
		"include-from:< files-from:< 0,from0 stats h,human-readable progress P "
		"i,itemize-changes out-format: "
		"log-file:> password-file:< bwlimit: 4 6 f,filter: daemon% config:% M:% sockopts:% "
		"copy-as:% port:",
		0, act_transfer},
	{"scp sftp", "3 4 6 A B C c: D:% F:% i: J:% l: O o:! P: p q R r S:! T v X: b:% s:%", 0,
		act_transfer},
	{"gzip gunzip bzip2 bunzip2 xz unxz zstd unzstd lz4 compress uncompress",
		"c,stdout,to-stdout d,decompress,uncompress f,force h k,keep l,list n,no-name "
		"N,name q,quiet r,recursive "
		"S,suffix: t,test v,verbose fast best z T,threads: o:> rm",
		STYLE_NUMBER, act_compress},
	{"unzip zip cpio pax ar 7z 7za",
		"l o d: q t i:% p% x: r T% TT:! unzip-command:! I:% F:% rsh-command:! v", 0,
		act_archive},
	{"split csplit",
		"a,suffix-length: b,bytes: C,line-bytes: d,numeric-suffixes? l,lines: n,number: "
		"filter:! t: u e "
		"f,prefix: k s z",
		STYLE_NUMBER, act_split},
	{NULL, NULL, 0, NULL},
};
