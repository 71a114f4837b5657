// The version of the protocol, as the handshake compares it (docs/daemon.md says when it grows).
#pragma once

#include <cstdint>

namespace redbolt::protocol {

// Grows when a message changes its meaning or goes away: unequal majors cannot talk.
inline constexpr std::uint32_t version_major = 1;
// Grows when messages or fields are added, which an older peer ignores or refuses one by one.
inline constexpr std::uint32_t version_minor = 1;

}  // namespace redbolt::protocol
