rb_unit_test(test_cli_roff SOURCES test_cli_roff.c LIBS rb_cli)
rb_unit_test(test_cli SOURCES test_cli.c LIBS rb_cli)
rb_unit_test(test_cli_client SOURCES test_cli_client.c server_world.c LIBS rb_cli rb_server)
