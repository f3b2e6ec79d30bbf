#include "operations/doctor_rooms.h"

#include "lib/base/text.h"
#include "lib/base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <unistd.h>

#define MIB		  (INT64_C(1) << 20)
#define SYNCS		  20
#define SYNC_SLOW_MS	  20.0
#define SYNC_VERY_SLOW_MS 200.0
#define DESCRIPTORS_MIN	  4096
#define SANE_TIME_US	  (INT64_C(1700000000) * 1000000) /* later than this program's first line */

/* --- is there a daemon --- */

static int64_t read_owner(int fd)
{
	char owner[32] = "";

	return pread(fd, owner, sizeof(owner) - 1, 0) > 0 ? strtoll(owner, NULL, 10) : 0;
}

void doctor_look_at_daemon(struct doctor *doctor)
{
	const char *path = arena_format(doctor->arena, "%s.lock", doctor->options->database);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		doctor->daemon_pid = read_owner(fd);
	if (fd >= 0)
		close(fd);
	if (doctor->daemon_pid)
		doctor_ok(doctor, "daemon", "runs, pid %lld", (long long)doctor->daemon_pid);
	else
		doctor_add(doctor, DOCTOR_WARN, "daemon",
			arena_format(doctor->arena, "none holds %s", doctor->options->database),
			"systemctl start redbuttond; one that runs with other settings is looked "
			"at "
			"with its --config or --data-dir");
}

/* --- the data directory --- */

void doctor_look_at_directory(struct doctor *doctor)
{
	const char *path = doctor->options->data_dir;
	struct stat st;

	if (stat(path, &st) < 0) {
		doctor_add(doctor, DOCTOR_FAIL, "data directory",
			arena_format(doctor->arena, "%s: %s", path, strerror(errno)),
			"the daemon makes it; look as root, or at another --data-dir");
		return;
	}
	if (!S_ISDIR(st.st_mode))
		doctor_add(doctor, DOCTOR_FAIL, "data directory",
			arena_format(doctor->arena, "%s is no directory", path),
			"set data-dir to a directory of the daemon's own");
	else if (st.st_mode & 0022)
		doctor_add(doctor, DOCTOR_FAIL, "data directory",
			arena_format(doctor->arena, "others may write to %s (mode %03o)", path,
				(unsigned)st.st_mode & 0777),
			arena_format(doctor->arena, "chmod 700 %s", path));
	else if (st.st_mode & 0055)
		doctor_add(doctor, DOCTOR_WARN, "data directory",
			arena_format(doctor->arena, "others may read %s (mode %03o)", path,
				(unsigned)st.st_mode & 0777),
			arena_format(doctor->arena, "chmod 700 %s", path));
	else
		doctor_ok(doctor, "data directory", "%s, mode %03o", path,
			(unsigned)st.st_mode & 0777);
}

void doctor_look_at_disk(struct doctor *doctor)
{
	int64_t reserve = doctor->options->reserve_bytes, free_bytes;
	struct statvfs disk;
	const char *text;

	if (statvfs(doctor->options->data_dir, &disk) < 0)
		return; /* the directory is a finding already */
	free_bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
	text = arena_format(doctor->arena, "%lld MiB free, %lld MiB kept in reserve",
		(long long)(free_bytes / MIB), (long long)(reserve / MIB));
	if (free_bytes < reserve)
		doctor_add(doctor, DOCTOR_FAIL, "disk", text,
			"free space: nothing new is started until there is some");
	else if (free_bytes < 8 * reserve)
		doctor_add(doctor, DOCTOR_WARN, "disk", text, "free space soon");
	else
		doctor_ok(doctor, "disk", "%s", text);
}

