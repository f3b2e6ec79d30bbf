#include "change/command/steering.h"

#include <stddef.h>
#include <string.h>

/* Variables that change what is executed, or which code a program loads: EXEC-005. */
static const char *const names[] = {"BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "PS4",
	"PROMPT_COMMAND", "GCONV_PATH", "PATH", "IFS", "CDPATH", "PYTHONPATH", "PYTHONSTARTUP",
	"PYTHONHOME", "PYTHONINSPECT", "PYTHONUSERBASE", "PYTHONBREAKPOINT", "PERL5OPT", "PERL5LIB",
	"PERLLIB", "PERL5DB", "NODE_OPTIONS", "NODE_PATH", "RUBYOPT", "RUBYLIB", "LUA_INIT",
	"LUA_PATH", "LUA_CPATH", "PHPRC", "PHP_INI_SCAN_DIR", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS",
	"JDK_JAVA_OPTIONS", "CLASSPATH", "GIT_SSH_COMMAND", "GIT_SSH", "GIT_EXTERNAL_DIFF",
	"GIT_ASKPASS", "GIT_PAGER", "GIT_EDITOR", "GIT_SEQUENCE_EDITOR", "GIT_PROXY_COMMAND",
	"GIT_EXEC_PATH", "GIT_TEMPLATE_DIR", "GIT_DIR", "GIT_WORK_TREE", "PAGER", "MANPAGER",
	"MANOPT", "MANPATH", "SYSTEMD_PAGER", "SYSTEMD_PAGERSECURE", "SYSTEMD_LESS",
	"SYSTEMD_EDITOR", "PSQL_PAGER", "PSQL_EDITOR", "PSQLRC", "PGSYSCONFDIR", "PGSERVICEFILE",
	"MYSQL_HOME", "MYSQL_TEST_LOGIN_FILE", "EDITOR", "VISUAL", "FCEDIT", "SUDO_EDITOR",
	"SUDO_ASKPASS", "SSH_ASKPASS", "BROWSER", "LESS", "LESSOPEN", "LESSCLOSE", "LESSKEY",
	"LESSEDIT", "LESSKEYIN", "MORE", "KUBECONFIG", "KUBE_EDITOR", "KUBECTL_EXTERNAL_DIFF",
	"MAKEFLAGS", "MAKEFILES", "LOCPATH", "NLSPATH", "HOSTALIASES", "RES_OPTIONS", "TMPDIR",
	"TERMINFO", "TERMINFO_DIRS", "TERMCAP", "TAR_OPTIONS", "TAPE", "RSYNC_RSH",
	"RSYNC_CONNECT_PROG", "RSYNC_PROXY", "CVS_RSH", "SHELL", "TZDIR", "MALLOC_CONF",
	"OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "CURL_HOME", "WGETRC",
	"SSLKEYLOGFILE", "ANSIBLE_CONFIG", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT",
	"CONTAINER_HOST", "HISTFILE", "FPATH", "ZDOTDIR", "GLIBC_TUNABLES", "XDG_CONFIG_HOME",
	"XDG_CONFIG_DIRS", "GREP_OPTIONS", "RIPGREP_CONFIG_PATH", "INPUTRC", "VIMINIT", "EXINIT",
	"MYVIMRC", "AWKPATH", "AWKLIBPATH", "POSIXLY_CORRECT", "SYSTEMD_UNIT_PATH", "APT_CONFIG",
	"DPKG_ROOT", "DPKG_PAGER", "BLKID_FILE", "KUBERC", "LESSSECURE"};
static const char *const prefixes[] = {"LD_", "BASH_FUNC_", "DYLD_", "GIT_CONFIG", "GIT_TRACE",
	"PIP_", "NPM_CONFIG_", "npm_config_", "HELM_", "LIBMOUNT_", "RUNC_", "PERF_", "CORECLR_",
	"ANSIBLE_"};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

bool command_is_steering(const char *name)
{
	size_t length = strcspn(name, "=");

	for (size_t i = 0; i < COUNT(names); i++)
		if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
			return true;
	for (size_t i = 0; i < COUNT(prefixes); i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}
