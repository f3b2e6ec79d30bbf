/* Units, processes, hosts, accounts, kernel, clock. */
#include "change/command/command_rooms.h"

#include "lib/base/text.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Verbs of systemctl, and what they do to units. */
static const struct {
	const char *words, *verb;
} unit_verbs[] = {
	{"status show cat list-units list-unit-files list-timers list-sockets list-dependencies "
	 "list-jobs "
	 "list-machines list-paths is-active is-enabled is-failed is-system-running get-default "
	 "whoami",
		"read"},
	{"start", "start"},
	{"stop", "stop"},
	{"restart try-restart condrestart force-restart", "restart"},
	{"reload reload-or-restart reload-or-try-restart force-reload try-reload-or-restart",
		"reload"},
	{"enable reenable preset unmask link", "enable"},
	{"disable mask", "disable"},
	{"kill", "kill"},
	{"freeze thaw", "signal"},
	{"clean", "delete"},
	{"set-property set-default revert reset-failed add-wants add-requires bind mount-image "
	 "service-log-level",
		"configure"},
};
/* Verbs of systemctl, and names of programs, that concern the host. */
static const struct {
	const char *words, *verb;
} host_verbs[] = {
	{"reboot kexec soft-reboot ctrlaltdel", "restart"},
	{"poweroff halt shutdown suspend hibernate hybrid-sleep suspend-then-hibernate emergency "
	 "rescue default exit "
	 "switch-root",
		"stop"},
};

static const char *find_host_verb(const char *word)
{
	for (size_t i = 0; i < COUNT(host_verbs); i++)
		if (text_is_word(host_verbs[i].words, word))
			return host_verbs[i].verb;
	return NULL;
}

static void impact_unit(struct command *c, const char *verb, const char *unit)
{
	bool is_pattern = strpbrk(unit, "*?[") != NULL;
	json_t *impact = impact_add(c, verb, "unit", unit, is_pattern ? "many" : "one");

	if (is_pattern && strcmp(verb, "read") != 0) {
		impact_flag(impact, "glob");
		command_doubt(c, "glob");
	}
}

static void impact_units(struct command *c, const char *verb, size_t first)
{
	if (c->operand_count <= first)
		impact_add(c, verb, "unit", "", strcmp(verb, "read") != 0 ? "unknown" : "all");
	for (size_t i = first; i < c->operand_count; i++)
		impact_unit(c, verb, c->operands[i]);
}

static void act_systemctl(struct command *c)
{
	const char *word = c->operand_count ? c->operands[0] : "list-units";

	if (find_host_verb(word)) {
		impact_add(c, find_host_verb(word), "host", "", "one");
		return;
	}
	if (!strcmp(word, "edit")) {
		impact_units(c, "configure", 1);
		act_interactive(c);
		return;
	}
	if (text_is_word("daemon-reload daemon-reexec", word)) {
		impact_add(c, "reload", "unit", "systemd", "one");
		return;
	}
	if (text_is_word("cancel isolate", word)) {
		impact_add(c, "stop", "unit", "", "all");
		return;
	}
	for (size_t i = 0; i < COUNT(unit_verbs); i++)
		if (text_is_word(unit_verbs[i].words, word)) {
			impact_units(c, unit_verbs[i].verb, 1);
			if (option_has(c, "now") && !strcmp(unit_verbs[i].verb, "disable"))
				impact_units(c, "stop", 1);
			return;
		}
	command_doubt(c, "opaque");
}

/* service NAME VERB, rc-service, invoke-rc.d: scripts of the host. */
static void act_service(struct command *c)
{
	const char *word = c->operand_count > 1 ? c->operands[1] : "";

	if (option_has(c, "status-all"))
		return;
	for (size_t i = 0; i < COUNT(unit_verbs); i++)
		if (*word && text_is_word(unit_verbs[i].words, word)) {
			impact_unit(c, unit_verbs[i].verb, c->operands[0]);
			return;
		}
	if (c->operand_count)
		impact_is_unproved(
			c, impact_add(c, "configure", "unit", c->operands[0], "one"), "opaque");
	else
		command_doubt(c, "opaque");
}

