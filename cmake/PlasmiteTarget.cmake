# Compiler settings and the one way to declare a library of this tree.
#
#   plasmite_library(NAME DEPS ...)   one static library from the .cc files below the calling folder.
#
# Link interfaces enforce the layering: a folder sees the headers of the tree (includes are written
# from the root), and tests/check_layers.py fails on an include its DEPS do not cover.

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # Another clone of the same sources shares what this one compiled, whatever locale its user has:
  # ccache counts that as a part of what is compiled.
  set(launcher "${CMAKE_COMMAND}" -E env --unset=LC_ALL --unset=LC_CTYPE --unset=LC_MESSAGES
               LANG=C.UTF-8 "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1
               "${CCACHE_PROGRAM}")
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

add_library(plasmite_flags INTERFACE)
target_compile_features(plasmite_flags INTERFACE cxx_std_23)
target_include_directories(plasmite_flags INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_definitions(plasmite_flags INTERFACE
  PLASMITE_VERSION="${PROJECT_VERSION}" _FILE_OFFSET_BITS=64)
target_compile_options(plasmite_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wimplicit-fallthrough
  -fno-strict-aliasing -fstack-protector-strong -fPIE)
if(PLASMITE_WERROR)
  target_compile_options(plasmite_flags INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 finds these where there are none: in std::optional, and in std::atomic behind inlining.
  target_compile_options(plasmite_flags INTERFACE -Wno-maybe-uninitialized -Wno-stringop-overflow)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(plasmite_flags INTERFACE -Wthread-safety)
  target_link_options(plasmite_flags INTERFACE -fuse-ld=lld)
endif()
target_link_options(plasmite_flags INTERFACE
  $<$<NOT:$<BOOL:$<TARGET_PROPERTY:PLASMITE_STATIC>>>:-pie> -Wl,-z,relro,-z,now)
if(PLASMITE_SANITIZE)
  target_compile_options(plasmite_flags INTERFACE
    -fsanitize=${PLASMITE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(plasmite_flags INTERFACE -fsanitize=${PLASMITE_SANITIZE})
elseif(CMAKE_BUILD_TYPE MATCHES "Rel")
  target_compile_options(plasmite_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()

# All .cc files below DIR, relative order stable. New files are found by the next configure.
function(plasmite_glob out dir)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS "${dir}/*.cc")
  list(SORT files)
  set(${out} "${files}" PARENT_SCOPE)
endfunction()

function(plasmite_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(${name} PUBLIC plasmite_flags ${ARG_DEPS})
endfunction()

# An executable without a loader and its libraries, position independent all the same. The parts of
# glibc that load libraries at run time are not to be used in one: users and hosts by name, iconv,
# locales other than C. Who depends on what is a shared library only says so for others alone:
# $<$<NOT:$<BOOL:$<TARGET_PROPERTY:PLASMITE_STATIC>>>:name>.
function(plasmite_link_statically name)
  set_target_properties(${name} PROPERTIES PLASMITE_STATIC ON)
  # Fewer pages to fault in: what nobody calls goes, and relocations are packed.
  target_link_options(${name} PRIVATE -static-pie -Wl,--gc-sections -Wl,--pack-dyn-relocs=relr)
endfunction()

# One scenario per *_test.py of the calling folder, named LABEL.FILE; each drives the real binary,
# named by PLS_BIN. PYTHONPATH: more folders, next to the scenario's own, to import from.
function(plasmite_scenarios label)
  cmake_parse_arguments(ARG "" "" "PYTHONPATH" ${ARGN})
  list(JOIN ARG_PYTHONPATH ":" python_path)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  file(GLOB tests CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*_test.py")
  foreach(test IN LISTS tests)
    get_filename_component(name "${test}" NAME_WE)
    add_test(NAME ${label}.${name} COMMAND Python3::Interpreter "${test}")
    set_tests_properties(${label}.${name} PROPERTIES
      ENVIRONMENT "PLS_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/pls;PYTHONPATH=${python_path};PYTHONDONTWRITEBYTECODE=1;PLASMITE_SANITIZE=${PLASMITE_SANITIZE}"
      TIMEOUT 300)
  endforeach()
endfunction()
