#include "change/command/command_rooms.h"

#include "lib/base/buf.h"
#include "lib/base/text.h"

#include <string.h>

static const struct command_inner none;

/* The operands from `skip` on, as a command. */
static struct command_inner rest(const struct command *c, size_t skip)
{
	struct command_inner inner = {.cwd = c->cwd};

	if (skip < c->operand_count) {
		inner.words = c->operands + skip;
		inner.count = c->operand_count - skip;
	}
	return inner;
}

/* "NAME=value" words before a command. */
static bool is_assignment(const char *word)
{
	return strchr(word, '=') && word[0] != '=';
}

static size_t count_assignments(const struct command *c, size_t skip)
{
	size_t count = 0;

	while (skip + count < c->operand_count && is_assignment(c->operands[skip + count]))
		count++;
	return count;
}

static const char *joined(struct command *c, size_t skip)
{
	struct buf line = BUF_INIT;
	const char *made;

	for (size_t i = skip; i < c->operand_count; i++)
		buf_add_format(&line, "%s%s", i > skip ? " " : "", c->operands[i]);
	made = arena_text(&c->analysis->arena, buf_text(&line));
	buf_done(&line);
	return made;
}

static void act_wrap(struct command *c)
{
	struct command_inner inner = rest(c, 0);

	command_start(c, &inner);
}

static void act_wrap_after_one(struct command *c)
{
	struct command_inner inner = rest(c, 1);

	if (!c->operand_count)
		command_doubt(c, "opaque");
	command_start(c, &inner);
}

static void act_env(struct command *c)
{
	size_t skip = c->operand_count && !strcmp(c->operands[0], "-");
	size_t count = count_assignments(c, skip);
	struct command_inner inner = rest(c, skip + count);

	if (option_has(c, "S"))
		command_doubt(c, "dynamic");
	if (option_has(c, "C"))
		inner.cwd = path_resolve(c, option_value(c, "C"));
	inner.environment = c->operands + skip;
	inner.environment_count = count;
	command_start(c, &inner);
}

static void act_nohup(struct command *c)
{
	struct command_inner inner = rest(c, 0);

	path_impact(c, "append", "nohup.out", "one");
	impact_flag(impact_add(c, "exec", "process", "", "one"), "deferred");
	command_start(c, &inner);
}

static void act_setsid(struct command *c)
{
	struct command_inner inner = rest(c, 0);

	impact_flag(impact_add(c, "exec", "process", "", "one"), "deferred");
	command_start(c, &inner);
}

/* ionice, chrt, taskset: a command, or with -p processes that run. */
static void act_schedule(struct command *c)
{
	bool is_value_first = strcmp(c->program, "ionice") != 0;
	struct command_inner inner = rest(c, is_value_first ? 1 : 0);

	if (option_has(c, "p") || option_has(c, "P") || option_has(c, "u")) {
		bool is_question = is_value_first ? c->operand_count == 1
						  : !option_has(c, "c") && !option_has(c, "n");

		if (!is_question)
			impact_add(c, "configure", "process",
				c->operand_count ? c->operands[c->operand_count - 1] : "", "one");
		return;
	}
	if (!option_has(c, "m"))
		command_start(c, &inner);
}

static void act_sudo(struct command *c)
{
	size_t count = count_assignments(c, 0);
	struct command_inner inner = rest(c, count);
	const char *kept = option_value(c, "E");

	if (option_has(c, "e")) {
		for (size_t i = 0; i < c->operand_count; i++)
			path_impact(c, "write", c->operands[i], "one");
		act_interactive(c);
		return;
	}
	if (option_has(c, "l") || option_has(c, "v") || option_has(c, "k") || option_has(c, "K"))
		if (!inner.count || option_has(c, "l"))
			return;
	while (kept && *kept) {
		size_t length = strcspn(kept, ",");

		command_note_variable(c, arena_text_n(&c->analysis->arena, kept, length), true);
		kept += length + (kept[length] == ',');
	}
	if (option_has(c, "b"))
		impact_flag(impact_add(c, "exec", "process", "", "one"), "deferred");
	if (!inner.count) {
		if (option_has(c, "i") || option_has(c, "s"))
			act_interactive(c);
		return;
	}
	/* The shell of a login reads files of the account before. */
	if (option_has(c, "i") || option_has(c, "s"))
		inner.doubt = "dynamic";
	if (option_has(c, "D"))
		inner.cwd = path_resolve(c, option_value(c, "D"));
	inner.environment = c->operands;
	inner.environment_count = count;
	command_start(c, &inner);
}

