# What `scripts/test tsan` builds: the tests that are labelled for ThreadSanitizer, and nothing else.
add_custom_target(tsan_tests)

# Each test is a program, and mold, where it is installed, links one in less than half the time. The product keeps the
# toolchain's own linker.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12.1)
  find_program(RINGMASTER_TEST_LINKER ld.mold)
endif()

# rm_test(NAME SOURCES... LIBS... [APART...] [LABELS...] [TIMEOUT seconds] [COST seconds] [ALONE])
# One GoogleTest program; each program is one ctest test, so that a crash names its program. Tests run four at a time;
# COST, where it is more than a second or two, lets the long ones begin first also where nobody has measured them yet,
# and ALONE keeps others away. APART are those of SOURCES that are not compiled as one with the others where the preset
# joins sources: they give a name of their own to something that has it in another.
function(rm_test name)
  cmake_parse_arguments(T "ALONE" "TIMEOUT;COST" "SOURCES;APART;LIBS;LABELS;ENV" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  target_link_libraries(${name} PRIVATE ringmaster_flags ${T_LIBS} GTest::gmock GTest::gtest GTest::gtest_main Threads::Threads)
  if(RINGMASTER_TEST_LINKER)
    target_link_options(${name} PRIVATE -fuse-ld=mold)
  endif()
  target_precompile_headers(${name} REUSE_FROM rm_test_pch)
  list(LENGTH T_SOURCES sources)
  if(sources EQUAL 1)
    set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
  endif()
  set_source_files_properties(${T_APART} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  if(NOT T_COST)
    set(T_COST 0)
  endif()
  if(RINGMASTER_SANITIZE MATCHES "address")
    # GCC 12's leak checker keeps account of thread-local memory of libraries that were loaded later, and reads some that
    # is gone when it stops the world ("Tracer caught signal 11"): libvips has threads that outlive main.
    list(APPEND T_ENV ASAN_OPTIONS=intercept_tls_get_addr=0)
  endif()
  set_tests_properties(${name} PROPERTIES COST ${T_COST} RUN_SERIAL ${T_ALONE} TIMEOUT ${T_TIMEOUT} LABELS "${T_LABELS}" ENVIRONMENT "${T_ENV}")
  if("tsan" IN_LIST T_LABELS)
    add_dependencies(tsan_tests ${name})
  endif()
endfunction()
