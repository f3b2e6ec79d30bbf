#include "lib/base/memory.h"

#include "lib/base/error.h"

#include <unistd.h>

_Noreturn void memory_end(void)
{
	static const char said[] = "out of memory\n";
	ssize_t written = write(STDERR_FILENO, said, sizeof(said) - 1);

	(void)written;
	_exit(error_exit(ERROR_NO_MEMORY));
}
