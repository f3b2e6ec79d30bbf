# The decision over facts, and what its answers are made of.
rb_unit_test(test_decision SOURCES test_decision.c LIBS rb_decision PkgConfig::SODIUM)
rb_unit_test(test_gate_spool SOURCES test_gate_spool.c LIBS rb_forward PkgConfig::SODIUM)
