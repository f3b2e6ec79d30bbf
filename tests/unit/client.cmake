rb_unit_test(test_client_address SOURCES test_client_address.c LIBS rb_client)
rb_unit_test(test_client_http LABEL slow SOURCES test_client_http.c client_peer.c LIBS rb_client)
rb_unit_test(test_client_line LABEL slow SOURCES test_client_line.c client_peer.c LIBS rb_client)
