#include "change/command/steering.h"

#include <stddef.h>
#include <string.h>

static const char *const names[] = {
	"BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "PS4", "PROMPT_COMMAND", "GCONV_PATH", "IFS",
	"PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PYTHONINSPECT", "PERL5OPT", "PERL5LIB",
	"PERLLIB", "PERL5DB", "NODE_OPTIONS", "NODE_PATH", "RUBYOPT", "RUBYLIB",
	"JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "GIT_SSH_COMMAND", "GIT_SSH", "GIT_EXTERNAL_DIFF",
	"GIT_ASKPASS", "GIT_PAGER", "GIT_EDITOR", "PAGER", "MANPAGER", "SYSTEMD_PAGER", "EDITOR",
	"VISUAL", "SUDO_EDITOR", "SUDO_ASKPASS", "SSH_ASKPASS", "BROWSER", "LESSOPEN", "LESSCLOSE",
	"KUBECONFIG", "MAKEFLAGS", "LOCPATH", "NLSPATH", "HOSTALIASES", "RES_OPTIONS", "TMPDIR",
	"TERMINFO",
};

static const char *const prefixes[] = {"LD_", "BASH_FUNC_", "DYLD_", "GIT_CONFIG"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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