/* --- how long a sync takes: every intent waits for one --- */

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool measure(int fd, double times_ms[static SYNCS])
{
	static const char page[4096];

	for (int i = 0; i < SYNCS; i++) {
		int64_t from = time_mono_ns();

		if (pwrite(fd, page, sizeof(page), (off_t)i * (off_t)sizeof(page)) !=
				(ssize_t)sizeof(page) ||
			fdatasync(fd) < 0)
			return false;
		times_ms[i] = (double)(time_mono_ns() - from) / 1e6;
	}
	qsort(times_ms, SYNCS, sizeof(*times_ms), by_size);
	return true;
}

void doctor_look_at_sync(struct doctor *doctor)
{
	char *path = arena_format(doctor->arena, "%s/.doctor-XXXXXX", doctor->options->data_dir);
	double times_ms[SYNCS];
	int fd = mkstemp(path);
	bool is_good = fd >= 0 && measure(fd, times_ms);
	int why = errno;
	const char *text;

	if (fd >= 0) {
		close(fd);
		unlink(path);
	}
	if (!is_good) {
		doctor_add(doctor, DOCTOR_FAIL, "disk sync",
			arena_format(doctor->arena, "cannot be measured: %s", strerror(why)),
			"run it as root or as the daemon's user");
		return;
	}
	text = arena_format(doctor->arena, "fdatasync takes %.2f ms, at worst %.2f of %d",
		times_ms[SYNCS / 2], times_ms[SYNCS - 1], SYNCS);
	if (times_ms[SYNCS / 2] > SYNC_VERY_SLOW_MS)
		doctor_add(doctor, DOCTOR_FAIL, "disk sync", text,
			"each effect waits for one: move the data directory to another disk");
	else if (times_ms[SYNCS / 2] > SYNC_SLOW_MS)
		doctor_add(doctor, DOCTOR_WARN, "disk sync", text,
			"each effect waits for one: a faster disk makes runs faster");
	else
		doctor_ok(doctor, "disk sync", "%s", text);
}

/* --- the clock --- */

static int64_t newest_file_us(const struct doctor *doctor)
{
	const char *const files[] = {doctor->options->database, doctor->options->checkpoint_path};
	int64_t newest = 0;
	struct stat st;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (files[i] && stat(files[i], &st) == 0 &&
			(int64_t)st.st_mtim.tv_sec * 1000000 > newest)
			newest = (int64_t)st.st_mtim.tv_sec * 1000000;
	return newest;
}

void doctor_look_at_clock(struct doctor *doctor)
{
	int64_t now_us = time_now_us();
	struct timex kernel = {0};
	char now[TIME_TEXT_SIZE];

	time_format(now_us, now, sizeof(now));
	if (now_us < SANE_TIME_US || newest_file_us(doctor) > now_us + 60000000)
		doctor_add(doctor, DOCTOR_FAIL, "clock",
			arena_format(
				doctor->arena, "%s is earlier than what was written already", now),
			"set the clock; expiry and approvals go by it");
	else if (adjtimex(&kernel) == TIME_ERROR)
		doctor_add(doctor, DOCTOR_WARN, "clock",
			arena_format(doctor->arena, "%s; nothing keeps it right", now),
			"run chrony or systemd-timesyncd");
	else
		doctor_ok(doctor, "clock", "%s, kept right", now);
}

/* --- descriptors --- */

static int64_t limit_of(int64_t pid)
{
	struct arena arena = ARENA_INIT;
	FILE *file = fopen(arena_format(&arena, "/proc/%lld/limits", (long long)pid), "re");
	char line[256];
	long long limit = -1;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Max open files %lld", &limit) == 1)
			break;
	if (file)
		fclose(file);
	arena_done(&arena);
	return limit;
}

void doctor_look_at_descriptors(struct doctor *doctor)
{
	int64_t limit = limit_of(doctor->daemon_pid ? doctor->daemon_pid : getpid());
	const char *of = doctor->daemon_pid ? "the daemon" : "a program started here";

	if (limit >= 0 && limit < DESCRIPTORS_MIN)
		doctor_add(doctor, DOCTOR_WARN, "descriptors",
			arena_format(doctor->arena, "%s may have %lld", of, (long long)limit),
			"LimitNOFILE=16384 in the unit");
	else
		doctor_ok(doctor, "descriptors", "%s may have %lld", of, (long long)limit);
}

