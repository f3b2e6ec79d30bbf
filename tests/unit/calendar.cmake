rb_unit_test(test_calendar_ics SOURCES test_calendar_ics.c LIBS rb_calendar)
rb_unit_test(test_calendar_local SOURCES test_calendar_local.c LIBS rb_calendar)
