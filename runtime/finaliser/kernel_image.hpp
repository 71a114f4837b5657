// A finalised kernel: code and constants as one position-independent image, and what the loader and
// the cache must know of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "redbolt/client/types.hpp"
#include "redbolt/runtime/kernel.hpp"

namespace redbolt::runtime {

struct KernelImage {
  KernelFacts facts;
  std::uint64_t descriptor_offset = 0;  // of the 64-byte kernel descriptor, a multiple of 64
  std::vector<client::Relocation> relocations;
  std::vector<std::byte> image;  // to be placed at a multiple of image_alignment
};

inline constexpr std::uint64_t image_alignment = 256;

std::vector<std::byte> serialise(const KernelImage& kernel);
// nullopt if the bytes are not what serialise() wrote, or describe something impossible.
std::optional<KernelImage> deserialise(std::span<const std::byte> bytes);

}  // namespace redbolt::runtime
