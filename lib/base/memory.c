#include "lib/base/memory.h"

#include "lib/base/error.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <unistd.h>

_Noreturn void memory_end(void)
{
	static const char said[] = "out of memory\n";
	ssize_t written = write(STDERR_FILENO, said, sizeof(said) - 1);

	(void)written;
	_exit(error_exit(ERROR_NO_MEMORY));
}

static void *take(size_t size, const char *file, int line)
{
	void *memory = malloc(size);

	(void)file;
	(void)line;
	if (!memory && size)
		memory_end();
	return memory;
}

static void *take_again(void *at, size_t size, const char *file, int line)
{
	void *memory = realloc(at, size);

	(void)file;
	(void)line;
	if (!memory && size)
		memory_end();
	return memory;
}

static void give(void *at, const char *file, int line)
{
	(void)file;
	(void)line;
	free(at);
}

void memory_lead_crypto(void)
{
	if (!CRYPTO_set_mem_functions(take, take_again, give))
		abort(); /* somebody used it before */
}
