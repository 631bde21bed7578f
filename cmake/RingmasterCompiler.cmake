# Flags every target of this project gets, and the compiler cache.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers are only cacheable with these.
  set(launcher "${CMAKE_COMMAND}" -E env "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime"
      "${CCACHE_PROGRAM}")
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

add_library(ringmaster_flags INTERFACE)
target_include_directories(ringmaster_flags INTERFACE "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>"
                                                      "$<BUILD_INTERFACE:${PROJECT_BINARY_DIR}>")
set(warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror=switch)
# The flags are for our own build: what links an installed library brings its own.
target_compile_options(ringmaster_flags INTERFACE "$<BUILD_INTERFACE:${warnings};-fno-omit-frame-pointer>"
                                                  "$<BUILD_INTERFACE:$<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>>")
target_compile_features(ringmaster_flags INTERFACE cxx_std_20)
if(RINGMASTER_WERROR)
  target_compile_options(ringmaster_flags INTERFACE "$<BUILD_INTERFACE:-Werror>")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # GCC 12 sees overruns in std::string's operator+ that are none (GCC bug 105651): shown, not fatal.
    foreach(warning IN ITEMS array-bounds stringop-overflow stringop-overread restrict)
      target_compile_options(ringmaster_flags INTERFACE "$<BUILD_INTERFACE:-Wno-error=${warning}>")
    endforeach()
  endif()
endif()
if(RINGMASTER_SANITIZE)
  target_compile_options(ringmaster_flags INTERFACE -fsanitize=${RINGMASTER_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(ringmaster_flags INTERFACE -fsanitize=${RINGMASTER_SANITIZE})
  if(RINGMASTER_SANITIZE MATCHES "thread")
    # GCC warns that TSan does not model fences; the code uses none it relies on.
    target_compile_options(ringmaster_flags INTERFACE -Wno-tsan)
  endif()
endif()
if(RINGMASTER_SELF_CONTAINED)
  # What is linked besides has no shared part: Boost, toml++, CLI11, protozero, spdlog and fmt are headers here.
  target_link_options(ringmaster_flags INTERFACE "$<BUILD_INTERFACE:-static-libstdc++;-static-libgcc>")
  # What the C++ runtime asks of a newer glibc than that of the machines these run on. A static program has its own glibc.
  add_library(ringmaster_older_glibc STATIC base/older_glibc.cc)
  set(dynamic "$<NOT:$<BOOL:$<TARGET_PROPERTY:RINGMASTER_STATIC>>>")
  target_link_options(ringmaster_flags INTERFACE "$<BUILD_INTERFACE:$<${dynamic}:-Wl,-u,_dl_find_object,-u,arc4random>>")
  target_link_libraries(ringmaster_flags INTERFACE "$<BUILD_INTERFACE:$<${dynamic}:ringmaster_older_glibc>>")
  set(Protobuf_USE_STATIC_LIBS ON)
endif()
if(RINGMASTER_PLANTS)
  if(NOT RINGMASTER_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    message(FATAL_ERROR "RINGMASTER_PLANTS makes a product that can be told to misbehave: for sanitizer and debug builds only")
  endif()
endif()
find_package(Threads REQUIRED)

configure_file("${PROJECT_SOURCE_DIR}/cmake/version.h.in" "${PROJECT_BINARY_DIR}/ringmaster_version.h" @ONLY)
configure_file("${PROJECT_SOURCE_DIR}/cmake/plants.h.in" "${PROJECT_BINARY_DIR}/ringmaster_plants.h")
