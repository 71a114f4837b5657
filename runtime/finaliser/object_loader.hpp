// The loader: turns the relocatable object that LLVM writes into an image. It lays out the sections
// that occupy memory, resolves relocations between them, and reads the kernel's metadata. Objects
// of one kernel need a handful of relocations; a linker is not needed.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "finaliser/kernel_image.hpp"

namespace redbolt::runtime {

// Part of every cache key: to be raised when the same object would give another image.
inline constexpr unsigned object_loader_version = 1;

// Throws RuntimeError::bad_code_object, with what is wrong, for anything that is not a
// little-endian AMDGPU relocatable object with this kernel, or needs a relocation that the loader
// does not know.
KernelImage load_object(std::span<const std::byte> object, std::string_view kernel);

}  // namespace redbolt::runtime
