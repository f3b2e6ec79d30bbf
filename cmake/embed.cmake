# Files as byte arrays in a program.
#   rb_embed(TARGET NAME file...)
# compiles the files (relative to the current source directory) into TARGET and gives it the header
# "NAME.h" with
#   extern const struct embedded_file NAME[];   { name as written here, bytes, length }
#   extern const size_t NAME_count;
# The bytes are followed by a NUL that `length` does not count. A changed file is embedded anew.
set(RB_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed_files.cmake)

function(rb_embed target name)
  set(folder ${CMAKE_BINARY_DIR}/generated/${target})
  set(source ${folder}/${name}.c)
  set(header ${folder}/${name}.h)
  set(paths)
  foreach(file ${ARGN})
    list(APPEND paths ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  add_custom_command(
    OUTPUT ${source} ${header}
    COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DROOT=${CMAKE_CURRENT_SOURCE_DIR} "-DFILES=${ARGN}"
            -DSOURCE=${source} -DHEADER=${header} -P ${RB_EMBED_SCRIPT}
    DEPENDS ${paths} ${RB_EMBED_SCRIPT}
    COMMENT "Embedding ${name}"
    VERBATIM)
  target_sources(${target} PRIVATE ${source} ${header})
  target_include_directories(${target} PRIVATE ${folder})
endfunction()
