// The arena's map, shrunk to a number of cells: what each stands for most.
#pragma once

#include <cstddef>
#include <vector>

#include "redbolt/client/types.hpp"

namespace redbolt::probe {

// Of the region for data, or of the one for modules.
std::vector<client::ArenaUse> arena_cells(const client::ArenaMap& map, bool executable,
                                          std::size_t cells);

}  // namespace redbolt::probe
