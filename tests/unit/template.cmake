# change/template with the real approvals over a real store; other neighbours are faked by plan_world.c.
set(template_sources)
foreach(room template template_param template_body template_schema template_store template_json)
  list(APPEND template_sources ${CMAKE_SOURCE_DIR}/change/template/${room}.c)
endforeach()
foreach(room approval approval_count approval_decide approval_use approval_watch approval_store approval_schema approval_json
    delegation delegation_store)
  list(APPEND template_sources ${CMAKE_SOURCE_DIR}/approval/${room}.c)
endforeach()
rb_unit_test(test_template SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_template.c ${CMAKE_CURRENT_LIST_DIR}/plan_world.c
  ${template_sources} LIBS rb_store rb_base PkgConfig::JANSSON PkgConfig::PCRE2)
