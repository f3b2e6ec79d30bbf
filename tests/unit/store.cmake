rb_unit_test(test_store SOURCES test_store.c store_fault.c LIBS rb_store PkgConfig::SQLITE)
