#include "watch/arena_cells.hpp"

#include <algorithm>
#include <array>

namespace redbolt::probe {
namespace {

constexpr std::size_t uses = 6;  // of client::ArenaUse

std::uint64_t region_size(const client::ArenaMap& map, bool executable) {
  std::uint64_t size = 0;
  for (const client::ArenaRange& range : map.ranges)
    if (range.executable == executable)
      size = std::max(size, range.offset.count() + range.size.count());
  return size;
}

}  // namespace

std::vector<client::ArenaUse> arena_cells(const client::ArenaMap& map, bool executable,
                                          std::size_t cells) {
  const double size = static_cast<double>(region_size(map, executable));
  std::vector<std::array<double, uses>> bytes(cells);
  if (size <= 0) return std::vector<client::ArenaUse>(cells, client::ArenaUse::free);
  const double cell = size / static_cast<double>(cells);
  for (const client::ArenaRange& range : map.ranges) {
    if (range.executable != executable) continue;
    const double start = static_cast<double>(range.offset.count());
    const double end = start + static_cast<double>(range.size.count());
    auto at = static_cast<std::size_t>(start / cell);
    for (; at < cells && static_cast<double>(at) * cell < end; ++at) {
      const double from = std::max(start, static_cast<double>(at) * cell);
      const double to = std::min(end, static_cast<double>(at + 1) * cell);
      bytes[at][static_cast<std::size_t>(range.use)] += std::max(to - from, 0.0);
    }
  }
  std::vector<client::ArenaUse> result;
  for (const auto& of_cell : bytes) {
    const auto most = std::max_element(of_cell.begin(), of_cell.end());
    result.push_back(static_cast<client::ArenaUse>(most - of_cell.begin()));
  }
  return result;
}

}  // namespace redbolt::probe