/* chkconfig, update-rc.d: NAME on | off */
static void act_chkconfig(struct command *c)
{
	bool is_off = c->operand_count > 1 && text_is_word("off disable remove", c->operands[1]);

	impact_add(c, is_off ? "disable" : "enable", "unit", c->operand_count ? c->operands[0] : "",
		"one");
}

static void act_supervisor(struct command *c)
{
	const char *word = c->operand_count ? c->operands[0] : "";

	if (!*word)
		act_interactive(c);
	else if (!text_is_word("status tail avail pid version", word))
		impact_add(c, text_is_word("stop restart start", word) ? word : "configure", "unit",
			c->operand_count > 1 ? c->operands[1] : "",
			c->operand_count > 1 && strcmp(c->operands[1], "all") != 0 ? "one" : "all");
}

static void act_journalctl(struct command *c)
{
	if (option_has(c, "vacuum-size") || option_has(c, "vacuum-time") ||
		option_has(c, "vacuum-files"))
		impact_add(c, "delete", "monitor", "journal", "many");
	if (option_has(c, "rotate") || option_has(c, "flush") || option_has(c, "relinquish-var") ||
		option_has(c, "sync") || option_has(c, "setup-keys") ||
		option_has(c, "update-catalog"))
		impact_add(c, "configure", "monitor", "journal", "one");
	impact_add(c, "read", "monitor", "journal", "one");
}

static void act_host(struct command *c)
{
	const char *verb = find_host_verb(c->program);

	if (option_has(c, "w"))
		return;
	if (option_has(c, "c"))
		verb = "configure";
	else if (option_has(c, "r"))
		verb = "restart";
	if (!strcmp(c->program, "init") || !strcmp(c->program, "telinit"))
		verb = c->operand_count && !strcmp(c->operands[0], "6") ? "restart" : "stop";
	impact_add(c, verb ? verb : "stop", "host", "", "one");
}

static void impact_process(struct command *c, const char *verb, const char *pid)
{
	bool is_all = !strcmp(pid, "-1"), is_group = pid[0] == '-' || !strcmp(pid, "0");
	bool is_number = *pid && strspn(pid, "-0123456789") == strlen(pid);

	impact_add(c, verb, "process", pid,
		is_all			 ? "all"
		: is_group || !is_number ? "many"
					 : "one");
}

/* kill: -9, -KILL, -s KILL, -n 9, -l; then pids, where -1 is every process. */
static void act_kill(struct command *c)
{
	const char *verb = "kill";
	bool has_signal = false;

	for (size_t i = 1; i < c->count; i++) {
		const char *word = c->words[i];

		if (text_is_word("-l -L --list --table", word))
			return;
		if (!strcmp(word, "--"))
			has_signal = true;
		else if (text_is_word("-s -n --signal -q --queue", word) && i + 1 < c->count)
			has_signal |= word[1] != 'q',
				verb = !strcmp(c->words[++i], "0") ? "read" : verb;
		else if (word[0] == '-' && !has_signal && strcmp(word, "-1") != 0) {
			has_signal = true;
			verb = text_is_word("-0", word) ? "read"
			       : text_is_word("-HUP -SIGHUP -USR1 -USR2 -CONT -WINCH", word)
				       ? "signal"
				       : verb;
		} else if (word[0] == '-' && !has_signal && i + 1 < c->count) {
			has_signal = true; /* kill -1 PID is SIGHUP */
			verb = "signal";
		} else
			impact_process(c, verb, word);
	}
	if (!json_array_size(c->impacts))
		impact_add(c, "kill", "process", "", "unknown");
}

