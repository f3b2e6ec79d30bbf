/* Stands for any program: notes that it ran and with which words, and does nothing. The notes stand
 * beside the file that runs, so that no environment is needed. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NOTE_MAX 65536

static size_t add(char *note, size_t length, const char *word)
{
	size_t size = strlen(word) + 1;

	if (length + size + 1 > NOTE_MAX)
		return length;
	memcpy(note + length, word, size);
	return length + size;
}

int main(int argc, char **argv)
{
	static char note[NOTE_MAX];
	char path[PATH_MAX];
	ssize_t got = readlink("/proc/self/exe", path, sizeof(path) - 16);
	size_t length = 0;
	char *slash;
	int fd;

	if (got <= 0 || argc < 1)
		return 1;
	path[got] = 0;
	slash = strrchr(path, '/');
	if (!slash)
		return 1;
	length = add(note, length, slash + 1);
	for (int i = 1; i < argc; i++)
		length = add(note, length, argv[i]);
	note[length++] = '\x01'; /* ends one note; words hold none */
	memcpy(slash, "/../notes", sizeof("/../notes"));
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return 1;
	got = write(fd, note, length);
	close(fd);
	return got == (ssize_t)length ? 0 : 1;
}
