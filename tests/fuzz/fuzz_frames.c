/*
 * What a runner could send instead of its frame, cut into pieces: the first byte says how. A result
 * is the frame's content, byte for byte, or there is none.
 */
#include "fuzz.h"

#include "lib/base/loop.h"
#include "lib/jail/jail.h"
#include "lib/jail/jail_rooms.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

static struct loop *loop;

struct expected {
	const uint8_t *bytes;
	size_t size;
	int told;
};

/* As the contract says it, written once more. */
static bool is_whole(const uint8_t *bytes, size_t size)
{
	return size > 4 && ((size_t)bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 |
				   (size_t)bytes[3] << 24) == size - 4;
}

static void take(void *arg, const char *bytes, size_t length, const struct error *problem)
{
	struct expected *expected = arg;

	expected->told++;
	if (problem) {
		FUZZ_HOLDS(!bytes && problem->code && !is_whole(expected->bytes, expected->size));
	} else {
		FUZZ_HOLDS(is_whole(expected->bytes, expected->size));
		FUZZ_HOLDS(length == expected->size - 4);
		FUZZ_HOLDS(!memcmp(bytes, expected->bytes + 4, length) && !bytes[length]);
	}
	loop_stop(loop);
}

/* Each piece is read before the next is sent, while the daemon still listens. */
static void send_pieces(int fd, const struct expected *expected, size_t piece)
{
	struct loop_timer *timer = loop_timer_new(loop, (void (*)(void *))loop_stop, loop);

	for (size_t at = 0; at < expected->size && !expected->told; at += piece) {
		size_t left = expected->size - at;

		if (send(fd, expected->bytes + at, left < piece ? left : piece,
			    MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
		loop_timer_start(timer, 0, 0);
		loop_run(loop);
	}
	loop_timer_free(timer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct expected expected = {size ? data + 1 : NULL, size ? size - 1 : 0, 0};
	size_t piece = size && data[0] % 4 ? 1 + expected.size / (data[0] % 4) : 60000;
	struct jail_worker *worker;
	int pair[2];

	if (expected.size > 60000 || (!loop && loop_open(&loop, NULL) < 0) ||
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return 0;
	/* No process: the descriptor that could kill one is that of /dev/null. */
	worker = jail_worker_new(loop, pair[0], open("/dev/null", O_RDONLY | O_CLOEXEC));
	FUZZ_HOLDS(jail_worker_is_waiting(worker));
	jail_worker_start(worker, "input", 5, 10000, take, &expected);
	send_pieces(pair[1], &expected, piece);
	shutdown(pair[1], SHUT_WR);
	while (!expected.told)
		loop_run(loop);
	FUZZ_HOLDS(expected.told == 1);
	jail_worker_free(worker);
	close(pair[1]);
	return 0;
}
