/*
 * Targets that changes are about and that nobody writes to over the network: what is known of them
 * is who they are. Their address is their identity, so that a name alone never matches.
 */
#include "adapters/adapter_rooms.h"
#include "lib/base/text.h"

#include <string.h>

#define HEX	       "0123456789abcdef"
#define HEX_UPPER      "0123456789abcdefABCDEF"
#define BASE64	       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
#define NAME_BYTES     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:@"
#define NAME_MAX_BYTES 120

/* One piece of an address: what stands before it, of which bytes it is, how many. */
struct piece {
	const char *before, *bytes;
	size_t min, max;
};

struct grammar {
	const char *shape, *remedy; /* for people */
	struct piece pieces[3];
};

static const struct grammar host_grammar = {
	"host:<machine id>/SHA256:<fingerprint of the ssh host key>",
	"print it on that host: rcm identity",
	{{"host:", HEX, 32, 32}, {"/SHA256:", BASE64, 43, 43}},
};
static const struct grammar k8s_grammar = {
	"k8s:<SHA-256 of the cluster's CA>/<context>/<namespace>",
	"the first part is the SHA-256 of certificate-authority-data, decoded, in hex",
	{{"k8s:", HEX, 64, 64}, {"/", NAME_BYTES, 1, NAME_MAX_BYTES},
		{"/", NAME_BYTES, 1, NAME_MAX_BYTES}},
};
static const struct grammar database_grammar = {
	"db:<uuid of the server>/<schema>",
	"MySQL: SELECT @@server_uuid; PostgreSQL: the system identifier of pg_controldata",
	{{"db:", HEX_UPPER "-", 8, 64}, {"/", NAME_BYTES, 1, NAME_MAX_BYTES}},
};

static int check(const struct grammar *grammar, const char *address, struct error *err)
{
	const char *at = address;

	for (const struct piece *piece = grammar->pieces; piece->before; piece++) {
		size_t length;

		if (!text_starts_with(at, piece->before))
			goto refuse;
		at += strlen(piece->before);
		length = strspn(at, piece->bytes);
		if (length < piece->min || length > piece->max)
			goto refuse;
		at += length;
		if (piece == &grammar->pieces[2] || !piece[1].before)
			break;
	}
	if (!*at)
		return 0;
refuse:
	adapter_refuse(err, "address", "the address is an identity here: %s", grammar->shape);
	return error_remedy(err, "%s", grammar->remedy);
}

static int check_host(const char *address, struct error *err)
{
	return check(&host_grammar, address, err);
}

static int check_k8s(const char *address, struct error *err)
{
	return check(&k8s_grammar, address, err);
}

static int check_database(const char *address, struct error *err)
{
	return check(&database_grammar, address, err);
}

const struct adapter host_adapter = {
	.kind = "host",
	.parse = adapter_bare_parse,
	.read = adapter_bare_read,
	.write = adapter_bare_write,
	.check_address = check_host,
};
const struct adapter k8s_adapter = {
	.kind = "k8s",
	.parse = adapter_bare_parse,
	.read = adapter_bare_read,
	.write = adapter_bare_write,
	.check_address = check_k8s,
};
const struct adapter database_adapter = {
	.kind = "database",
	.parse = adapter_bare_parse,
	.read = adapter_bare_read,
	.write = adapter_bare_write,
	.check_address = check_database,
};
