# The Debian packages, by CPack: script/package builds and checks them. redbutton is the daemon's
# service: it and its runner are of no use without each other, and the command line is small. rcm is
# what a host has whose changes pass the gate. Both run the program of redbutton-bin.
set(RB_MAINTAINER "redbutton maintainers <maintainers@redbutton.invalid>" CACHE STRING
  "Maintainer field of the packages")

# Reproducible: the date of everything is that of the last commit.
if(epoch)
  set(ENV{SOURCE_DATE_EPOCH} ${epoch})
endif()
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)

# A part of scripts that must leave sudo usable.
file(READ ${CMAKE_CURRENT_SOURCE_DIR}/debian/sudo-conf.sh sudo_conf)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/debian/sudo-conf.sh)

#   package(rcm SCRIPTS prerm CONFFILES /etc/redbutton/rcm.conf DEPENDS ... RECOMMENDS ...)
# debian/NAME/ holds description, overrides of lintian and the scripts.
macro(package name)
  cmake_parse_arguments(ARG "" "DEPENDS;RECOMMENDS" "SCRIPTS;CONFFILES" ${ARGN})
  set(debian ${CMAKE_CURRENT_SOURCE_DIR}/debian)
  set(written ${CMAKE_CURRENT_BINARY_DIR}/debian/${name})
  set(doc ${CMAKE_INSTALL_DATADIR}/doc/${name})
  string(TOUPPER ${name} NAME) # as CPack writes a component
  set(package ${name}) # in the changelog

  configure_file(${debian}/changelog.in ${written}/changelog @ONLY)
  execute_process(COMMAND gzip -9nc ${written}/changelog OUTPUT_FILE ${written}/changelog.gz)
  set(control)
  if(ARG_CONFFILES)
    list(JOIN ARG_CONFFILES "\n" lines)
    file(WRITE ${written}/conffiles "${lines}\n")
    list(APPEND control ${written}/conffiles)
  endif()
  foreach(script ${ARG_SCRIPTS})
    configure_file(${debian}/${name}/${script} ${written}/${script} @ONLY FILE_PERMISSIONS
      OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
    list(APPEND control ${written}/${script})
  endforeach()

  if(EXISTS ${debian}/${name}/lintian-overrides)
    install(FILES ${debian}/${name}/lintian-overrides COMPONENT ${name}
      DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME ${name})
  endif()
  install(FILES ${debian}/copyright ${written}/changelog.gz ${CMAKE_SOURCE_DIR}/CHANGELOG.md
    DESTINATION ${doc} COMPONENT ${name})

  file(READ ${debian}/${name}/description CPACK_COMPONENT_${NAME}_DESCRIPTION)
  string(STRIP "${CPACK_COMPONENT_${NAME}_DESCRIPTION}" CPACK_COMPONENT_${NAME}_DESCRIPTION)
  set(CPACK_DEBIAN_${NAME}_PACKAGE_NAME ${name})
  set(CPACK_DEBIAN_${NAME}_PACKAGE_CONTROL_EXTRA "${control}")
  set(CPACK_DEBIAN_${NAME}_PACKAGE_CONTROL_STRICT_PERMISSION ON)
  set(CPACK_DEBIAN_${NAME}_PACKAGE_DEPENDS "${ARG_DEPENDS}")
  set(CPACK_DEBIAN_${NAME}_PACKAGE_RECOMMENDS "${ARG_RECOMMENDS}")
endmacro()

set(sysusers "systemd | systemd-standalone-sysusers | systemd-sysusers")
set(program "redbutton-bin (= ${PROJECT_VERSION})")
package(redbutton-bin)
package(redbutton SCRIPTS postinst prerm postrm
  CONFFILES /etc/redbutton/redbuttond.conf
  DEPENDS "${program}, ${sysusers}")
package(rcm SCRIPTS postinst prerm postrm
  CONFFILES /etc/redbutton/gate.conf /etc/redbutton/rcm.conf
  DEPENDS "${program}, ${sysusers}"
  RECOMMENDS "sudo (>= 1.9.12)")

install(FILES ${CMAKE_SOURCE_DIR}/README.md
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/redbutton)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/redbutton
  FILES_MATCHING PATTERN *.md)
install(FILES ${CMAKE_SOURCE_DIR}/docs/rcm-sudo.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/rcm
  COMPONENT rcm)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME redbutton)
set(CPACK_PACKAGE_CONTACT "${RB_MAINTAINER}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_OUTPUT_FILE_PREFIX ${CMAKE_BINARY_DIR}/package)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL redbutton-bin redbutton rcm)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
include(CPack)