static void act_pkill(struct command *c)
{
	bool is_test = c->count > 1 && !strcmp(c->words[1], "-0");

	for (size_t i = 2; i < c->count; i++)
		is_test &= c->words[i][0] != '-';
	for (size_t i = 1; i < c->count; i++)
		if (c->words[i][0] != '-')
			impact_add(c, is_test ? "read" : "kill", "process", c->words[i], "many");
	if (!json_array_size(c->impacts))
		impact_add(c, "kill", "process", "", "unknown");
}

static void act_configure_process(struct command *c)
{
	impact_add(c, "configure", "process",
		c->operand_count ? c->operands[c->operand_count - 1] : "", "one");
}

/* prlimit -p PID --nofile=...; without a limit it shows them, without a pid it runs a command. */
static void act_prlimit(struct command *c)
{
	bool sets = false;

	for (size_t i = 0; i < c->given_count; i++)
		sets |= c->given[i].value && c->given[i].name[0] != 'p' &&
			c->given[i].name[0] != 'o';
	if (sets)
		impact_add(c, "configure", "process", option_value(c, "p"), "one");
	if (!option_has(c, "p")) {
		struct command_inner inner = {
			.words = c->operands, .count = c->operand_count, .cwd = c->cwd};

		command_start(c, &inner);
	}
}

/* Accounts and groups: the program's name says what is done to the last operand. */
static void act_account(struct command *c)
{
	bool is_removal = text_is_word("userdel groupdel deluser delgroup", c->program);
	bool is_new = text_is_word("useradd adduser groupadd addgroup newusers", c->program);
	const char *name = c->operand_count ? c->operands[c->operand_count - 1] : "";

	if (text_is_word("passwd", c->program) && option_has(c, "S") && c->given_count == 1)
		return;
	impact_add(c,
		is_removal ? "delete"
		: is_new   ? "create"
			   : "configure",
		"user", name, *name ? "one" : "unknown");
	if (text_is_word("newusers chpasswd vipw vigr chfn", c->program))
		command_doubt(c, "opaque");
}

static void act_chage(struct command *c)
{
	impact_add(c, option_has(c, "l") && c->given_count == 1 ? "read" : "configure", "user",
		c->operand_count ? c->operands[0] : "", "one");
}

static void act_visudo(struct command *c)
{
	if (option_has(c, "c"))
		return;
	impact_add(c, "write", "sudoers",
		option_value(c, "f") ? option_value(c, "f") : "/etc/sudoers", "one");
	act_interactive(c);
}

static void act_crontab(struct command *c)
{
	json_t *impact;

	if (option_has(c, "l") && !option_has(c, "r") && !option_has(c, "e")) {
		impact_add(c, "list", "path", "/var/spool/cron", "one");
		return;
	}
	impact = impact_add(
		c, option_has(c, "r") ? "delete" : "write", "path", "/var/spool/cron", "one");
	impact_flag(impact, "deferred");
	if (option_has(c, "e") || (!option_has(c, "r") && !c->operand_count))
		act_interactive(c);
	else if (c->operand_count && !path_is_bound(c, c->operands[0]))
		command_doubt(c, "opaque");
}

/* sysctl NAME reads, NAME=VALUE and -w and -p write. */
static void act_sysctl(struct command *c)
{
	if (option_has(c, "p") || option_has(c, "system"))
		impact_add(c, "apply", "kernel", "", "many");
	for (size_t i = 0; i < c->operand_count; i++) {
		const char *word = c->operands[i];
		size_t length = strcspn(word, "=");

		if (option_has(c, "p"))
			path_read(c, word);
		else
			impact_add(c, word[length] || option_has(c, "w") ? "configure" : "read",
				"kernel", arena_text_n(&c->analysis->arena, word, length), "one");
	}
}

