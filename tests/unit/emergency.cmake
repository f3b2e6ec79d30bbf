# change/emergency over a real store with real incidents; other neighbours are faked by plan_world.c.
set(emergency_sources)
foreach(room emergency emergency_tell emergency_watch emergency_schema emergency_store emergency_json follow_up
    follow_up_store)
  list(APPEND emergency_sources ${CMAKE_SOURCE_DIR}/change/emergency/${room}.c)
endforeach()
foreach(room incident incident_json incident_schema incident_store)
  list(APPEND emergency_sources ${CMAKE_SOURCE_DIR}/incidents/${room}.c)
endforeach()
rb_unit_test(test_emergency SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_emergency.c ${CMAKE_CURRENT_LIST_DIR}/plan_world.c
  ${emergency_sources} LIBS rb_store rb_base PkgConfig::JANSSON)
