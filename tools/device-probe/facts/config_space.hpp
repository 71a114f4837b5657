// PCI configuration space as bytes: identity and link of a card. The bytes may be cut short (an
// ordinary user is shown the first 64) and are not trusted.
#pragma once

#include <cstddef>
#include <span>

#include "facts/facts.hpp"

namespace redbolt::probe {

// Fills in ids, class, memory decoding, whether the card answers at all, and, where the bytes reach
// that far, the link and the power state.
void read_config_space(std::span<const std::byte> bytes, CardFacts& card);

// Of the PCI Express capability: 1 -> 2.5 GT/s, ... Nothing for codes that are not assigned.
std::optional<double> link_speed(unsigned code);

}  // namespace redbolt::probe
