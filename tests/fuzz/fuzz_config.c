/* A file of settings, whatever it holds; its errors name a place. */
#include "fuzz.h"

#include "lib/base/config.h"

#include <sys/mman.h>
#include <unistd.h>

static const struct config_option options[] = {
	{"data-dir", CONFIG_PATH, NULL, 0, 0, "where"},
	{"listen", CONFIG_TEXT, "127.0.0.1:8080", 0, 0, "where to"},
	{"runner-children", CONFIG_INT, "8", 1, 32, "how many"},
	{"keep", CONFIG_DURATION, "30s", 1000, 3600000, "how long"},
	{"behind-proxy", CONFIG_BOOL, "false", 0, 0, "whether"},
};
#define COUNT (sizeof(options) / sizeof(options[0]))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = config_new(options, COUNT);
	struct error err = ERROR_INIT;
	char path[64];
	int fd = memfd_create("settings", MFD_CLOEXEC);

	if (fd < 0 || (size && write(fd, data, size) != (ssize_t)size))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (config_read_file(config, path, &err) < 0) {
		FUZZ_HOLDS(err.message[0] && err.place[0]);
	} else if (config_check(config, &err) == 0) {
		FUZZ_HOLDS(config_int(config, "runner-children") >= 1);
		FUZZ_HOLDS(config_int(config, "runner-children") <= 32);
		FUZZ_HOLDS(config_int(config, "keep") <= 3600000);
		FUZZ_HOLDS(config_text(config, "data-dir"));
	}
	close(fd);
	config_free(config);
	return 0;
}
