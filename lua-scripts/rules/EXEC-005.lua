local lib = require "lib"

local STEERS = lib.set {
	"BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "PS4", "PROMPT_COMMAND", "GCONV_PATH", "PATH", "IFS", "PYTHONPATH", "PYTHONSTARTUP",
	"PYTHONHOME", "PYTHONINSPECT", "PERL5OPT", "PERL5LIB", "PERLLIB", "PERL5DB", "NODE_OPTIONS", "NODE_PATH", "RUBYOPT", "RUBYLIB",
	"JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "GIT_SSH_COMMAND", "GIT_SSH", "GIT_EXTERNAL_DIFF", "GIT_ASKPASS", "GIT_PAGER", "GIT_EDITOR",
	"PAGER", "MANPAGER", "SYSTEMD_PAGER", "EDITOR", "VISUAL", "SUDO_EDITOR", "SUDO_ASKPASS", "SSH_ASKPASS", "BROWSER", "LESSOPEN",
	"LESSCLOSE", "KUBECONFIG", "MAKEFLAGS", "LOCPATH", "NLSPATH", "HOSTALIASES", "RES_OPTIONS", "TMPDIR", "TERMINFO",
}

local PREFIXES = { "LD_", "BASH_FUNC_", "DYLD_", "GIT_CONFIG" }

local function steers(name)
	if STEERS[name] then
		return true
	end
	for _, prefix in ipairs(PREFIXES) do
		if name:sub(1, #prefix) == prefix then
			return true
		end
	end
	return false
end

return {
	id = "EXEC-005", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "none", owner = "security",
	title = "the environment changes what runs",
	looks_at = "LD_*, GCONV_PATH, BASH_ENV, ENV, BASH_FUNC_*, PYTHONPATH, PERL5OPT, NODE_OPTIONS, GIT_SSH_COMMAND, PAGER, EDITOR and their like",
	why = "With one of these an approved program runs code that nobody approved.",
	suggestion = "Take the variable out; what a program needs from it can be given as an option or in its configuration.",
	doc = "docs/rules.md#exec-005",
	check = function(input, report)
		for _, step in ipairs(input.steps) do
			for name in pairs(step.environment) do
				if steers(name) then
					report { step = step.seq, object = name, seen = "environment of step " .. step.seq, message = "environment changes what runs: " .. lib.cut(name, 200) }
				end
			end
		end
		lib.commands(input, function(command, step)
			for _, name in ipairs(command.environment) do
				report(lib.finding(step, command, name, "environment changes what runs: " .. lib.cut(name, 200)))
			end
		end)
	end,
	tests = {
		fires = {
			{
				name = "on the line", objects = { "LD_PRELOAD" }, messages = { "environment changes what runs: LD_PRELOAD" },
				input = lib.change("ls", nil, { command = { environment = { "LD_PRELOAD" } } }),
			},
			{
				name = "in the step", objects = { "BASH_FUNC_ls%%", "LD_AUDIT" },
				input = { steps = { { environment = { LD_AUDIT = "/tmp/x.so", ["BASH_FUNC_ls%%"] = "() { id; }", LANG = "C" } } } },
			},
			{ name = "a file of the shell", input = { steps = { { environment = { BASH_ENV = "/tmp/x" } } } } },
		},
		quiet = {
			{ name = "words that steer nothing", input = { steps = { { environment = { LANG = "C", SHOP_ZONE = "a", LDAP = "x" } } } } },
		},
	},
}
