rb_unit_test(test_status SOURCES test_status.c LIBS rb_operations)
rb_unit_test(test_store_upgrade SOURCES test_store_upgrade.c LIBS rb_store)
rb_unit_test(test_metrics_text SOURCES test_metrics_text.c LIBS rb_operations)
