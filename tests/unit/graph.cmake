rb_unit_test(test_graph LABEL slow SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_graph.c LIBS rb_graph)
target_compile_definitions(test_graph PRIVATE GOLDEN_DIR="${CMAKE_CURRENT_LIST_DIR}/../lua/golden")
