/*
 * LD_PRELOAD for a load generator on loopback: its connections come from 127.1.0.1, 127.1.0.2 ...,
 * 32 from each, as those of many clients would. The daemon takes 64 connections of an address.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>

#define EACH 32

typedef int (*connect_call)(int fd, const struct sockaddr *address, socklen_t size);

static connect_call real_connect;
static atomic_uint count;

__attribute__((constructor)) static void begin(void)
{
	real_connect = (connect_call)dlsym(RTLD_NEXT, "connect");
}

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
	struct sockaddr_in source = {.sin_family = AF_INET};
	unsigned number = atomic_fetch_add(&count, 1) / EACH % 60000;

	source.sin_addr.s_addr = htonl(0x7F010001u + number);
	if (address->sa_family == AF_INET)
		bind(fd, (struct sockaddr *)&source, sizeof(source));
	return real_connect(fd, address, size);
}
