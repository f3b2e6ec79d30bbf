# Run at build time: OUTPUT is a page of the manual, OUTPUT.gz the same as a package holds it.
#   -DPROGRAM=... -DWORDS=--man;settings   the page is what the program prints
#   -DPROGRAM=... -DTEMPLATE=...           @VERBS@ of the template are the lines of its --help
#   -DPROGRAM=... -DTEMPLATE=... -DITEMS=AWK   @VERBS@ are what AWK makes of its help
if(ITEMS)
  execute_process(COMMAND ${PROGRAM} help COMMAND awk -f ${ITEMS}
    OUTPUT_VARIABLE VERBS OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
elseif(TEMPLATE)
  execute_process(COMMAND ${PROGRAM} --help OUTPUT_VARIABLE help COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "\n  --[^\n]+" lines "${help}")
  set(VERBS)
  foreach(line ${lines})
    string(REGEX REPLACE "^\n  (--[a-z-]+) +(.*)$" ".TP\n\\\\fB\\1\\\\fR\n\\2" item "${line}")
    string(REPLACE "-" "\\-" item "${item}")
    list(APPEND VERBS "${item}")
  endforeach()
  list(JOIN VERBS "\n" VERBS)
endif()
if(TEMPLATE)
  string(TIMESTAMP DATE "%Y-%m-%d" UTC)
  configure_file(${TEMPLATE} ${OUTPUT} @ONLY)
else()
  execute_process(COMMAND ${PROGRAM} ${WORDS} OUTPUT_FILE ${OUTPUT} COMMAND_ERROR_IS_FATAL ANY)
endif()
if(OUTPUT MATCHES "[.][1-8]$")
  execute_process(COMMAND gzip -9nc ${OUTPUT} OUTPUT_FILE ${OUTPUT}.gz COMMAND_ERROR_IS_FATAL ANY)
endif()
