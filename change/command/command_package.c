/* Packages, sources, and programs that run what folders and files hold. */
#include "change/command/command_rooms.h"

#include "lib/base/text.h"

#include <string.h>

static const char *operand(const struct command *c, size_t at)
{
	return at < c->operand_count ? c->operands[at] : "";
}

static void impact_packages(struct command *c, const char *verb, size_t first)
{
	if (c->operand_count <= first)
		impact_add(c, verb, "package", "", "all");
	for (size_t i = first; i < c->operand_count; i++) {
		json_t *impact = impact_add(c, verb, "package", c->operands[i], "one");

		if (path_is_url(c->operands[i]) || text_starts_with(c->operands[i], "git+"))
			impact_flag(impact, "fetch_and_run");
	}
}

/* apt, yum, dnf, pip, npm ...: the first operand is the verb; packages run scripts of theirs. */
static void act_package(struct command *c)
{
	static const char looks[] = "list search show info policy depends rdepends showpkg madison "
				    "repolist provides "
				    "whatprovides stats dump pkgnames";
	static const char installs[] =
		"install upgrade dist-upgrade full-upgrade update reinstall build-dep localinstall "
		"add i ci exec "
		"distro-sync groupinstall refresh source download create run link publish";
	static const char removes[] =
		"remove purge autoremove uninstall erase rm clean autoclean un prune";
	const char *word = operand(c, 0);

	if (*word && text_is_word(looks, word)) {
		impact_add(c, "list", "package", operand(c, 1), "one");
		if (!text_is_word("apt-cache yum dnf zypper apk snap", c->program))
			command_doubt(c, "opaque"); /* a pager, or plugins and hooks of theirs */
	} else if (*word && text_is_word(removes, word)) {
		impact_packages(c, "remove", 1);
	} else {
		impact_packages(c, "install", text_is_word(installs, word) ? 1 : 0);
		command_doubt(c, "opaque");
	}
}

static void act_dpkg(struct command *c)
{
	static const char looks[] =
		"no-pager f l L s S p I c W list listfiles status search print-avail info contents "
		"verify V C "
		"audit get-selections "
		"print-architecture print-foreign-architectures compare-versions";
	bool is_look = c->given_count > 0;

	for (size_t i = 0; i < c->given_count; i++) {
		const char *name = arena_text_n(
			&c->analysis->arena, c->given[i].name, c->given[i].name_length);

		is_look &= text_is_word(looks, name);
	}
	/* A terminal gets a pager, which runs what is typed. */
	if (is_look && !option_has(c, "no-pager") &&
		(option_has(c, "l") || option_has(c, "L") || option_has(c, "s") ||
			option_has(c, "p")))
		command_doubt(c, "opaque");
	if (is_look)
		impact_add(c, "list", "package", operand(c, 0), "one");
	else
		impact_packages(
			c, option_has(c, "r") || option_has(c, "P") ? "remove" : "install", 0);
	if (!is_look)
		command_doubt(c, "opaque");
}

/* rpm -q asks; -i -U -F -e change. */
static void act_rpm(struct command *c)
{
	static const char asks[] =
		"-q -qa -qi -ql -qf -qp -qc -qd -qR -qpl -qpi -qil -qlp -qip -qal "
		"--query --all -a -i -l -f -p --requires --provides --changelog --last "
		"--list --info --file --package --conflicts --obsoletes --scripts";
	const char *word = c->count > 1 ? c->words[1] : "";
	bool is_query = text_starts_with(word, "-q") || !strcmp(word, "--query");

	for (size_t i = 1; i < c->count; i++)
		is_query &= c->words[i][0] == '-' ? text_is_word(asks, c->words[i])
						  : !path_is_url(c->words[i]);
	if (is_query) {
		impact_add(c, "list", "package", "", "one");
		return;
	}
	for (size_t i = 1; i < c->count; i++)
		if (c->words[i][0] != '-') {
			json_t *impact =
				impact_add(c, text_starts_with(word, "-e") ? "remove" : "install",
					"package", c->words[i], "one");

			if (path_is_url(c->words[i]))
				impact_flag(impact, "fetch_and_run");
		}
	command_doubt(c, "opaque");
}

/*
 * Verbs of git that only look into its configuration and references. What reads objects may fetch
 * them by a program that the repository's configuration names, and show them by others.
 */
