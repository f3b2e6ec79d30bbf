rb_unit_test(test_sudo_settings SOURCES test_sudo_settings.c LIBS rb_sudo)
rb_unit_test(test_sudo_verdict SOURCES test_sudo_verdict.c LIBS rb_sudo)

# The plugin as sudo drives it, with each allocation of ours failing in turn.
rb_unit_test(test_sudo_plugin LABEL slow SOURCES test_sudo_plugin.c sudo_gate.c LIBS rb_sudo)
foreach(call malloc calloc realloc abort)
  target_link_options(test_sudo_plugin PRIVATE -Wl,--wrap=${call})
endforeach()
