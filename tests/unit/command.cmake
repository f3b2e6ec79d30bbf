# The analysis of commands: words, paths and impacts, texts.
foreach(test words impacts texts)
  rb_unit_test(test_command_${test} SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_command_${test}.c LIBS rb_command)
endforeach()
