#include "audit/audit_rooms.h"

#include <string.h>

#define LEAF_BYTE 0x00
#define NODE_BYTE 0x01

void audit_leaf(char *prefixed, size_t length, struct digest *ret)
{
	prefixed[0] = LEAF_BYTE;
	digest_of(prefixed, length + 1, ret);
}

static void join(const struct digest *left, const struct digest *right, struct digest *ret)
{
	unsigned char bytes[1 + 2 * DIGEST_BYTES];

	bytes[0] = NODE_BYTE;
	memcpy(bytes + 1, left->bytes, DIGEST_BYTES);
	memcpy(bytes + 1 + DIGEST_BYTES, right->bytes, DIGEST_BYTES);
	digest_of(bytes, sizeof(bytes), ret);
}

/* As a binary counter: each carry joins two whole subtrees of one size. */
void audit_edge_add(struct audit_edge *edge, const struct digest *leaf)
{
	struct digest carry = *leaf;

	for (uint64_t size = (uint64_t)edge->size; size & 1; size >>= 1)
		join(&edge->hashes[--edge->count], &carry, &carry);
	edge->hashes[edge->count++] = carry;
	edge->size++;
}

void audit_edge_root(const struct audit_edge *edge, struct digest *ret)
{
	struct digest root;

	if (edge->count == 0) {
		digest_of("", 0, ret);
		return;
	}
	root = edge->hashes[edge->count - 1];
	for (int i = edge->count - 2; i >= 0; i--)
		join(&edge->hashes[i], &root, &root);
	*ret = root;
}

bool audit_edge_is_equal(const struct audit_edge *a, const struct audit_edge *b)
{
	return a->size == b->size && a->count == b->count &&
	       !memcmp(a->hashes, b->hashes, (size_t)a->count * DIGEST_BYTES);
}

bool audit_edge_read(struct audit_edge *edge, int64_t size, const void *hashes, size_t length)
{
	int count = size < 0 ? -1 : __builtin_popcountll((uint64_t)size);

	if (count < 0 || length != (size_t)count * DIGEST_BYTES)
		return false;
	edge->size = size;
	edge->count = count;
	memcpy(edge->hashes, hashes, length);
	return true;
}
