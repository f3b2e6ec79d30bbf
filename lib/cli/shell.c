#include "lib/cli/cli_rooms.h"

#include <string.h>

/*
 * The scripts know no noun and no verb: they ask the program that stands on the line, which answers
 * out of its own tables (completion.c). Words come back as data: nothing of them is expanded.
 * PROGRAM stands for the program's name, FUNCTION for the name as a shell's function has it.
 */
static const char bash_script[] =
	"# bash completion for PROGRAM\n"
	"_FUNCTION() {\n"
	"\tlocal program=${COMP_WORDS[0]/#\\~\\//$HOME/} line=${COMP_LINE:0:COMP_POINT}\n"
	"\tlocal words=() word about prefix\n"
	"\t[[ ${program##*/} == PROGRAM ]] || program=PROGRAM\n"
	"\t# By blanks, and not by COMP_WORDBREAKS: = : and @ are parts of our words.\n"
	"\tread -ra words <<<\"$line\"\n"
	"\t[[ $line == *[[:space:]] ]] && words+=(\"\")\n"
	"\twords=(\"${words[@]/#\\~\\//$HOME/}\")\n"
	"\tprefix=${words[-1]}\n"
	"\t[[ $prefix == *[=:@]* ]] && prefix=${prefix%\"${prefix##*[=:@]}\"} || prefix=\n"
	"\tCOMPREPLY=()\n"
	"\twhile IFS=$'\\t' read -r word about; do\n"
	"\t\tif [[ $word == :files ]]; then\n"
	"\t\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\t\tmapfile -t COMPREPLY < <(compgen -f -- \"${words[-1]}\")\n"
	"\t\telse\n"
	"\t\t\tprintf -v word %q \"$word\"\n"
	"\t\t\tCOMPREPLY+=(\"${word#\"$prefix\"}\")\n"
	"\t\tfi\n"
	"\tdone < <(\"$program\" --complete -- \"${words[@]:1}\" 2>/dev/null)\n"
	"}\n"
	"complete -F _FUNCTION PROGRAM\n";

static const char zsh_script[] = "#compdef PROGRAM\n"
				 "_FUNCTION() {\n"
				 "\tlocal program=${(Q)words[1]/#\\~\\//$HOME/} line\n"
				 "\tlocal -a given said shown\n"
				 "\t[[ ${program:t} == PROGRAM ]] || program=PROGRAM\n"
				 "\t(( CURRENT > 2 )) && given=(\"${(@Q)words[2,CURRENT-1]}\")\n"
				 "\tfor line in \"${(@f)$($program --complete -- \"${given[@]}\" "
				 "\"$PREFIX\" 2>/dev/null)}\"; do\n"
				 "\t\tif [[ $line == :files ]]; then\n"
				 "\t\t\t_files\n"
				 "\t\telif [[ -n $line ]]; then\n"
				 "\t\t\tsaid+=(\"${line%%$'\\t'*}\")\n"
				 "\t\t\tshown+=(\"${line%%$'\\t'*}  ${line#*$'\\t'}\")\n"
				 "\t\tfi\n"
				 "\tdone\n"
				 "\t(( ${#said} )) && compadd -l -d shown -a said\n"
				 "}\n"
				 "if [[ $funcstack[1] == _FUNCTION ]]; then _FUNCTION \"$@\"; else "
				 "compdef _FUNCTION PROGRAM; fi\n";

static const char fish_script[] =
	"# fish completion for PROGRAM\n"
	"function __FUNCTION_complete\n"
	"\tset -l given (commandline -opc)\n"
	"\tset -l current (commandline -ct)\n"
	"\tset -l program $given[1]\n"
	"\tstring match -qr '(^|/)PROGRAM$' -- $program; or set program PROGRAM\n"
	"\tcommand -q $program; or return\n"
	"\tfor line in (command $program --complete -- $given[2..-1] \"$current\" 2>/dev/null)\n"
	"\t\tif test \"$line\" = :files\n"
	"\t\t\t__fish_complete_path \"$current\"\n"
	"\t\telse\n"
	"\t\t\tprintf '%s\\n' $line\n"
	"\t\tend\n"
	"\tend\n"
	"end\n"
	"complete -c PROGRAM -f -a '(__FUNCTION_complete)'\n";

static const struct {
	const char *shell, *script;
} scripts[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};

/* A shell's function has no dash in its name. */
static void print_function(FILE *out, const char *name)
{
	for (; *name; name++)
		fputc(*name == '-' ? '_' : *name, out);
}

static void print_script(FILE *out, const char *script, const char *name)
{
	static const char program[] = "PROGRAM", function[] = "FUNCTION";

	while (*script) {
		if (!strncmp(script, program, sizeof(program) - 1)) {
			fputs(name, out);
			script += sizeof(program) - 1;
		} else if (!strncmp(script, function, sizeof(function) - 1)) {
			print_function(out, name);
			script += sizeof(function) - 1;
		} else {
			fputc(*script++, out);
		}
	}
}

int shell_print(struct cli *cli, const char *shell, struct error *err)
{
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		if (strcmp(shell, scripts[i].shell) == 0) {
			print_script(cli->out, scripts[i].script, cli->program->name);
			return 0;
		}
	}
	error_set(err, ERROR_USAGE, "completion needs the name of a shell");
	return error_remedy(err, "usage: %s completion bash|zsh|fish", cli->program->name);
}
