// Between the runtime and the shared library that holds LLVM (redbolt-finaliser). That library is
// loaded only when something must be compiled: linking LLVM would cost every start of a program.
// The interface is C, so that the two sides need not share an allocator or an exception ABI.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

struct RedboltConstant {
  const char* name;
  std::uint32_t value;
};

struct RedboltFinaliseInput {
  const std::uint8_t* bitcode;
  std::size_t bitcode_size;
  const char* kernel;  // the one entry that is kept
  const RedboltConstant* constants;
  std::size_t constant_count;
  const char* target;  // "gfx1100"
};

// Receives the code object (success) or a message (failure); called once.
using RedboltFinaliseSink = void (*)(void* context, const char* bytes, std::size_t size);

// Returns 0 and the ELF relocatable object, or 1 and a message. Thread-safe.
using RedboltFinaliseFunction = int (*)(const RedboltFinaliseInput* input, RedboltFinaliseSink sink,
                                        void* context);

// Version of this interface; a library of another version is refused.
inline constexpr std::uint32_t redbolt_finaliser_interface_version = 1;

}  // extern "C"
