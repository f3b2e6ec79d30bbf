#include "change/sudo/plugin_guard.h"

#include <setjmp.h>
#include <stdbool.h>

_Noreturn void __real_abort(void);
_Noreturn void __wrap_abort(void);

static jmp_buf point;
static bool is_guarded;

_Noreturn void __wrap_abort(void)
{
	if (is_guarded)
		longjmp(point, 1);
	__real_abort();
}

int plugin_guard(int (*work)(void *argument), void *argument, int on_abort)
{
	int answer;

	if (is_guarded)
		return work(argument);
	if (setjmp(point)) {
		is_guarded = false;
		return on_abort;
	}
	is_guarded = true;
	answer = work(argument);
	is_guarded = false;
	return answer;
}
