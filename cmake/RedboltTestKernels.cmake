# Kernels for tests: HIP sources compiled to gfx1100 code objects at build time.

find_program(REDBOLT_CLANG NAMES clang++-19 clang++ DOC "clang 19, which compiles device code")

# redbolt_test_kernels(TARGET source.hip ...): one <name>.co for each source in the current binary
# folder; TARGET builds them all. Headers in the sources' folder are dependencies of each.
function(redbolt_test_kernels target)
  set(outputs)
  foreach(source IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH source OUTPUT_VARIABLE path)
    cmake_path(GET path STEM name)
    cmake_path(GET path PARENT_PATH folder)
    file(GLOB headers CONFIGURE_DEPENDS ${folder}/*.hpp)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/${name}.co)
    add_custom_command(
      OUTPUT ${output}
      COMMAND ${REDBOLT_CLANG} -x hip --cuda-device-only --no-gpu-bundle-output -nogpulib -nogpuinc
              -O3 -std=c++20 -ffp-contract=off --offload-arch=gfx1100 -Wall -Wextra ${path} -o ${output}
      DEPENDS ${path} ${headers}
      COMMENT "Compiling ${name}.hip for gfx1100")
    list(APPEND outputs ${output})
  endforeach()
  add_custom_target(${target} DEPENDS ${outputs})
endfunction()
