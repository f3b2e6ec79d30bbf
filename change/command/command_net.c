/* Networks: logins and transfers, sockets, firewalls, routes. */
#include "change/command/command_rooms.h"

#include "lib/base/text.h"

#include <string.h>

static const char *operand(const struct command *c, size_t at)
{
	return at < c->operand_count ? c->operands[at] : "";
}

static const char *joined_words(struct command *c, size_t first)
{
	char *line = NULL;

	for (size_t i = first; i < c->operand_count; i++)
		line = line ? arena_format(&c->analysis->arena, "%s %s", line, c->operands[i])
			    : c->operands[i];
	return line;
}

/* Options of ssh_config that run programs or read others. */
static void check_ssh_options(struct command *c)
{
	static const char *const running[] = {"proxycommand", "localcommand", "permitlocalcommand",
		"knownhostscommand", "proxyjump", "include", "pkcs11provider",
		"securitykeyprovider", "xauthlocation", "match"};

	for (size_t i = 0; i < c->given_count; i++) {
		char *option;

		if (c->given[i].name[0] != 'o' || !c->given[i].value)
			continue;
		option = text_lower(
			&c->analysis->arena, c->given[i].value + strspn(c->given[i].value, " "));
		for (size_t j = 0; j < sizeof(running) / sizeof(running[0]); j++)
			if (text_starts_with(option, running[j]))
				impact_runs(c, arena_format(&c->analysis->arena, "-o %s",
						       c->given[i].value));
	}
}

/* Another host: what its account's shell does before, and what its names mean, is not known here.
 */
static void act_ssh(struct command *c)
{
	struct command_inner like = {.doubt = "opaque"};
	const char *line = joined_words(c, 1);
	json_t *impact = impact_add(c, "login", "host", operand(c, 0), "one");

	check_ssh_options(c);
	if (option_has(c, "L") || option_has(c, "R") || option_has(c, "D") || option_has(c, "W") ||
		option_has(c, "w"))
		impact_add(c, "listen", "net", operand(c, 0), "one");
	if (option_has(c, "f"))
		impact_flag(impact, "deferred");
	impact_is_unproved(c, impact, line ? "opaque" : "interactive_shell");
	if (!line && !option_has(c, "N"))
		impact_flag(impact, "interactive");
	if (line)
		command_start_line(c, line, &like);
}

static void act_login(struct command *c)
{
	json_t *impact = impact_add(c, "login", "host", operand(c, 0), "one");

	impact_flag(impact, "interactive");
	impact_is_unproved(c, impact, "interactive_shell");
}

static void act_probe(struct command *c)
{
	if (!c->operand_count && !strcmp(c->program, "nslookup"))
		act_interactive(c);
	for (size_t i = 0; i < c->operand_count; i++)
		impact_is_read(impact_add(c, "connect", "net", c->operands[i], "one"));
}

static bool is_web(const char *url)
{
	return text_starts_with(url, "http://") || text_starts_with(url, "https://") ||
	       !strstr(url, "://");
}

/* curl: GET and HEAD of http that go to the output look; all else sends or writes. */
static void act_curl(struct command *c)
{
	const char *method = option_value(c, "X");
	bool sends = option_has(c, "d") || option_has(c, "F") || option_has(c, "T") ||
		     (method && !text_is_word("GET HEAD OPTIONS", method));

	if (option_has(c, "d") && option_has(c, "G") &&
		!(method && !text_is_word("GET HEAD", method)))
		sends = false;
	for (size_t i = 0; i < c->operand_count + (option_value(c, "url") != NULL); i++) {
		const char *url = i < c->operand_count ? c->operands[i] : option_value(c, "url");
		json_t *impact = impact_add(c, sends ? "send" : "fetch", "url", url, "one");

		if (!sends && is_web(url))
			impact_is_read(impact);
		else if (!is_web(url))
			impact_is_unproved(c, impact, "opaque");
		if (option_has(c, "O"))
			path_impact(c, "write", path_base(url), "one");
	}
	if (option_has(c, "unix-socket")) {
		const char *socket = option_value(c, "unix-socket");
		json_t *impact = impact_add(c, "connect", "container", socket, "one");

		if (socket && (strstr(socket, "docker") || strstr(socket, "containerd") ||
				      strstr(socket, "podman")))
			impact_flag(impact, "docker_socket");
		command_doubt(c, "opaque");
	}
	/* "%output{FILE}" writes; what a file says is not seen. */
	if (option_value(c, "w") &&
		(strstr(option_value(c, "w"), "output{") || option_value(c, "w")[0] == '@'))
		command_doubt(c, "opaque");
	for (size_t i = 0; i < c->given_count; i++)
		if (c->given[i].name[0] == 'd' && c->given[i].value && c->given[i].value[0] == '@')
			path_read(c, c->given[i].value + 1);
	if (option_has(c, "u") && option_value(c, "u") && strchr(option_value(c, "u"), ':'))
		impact_flag(json_array_get(c->impacts, 0), "plaintext_secret");
}