static bool is_git_look(const struct command *c, const char *word)
{
	const char *first = operand(c, 1);

	if (!strcmp(word, "version"))
		return true;
	if (!strcmp(word, "rev-parse"))
		return c->operand_count == 2 ||
		       (c->operand_count == 3 && !strcmp(first, "--abbrev-ref"));
	if (!strcmp(word, "config"))
		return text_is_word("--get --get-all --list -l", first) && operand(c, 3)[0] == 0;
	return !strcmp(word, "remote") &&
	       (c->operand_count == 1 || (c->operand_count == 2 && !strcmp(first, "-v")));
}

static void act_git(struct command *c)
{
	const char *word = operand(c, 0);
	const char *folder = option_value(c, "C");

	for (size_t i = 0; i < c->given_count; i++)
		if (c->given[i].name[0] == 'c' && c->given[i].name_length == 1 && c->given[i].value)
			impact_runs(
				c, arena_format(&c->analysis->arena, "-c %s", c->given[i].value));
	for (size_t i = 1; i < c->operand_count; i++)
		if (text_starts_with(c->operands[i], "--upload-pack") ||
			text_starts_with(c->operands[i], "--receive-pack") ||
			text_starts_with(c->operands[i], "--exec") ||
			text_starts_with(c->operands[i], "--ext-diff") ||
			text_starts_with(c->operands[i], "ext::") ||
			text_starts_with(c->operands[i], "--open-files-in-pager") ||
			(text_is_word("-O -x", c->operands[i]) && !text_is_word("clean", word)))
			impact_runs(c, c->operands[i]);
	if (!*word || is_git_look(c, word)) {
		path_impact(c, "read", folder ? folder : ".", "one");
		return;
	}
	path_impact(c, "write", folder ? folder : ".", "recursive");
	command_doubt(c, "opaque"); /* hooks, filters, aliases and monitors of the repository */
}

/* make, run-parts, logrotate -f, ansible-playbook ...: what runs is in files. */
static void act_run_files(struct command *c)
{
	bool is_dry = !strcmp(c->program, "run-parts") &&
		      (c->count > 1 && text_is_word("--test --list", c->words[1]));
	const char *file = NULL;

	for (size_t i = 1; i < c->count; i++)
		if (c->words[i][0] != '-')
			file = c->words[i];
	if (is_dry)
		return;
	impact_add(c, "exec", "process", file ? path_resolve(c, file) : c->cwd, "many");
	if (text_is_word("ansible", c->program))
		impact_add(c, "login", "host", file, "many");
	if (!file || !path_is_bound(c, file))
		command_doubt(c, "opaque");
}

#define PACKAGES                                                                                   \
	"y,yes,assume-yes q,quiet o,option:! c,config-file:! t,default-release,target-release: "   \
	"install-suggests% "                                                                       \
	"no-install-recommends s,simulate% d,download-only purge a,all-versions installed "        \
	"upgradable allow-downgrades% force-yes% "                                                 \
	"enablerepo: disablerepo: setopt:% nogpgcheck% allow-unauthenticated% reinstall "          \
	"fix-broken% f r,requirement:% e,editable:% "                                              \
	"i,index-url: extra-index-url: user upgrade,U g,global D prefix:% no-cache-dir "           \
	"break-system-packages json format: "                                                      \
	"n,names-only,non-interactive root:% installroot:%"

const struct program command_package_programs[] = {
	{"apt apt-get apt-cache apt-mark aptitude yum dnf microdnf zypper pacman apk brew snap "
	 "flatpak pip# pip npm npx yarn pnpm gem "
	 "cargo go composer conda easy_install pipx uv cpan luarocks",
		PACKAGES, 0, act_package},
	{"dpkg dpkg-query dpkg-deb dpkg-reconfigure",
		"l,list L,listfiles s,status S,search p,print-avail I,info c,contents W,show "
		"V,verify C,audit get-selections i,install "
		"r,remove P,purge unpack configure a,pending x,extract e,control b,build "
		"force-all% f,showformat: print-architecture "
		"print-foreign-architectures no-pager pre-invoke:! post-invoke:! root:% admindir:% "
		"instdir:%",
		0, act_dpkg},
	{"rpm", "", STYLE_RAW, act_rpm},
	{"git",
		"C: c: p,paginate% no-pager,P git-dir:% work-tree:% exec-path?! namespace: bare "
		"literal-pathspecs no-optional-locks "
		"config-env:% no-replace-objects",
		STYLE_STOP, act_git},
	{"svn hg", "", STYLE_RAW, act_run_files},
	{"make gmake cmake ninja run-parts logrotate ansible ansible-playbook ansible-pull anacron "
	 "rake ant mvn gradle bazel just "
	 "task tox pytest supervisord runsvdir cron crond foreman",
		"", STYLE_RAW, act_run_files},
	{NULL, NULL, 0, NULL},
};
