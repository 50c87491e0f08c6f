# What makes a mistake in memory harder to use, for the programs that are shipped:
# deploy/package/build, which the container image is made from, sets SUPERVISION_HARDENED.
# tests/deployment reads it back from the programs.
option(SUPERVISION_HARDENED "Build the shipped programs with hardening flags" OFF)
if(NOT SUPERVISION_HARDENED)
  return()
endif()

include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_compile_options(-fstack-protector-strong -fstack-clash-protection -Wformat -Werror=format-security)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  add_compile_options(-fcf-protection=full)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64")
  add_compile_options(-mbranch-protection=standard)
endif()
# FORTIFY needs an optimised build; a distribution's own default may be another level.
add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