static void act_module(struct command *c)
{
	bool is_removal = !strcmp(c->program, "rmmod") || option_has(c, "r");

	if (!strcmp(c->program, "modinfo") ||
		(option_has(c, "n") && !strcmp(c->program, "modprobe")))
		return;
	if (!c->operand_count)
		impact_add(c, "configure", "kernel", "", "unknown");
	for (size_t i = 0; i < c->operand_count; i++)
		impact_add(c, is_removal ? "remove" : "install", "kernel", c->operands[i], "one");
}

static void act_kernel(struct command *c)
{
	impact_add(c, "configure", "kernel", c->program, "one");
}

/* Control programs whose first operand is a verb: those listed look, the others set. */
static void act_control(struct command *c)
{
	const char *word = c->operand_count ? c->operands[0] : "status";
	bool is_clock =
		text_is_word("timedatectl hwclock ntpdate chronyc ntpq adjtimex", c->program);
	bool is_question = text_is_word(
		"status show show-timesync timesync-status list-timezones list-sessions "
		"list-users list-seats session-status user-status tracking sources "
		"sourcestats activity ntpdata peers list-locales list-keymaps",
		word);

	if (!strcmp(c->program, "hwclock"))
		is_question = !c->given_count || (c->given_count == 1 && option_has(c, "r"));
	/* Each -c of ntpq is a command. */
	if (text_is_word("ntpq chronyc", c->program) && c->operand_count > 1)
		is_question = false;
	if (text_is_word("ntpdate adjtimex", c->program))
		is_question = option_has(c, "q");
	if (!is_question)
		impact_add(c, "configure",
			is_clock			  ? "clock"
			: !strcmp(c->program, "loginctl") ? "user"
							  : "host",
			c->operand_count ? word : "", "one");
}

/* Audit, monitoring and logs: silence, rules, rotation. */
static void act_monitor(struct command *c)
{
	const char *second = c->operand_count > 1 ? c->operands[1] : "";
	const char *first = c->operand_count ? c->operands[0] : "";
	bool is_look = text_is_word("ausearch aureport", c->program) ||
		       (!strcmp(c->program, "auditctl") && c->given_count == 1 &&
			       (option_has(c, "l") || option_has(c, "s"))) ||
		       (!strcmp(c->program, "promtool") && text_is_word("check query", first)) ||
		       (!strcmp(c->program, "amtool") &&
			       (text_is_word("query", second) || !strcmp(first, "check-config")));

	impact_add(c, is_look ? "read" : "configure", "monitor", first, "one");
}

static void act_logger(struct command *c)
{
	impact_add(c, "send", "process", "syslog", "one");
}

/* The daemon's own programs: whoever runs them acts on the gate itself. */
static void act_gate(struct command *c)
{
	impact_is_unproved(c, impact_add(c, "configure", "gate", c->program, "one"), "opaque");
}

