# lib/jail against runners that lie, and against the runner with a prelude that runs any script.
function(rb_add_liar name)
  add_executable(${name} jail_liar.c)
  target_link_libraries(${name} PRIVATE rb_flags)
  target_compile_definitions(${name} PRIVATE ${ARGN})
endfunction()
rb_add_liar(jail_liar "LIAR_WALLS=\"{\\\"jail\\\":true}\"")
rb_add_liar(jail_liar_bare "LIAR_WALLS=\"{\\\"jail\\\":false}\"")
rb_add_liar(jail_liar_mute "LIAR_WALLS=\"\"")
rb_add_liar(jail_liar_brief "LIAR_WALLS=\"{\\\"jail\\\":true}\"" LIAR_NURSERY_ENDS)
rb_add_liar(jail_liar_twice "LIAR_WALLS=\"{\\\"jail\\\":true}\"" LIAR_BIRTH=TWICE)
rb_add_liar(jail_liar_one "LIAR_WALLS=\"{\\\"jail\\\":true}\"" LIAR_BIRTH=ONE)
rb_add_liar(jail_liar_noise "LIAR_WALLS=\"{\\\"jail\\\":true}\"" LIAR_BIRTH=NOISE)

rb_unit_test(test_jail LABEL slow SOURCES test_jail.c LIBS rb_jail)
rb_unit_test(test_jail_liar LABEL slow SOURCES test_jail_liar.c LIBS rb_jail)
foreach(test test_jail test_jail_liar)
  target_compile_definitions(${test} PRIVATE TEST_PROGRAMS="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/"
    $<$<BOOL:${RB_RUNNER_JAIL}>:TEST_HAS_JAIL>)
  add_dependencies(${test} jail_liar jail_liar_bare jail_liar_mute jail_liar_brief jail_liar_twice
    jail_liar_one jail_liar_noise runner_probe)
endforeach()
