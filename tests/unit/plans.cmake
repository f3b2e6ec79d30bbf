# Rules of plans/ and approval/ over a real store; their neighbours are faked by plan_world.c.
set(approval_sources)
foreach(room approval approval_count approval_decide approval_use approval_watch approval_store
    approval_schema approval_json delegation delegation_store)
  list(APPEND approval_sources ${CMAKE_CURRENT_LIST_DIR}/../../approval/${room}.c)
endforeach()
set(plan_sources)
foreach(room plan plan_change plan_source plan_store plan_schema plan_json plan_input plan_output
    plan_lint plan_build plan_check plan_class plan_diff plans graph_store)
  list(APPEND plan_sources ${CMAKE_CURRENT_LIST_DIR}/../../plans/${room}.c)
endforeach()
set(plan_world ${CMAKE_CURRENT_LIST_DIR}/plan_world.c)
rb_unit_test(test_approval SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_approval.c ${plan_world}
  ${approval_sources} LIBS rb_store rb_base PkgConfig::JANSSON)
rb_unit_test(test_plan SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_plan.c ${plan_world} ${approval_sources}
  ${plan_sources} LIBS rb_graph rb_store rb_base PkgConfig::JANSSON)
rb_unit_test(test_plan_class SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_plan_class.c ${plan_world}
  ${approval_sources} ${plan_sources} LIBS rb_graph rb_store rb_jail rb_base PkgConfig::JANSSON)
rb_unit_test(test_plan_text SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_plan_text.c
  ${CMAKE_CURRENT_LIST_DIR}/../../plans/plan_source.c ${CMAKE_CURRENT_LIST_DIR}/../../plans/plan_diff.c
  LIBS rb_base PkgConfig::JANSSON)
