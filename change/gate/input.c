#include "change/gate/input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum gate_stdin input_kind(void)
{
	struct stat state;

	if (fstat(STDIN_FILENO, &state) < 0)
		return GATE_STDIN_NONE;
	if (S_ISCHR(state.st_mode) && state.st_rdev == makedev(1, 3))
		return GATE_STDIN_NONE;
	return isatty(STDIN_FILENO) ? GATE_STDIN_TERMINAL : GATE_STDIN_OPEN;
}

int input_open_null(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}
