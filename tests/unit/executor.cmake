# The engine with its graphs and items, and doubles of its other neighbours: engine_neighbours.c.
# tests/sim uses the same objects.
get_target_property(engine_sources rb_executor SOURCES)
list(TRANSFORM engine_sources PREPEND ${CMAKE_SOURCE_DIR}/executor/)
list(FILTER engine_sources EXCLUDE REGEX executor_verify) # the audit is faked
add_library(engine_alone OBJECT ${engine_sources} ${CMAKE_CURRENT_LIST_DIR}/engine_neighbours.c
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
target_link_libraries(engine_alone PUBLIC rb_flags rb_store rb_client m)

rb_unit_test(test_engine LABEL slow SOURCES test_engine.c engine_world.c LIBS engine_alone)
rb_unit_test(test_engine_end SOURCES test_engine_end.c engine_world.c LIBS engine_alone)
