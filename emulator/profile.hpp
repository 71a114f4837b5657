// What distinguishes the emulated boards: one row per profile.
#pragma once

#include <cstdint>

#include "redbolt/base/quantity.hpp"
#include "redbolt/emulator/card.hpp"

namespace redbolt::emulator {

struct ProfileFacts {
  const char* option;  // as it is written after profile=
  std::uint16_t device_id;
  std::uint8_t revision;
  std::uint16_t subsystem_id;
  Bytes vram;                // fitted; the last 16 MiB belong to the card's own firmware
  unsigned shader_engines;   // of two shader arrays each
  unsigned wgp_per_array;    // two compute units each
  unsigned memory_chiplets;  // of 6; what is missing is in the harvest table
};

const ProfileFacts& facts_of(Profile profile);

// Framebuffer base in the memory controller's address space. As on the card of the reference trace;
// different from VRAM offsets (0) and from every PCI address.
inline constexpr std::uint64_t framebuffer_base = 0x8000'000000;

// Fitted memory that the card does not report (RCC_CONFIG_MEMSIZE is 24560 MiB on a 24 GiB card).
inline constexpr Bytes reserved_vram{16u << 20};

}  // namespace redbolt::emulator