static void act_wget(struct command *c)
{
	const char *file = option_value(c, "O");
	bool sends =
		option_has(c, "post-data") || option_has(c, "post-file") || option_has(c, "method");

	for (size_t i = 0; i < c->operand_count; i++) {
		json_t *impact =
			impact_add(c, sends ? "send" : "fetch", "url", c->operands[i], "one");

		if (!sends && is_web(c->operands[i]))
			impact_is_read(impact);
		if (!option_has(c, "spider") && !file)
			path_impact(c, "write",
				option_value(c, "P") ? option_value(c, "P")
						     : path_base(c->operands[i]),
				"one");
	}
	if (file && strcmp(file, "-") != 0 && !option_has(c, "spider"))
		path_impact(c, "write", file, "one");
	if (option_has(c, "r"))
		path_impact(
			c, "write", option_value(c, "P") ? option_value(c, "P") : ".", "recursive");
}

static void impact_socket(struct command *c, const char *verb, const char *object, bool has_shell)
{
	json_t *impact = impact_add(c, verb, "net", object, "one");

	if (has_shell)
		impact_flag(impact, "socket_shell");
	impact_is_unproved(c, impact, "opaque");
}

static void act_nc(struct command *c)
{
	const char *object = arena_format(&c->analysis->arena, "%s%s%s", operand(c, 0),
		c->operand_count > 1 ? ":" : "", operand(c, 1));
	bool has_shell = option_has(c, "e") || option_has(c, "c");

	if (option_has(c, "z") && !has_shell && !option_has(c, "l"))
		impact_is_read(impact_add(c, "connect", "net", object, "one"));
	else
		impact_socket(c, option_has(c, "l") ? "listen" : "connect", object, has_shell);
}

/* socat ADDRESS ADDRESS: one may be a program, a file, a socket of the gate's neighbours. */
static void act_socat(struct command *c)
{
	bool has_shell = false;
	const char *object = "";

	for (size_t i = 0; i < c->operand_count; i++) {
		char *address = text_lower(&c->analysis->arena, c->operands[i]);

		if (text_starts_with(address, "exec:") || text_starts_with(address, "system:") ||
			text_starts_with(address, "shell:")) {
			has_shell = true;
			impact_runs(c, c->operands[i]);
		} else if (strcmp(address, "-") != 0 && !text_starts_with(address, "stdio") &&
			   !*object) {
			object = c->operands[i];
		}
		if (text_starts_with(address, "file:") || text_starts_with(address, "open:") ||
			text_starts_with(address, "create:") || text_starts_with(address, "gopen:"))
			path_impact(c, "write", strchr(c->operands[i], ':') + 1, "one");
	}
	impact_socket(c, strstr(object, "isten") || strstr(object, "ISTEN") ? "listen" : "connect",
		object, has_shell);
}

static void act_tunnel(struct command *c)
{
	impact_socket(c, "connect", operand(c, 0), false);
}

