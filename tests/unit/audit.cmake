rb_unit_test(test_audit SOURCES test_audit.c audit_world.c LIBS rb_audit)
