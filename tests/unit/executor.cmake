# The engine in a simulated world: its own objects and the graph's, neighbours faked by engine_world.c.
add_executable(test_engine test_engine.c engine_world.c engine_neighbours.c
  ${CMAKE_SOURCE_DIR}/plans/graph.c
  ${CMAKE_SOURCE_DIR}/plans/graph_block.c
  ${CMAKE_SOURCE_DIR}/plans/graph_node.c
  ${CMAKE_SOURCE_DIR}/plans/graph_predicate.c
  ${CMAKE_SOURCE_DIR}/plans/graph_register.c
  ${CMAKE_SOURCE_DIR}/plans/graph_text.c
  ${CMAKE_SOURCE_DIR}/plans/graph_value.c
  ${CMAKE_SOURCE_DIR}/plans/graph_walk.c
  ${CMAKE_SOURCE_DIR}/safety/safety_schema.c
  ${CMAKE_SOURCE_DIR}/safety/lock.c
  ${CMAKE_SOURCE_DIR}/safety/lock_store.c
  ${CMAKE_SOURCE_DIR}/safety/item.c
  ${CMAKE_SOURCE_DIR}/safety/item_store.c)
get_target_property(engine_sources rb_executor SOURCES)
list(TRANSFORM engine_sources PREPEND ${CMAKE_SOURCE_DIR}/executor/)
list(FILTER engine_sources EXCLUDE REGEX executor_verify) # the audit is faked
target_sources(test_engine PRIVATE ${engine_sources})
target_link_libraries(test_engine PRIVATE rb_flags rb_store rb_client m PkgConfig::CHECK)
add_test(NAME test_engine COMMAND test_engine)
set_tests_properties(test_engine PROPERTIES LABELS unit TIMEOUT 60)
