"""What bash is given by a completion script of ours."""
import subprocess


def in_bash(program, script, line, env):
    """COMPREPLY for the cursor at the end of `line`, set as bash sets it."""
    function = "_" + program.replace("-", "_")
    drive = """
source "$1"; COMP_LINE=$2; COMP_POINT=${#2}; IFS=' ' read -ra COMP_WORDS <<<"${2//[=:@]/ & }"
[[ $2 == *' ' ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
"$3"; printf '%s\\n' "${COMPREPLY[@]}"
"""
    done = subprocess.run(["bash", "--norc", "-c", drive, "bash", script, line, function], capture_output=True, text=True,
                          timeout=20, check=True, env=env)
    assert done.stderr == ""
    return done.stdout.split()
