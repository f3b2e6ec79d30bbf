# Run at build time: OUTPUT is the file of settings that a package installs. Every setting of DAEMON
# stands there as a comment with its default; what a package sets itself stands as a line.
set(ours
  "checkpoint-file = /var/lib/redbutton-checkpoints/checkpoint"
  "signing-key = file:/var/lib/redbutton-checkpoints/audit.key")

execute_process(
  COMMAND ${DAEMON} --print-config --config /dev/null
  OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
string(REGEX REPLACE "(^|\n)([a-z-]+ =)" "\\1#\\2" text "${text}")
string(REGEX REPLACE " \n" "\n" text "${text}")
string(REGEX REPLACE "\n# " "\n\n# " text "${text}")
foreach(line ${ours})
  string(REGEX MATCH "^[a-z-]+ =" name ${line})
  string(REGEX REPLACE "#${name}[^\n]*" "${line}" text "${text}")
  if(NOT text MATCHES "\n${line}\n")
    message(FATAL_ERROR "settings.cmake: redbuttond has no setting like \"${line}\"")
  endif()
endforeach()
file(WRITE ${OUTPUT} "# Settings of redbuttond: name = value a line; redbuttond.conf(5) explains them.
# What stands behind # is the default. The sockets of systemd outrank `socket` and `listen`:
# systemctl edit redbuttond-control.socket changes the address.

${text}")
