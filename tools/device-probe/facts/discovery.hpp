// The IP discovery table of a card, as the probe reports it.
#pragma once

#include <cstddef>
#include <span>

#include "facts/facts.hpp"

namespace redbolt::probe {

// The bytes at the place the driver would read them; a damaged table is a problem in words.
Reading<DiscoveryFacts> understand_discovery(std::span<const std::byte> table);

}  // namespace redbolt::probe