/* iptables and its like: -L and -S list, with words that only say how. */
static void act_iptables(struct command *c)
{
	static const char lists[] = "-L --list -S --list-rules -nL -vL -nvL -vnL -Ln -Lnv -Lvn";
	static const char plain[] =
		"-n --numeric -v --verbose -x --exact --line-numbers -nv -vn -w --wait";
	bool is_look = false, is_other = false, is_flush = false, is_delete = false;

	for (size_t i = 1; i < c->count; i++) {
		const char *word = c->words[i];

		is_flush |= text_is_word("-F --flush -X --delete-chain -Z --zero", word);
		is_delete |= text_is_word("-D --delete", word);
		if (text_is_word(lists, word))
			is_look = true;
		else if (text_is_word("-t --table", word) && i + 1 < c->count)
			i++;
		else if (word[0] == '-' && !text_is_word(plain, word))
			is_other = true;
	}
	if (is_look && !is_other)
		impact_add(c, "list", "net", c->program, "one");
	else
		impact_add(c,
			is_flush    ? "flush"
			: is_delete ? "delete"
				    : "configure",
			"net", c->program, "one");
}

/* iptables-save, nft list ..., ufw status, firewall-cmd --list-all: they look; all else sets. */
static void act_firewall(struct command *c)
{
	const char *word = c->count > 1 ? c->words[1] : "";
	bool is_look = text_is_word("iptables-save ip6tables-save", c->program) && c->count == 1;

	is_look |= !strcmp(c->program, "nft") && text_is_word("list", word);
	is_look |= !strcmp(c->program, "ufw") && text_is_word("status version", word);
	is_look |= !strcmp(c->program, "firewall-cmd") && c->count == 2 &&
		   text_is_word("--state --list-all --list-all-zones --list-ports --list-services "
				"--get-zones "
				"--get-default-zone --get-active-zones",
			   word);
	is_look |= !strcmp(c->program, "ipset") && c->count <= 3 &&
		   text_is_word("list test", word) && c->words[c->count - 1][0] != '-';
	if (!strcmp(c->program, "nft"))
		for (size_t i = 1; i < c->count; i++)
			if (strpbrk(c->words[i], ";\n") || c->words[i][0] == '-')
				is_look = false;
	impact_add(c,
		is_look				    ? "list"
		: text_is_word("flush reset", word) ? "flush"
						    : "configure",
		"net", c->program, "one");
}

/* ip [options] OBJECT VERB: show, list, get look. */
static void act_ip(struct command *c)
{
	static const char letters[] = "-4 -6 -s -d -j -p -o -br -c -brief -json -pretty -details "
				      "-stats -statistics -0 -B -r "
				      "-color=never -oneline";
	size_t at = 1;
	const char *kind, *verb;

	while (at < c->count && text_is_word(letters, c->words[at]))
		at++;
	kind = at < c->count ? c->words[at] : "";
	verb = at + 1 < c->count ? c->words[at + 1] : "show";
	if (text_starts_with("netns", kind) && strlen(kind) > 4 && !strcmp(verb, "exec") &&
		at + 3 < c->count) {
		struct command_inner inner = {
			.words = c->words + at + 3, .count = c->count - at - 3, .doubt = "opaque"};

		impact_flag(impact_add(c, "exec", "process", c->words[at + 2], "one"), "namespace");
		command_start(c, &inner);
	} else if (!*kind || (kind[0] != '-' && text_is_word("show list ls lst sh get", verb) &&
				     strcmp(kind, "vrf") != 0)) {
		impact_add(c, "list", "net", kind, "one");
	} else {
		bool is_down = false, is_flush = text_starts_with("flush", verb);

		for (size_t i = at; i < c->count; i++)
			is_down |= !strcmp(c->words[i], "down");
		impact_add(c,
			is_down				   ? "stop"
			: is_flush			   ? "flush"
			: text_starts_with("delete", verb) ? "delete"
							   : "configure",
			"net", c->count > at + 2 ? c->words[at + 2] : kind, "one");
	}
}

