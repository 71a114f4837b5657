// Loads gfx1100 code objects (the ELF files clang writes) into FlatMemory: a loader for tests,
// which trusts its input as far as a test may.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "flat_memory.hpp"

namespace redbolt::test {

// A kernel descriptor (LLVM's AMDGPU guide, "Kernel Descriptor") at its place in memory.
struct KernelDescriptor {
  std::uint64_t entry = 0;          // address of the first instruction
  std::uint32_t lds_bytes = 0;      // fixed LDS
  std::uint32_t scratch_bytes = 0;  // per lane
  std::uint32_t kernarg_bytes = 0;
  std::uint32_t rsrc1 = 0;
  std::uint32_t rsrc2 = 0;
  std::uint32_t rsrc3 = 0;
  std::uint16_t properties = 0;
};

class CodeObject {
 public:
  // Throws std::runtime_error when the file is not what it should be.
  CodeObject(std::span<const std::byte> file, FlatMemory& memory);
  static CodeObject load(const std::string& path, FlatMemory& memory);

  KernelDescriptor kernel(const std::string& name) const;
  // Address of a symbol.
  std::uint64_t symbol(const std::string& name) const;

 private:
  FlatMemory* memory_;
  std::map<std::string, std::uint64_t> symbols_;
};

}  // namespace redbolt::test
