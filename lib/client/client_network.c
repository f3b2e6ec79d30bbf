#include "lib/base/text.h"
#include "lib/client/client.h"

#include <arpa/inet.h>
#include <string.h>

struct network {
	unsigned char bytes[16];
	int size; /* 4 or 16 bytes */
	int bits;
};

/* "::ffff:10.0.0.1" is 10.0.0.1. */
static void unwrap(struct network *network)
{
	static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

	if (network->size != 16 || memcmp(network->bytes, mapped, sizeof(mapped)) ||
		network->bits < 96)
		return;
	memmove(network->bytes, network->bytes + 12, 4);
	network->size = 4;
	network->bits -= 96;
}

static bool parse_ip(const char *ip, struct network *ret)
{
	if (inet_pton(AF_INET, ip, ret->bytes) == 1)
		ret->size = 4;
	else if (inet_pton(AF_INET6, ip, ret->bytes) == 1)
		ret->size = 16;
	else
		return false;
	ret->bits = ret->size * 8;
	return true;
}

static bool is_bit_set(const struct network *network, int bit)
{
	return network->bytes[bit / 8] & (0x80 >> bit % 8);
}

static bool parse_network(const char *text, struct network *ret)
{
	const char *slash = strchr(text, '/');
	char ip[INET6_ADDRSTRLEN];
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	int64_t bits = 0;

	if (length >= sizeof(ip))
		return false;
	memcpy(ip, text, length);
	ip[length] = 0;
	if (!parse_ip(ip, ret))
		return false;
	if (slash) {
		if (text_parse_int64("bits", slash + 1, 0, ret->size * 8, &bits, NULL) < 0)
			return false;
		ret->bits = (int)bits;
	}
	for (int bit = ret->bits; bit < ret->size * 8; bit++)
		if (is_bit_set(ret, bit))
			return false;
	unwrap(ret);
	return true;
}

static bool is_within(const struct network *ip, const struct network *network)
{
	if (ip->size != network->size)
		return false;
	for (int bit = 0; bit < network->bits; bit++)
		if (is_bit_set(ip, bit) != is_bit_set(network, bit))
			return false;
	return true;
}

int client_check_network(const char *field, const char *network, struct error *err)
{
	struct network parsed;

	if (network && parse_network(network, &parsed))
		return 0;
	error_set(err, ERROR_INVALID, "%s \"%s\" is not a network", field, network ? network : "");
	error_field(err, "%s", field);
	error_remedy(
		err, "write an address and its prefix, host bits zero: 10.1.0.0/16 or fd00::/8");
	return ERROR_INVALID;
}

/* A network that cannot be read lets nothing in. */
bool client_is_in_networks(const char *ip, const char *const *networks)
{
	struct network address, network;

	if (!networks || !networks[0])
		return true;
	if (!parse_ip(ip, &address))
		return false;
	unwrap(&address);
	for (size_t i = 0; networks[i]; i++)
		if (parse_network(networks[i], &network) && is_within(&address, &network))
			return true;
	return false;
}