/* ifconfig, route, tc, ethtool, brctl ...: without more than a name they look. */
static void act_interface(struct command *c)
{
	const char *last = c->count > 1 ? c->words[c->count - 1] : "";
	bool is_look = c->count == 1;

	if (text_is_word("ifconfig ethtool iwconfig", c->program))
		is_look =
			c->count == 1 || (c->count == 2 && strcmp(last, "-a") == 0) ||
			(c->count == 2 && last[0] != '-') ||
			(c->count == 3 && text_is_word("-S -i -k -g -a -c -l -m -T", c->words[1]) &&
				!strcmp(c->program, "ethtool"));
	if (text_is_word("route arp", c->program))
		is_look = c->count == 1 ||
			  (c->count == 2 && text_is_word("-n -e -ne -en -a -an", last));
	if (!strcmp(c->program, "tc") && c->count > 2 && strcmp(c->words[1], "-b") != 0 &&
		!text_starts_with(c->words[1], "-ba") && strcmp(c->words[1], "-force") != 0)
		is_look = (c->count > 2 && text_is_word("show ls list", c->words[2])) ||
			  (c->count > 3 && c->words[1][0] == '-' &&
				  text_is_word("-s -d -p", c->words[1]) &&
				  text_is_word("show ls list", c->words[3]));
	if (!strcmp(c->program, "conntrack"))
		is_look = c->count == 2 &&
			  text_is_word("-L --dump -C --count -S --stats", c->words[1]);
	if (!strcmp(c->program, "bridge"))
		is_look =
			c->count > 2 && c->words[1][0] != '-' && text_is_word("show", c->words[2]);
	if (!strcmp(c->program, "brctl"))
		is_look = c->count > 1 && text_is_word("show showmacs showstp", c->words[1]);
	if (text_is_word("nmcli networkctl resolvectl", c->program))
		is_look = c->count == 1 ||
			  text_is_word("status list statistics query --version", c->words[1]) ||
			  (c->count == 3 && text_is_word("show status list", c->words[2]) &&
				  c->words[1][0] != '-');
	impact_add(c,
		is_look							 ? "list"
		: !strcmp(last, "down") || !strcmp(c->program, "ifdown") ? "stop"
									 : "configure",
		"net", c->count > 1 ? c->words[1] : "", "one");
}

/* Proxies and balancers: a question about their configuration looks. */
static void act_proxy(struct command *c)
{
	const char *signal = option_value(c, "s");

	if (text_is_word("nginx haproxy", c->program) && option_has(c, "v"))
		return;
	if (!strcmp(c->program, "nginx") && (option_has(c, "t") || option_has(c, "T")))
		return;
	if (signal)
		impact_add(c, text_is_word("stop quit", signal) ? "stop" : "reload", "unit",
			c->program, "one");
	else
		impact_add(c, "start", "unit", c->program, "one");
}

static void act_apachectl(struct command *c)
{
	const char *word = operand(c, 0);
	const char *given = option_value(c, "k") ? option_value(c, "k") : word;

	if (option_has(c, "t") || option_has(c, "v") || option_has(c, "S") ||
		text_is_word("configtest", given))
		return;
	impact_add(c,
		text_is_word("stop graceful-stop", given) ? "stop"
		: text_is_word("graceful", given)	  ? "reload"
		: text_is_word("start", given)		  ? "start"
							  : "restart",
		"unit", "apache2", "one");
}

/* BGP, DNS, load balancers, certificates: their consoles set what the network does. */
static void act_network_control(struct command *c)
{
	impact_is_unproved(c, impact_add(c, "configure", "net", c->program, "one"), "opaque");
}

