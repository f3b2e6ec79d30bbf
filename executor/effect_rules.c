#include "executor/run.h"
#include "lib/base/text.h"

/* Equality is byte equality of canonical values; absent (NULL) is a value. */

enum effect_choice effect_rule_apply(const char *now, const char *wanted)
{
	return text_is_equal(now, wanted) ? EFFECT_DO_NOTHING : EFFECT_SEND;
}

enum effect_choice effect_rule_undo(const char *now, const char *baseline, const char *ours)
{
	if (text_is_equal(now, baseline))
		return EFFECT_DO_NOTHING;
	return text_is_equal(now, ours) ? EFFECT_SEND : EFFECT_CHOOSE;
}

enum effect_choice effect_rule_recover(const char *now, const char *baseline, const char *wanted)
{
	if (text_is_equal(now, wanted))
		return EFFECT_DO_NOTHING;
	return text_is_equal(now, baseline) ? EFFECT_SEND : EFFECT_CHOOSE;
}

enum effect_state effect_rule_outcome(enum adapter_outcome sent, enum adapter_outcome read,
	const char *now, const char *wanted, bool may_settle)
{
	bool is_read = read == ADAPTER_OK || read == ADAPTER_ABSENT;

	if (sent == ADAPTER_REFUSED || sent == ADAPTER_STALE || sent == ADAPTER_UNREACHABLE)
		return EFFECT_REFUSED;
	if (is_read && text_is_equal(now, wanted))
		return EFFECT_CONFIRMED;
	if (may_settle)
		return EFFECT_INTENT;
	return sent == ADAPTER_OK && is_read ? EFFECT_MISMATCH : EFFECT_IN_DOUBT;
}
