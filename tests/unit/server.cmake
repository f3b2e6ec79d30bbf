rb_unit_test(test_server LABEL slow SOURCES test_server.c server_world.c LIBS rb_server)
rb_unit_test(test_server_pages SOURCES test_server_pages.c server_world.c LIBS rb_server)
rb_unit_test(test_server_idempotency SOURCES test_server_idempotency.c server_world.c LIBS rb_server)
# Deadlines and idle times: it waits.
rb_unit_test(test_server_time LABEL slow SOURCES test_server_time.c server_world.c LIBS rb_server)
rb_unit_test(test_server_describe SOURCES test_server_describe.c LIBS rb_server)
