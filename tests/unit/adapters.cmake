rb_unit_test(test_adapter_values SOURCES test_adapter_values.c LIBS rb_adapters)
rb_unit_test(test_adapter_identity SOURCES test_adapter_identity.c LIBS rb_adapters)
rb_unit_test(test_adapter_replies SOURCES test_adapter_replies.c LIBS rb_adapters)
rb_unit_test(test_adapter_haproxy SOURCES test_adapter_haproxy.c client_peer.c LIBS rb_adapters)
rb_unit_test(test_adapter_prometheus SOURCES test_adapter_prometheus.c client_peer.c LIBS rb_adapters)

# Against the real programs, started and ended by the test.
set(planes ${CMAKE_SOURCE_DIR}/tests/planes)
foreach(plane haproxy prometheus)
  rb_unit_test(test_plane_${plane} LABEL planes LIBS rb_adapters
    SOURCES ${planes}/test_plane_${plane}.c ${planes}/plane.c)
  target_include_directories(test_plane_${plane} PRIVATE ${CMAKE_CURRENT_LIST_DIR})
endforeach()