/* su and runuser: a line for the account's shell, or the shell itself. */
static void act_su(struct command *c)
{
	const char *line =
		option_value(c, "c") ? option_value(c, "c") : option_value(c, "session-command");
	struct command_inner like = {.cwd = c->cwd};
	bool is_login = option_has(c, "l");
	size_t names = 0;

	for (size_t i = 0; i < c->operand_count; i++)
		if (!strcmp(c->operands[i], "-"))
			is_login = true;
		else
			names++;
	if (option_has(c, "u")) {
		struct command_inner inner = rest(c, 0);

		command_start(c, &inner);
	} else if (!line) {
		act_interactive(c);
	} else {
		/* Which shell it is, and what that reads before, the account decides. */
		like.doubt = "dynamic";
		if (is_login || names > 1)
			like.cwd = NULL;
		command_start_line(c, line, &like);
	}
}

static void act_doas(struct command *c)
{
	struct command_inner inner = rest(c, 0);

	if (option_has(c, "s") && !inner.count)
		act_interactive(c);
	command_start(c, &inner);
}

/* Another root or namespace: paths mean something else there. */
static void act_namespace(struct command *c)
{
	bool is_chroot = !strcmp(c->program, "chroot");
	struct command_inner inner = rest(c, is_chroot ? 1 : 0);

	impact_flag(impact_add(c, "exec", "process", "", "one"), "namespace");
	inner.cwd = NULL;
	inner.doubt = "opaque";
	if (!inner.count)
		act_interactive(c);
	command_start(c, &inner);
}

static void act_systemd_run(struct command *c)
{
	struct command_inner inner = rest(c, 0);
	json_t *impact = impact_add(c, "start", "unit", option_value(c, "u"), "one");

	if (!option_has(c, "scope"))
		impact_flag(impact, "deferred");
	if (option_has(c, "S") || !inner.count)
		act_interactive(c);
	inner.cwd = option_has(c, "d") ? c->cwd : "/";
	if (option_value(c, "working-directory"))
		inner.cwd = path_resolve(c, option_value(c, "working-directory"));
	for (size_t i = 0; i < c->given_count; i++)
		if (c->given[i].name[0] == 'E' && c->given[i].value)
			command_note_variable(c, c->given[i].value, true);
	command_start(c, &inner);
}

/* at and batch: commands come from the keyboard or from a file, and run later. */
static void act_at(struct command *c)
{
	const char *file = option_value(c, "f");

	if (option_has(c, "l") || !strcmp(c->program, "atq")) {
		impact_add(c, "list", "process", "", "one");
	} else if (option_has(c, "d") || !strcmp(c->program, "atrm")) {
		impact_add(c, "delete", "process", c->operand_count ? c->operands[0] : "", "one");
	} else {
		impact_flag(impact_add(c, "exec", "process", file, "one"), "deferred");
		if (!file || !path_is_bound(c, file))
			command_doubt(c, "opaque");
	}
}

static void act_watch(struct command *c)
{
	struct command_inner inner = rest(c, 0);

	if (!inner.count)
		command_doubt(c, "opaque");
	else if (option_has(c, "x"))
		command_start(c, &inner);
	else
		command_start_line(c, joined(c, 0), &inner);
}

static void act_strace(struct command *c)
{
	struct command_inner inner = rest(c, 0);
	const char *file = option_value(c, "o");

	if (file && (file[0] == '|' || file[0] == '!'))
		impact_runs(c, file);
	if (option_has(c, "p"))
		impact_add(c, "configure", "process", option_value(c, "p"), "one");
	for (size_t i = 0; i < c->given_count; i++)
		if (c->given[i].name[0] == 'E' && c->given[i].value)
			command_note_variable(c, c->given[i].value, true);
	command_start(c, &inner);
}

static void act_script(struct command *c)
{
	const char *line = option_value(c, "c");
	struct command_inner like = {.cwd = c->cwd};

	path_impact(c, "write", c->operand_count ? c->operands[0] : "typescript", "one");
	if (!line)
		act_interactive(c);
	else
		command_start_line(c, line, &like);
}

