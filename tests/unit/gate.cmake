foreach(room message fingerprint)
  rb_unit_test(test_gate_${room} SOURCES test_gate_${room}.c gate_samples.c
    LIBS rb_gate PkgConfig::SODIUM)
endforeach()
foreach(room quote recorder identity)
  rb_unit_test(test_gate_${room} SOURCES test_gate_${room}.c
    LIBS rb_gate_run PkgConfig::SODIUM PkgConfig::JANSSON)
endforeach()
