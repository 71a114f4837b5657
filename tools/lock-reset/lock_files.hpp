// The lock files of those who drive a card from user space, /tmp/am_*.lock (tinygrad, and redboltd
// where the card is behind a server): flock(2) locks, which end with the process that holds
// them. So a file that nobody holds keeps nobody out, and there is nothing to clear; and since
// another process may just have opened it, removing it is the one thing that could let two in at
// once. They are only looked at.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace redbolt::lock_reset {

struct LockFile {
  std::filesystem::path path;
  std::optional<std::int64_t> holder;  // pid; 0 where the system does not tell which
  std::string program;                 // the holder's name, where the system tells
};

// system: /proc, whose "locks" tells who holds what without taking the lock for a moment. Where
// there is none, no holder is known.
std::vector<LockFile> find_lock_files(const std::filesystem::path& folder,
                                      const std::filesystem::path& system = "/proc");

}  // namespace redbolt::lock_reset
