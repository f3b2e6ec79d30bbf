/* A test program in one line: CHECK_MAIN("room", test_a, test_b, ...). */
#ifndef RB_TESTS_CHECK_MAIN_H
#define RB_TESTS_CHECK_MAIN_H

#include <check.h>
#include <stdlib.h>

/* clang-format off */
#define CHECK_MAIN(name, ...)                                                  \
	int main(void)                                                         \
	{                                                                      \
		static const TTest *const *const tests[] = {__VA_ARGS__};      \
		Suite *suite = suite_create(name);                             \
		TCase *tcase = tcase_create(name);                             \
		SRunner *runner = srunner_create(suite);                       \
		int failed;                                                    \
                                                                               \
		tcase_set_timeout(tcase, 30);                                  \
		suite_add_tcase(suite, tcase);                                 \
		for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)  \
			tcase_add_test(tcase, *tests[i]);                      \
		srunner_run_all(runner, CK_NORMAL);                            \
		failed = srunner_ntests_failed(runner);                        \
		srunner_free(runner);                                          \
		return failed ? EXIT_FAILURE : EXIT_SUCCESS;                   \
	}
/* clang-format on */

#endif
