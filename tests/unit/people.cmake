# The rooms people, inventory and notify behind a real server and store.
foreach(room people people_grants people_login inventory notify)
  rb_unit_test(test_${room} SOURCES test_${room}.c feature_world.c
    LIBS rb_people_api rb_inventory_api rb_notify_api rb_adapters rb_client rb_server
      PkgConfig::SODIUM)
endforeach()
