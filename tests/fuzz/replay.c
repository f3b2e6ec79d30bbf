/* Calls a target with each file of the directories that are named: what was found stays mended. */
#include "fuzz.h"

#include <dirent.h>
#include <unistd.h>

static const char *current;

static void name_it(void)
{
	if (current)
		fprintf(stderr, "while replaying %s\n", current);
}

static void replay_file(const char *path)
{
	static uint8_t bytes[4 << 20];
	FILE *file = fopen(path, "rb");
	size_t length;

	if (!file) {
		perror(path);
		exit(2);
	}
	length = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	current = path;
	LLVMFuzzerTestOneInput(bytes, length);
}

static size_t replay_directory(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort);
	size_t replayed = 0;
	char name[4096];

	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.') {
			snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
			replay_file(name);
			replayed++;
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return replayed;
}

int main(int argc, char **argv)
{
	size_t replayed = 0;

	atexit(name_it);
	for (int i = 1; i < argc; i++)
		replayed += replay_directory(argv[i]);
	LLVMFuzzerTestOneInput(NULL, 0);
	current = NULL;
	printf("%zu inputs\n", replayed);
	return replayed ? EXIT_SUCCESS : EXIT_FAILURE;
}
