#include "lock_files.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>

namespace redbolt::lock_reset {
namespace {

struct HeldLock {
  unsigned long major = 0, minor = 0, inode = 0;
  std::int64_t pid = 0;
};

// Lines such as "1: FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF"; a waiting one has "->" after the
// number.
std::vector<HeldLock> read_locks(const std::filesystem::path& file) {
  std::vector<HeldLock> held;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    HeldLock lock;
    long long pid = 0;
    if (std::sscanf(line.c_str(), "%*d: FLOCK %*s %*s %lld %lx:%lx:%lu", &pid, &lock.major,
                    &lock.minor, &lock.inode) != 4)
      continue;
    lock.pid = std::max<long long>(pid, 0);
    held.push_back(lock);
  }
  return held;
}

std::string name_of(const std::filesystem::path& system, std::int64_t pid) {
  std::string name;
  std::getline(std::ifstream(system / std::to_string(pid) / "comm"), name);
  return name;
}

}  // namespace

std::vector<LockFile> find_lock_files(const std::filesystem::path& folder,
                                      const std::filesystem::path& system) {
  const auto held = read_locks(system / "locks");
  std::vector<LockFile> found;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    struct stat status {};
    if (!name.starts_with("am_") || !name.ends_with(".lock") ||
        ::lstat(at->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode))
      continue;
    LockFile file{at->path(), std::nullopt, {}};
    for (const HeldLock& lock : held)
      if (lock.inode == status.st_ino && lock.major == major(status.st_dev) &&
          lock.minor == minor(status.st_dev))
        file.holder = lock.pid;
    if (file.holder) file.program = name_of(system, *file.holder);
    found.push_back(std::move(file));
  }
  std::sort(found.begin(), found.end(),
            [](const LockFile& a, const LockFile& b) { return a.path < b.path; });
  return found;
}

}  // namespace redbolt::lock_reset
