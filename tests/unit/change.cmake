# The parts of change/ that need no store: a revision as data, states, digests, metrics.
rb_unit_test(test_change_revision SOURCES test_change_revision.c LIBS rb_revision)
rb_unit_test(test_change_rules SOURCES test_change_rules.c LIBS rb_change)
rb_unit_test(test_change_cli SOURCES test_change_cli.c LIBS rb_change_cli)
rb_unit_test(test_alert_match SOURCES test_alert_match.c LIBS rb_alert)
