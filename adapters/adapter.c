#include "adapters/adapter.h"

#include "adapters/adapter_rooms.h"
#include "lib/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define QUOTE_BYTES 200

const struct adapter *adapter_find(const struct adapter_list *list, const char *kind)
{
	for (size_t i = 0; i < list->count; i++)
		if (text_is_equal(list->adapters[i]->kind, kind))
			return list->adapters[i];
	return NULL;
}

static const struct adapter_type *find_type(const struct adapter *adapter, const char *name)
{
	for (size_t i = 0; i < adapter->type_count; i++)
		if (text_is_equal(adapter->types[i].name, name))
			return &adapter->types[i];
	return NULL;
}

const struct adapter_type *adapter_type_find(const struct adapter_list *list, const char *type)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct adapter_type *found = find_type(list->adapters[i], type);

		if (found)
			return found;
	}
	return NULL;
}

enum adapter_outcome adapter_outcome_of(const struct error *err)
{
	switch (err->code) {
	case ERROR_OUTCOME_UNKNOWN:
	case ERROR_TOO_LARGE:
		return ADAPTER_NO_ANSWER;
	default:
		return ADAPTER_UNREACHABLE;
	}
}

struct adapter_result adapter_problem(
	struct arena *arena, enum adapter_outcome outcome, const char *format, ...)
{
	struct adapter_result result = {.outcome = outcome};
	va_list args;

	va_start(args, format);
	result.message = arena_vformat(arena, format, args);
	va_end(args);
	return result;
}

const char *adapter_quote(struct arena *arena, const char *text)
{
	struct buf visible = BUF_INIT;
	size_t length, end = 0;
	const char *quote;

	text += strspn(text, "\r\n \t");
	length = strcspn(text, "\r\n");
	for (size_t at = 0; at < length && at < QUOTE_BYTES; end = at)
		text_next(text, length, &at);
	text_add_visible(&visible, text, end);
	if (end < length)
		buf_add_text(&visible, "...");
	quote = arena_text(arena, visible.length ? buf_text(&visible) : "(nothing)");
	buf_done(&visible);
	return quote;
}

int adapter_refuse(struct error *err, const char *field, const char *format, ...)
{
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	error_set(err, ERROR_INVALID, "%s", message);
	error_field(err, "%s", field);
	return ERROR_INVALID;
}

int adapter_check_type(const struct adapter *adapter, const struct adapter_register *reg,
	size_t *ret, struct error *err)
{
	const struct adapter_type *type = find_type(adapter, reg->type);
	int count = 0;

	if (!type)
		return adapter_refuse(
			err, "type", "%s targets have no \"%s\"", adapter->kind, reg->type);
	while (reg->args && reg->args[count])
		count++;
	if (count != type->arg_count)
		return adapter_refuse(err, "args", "%s takes %d argument(s), %d given", type->name,
			type->arg_count, count);
	*ret = (size_t)(type - adapter->types);
	return 0;
}
