#include "change/gate/descendants.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

struct process {
	pid_t pid, parent;
	bool is_below, is_zombie;
};

struct processes {
	struct process *list;
	size_t count, capacity;
};

int descendants_adopt(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/* "pid (name) S ppid ...": the name may hold anything, its last ')' ends it. */
static bool read_process(int proc, const char *pid, struct process *ret)
{
	char path[300], text[512], *end;
	ssize_t length;
	char state;
	int fd;

	snprintf(path, sizeof(path), "%s/stat", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (length <= 0)
		return false;
	text[length] = 0;
	end = strrchr(text, ')');
	ret->pid = (pid_t)strtol(pid, NULL, 10);
	ret->is_below = false;
	if (!end || sscanf(end, ") %c %d", &state, &ret->parent) != 2)
		return false;
	ret->is_zombie = state == 'Z' || state == 'X';
	return true;
}

static bool add_process(struct processes *all, const struct process *process)
{
	if (all->count == all->capacity) {
		size_t capacity = all->capacity * 2 + 256;
		struct process *larger = realloc(all->list, capacity * sizeof(*larger));

		if (!larger)
			return false;
		all->list = larger;
		all->capacity = capacity;
	}
	all->list[all->count++] = *process;
	return true;
}

static void read_all(struct processes *ret)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	struct process process;

	while (proc && (entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			read_process(dirfd(proc), entry->d_name, &process) &&
			!add_process(ret, &process))
			break;
	if (proc)
		closedir(proc);
}

static bool is_child_of_marked(const struct processes *all, const struct process *process)
{
	if (process->parent == getpid())
		return true;
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].pid == process->parent)
			return all->list[i].is_below;
	return false;
}

static void mark_below(struct processes *all)
{
	bool has_more = true;

	while (has_more) {
		has_more = false;
		for (size_t i = 0; i < all->count; i++)
			if (!all->list[i].is_below && is_child_of_marked(all, &all->list[i]))
				has_more = all->list[i].is_below = true;
	}
}

static size_t signal_below(int signal_number)
{
	struct processes all = {NULL, 0, 0};
	size_t alive = 0;

	read_all(&all);
	mark_below(&all);
	for (size_t i = 0; i < all.count; i++) {
		if (!all.list[i].is_below || all.list[i].is_zombie)
			continue;
		alive++;
		if (signal_number)
			kill(all.list[i].pid, signal_number);
	}
	free(all.list);
	return alive;
}

size_t descendants_signal(int signal_number)
{
	return signal_below(signal_number);
}

size_t descendants_count(void)
{
	return signal_below(0);
}
