#include "lib/base/id.h"

#include "lib/base/time.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define RANDOM_BYTES 10

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* What makes later ids of one process sort later; ids are drawn by more than one thread. */
static struct {
	pthread_mutex_t mutex;
	int64_t ms;
	unsigned char random[RANDOM_BYTES];
} last = {.mutex = PTHREAD_MUTEX_INITIALIZER};

void id_random(void *bytes, size_t count)
{
	unsigned char *at = bytes;

	while (count) {
		ssize_t got = getrandom(at, count, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort();
		at += got;
		count -= (size_t)got;
	}
}

/* Adds one to the random part; false when it ran over. */
static bool add_one(unsigned char random[RANDOM_BYTES])
{
	for (int i = RANDOM_BYTES - 1; i >= 0; i--)
		if (++random[i])
			return true;
	return false;
}

static void advance(int64_t now_ms)
{
	if (now_ms > last.ms) {
		last.ms = now_ms;
		id_random(last.random, RANDOM_BYTES);
	} else if (!add_one(last.random)) {
		last.ms++;
	}
}

void id_new(char id[static ID_SIZE])
{
	unsigned char random[RANDOM_BYTES];
	unsigned bits = 0, held = 0;
	int64_t ms;
	char *at = id + ID_SIZE - 1;

	pthread_mutex_lock(&last.mutex);
	advance(time_now_us() / 1000);
	ms = last.ms;
	memcpy(random, last.random, RANDOM_BYTES);
	pthread_mutex_unlock(&last.mutex);
	*at = 0;
	for (int i = RANDOM_BYTES - 1; i >= 0; i--) {
		held |= (unsigned)random[i] << bits;
		for (bits += 8; bits >= 5; bits -= 5, held >>= 5)
			*--at = alphabet[held & 31];
	}
	for (; at > id; ms >>= 5)
		*--at = alphabet[ms & 31];
}

bool id_is_valid(const char *text)
{
	if (!text || strnlen(text, ID_SIZE) != ID_SIZE - 1 || text[0] > '7')
		return false;
	return strspn(text, alphabet) == ID_SIZE - 1;
}
