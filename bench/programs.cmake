# The programs of the comparison: what it measures against (floor_*) and what makes the load
# (load_*), in <build>/bench. Included by bench/ and by tests/, whichever is configured: the tests
# run the programs themselves.
include_guard(GLOBAL)

file(GLOB load_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/load/*.cc
  ${CMAKE_SOURCE_DIR}/bench/load/*/*.cc)
list(FILTER load_sources EXCLUDE REGEX "/main\\.cc$")
add_library(load STATIC ${load_sources})
target_link_libraries(load PUBLIC base demo ratelimit OpenSSL::SSL)

# sluice_program(NAME SOURCE LINK...): SOURCE is relative to bench/.
function(sluice_program name source)
  add_executable(${name} ${CMAKE_SOURCE_DIR}/bench/${source})
  target_link_libraries(${name} PRIVATE load ${ARGN})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
endfunction()

sluice_program(floor_relay    floor/relay.cc)
sluice_program(floor_uvrelay  floor/uvrelay.cc PkgConfig::uv)
sluice_program(floor_refuse   floor/refuse.cc)
sluice_program(load_steady    load/steady/main.cc CLI11::CLI11)
sluice_program(load_tunnel    load/tunnel/main.cc CLI11::CLI11)
sluice_program(load_handshake load/handshake/main.cc CLI11::CLI11)
sluice_program(load_echo      load/echo/main.cc)
sluice_program(load_h2_attack load/attack/main.cc CLI11::CLI11)
sluice_program(load_sink      load/sink/main.cc)
sluice_program(load_farm      load/farm/main.cc CLI11::CLI11)
sluice_program(load_sale      load/sale/main.cc CLI11::CLI11)
sluice_program(load_impatient load/impatient/main.cc CLI11::CLI11)
sluice_program(load_waiters   load/waiters/main.cc CLI11::CLI11)

# The simulated farms, for the table and for the tests of the strategies.
add_library(balance_farm STATIC ${CMAKE_SOURCE_DIR}/bench/balance/farm.cc)
target_link_libraries(balance_farm PUBLIC balancer load)
sluice_program(balance_sim    balance/main.cc balance_farm CLI11::CLI11)