const struct program command_system_programs[] = {
	{"systemctl",
		"t,type: state: p,property: P: a,all failed l,full r,recursive reverse after "
		"before with-dependencies "
		"job-mode: T show-types value i,ignore-inhibitors q,quiet v,verbose no-block wait "
		"no-wall no-reload "
		"no-legend no-pager no-ask-password global runtime f,force preset-mode: message: "
		"now user system "
		"H,host:% M,machine:% root:% image:% s,signal: kill-whom,kill-who: n,lines: "
		"o,output: plain dry-run "
		"legend: what: firmware-setup timestamp: check-inhibitors:",
		0, act_systemctl},
	{"service rc-service invoke-rc.d", "status-all full-restart", 0, act_service},
	{"chkconfig update-rc.d", "add del f level: list%", 0, act_chkconfig},
	{"supervisorctl svc sv initctl monit", "c:% s:% u: p:", STYLE_STOP, act_supervisor},
	{"journalctl",
		"u,unit: f,follow n,lines? r,reverse o,output: p,priority: S,since: U,until: "
		"b,boot? k,dmesg e,pager-end "
		"x,catalog a,all q,quiet no-pager no-hostname utc no-tail g,grep: case-sensitive? "
		"t,identifier: "
		"T,exclude-identifier: D,directory: file: root: image:% namespace: user-unit: user "
		"system m,merge list-boots "
		"disk-usage vacuum-size: vacuum-time: vacuum-files: rotate flush sync "
		"relinquish-var "
		"smart-relinquish-var header verify F,field: N,fields output-fields: c,cursor: "
		"after-cursor: "
		"show-cursor cursor-file:> setup-keys force interval: list-catalog dump-catalog "
		"update-catalog l,full "
		"no-full truncate-newline facility: W",
		0, act_journalctl},
	{"reboot poweroff halt shutdown init telinit kexec ctrlaltdel",
		"p,poweroff reboot halt w,wtmp-only f,force h H P r k c no-wall d n t: q,quiet l e",
		0, act_host},
	{"kill", "", STYLE_RAW, act_kill},
	{"pkill killall skill killall5", "", STYLE_RAW, act_pkill},
	{"renice", "n,priority: p,pid g,pgrp u,user", STYLE_NUMBER, act_configure_process},
	{"prlimit",
		"p,pid: o,output: nofile,n? nproc,u? core,c? cpu,t? as,v? stack,s? memlock,l? "
		"fsize,f? data,d? rss,m? "
		"verbose raw noheadings",
		STYLE_STOP, act_prlimit},
	{"useradd adduser userdel deluser usermod groupadd addgroup groupdel delgroup groupmod "
	 "gpasswd passwd chpasswd "
	 "newusers vipw vigr chsh chfn newgrp pwconv pwunconv faillock",
		"a,append A: G,groups: g,gid: u,uid: s,shell: d,home,home-dir: "
		"m,create-home,move-home M r,remove,system L,lock U,unlock "
		"e,expire: c,comment,gecos: n:% o p,password:% f,force l:% S,status D N k b "
		"disabled-password disabled-login "
		"ingroup: remove-home i: w: x: user: reset",
		0, act_account},
	{"chage", "l,list m: M: E: I: W: d:", 0, act_chage},
	{"visudo", "c,check f,file: q,quiet s,strict O P I", 0, act_visudo},
	{"crontab", "l e r u: i s n: c", 0, act_crontab},
	{"sysctl",
		"w,write a,all A X p,load? f? system n,values N,names e,ignore q,quiet b,binary "
		"r,pattern: d",
		0, act_sysctl},
	{"modprobe insmod rmmod depmod modinfo",
		"r,remove f,force n,dry-run,show v,verbose a,all q,quiet s,syslog "
		"C,config:% F,field: d: D c i ignore-install",
		0, act_module},
	{"swapon swapoff zramctl kpatch livepatch ldconfig update-grub grub-install grub-mkconfig "
	 "update-initramfs dracut "
	 "mkinitcpio bootctl efibootmgr setenforce semanage setsebool restorecon apparmor_parser "
	 "aa-complain aa-disable "
	 "tuned-adm cpupower fstrim blockdev rtcwake",
		"", STYLE_RAW, act_kernel},
	{"timedatectl localectl hostnamectl loginctl hwclock ntpdate chronyc ntpq adjtimex",
		"a,all p,property: value no-pager no-ask-password r,show s,hctosys w,systohc u,utc "
		"l,localtime set date: q "
		"n H,host:% M,machine:% static transient pretty json: j c 4 6",
		0, act_control},
	{"auditctl auditd augenrules ausearch aureport amtool promtool aide tripwire faillog ipsec",
		"l D a: A: d: w: W: k: e: s m: ts: te: i r R: f b: alertmanager.url: author: "
		"c,comment: duration:",
		0, act_monitor},
	{"logger", "t,tag: p,priority: s,stderr f,file:< i id? n,server:% P,port:% u,socket:%", 0,
		act_logger},
	{"redbutton redbuttond rcm-client", "", STYLE_RAW, act_gate},
	{NULL, NULL, 0, NULL},
};
