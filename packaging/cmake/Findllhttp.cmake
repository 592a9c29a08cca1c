# llhttp as a system library where there is one, else built from the C sources that Debian's
# node-llhttp installs. Strict mode either cures or refuses what the lenient build lets through
# (chunk CRLF, a space before the colon); a system library is taken as it is, and proxy/http makes
# the same checks on the raw head itself.
find_path(LLHTTP_SOURCE llhttp.c PATHS /usr/share/llhttp NO_DEFAULT_PATH)
if(LLHTTP_SOURCE)
  find_path(LLHTTP_INCLUDE llhttp.h PATHS /usr/share/include/llhttp NO_DEFAULT_PATH)
  add_library(llhttp_sources STATIC ${LLHTTP_SOURCE}/api.c ${LLHTTP_SOURCE}/http.c ${LLHTTP_SOURCE}/llhttp.c)
  target_include_directories(llhttp_sources SYSTEM PUBLIC ${LLHTTP_INCLUDE})
  target_compile_definitions(llhttp_sources PUBLIC LLHTTP_STRICT_MODE=1)
  add_library(llhttp::llhttp ALIAS llhttp_sources)
else()
  find_path(LLHTTP_INCLUDE llhttp.h)
  find_library(LLHTTP_LIBRARY llhttp)
  if(LLHTTP_LIBRARY)
    add_library(llhttp::llhttp UNKNOWN IMPORTED)
    set_target_properties(llhttp::llhttp PROPERTIES
      IMPORTED_LOCATION ${LLHTTP_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${LLHTTP_INCLUDE})
  endif()
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(llhttp REQUIRED_VARS LLHTTP_INCLUDE)
