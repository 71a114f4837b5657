// Weights that stay in the arena after the client that brought them, addressed by the hash of their
// content. Whoever uses a set keeps it; sets that nobody uses give way, the least recently used
// first, when room is needed.
//
// Belongs to the device thread. The blocks of the sets must not outlive their arena: clear() comes
// first.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "arena.hpp"

namespace redbolt::daemon {

using ContentHash = std::array<std::byte, 32>;

struct ResidentSet {
  using Clock = std::chrono::steady_clock;

  ContentHash hash{};
  std::string name;
  Bytes size;  // as the client asked for it
  ArenaBlock block;
  std::vector<std::string> users;  // "redbolt-llm run (pid 77)", one for each use
  Clock::time_point created;
  Clock::time_point last_used;
  std::uint64_t uses = 0;  // clients that found it there
};

// Keeps a set from giving way, for as long as the object is there.
class ResidentUse {
 public:
  ResidentUse() = default;
  ResidentUse(std::shared_ptr<ResidentSet> set, std::string user);
  ResidentUse(ResidentUse&& other) noexcept = default;
  ResidentUse& operator=(ResidentUse&& other) noexcept;
  ResidentUse(const ResidentUse&) = delete;
  ResidentUse& operator=(const ResidentUse&) = delete;
  ~ResidentUse();

  explicit operator bool() const { return set_ != nullptr; }
  const ResidentSet& set() const { return *set_; }

 private:
  void release() noexcept;

  std::shared_ptr<ResidentSet> set_;
  std::string user_;
};

class Residents {
 public:
  static constexpr std::size_t max_sets = 256;

  struct Dropped {
    std::size_t sets = 0;
    Bytes bytes;
    std::size_t in_use = 0;
    std::size_t not_found = 0;
  };

  // Nothing if there is no such set. Throws DaemonError (invalid_argument) if its size is another.
  ResidentUse find(const ContentHash& hash, Bytes size, const std::string& user);
  // A new set, with the content that its block has; there is none of that hash yet. Beyond max_sets
  // the least recently used gives way; throws DaemonError (limit_exceeded) if all are in use, and
  // leaves the block alone then.
  ResidentUse add(const ContentHash& hash, const std::string& name, Bytes size, ArenaBlock&& block,
                  const std::string& user);

  // Frees as few unused sets, the least recently used first, as it takes to make a free range of
  // `size` bytes. Frees nothing, and returns false, if that cannot be had.
  bool make_room(const Arena& arena, Bytes size);

  Dropped drop(const std::vector<ContentHash>& hashes);
  Dropped drop_all();
  // For the end of the card's memory. No set may be in use.
  void clear() noexcept { sets_.clear(); }

  // The last used first.
  std::vector<const ResidentSet*> sets() const;
  Bytes reclaimable() const;
  // "\"qwen3.gguf\" (123 bytes) by redbolt-llm run (pid 77)", ...; empty if none is in use.
  std::string in_use_text() const;

 private:
  using Set = std::shared_ptr<ResidentSet>;
  // The unused ones, the least recently used first.
  std::vector<Set> unused() const;
  void erase(const Set& set);
  void drop_one(const Set& set, Dropped& dropped);

  std::list<Set> sets_;
};

}  // namespace redbolt::daemon
