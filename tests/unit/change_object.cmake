rb_unit_test(test_change_object SOURCES test_change_object.c LIBS rb_object)
