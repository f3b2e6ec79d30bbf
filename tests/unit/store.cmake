rb_unit_test(test_store LABEL slow SOURCES test_store.c store_fault.c LIBS rb_store PkgConfig::SQLITE)
rb_unit_test(test_store_space SOURCES test_store_space.c store_fault.c LIBS rb_store PkgConfig::SQLITE)
rb_unit_test(test_store_rows SOURCES test_store_rows.c store_fault.c LIBS rb_store PkgConfig::SQLITE)
