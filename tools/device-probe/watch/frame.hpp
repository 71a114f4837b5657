// The live view as text: what is known, drawn into so many columns and rows. Draws only.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "watch/snapshot.hpp"

namespace redbolt::probe {

struct FrameStyle {
  std::size_t columns = 80;
  std::size_t rows = 24;
  bool colour = true;
  bool unicode = true;  // else ASCII alone
};

// At most rows lines, each at most columns wide. What does not fit in height is left out from the
// bottom, in width cut.
std::vector<std::string> draw_frame(const Snapshot& snapshot, const History& speed,
                                    const FrameStyle& style);

// The same as one line of KEY=VALUE, for pipes. Without what is not known.
std::string plain_line(const Snapshot& snapshot);

}  // namespace redbolt::probe