/* --- sockets --- */

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	rc = connect(fd, (struct sockaddr *)&address, sizeof(address));
	close(fd);
	return rc;
}

static void look_at_local(struct doctor *doctor)
{
	const char *path = doctor->options->socket;

	if (!path) {
		doctor_add(doctor, DOCTOR_WARN, "socket", "there is none",
			"set socket: without it nobody gets in when SSO and DNS are down");
		return;
	}
	if (connect_to(path) == 0)
		doctor_ok(doctor, "socket", "%s accepts", path);
	else if (doctor->daemon_pid)
		doctor_add(doctor, DOCTOR_FAIL, "socket",
			arena_format(doctor->arena, "%s: %s", path, strerror(errno)),
			"the daemon runs with another socket, or it was removed: restart it");
	else
		doctor_ok(doctor, "socket", "%s: nobody listens, the daemon is down", path);
}

static bool is_loopback(const char *address)
{
	static const char *const loopback[] = {"127.", "localhost:", "[::1]:"};

	for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++)
		if (text_starts_with(address, loopback[i]))
			return true;
	return false;
}

void doctor_look_at_sockets(struct doctor *doctor)
{
	const struct doctor_options *options = doctor->options;
	struct stat st;

	look_at_local(doctor);
	if (!options->listen)
		doctor_ok(doctor, "listener", "off: only people on this host get in");
	else if (options->tls_certificate && access(options->tls_certificate, R_OK) < 0)
		doctor_add(doctor, DOCTOR_FAIL, "listener",
			arena_format(
				doctor->arena, "%s: %s", options->tls_certificate, strerror(errno)),
			"tls-certificate names a file that the daemon can read");
	else if (options->tls_key && (stat(options->tls_key, &st) < 0 || (st.st_mode & 0077)))
		doctor_add(doctor, DOCTOR_FAIL, "listener",
			arena_format(doctor->arena, "%s is missing, or others may read it",
				options->tls_key),
			arena_format(doctor->arena, "chmod 600 %s", options->tls_key));
	else if (!options->tls_certificate && !is_loopback(options->listen))
		doctor_add(doctor, DOCTOR_FAIL, "listener",
			arena_format(doctor->arena, "%s without TLS: the daemon refuses that",
				options->listen),
			"set tls-certificate and tls-key");
	else
		doctor_ok(doctor, "listener", "%s%s", options->listen,
			options->tls_certificate ? ", TLS" : ", loopback");
}

/* --- systemd --- */

static bool is_unit_of(int64_t pid)
{
	struct arena arena = ARENA_INIT;
	FILE *file = fopen(arena_format(&arena, "/proc/%lld/cgroup", (long long)pid), "re");
	char line[512];
	bool found = false;

	while (file && fgets(line, sizeof(line), file))
		found |= strstr(line, "redbuttond.service") != NULL;
	if (file)
		fclose(file);
	arena_done(&arena);
	return found;
}

void doctor_look_at_systemd(struct doctor *doctor)
{
	if (access("/run/systemd/system", F_OK) < 0)
		doctor_add(doctor, DOCTOR_WARN, "systemd", "is not there",
			"see to it that something starts the daemon again, and kills it when it "
			"hangs");
	else if (doctor->daemon_pid && !is_unit_of(doctor->daemon_pid))
		doctor_add(doctor, DOCTOR_WARN, "systemd", "the daemon is not its unit",
			"run it as redbuttond.service: restart, watchdog and hardening come with "
			"it");
	else
		doctor_ok(doctor, "systemd", "%s",
			doctor->daemon_pid ? "the daemon is its unit" : "is there");
}
