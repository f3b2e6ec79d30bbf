/*
 * The dry run of a plan's file without a daemon: `redbuttond --plan-test`. Runs the language in
 * the jail, twice, and prints the graph; reads files, touches nothing else.
 */
#ifndef RB_PLANS_PLAN_TEST_H
#define RB_PLANS_PLAN_TEST_H

/*
 * --plan-test FILE [PARAM=VALUE ...] [--lint] [--describe] [--json] [--action apply|restore]
 * [--library DIR] [--inventory FILE] [--runner PATH]; argv as main got it. Returns the exit code.
 */
int plan_test_main(int argc, char **argv);

#endif
