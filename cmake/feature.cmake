# One helper for every room: a static library with our flags.
#   rb_library(rb_audit SOURCES audit.c ... PUBLIC rb_store PRIVATE PkgConfig::SODIUM)
function(rb_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC rb_flags ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()

# A unit test with Check: one executable, one CTest entry, label `unit` (or LABEL).
#   rb_unit_test(test_audit SOURCES test_audit.c LIBS rb_audit)
function(rb_unit_test name)
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;LIBS" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE rb_flags ${ARG_LIBS} PkgConfig::CHECK)
  add_test(NAME ${name} COMMAND ${name})
  # Limits for what hangs: a machine that does much else beside takes several times as long.
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 600
    ENVIRONMENT "CK_TIMEOUT_MULTIPLIER=6;CK_TAP_LOG_FILE_NAME=${CMAKE_BINARY_DIR}/results/${name}.tap")
endfunction()

file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/results)

# Each test_*.py of the current folder as one CTest entry NAME_<file>, label NAME.
#   rb_pytest_folder(api TIMEOUT 900 [LOCK planes])
# Of those with the same LOCK one runs at a time. TIMEOUT is for what hangs: ten times what is usual, and more.
# The fixtures are in tests/conftest.py and tests/harness/.
function(rb_pytest_folder name)
  cmake_parse_arguments(ARG "" "TIMEOUT;LOCK" "" ${ARGN})
  find_program(RB_PYTEST NAMES pytest-3 pytest REQUIRED)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/test_*.py)
  foreach(file ${files})
    cmake_path(GET file STEM stem)
    string(REPLACE "test_" "" stem ${stem})
    set(entry ${name}_${stem})
    add_test(NAME ${entry} COMMAND ${RB_PYTEST} -q -c ${CMAKE_SOURCE_DIR}/tests/pytest.ini
      --junitxml=${CMAKE_BINARY_DIR}/results/${entry}.junit ${file})
    # Who may take longest begins first: else those with a lock are left for the end, one by one.
    set_tests_properties(${entry} PROPERTIES LABELS ${name} TIMEOUT ${ARG_TIMEOUT} COST ${ARG_TIMEOUT}
      SKIP_RETURN_CODE 5
      ENVIRONMENT "RB_BUILD=${CMAKE_BINARY_DIR};PYTHONDONTWRITEBYTECODE=1")
    if(ARG_LOCK)
      set_tests_properties(${entry} PROPERTIES RESOURCE_LOCK ${ARG_LOCK})
    endif()
  endforeach()
endfunction()
