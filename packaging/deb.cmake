# The Debian package, by CPack: script/package builds and checks it. One package: daemon and runner
# are of no use without each other, and the command line is 200 kB.
set(RB_MAINTAINER "redbutton maintainers <maintainers@redbutton.invalid>" CACHE STRING
  "Maintainer field of the package")
set(debian ${CMAKE_CURRENT_SOURCE_DIR}/debian)
set(written ${CMAKE_CURRENT_BINARY_DIR}/debian)
set(doc ${CMAKE_INSTALL_DATADIR}/doc/redbutton)

# Reproducible: the date of everything is that of the last commit.
if(epoch)
  set(ENV{SOURCE_DATE_EPOCH} ${epoch})
endif()
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file(${debian}/changelog.in ${written}/changelog @ONLY)
execute_process(COMMAND gzip -9nc ${written}/changelog OUTPUT_FILE ${written}/changelog.gz)
file(WRITE ${written}/conffiles "/etc/redbutton/redbuttond.conf\n")
file(COPY ${debian}/postinst ${debian}/prerm ${debian}/postrm DESTINATION ${written}
  FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

install(FILES ${debian}/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides
  RENAME redbutton)
install(FILES ${debian}/copyright ${written}/changelog.gz ${CMAKE_SOURCE_DIR}/README.md
  ${CMAKE_SOURCE_DIR}/CHANGELOG.md DESTINATION ${doc})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs DESTINATION ${doc} FILES_MATCHING PATTERN *.md)

file(READ ${debian}/description text)
string(FIND "${text}" "\n" end)
string(SUBSTRING "${text}" 0 ${end} CPACK_PACKAGE_DESCRIPTION_SUMMARY)
string(SUBSTRING "${text}" ${end} -1 text)
string(STRIP "${text}" CPACK_DEBIAN_PACKAGE_DESCRIPTION)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME redbutton)
set(CPACK_PACKAGE_CONTACT "${RB_MAINTAINER}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_OUTPUT_FILE_PREFIX ${CMAKE_BINARY_DIR}/package)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers | systemd-sysusers")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  "${written}/postinst;${written}/prerm;${written}/postrm;${written}/conffiles")
include(CPack)
