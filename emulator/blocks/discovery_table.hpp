// The IP discovery binary that the card's firmware leaves at the end of VRAM: which IP blocks there
// are, their versions and register bases, what the graphics block is made of, what is fused off.
#pragma once

#include <cstddef>
#include <vector>

#include "profile.hpp"

namespace redbolt::emulator {

// It begins this far before the end of VRAM.
inline constexpr Bytes discovery_offset_from_end{64u << 10};

std::vector<std::byte> build_discovery_table(const ProfileFacts& facts);

}  // namespace redbolt::emulator
