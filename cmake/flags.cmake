# Warnings, sanitizers and hardening as one INTERFACE target that every target of ours links.
add_library(rb_flags INTERFACE)
target_include_directories(rb_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
target_compile_definitions(rb_flags INTERFACE _GNU_SOURCE RB_VERSION="${PROJECT_VERSION}"
  $<$<CONFIG:Debug>:RB_DEBUG=1>)
target_compile_options(rb_flags INTERFACE
  -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
  -Wpointer-arith -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wimplicit-fallthrough
  $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>
  $<$<C_COMPILER_ID:Clang>:-Wno-format-nonliteral> $<$<C_COMPILER_ID:Clang>:-Wno-missing-field-initializers>
  -fno-common -fno-strict-aliasing -fstack-protector-strong)
target_link_options(rb_flags INTERFACE -Wl,-z,relro,-z,now -Wl,--as-needed)

if(RB_FUZZ)
  target_compile_options(rb_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(RB_SANITIZE)
  target_compile_options(rb_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer -g -O1)
  target_link_options(rb_flags INTERFACE -fsanitize=address,undefined)
else()
  target_compile_options(rb_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()
