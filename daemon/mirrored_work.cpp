#include "mirrored_work.hpp"

#include <algorithm>

namespace redbolt::daemon {
namespace {

// Of a range that is followed while its kernel runs, and of all that one graph has followed.
constexpr Bytes largest_watched{std::uint64_t{64} << 10};
constexpr std::size_t most_watched = 16;
constexpr Bytes most_watched_bytes{std::uint64_t{256} << 10};

}  // namespace

void MirroredWork::before_start(bool busy) const {
  for (const MirroredRange& range : named) {
    range.memory->push(range.offset, range.size, busy ? Neighbours::written : Neighbours::at_rest);
  }
}

void MirroredWork::while_running() const {
  for (const MirroredRange& range : watched) {
    range.memory->pull(range.offset, range.size, Written::some);
  }
}

void MirroredWork::when_complete() const {
  for (const MirroredRange& range : written) {
    range.memory->pull(range.offset, range.size, Written::some);
  }
  for (const MirroredRange& range : filled) {
    range.memory->pull(range.offset, range.size, Written::everything);
  }
}

void MirroredRanges::add(PinnedMemory* memory, Bytes offset, Bytes size, bool written) {
  if (size.count() == 0) return;
  const auto range = std::make_tuple(memory, offset.count(), offset.count() + size.count());
  // Also what is only written: what the host put there must not look like what the card left.
  named_.insert(range);
  if (written) written_.insert(range);
}

std::vector<MirroredRange> MirroredRanges::merged(const Ranges& ranges) {
  std::vector<MirroredRange> result;
  for (const auto& [memory, begin, end] : ranges) {
    if (!result.empty() && result.back().memory == memory) {
      MirroredRange& last = result.back();
      const std::uint64_t last_end = (last.offset + last.size).count();
      if (begin <= last_end) {
        last.size = Bytes(std::max(last_end, end)) - last.offset;
        continue;
      }
    }
    result.push_back({memory, Bytes(begin), Bytes(end - begin)});
  }
  return result;
}

std::shared_ptr<const MirroredWork> MirroredRanges::work() const {
  if (named_.empty()) return nullptr;
  auto work = std::make_shared<MirroredWork>();
  work->named = merged(named_);
  work->written = merged(written_);
  Bytes watched;
  for (const MirroredRange& range : work->written) {
    if (range.size > largest_watched || watched + range.size > most_watched_bytes) continue;
    if (work->watched.size() == most_watched) break;
    watched += range.size;
    work->watched.push_back(range);
  }
  return work;
}

}  // namespace redbolt::daemon
