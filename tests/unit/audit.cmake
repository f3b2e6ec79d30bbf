rb_unit_test(test_audit SOURCES test_audit.c audit_world.c LIBS rb_audit)
rb_unit_test(test_audit_note SOURCES test_audit_note.c LIBS rb_audit PkgConfig::SODIUM)
rb_unit_test(test_audit_tamper LABEL slow SOURCES test_audit_tamper.c audit_world.c LIBS rb_audit PkgConfig::SQLITE)