static void act_flock(struct command *c)
{
	struct command_inner inner = rest(c, 1);
	const char *line = option_value(c, "c");

	if (!c->operand_count) {
		command_doubt(c, "opaque");
		return;
	}
	if (strspn(c->operands[0], "0123456789") != strlen(c->operands[0]))
		path_impact(c, "create", c->operands[0], "one");
	if (inner.count >= 2 &&
		(!strcmp(inner.words[0], "-c") || !strcmp(inner.words[0], "--command"))) {
		line = inner.words[1];
		if (inner.count > 2)
			command_doubt(c, "dynamic");
	}
	if (line)
		command_start_line(c, line, &inner);
	else
		command_start(c, &inner);
}

/* What GNU parallel puts together is a line for a shell. */
static void act_parallel(struct command *c)
{
	struct command_inner inner = rest(c, 0);

	for (size_t i = 0; i < inner.count; i++)
		if (text_starts_with(inner.words[i], ":::"))
			inner.count = i;
	inner.doubt = "dynamic";
	command_doubt(c, "dynamic");
	command_start(c, &inner);
}

static void act_busybox(struct command *c)
{
	struct command_inner inner = {
		.words = c->words + 1, .count = c->count - 1, .cwd = c->cwd, .doubt = "opaque"};

	if (!inner.count || !strcmp(inner.words[0], "--list") || !strcmp(inner.words[0], "--help"))
		return;
	if (inner.words[0][0] == '-')
		command_doubt(c, "opaque");
	else
		command_start(c, &inner);
}

/* The dynamic loader runs the program that it is given. */
static void act_loader(struct command *c)
{
	struct command_inner inner = rest(c, 0);

	impact_flag(impact_add(c, "exec", "process", inner.count ? inner.words[0] : "", "one"),
		"loader");
	command_doubt(c, "opaque");
	inner.doubt = "opaque";
	command_start(c, &inner);
}

/* Words of a shell before a command. Outside of a shell there are no such programs. */
static void act_builtin(struct command *c)
{
	struct command_inner inner = rest(c, 0);

	inner.is_shell = true;
	if (!c->is_shell)
		command_doubt(c, "opaque");
	if (option_has(c, "v"))
		return;
	command_start(c, &inner);
}

static void act_deferred(struct command *c)
{
	struct command_inner inner = rest(c, 0);

	inner = inner.count ? inner : none;
	impact_flag(impact_add(c, "exec", "process", "", "one"), "deferred");
	act_interactive(c);
	inner.doubt = "dynamic";
	command_start(c, &inner);
}

/*
 * rcm asks the gate itself for whatever it would run, as the account that it finds itself to be
 * (below root: who became root). So it may run, but not as a third account, whose grants it would
 * use.
 */
static void act_rcm(struct command *c)
{
	const struct command_input *input = c->analysis->input;
	const char *verb = c->count > 1 ? c->words[1] : "";
	bool is_own = !input->runas || !strcmp(input->runas, "root") ||
		      (input->actor && !strcmp(input->runas, input->actor));

	if (!text_is_word("exec shell check rollback doctor identity recording", verb))
		impact_is_unproved(
			c, impact_add(c, "configure", "gate", c->program, "one"), "opaque");
	else if (c->outer || !is_own)
		command_doubt(c, "opaque");
}

#define NAMESPACES                                                                                 \
	"m,mount? u,uts? i,ipc? n,net? p,pid? U,user? C,cgroup? T,time? r,root? w,wd? R: "         \
	"t,target: a,all W: e,env Z F,no-fork f,fork S,setuid: G,setgid: c,map-current-user "      \
	"map-root-user map-user: map-group: mount-proc? kill-child? propagation: keep-caps "       \
	"userspec: groups: skip-chdir preserve-credentials follow-context"

