# How every target of Redbolt is declared. One library per part; what a part may include is what it
# links, and nothing else: a part's public headers are under <part>/include/redbolt/<part>, all other
# headers are private to its folder.

option(REDBOLT_WERROR "Treat warnings as errors" OFF)
set(REDBOLT_SANITIZE "" CACHE STRING "Sanitizers for the whole build: address,undefined or thread")

add_library(redbolt_build_flags INTERFACE)
target_compile_options(redbolt_build_flags INTERFACE
  -Wall -Wextra -Wconversion $<$<BOOL:${REDBOLT_WERROR}>:-Werror>)
target_link_libraries(redbolt_build_flags INTERFACE Threads::Threads)
if(REDBOLT_SANITIZE)
  add_compile_options(-fsanitize=${REDBOLT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${REDBOLT_SANITIZE})
endif()

option(REDBOLT_FUZZ "Build libFuzzer programs (needs clang)" OFF)
if(REDBOLT_FUZZ)
  # Every part counts its branches, so that the fuzzers see what their inputs reach.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# redbolt_library(NAME SOURCES a.cpp ... [PUBLIC lib ...] [PRIVATE lib ...])
# A static library with the public include folder ./include (if there is one).
function(redbolt_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  if(arg_SOURCES)
    add_library(${name} STATIC ${arg_SOURCES})
    target_include_directories(${name} PUBLIC include PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${name} PUBLIC ${arg_PUBLIC} PRIVATE redbolt_build_flags ${arg_PRIVATE})
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE include)
    target_link_libraries(${name} INTERFACE ${arg_PUBLIC})
  endif()
endfunction()

# redbolt_executable(NAME SOURCES a.cpp ... LINK lib ...): a program in <build>/bin.
function(redbolt_executable name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE redbolt_build_flags ${arg_LINK})
endfunction()

# Where tests find their data and the built programs. A header and not a definition on every command
# line, so that a compiler cache serves all checkouts of the tree.
set(REDBOLT_TEST_PATHS_DIR ${CMAKE_BINARY_DIR}/test-paths)
file(CONFIGURE OUTPUT ${REDBOLT_TEST_PATHS_DIR}/test_paths.hpp CONTENT
"#pragma once
#define REDBOLT_TEST_DATA \"@CMAKE_SOURCE_DIR@/tests/data\"
#define REDBOLT_BINARY_DIR \"@CMAKE_BINARY_DIR@/bin\"
" @ONLY)

# redbolt_test(NAME SOURCES a_test.cpp ... LINK lib ... [PRIVATE_OF part-folder] [SERVED])
# A GoogleTest program, found by ctest case by case. Tests may look at a part's private headers.
# SERVED: every case also runs as served.CASE, with its emulated cards behind a server and a socket
# (tests/support/served_card.hpp), labelled served/FOLDER.
function(redbolt_test name)
  cmake_parse_arguments(arg "SERVED" "TIMEOUT" "SOURCES;LINK;PRIVATE_OF" ${ARGN})
  find_package(GTest REQUIRED)
  include(GoogleTest)
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests/support)
  foreach(part IN LISTS arg_PRIVATE_OF)
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/${part})
  endforeach()
  target_include_directories(${name} PRIVATE ${REDBOLT_TEST_PATHS_DIR})
  target_link_libraries(${name} PRIVATE redbolt_build_flags ${arg_LINK} GTest::gtest GTest::gmock GTest::gtest_main)
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  # The label is the folder below tests/: ctest -L emulator.
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${CMAKE_SOURCE_DIR}/tests
             OUTPUT_VARIABLE label)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS ${label})
  if(arg_SERVED)
    if(TARGET redbolt-emulator)
      add_dependencies(${name} redbolt-emulator)
    endif()
    gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 TEST_PREFIX served. TEST_LIST ${name}_served
                         PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS served/${label}
                                    ENVIRONMENT REDBOLT_TEST_SERVED=1)
  endif()
endfunction()

# redbolt_parts(folder ...): add each folder that has a CMakeLists.txt, in order.
macro(redbolt_parts)
  foreach(part ${ARGN})
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${part}/CMakeLists.txt)
      add_subdirectory(${part})
    endif()
  endforeach()
endmacro()
