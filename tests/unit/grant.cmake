# Grants and runs over a real store.
foreach(room grant)
  rb_unit_test(test_${room} SOURCES test_${room}.c audit_world.c
    LIBS rb_grant rb_audit rb_store PkgConfig::SODIUM)
endforeach()
