/* Every outcome that says something was sent has its intent before it, once, of the same subject.
 */
#include "audit/audit_check.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 1024 /* a power of two */

/* Outcomes that may stand alone: nothing was sent. */
static const char *const unsent_words[] = {"NOOP", "REFUSED", "CONFLICT", NULL};

enum intent_state { INTENT_NONE, INTENT_OPEN, INTENT_DOUBT, INTENT_ENDED };

struct key {
	uint64_t id[2], subject[2];
};

struct slot {
	struct key key;
	enum intent_state state;
};

/* Known by a keyed hash, so that nobody can choose two that collide. */
struct audit_intents {
	unsigned char secret[crypto_shorthash_siphashx24_KEYBYTES];
	struct slot *slots;
	size_t slot_count, used;
	int64_t open;
};

struct audit_intents *audit_intents_new(void)
{
	struct audit_intents *intents = calloc(1, sizeof(*intents));

	if (!intents || sodium_init() < 0)
		abort();
	randombytes_buf(intents->secret, sizeof(intents->secret));
	intents->slot_count = FIRST_SLOTS;
	intents->slots = calloc(intents->slot_count, sizeof(*intents->slots));
	if (!intents->slots)
		abort();
	return intents;
}

void audit_intents_free(struct audit_intents *intents)
{
	if (!intents)
		return;
	free(intents->slots);
	free(intents);
}

int64_t audit_intents_open(const struct audit_intents *intents)
{
	return intents->open;
}

static void hash_slice(
	const struct audit_intents *intents, const struct audit_slice *slice, uint64_t out[2])
{
	crypto_shorthash_siphashx24((unsigned char *)out, (const unsigned char *)slice->at,
		slice->length, intents->secret);
}

static struct slot *find(struct slot *slots, size_t count, const uint64_t id[2])
{
	for (size_t at = id[0] & (count - 1);; at = (at + 1) & (count - 1))
		if (slots[at].state == INTENT_NONE || !memcmp(slots[at].key.id, id, 16))
			return &slots[at];
}

static void grow(struct audit_intents *intents)
{
	size_t count = intents->slot_count * 2;
	struct slot *slots = calloc(count, sizeof(*slots));

	if (!slots)
		abort();
	for (size_t i = 0; i < intents->slot_count; i++)
		if (intents->slots[i].state != INTENT_NONE)
			*find(slots, count, intents->slots[i].key.id) = intents->slots[i];
	free(intents->slots);
	intents->slots = slots;
	intents->slot_count = count;
}

static const char *add_intent(
	struct audit_intents *intents, struct slot *slot, const struct key *key)
{
	if (slot->state != INTENT_NONE)
		return "its intent was recorded before";
	*slot = (struct slot){*key, INTENT_OPEN};
	intents->used++;
	intents->open++;
	return NULL;
}

static bool is_unsent(const struct audit_scan *scan)
{
	struct audit_slice word;

	if (!audit_slice_member(&scan->detail, "outcome", &word))
		return false;
	for (size_t i = 0; unsent_words[i]; i++)
		if (audit_slice_is_word(&word, unsent_words[i]))
			return true;
	return false;
}

/* What was in doubt may be settled later by a second outcome. */
static const char *add_outcome(struct audit_intents *intents, struct slot *slot,
	const struct key *key, const struct audit_scan *scan)
{
	bool is_doubt = audit_slice_is_word(&scan->outcome, audit_outcome_word(AUDIT_UNKNOWN));

	if (slot->state == INTENT_NONE)
		return is_unsent(scan) ? NULL : "it is the outcome of an intent that is not there";
	if (memcmp(slot->key.subject, key->subject, sizeof(key->subject)))
		return "its intent is one of another subject";
	if (slot->state == INTENT_ENDED)
		return "its intent had an outcome before";
	if (slot->state == INTENT_OPEN)
		intents->open--;
	slot->state = is_doubt ? INTENT_DOUBT : INTENT_ENDED;
	return NULL;
}

const char *audit_intents_add(struct audit_intents *intents, const struct audit_scan *scan)
{
	bool is_intent = audit_slice_is_word(&scan->action, "effect.intent");
	struct slot *slot;
	struct key key;

	if (!is_intent && !audit_slice_is_word(&scan->action, "effect.outcome"))
		return NULL;
	if (!scan->intent_id.at)
		return "it names no intent";
	if (intents->used * 2 >= intents->slot_count)
		grow(intents);
	hash_slice(intents, &scan->intent_id, key.id);
	hash_slice(intents, &scan->subject_id, key.subject);
	slot = find(intents->slots, intents->slot_count, key.id);
	return is_intent ? add_intent(intents, slot, &key) : add_outcome(intents, slot, &key, scan);
}