const struct program command_net_programs[] = {
	{"ssh slogin",
		"1 2 4 6 A a B: b: C c: D: E:> e: F:% f g% G I:! i: J:% K k L: l: M m: N n O: o: "
		"P: p: Q: q R: S: s% T t V v W: "
		"w: X x Y y",
		STYLE_STOP, act_ssh},
	{"mosh telnet rlogin rsh ftp tftp ncftp lftp sshpass minicom cu ipmitool autossh",
		"l: p: 4 6 e:! c:%", STYLE_STOP, act_login},
	{"ping ping6 traceroute traceroute6 tracepath mtr dig host nslookup whois arping fping",
		"c: i: W: w: s: n q v I: t: 4 6 m: p: r report b x: T U f: a A C d D l k z short",
		0, act_probe},
	{"ss netstat",
		"a,all t,tcp u,udp l,listening n,numeric p,processes,programs s,summary o,timers "
		"e,extended i,info "
		"m,memory r,route 4 6 x,unix H,no-header O,oneline K,kill% D,diag:% F,filter:% c w "
		"g b,bpf v W "
		"N,net:%",
		0, act_nothing},
	{"curl",
		"X,request: d,data,data-raw,data-binary,data-urlencode,data-ascii,json: G,get "
		"I,head H,header: i,include "
		"o,output:> O,remote-name J,remote-header-name% s,silent S,show-error f,fail "
		"fail-with-body L,location "
		"k,insecure v,verbose m,max-time: connect-timeout: retry: retry-delay: "
		"retry-connrefused u,user: A,user-agent: "
		"e,referer: b,cookie: c,cookie-jar:> D,dump-header:> w,write-out: T,upload-file: "
		"F,form,form-string: "
		"compressed cacert:< cert,E: key: resolve: connect-to: x,proxy: K,config:% "
		"unix-socket,abstract-unix-socket: "
		"stderr:> trace:> trace-ascii:> r,range: N,no-buffer q,disable 0,http1.0 http1.1 "
		"http2 1 2 3 4,ipv4 6,ipv6 url: "
		"n,netrc netrc-file:< noproxy: Q,quote:% P,ftp-port:% t,telnet-option:% engine:! "
		"libcurl:> C,continue-at: "
		"Z,parallel parallel-max: create-dirs output-dir:% no-progress-meter interface: "
		"limit-rate: tlsv1.2 tlsv1.3 ssl-reqd",
		0, act_curl},
	{"wget",
		"O,output-document: q,quiet S,server-response spider T,timeout: t,tries: header: "
		"U,user-agent: "
		"no-check-certificate P,directory-prefix: r,recursive l,level: N,timestamping "
		"c,continue b,background% "
		"o,output-file:> a,append-output:> i,input-file:% post-data: post-file: method: "
		"body-data: body-file: user: "
		"password: e,execute:% use-askpass:! config:% n:% save-cookies:> load-cookies:< 4 "
		"6 v,verbose nv "
		"max-redirect: connect-timeout: ca-certificate:<",
		0, act_wget},
	{"nc ncat netcat nc.openbsd nc.traditional",
		"z v n w: u l,listen k p: s: e,exec: c,sh-exec: lua-exec:! i: q: 4 6 U "
		"x: X: t o:> b d D F N C h r T:",
		0, act_nc},
	{"socat", "d v x t: T: u U L: ly lf:> lh s g b:", 0, act_socat},
	{"openvpn wg wg-quick stunnel ngrok chisel frpc frps proxychains iodine gost sshuttle "
	 "ssh-add ssh-agent ssh-copy-id "
	 "ssh-keygen ssh-keyscan tcpdump tshark nmap hping3",
		"", STYLE_RAW, act_tunnel},
	{"iptables ip6tables iptables-nft iptables-legacy ip6tables-nft ip6tables-legacy ebtables "
	 "arptables",
		"", STYLE_RAW, act_iptables},
	{"nft ufw firewall-cmd ipset iptables-save ip6tables-save iptables-restore "
	 "ip6tables-restore pfctl shorewall "
	 "ipvsadm fail2ban-client",
		"", STYLE_RAW, act_firewall},
	{"ip", "", STYLE_RAW, act_ip},
	{"ifconfig ifup ifdown route tc ethtool brctl bridge arp iwconfig nmcli networkctl "
	 "resolvectl conntrack netplan dhclient "
	 "mii-tool ifenslave",
		"", STYLE_RAW, act_interface},
	{"nginx haproxy envoy varnishd squid caddy",
		"s: t T v V q c:% f:% g:% p:% e:% D% sf:% st:%", 0, act_proxy},
	{"apachectl apache2ctl httpd apache2", "k: t v V S M l L f:% c:% C:% D:", 0, act_apachectl},
	{"rndc nsupdate vtysh birdc gobgp exabgpcli keepalived certbot bgpctl unbound-control "
	 "pdnsutil pdns_control "
	 "varnishadm consul etcdctl vault",
		"", STYLE_RAW, act_network_control},
	{NULL, NULL, 0, NULL},
};
