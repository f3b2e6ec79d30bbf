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

rb_unit_test(test_jail SOURCES test_jail.c LIBS rb_jail)
target_compile_definitions(test_jail PRIVATE TEST_PROGRAMS="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/"
  $<$<BOOL:${RB_RUNNER_JAIL}>:TEST_HAS_JAIL>)
add_dependencies(test_jail jail_liar jail_liar_bare jail_liar_mute jail_liar_brief runner_probe)
