# change/risk: answers as a lying child gives them, and the set in the real jailed runner.
rb_unit_test(test_risk_answer SOURCES test_risk_answer.c LIBS rb_risk)
rb_unit_test(test_risk LABEL slow SOURCES test_risk.c LIBS rb_risk rb_risk_files)
target_compile_definitions(test_risk PRIVATE TEST_PROGRAMS="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/"
  $<$<BOOL:${RB_RUNNER_JAIL}>:TEST_HAS_JAIL>)
add_dependencies(test_risk redbutton-runner jail_liar)
