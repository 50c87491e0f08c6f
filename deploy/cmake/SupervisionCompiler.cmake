# Language level, warnings, sanitizers and ccache: what every target of ours shares.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # Paths count relative to the project, so every clone and every build directory shares the cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
                                  CCACHE_NOHASHDIR=1)
  # Where its own place cannot be written, as for a user without a home, it ends every compilation.
  execute_process(COMMAND ${CCACHE_PROGRAM} ${CMAKE_CXX_COMPILER} -x c++ -c /dev/null
                          -o ${PROJECT_BINARY_DIR}/ccache_works.o
                  RESULT_VARIABLE ccache_failed OUTPUT_QUIET ERROR_QUIET)
  if(ccache_failed)
    list(APPEND CMAKE_CXX_COMPILER_LAUNCHER CCACHE_DIR=${PROJECT_BINARY_DIR}/ccache)
  endif()
  list(APPEND CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# Warnings are errors in our targets only: linked PRIVATE, never exported to generated code.
add_library(supervision_warnings INTERFACE)
target_compile_options(supervision_warnings INTERFACE -Wall -Wextra -Werror -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(supervision_warnings INTERFACE -Wthread-safety)
endif()

if(SUPERVISION_SANITIZE)
  add_compile_options(-fsanitize=${SUPERVISION_SANITIZE} -fno-omit-frame-pointer -O1)
  add_link_options(-fsanitize=${SUPERVISION_SANITIZE})
  if(SUPERVISION_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ takes the sanitizers' own code in libstdc++'s headers for uses of uninitialised values.
    target_compile_options(supervision_warnings INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
if(SUPERVISION_FUZZ)
  # Coverage of our code guides the fuzzer; the fuzzer itself is linked by tests/fuzz.
  add_compile_options(-fsanitize=fuzzer-no-link,address -fno-omit-frame-pointer -O1)
  add_link_options(-fsanitize=address)
endif()

# supervision_library(name SOURCES … DEPENDS …): a static library supervision::name of one folder. Its
# headers are found from the root here; an installed library says itself where its headers lie.
function(supervision_library name)
  cmake_parse_arguments(LIB "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(supervision_${name} STATIC ${LIB_SOURCES})
  add_library(supervision::${name} ALIAS supervision_${name})
  set_target_properties(supervision_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(supervision_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_link_libraries(supervision_${name} PUBLIC ${LIB_DEPENDS}
                        PRIVATE ${LIB_PRIVATE} $<BUILD_INTERFACE:supervision_warnings>)
endfunction()

# supervision_test(name SOURCES … DEPENDS … [LABEL unit]): one GoogleTest binary, one ctest entry.
function(supervision_test name)
  cmake_parse_arguments(TEST "" "LABEL;TIMEOUT" "SOURCES;DEPENDS" ${ARGN})
  if(NOT TEST_LABEL)
    set(TEST_LABEL unit)
  endif()
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 900)
  endif()
  if(SUPERVISION_SANITIZE MATCHES "thread")
    list(APPEND TEST_SOURCES ${PROJECT_SOURCE_DIR}/tests/support/tsan_suppressions.cc)
  endif()
  add_executable(${name} ${TEST_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${TEST_DEPENDS} GTest::gmock GTest::gtest_main supervision_warnings)
  target_compile_definitions(${name} PRIVATE SUPERVISION_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                                             SUPERVISION_BINARY_DIR="${PROJECT_BINARY_DIR}")
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${TEST_LABEL} TIMEOUT ${TEST_TIMEOUT})
endfunction()
