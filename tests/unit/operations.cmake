rb_unit_test(test_status SOURCES test_status.c LIBS rb_operations)