const struct program command_wrap_programs[] = {
	{"env",
		"i,ignore-environment 0,null u,unset: C,chdir: S,split-string:% v,debug "
		"block-signal? default-signal? ignore-signal? list-signal-handling a,argv0:%",
		STYLE_STOP, act_env},
	{"nice", "n,adjustment:", STYLE_STOP | STYLE_NUMBER, act_wrap},
	{"ionice", "c,class: n,classdata: t,ignore p,pid: P,pgid: u,uid:", STYLE_STOP,
		act_schedule},
	{"chrt",
		"a,all-tasks b,batch d,deadline f,fifo i,idle o,other r,rr m,max p,pid "
		"R,reset-on-fork v,verbose T,sched-runtime: P,sched-period: D,sched-deadline:",
		STYLE_STOP, act_schedule},
	{"taskset", "p,pid a,all-tasks c,cpu-list", STYLE_STOP, act_schedule},
	{"nohup", "", STYLE_STOP, act_nohup},
	{"setsid", "c,ctty f,fork w,wait", STYLE_STOP, act_setsid},
	{"timeout", "k,kill-after: s,signal: v,verbose foreground f preserve-status p", STYLE_STOP,
		act_wrap_after_one},
	{"stdbuf", "i,input: o,output: e,error:", STYLE_STOP, act_wrap},
	{"time", "f,format: p,portability a,append o,output:> v,verbose q,quiet", STYLE_STOP,
		act_wrap},
	{"sudo",
		"u,user: g,group: h,host:% n,non-interactive E,preserve-env? H,set-home "
		"P,preserve-groups "
		"b,background k,reset-timestamp K,remove-timestamp l,list i,login s,shell e,edit "
		"A,askpass% D,chdir: R,chroot:% C,close-from: S,stdin p,prompt: T,command-timeout: "
		"B,bell "
		"U,other-user: r,role: t,type: v,validate N,no-update V",
		STYLE_STOP, act_sudo},
	{"sudoedit", "n u,user:", STYLE_STOP, act_interactive},
	{"doas", "n s L u: C:%", STYLE_STOP, act_doas},
	{"su",
		"c,command: s,shell:! l,login m,p,preserve-environment g,group: G,supp-group: "
		"w,whitelist-environment: f,fast T,no-pty P,pty session-command:",
		0, act_su},
	{"runuser",
		"u,user: c,command: s,shell:! l,login m,p,preserve-environment g,group: "
		"G,supp-group: "
		"w,whitelist-environment: f,fast T,no-pty P,pty session-command:",
		STYLE_STOP, act_su},
	{"chroot nsenter unshare", NAMESPACES, STYLE_STOP, act_namespace},
	{"bwrap systemd-nspawn machinectl pivot_root setns", "", STYLE_STOP, act_namespace},
	{"systemd-run",
		"u,unit: p,property:% E,setenv: t,pty P,pipe scope user system on-active: on-boot: "
		"on-startup: on-unit-active: on-unit-inactive: on-calendar: r,remain-after-exit "
		"G,collect "
		"q,quiet uid: gid: nice: d,same-dir working-directory: M,machine:% H,host:% "
		"service-type: "
		"slice: slice-inherit wait description: no-block no-ask-password S,shell "
		"send-sighup "
		"timer-property:% path-property:% socket-property:%",
		STYLE_STOP, act_systemd_run},
	{"at batch atq atrm", "f: q: m M l d r,d t: v c b V", 0, act_at},
	{"watch",
		"n,interval: d,differences? t,no-title b,beep e,errexit g,chgexit c,color "
		"p,precise "
		"x,exec q,equexit: w,no-wrap C,no-color r,no-rerun",
		STYLE_STOP, act_watch},
	{"strace ltrace",
		"f,follow-forks ff,F o,output:> e,trace: p,attach: s,string-limit: c,summary-only "
		"C,summary t tt T y i k q v x n E,env:% u,user:% D a: S: b: P: w r z Z A",
		STYLE_STOP, act_strace},
	{"script",
		"c,command: a,append f,flush q,quiet e,return t,timing?> I,log-in:> O,log-out:> "
		"B,log-io:> T,log-timing:> m,logging-format: o,output-limit: E,echo: force",
		0, act_script},
	{"flock",
		"s,shared x,e,exclusive u,unlock n,nb,nonblock w,wait,timeout: "
		"E,conflict-exit-code: o,close c,command: F,no-fork verbose fcntl",
		STYLE_STOP, act_flock},
	{"parallel",
		"j,jobs: k,keep-order a,arg-file:< t,verbose n,max-args: N: X m dry-run "
		"bar progress joblog:> halt: S,sshlogin:% r q 0,null d: I: C,colsep:",
		STYLE_STOP, act_parallel},
	{"busybox toybox", "", STYLE_RAW, act_busybox},
	{"ld.so ld-linux* ld64.so* ld-musl* ld-2*",
		"library-path: preload: list verify inhibit-cache "
		"inhibit-rpath: audit: argv0: list-tunables",
		STYLE_STOP, act_loader},
	{"rcm", "", STYLE_RAW, act_rcm},
	{"command exec builtin", "v V,v p c l a:", STYLE_STOP, act_builtin},
	{"tmux screen disown daemonize start-stop-daemon", "", STYLE_STOP, act_deferred},
	{NULL, NULL, 0, NULL},
};
