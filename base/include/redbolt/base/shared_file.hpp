// A file without a name, in memory, of a size that nobody can change: for another process to map.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdint>

#ifndef __linux__
#include <atomic>
#include <string>
#endif

#include "redbolt/base/file_descriptor.hpp"

namespace redbolt {

// Zeroed. `name` is for people who look into /proc. Not valid(), with errno set, if there is none
// to be had. Whoever gets the descriptor cannot cut off pages that others then die of.
inline FileDescriptor make_shared_file([[maybe_unused]] const char* name, std::uint64_t size) {
#ifdef __linux__
  FileDescriptor file(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  constexpr int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
#else
  // There is no memfd_create: the name lives for as long as this takes. macOS refuses to resize
  // shared memory a second time.
  static std::atomic<unsigned> serial{0};
  const std::string path =
      "/redbolt-" + std::to_string(::getpid()) + "-" + std::to_string(serial++);
  FileDescriptor file(::shm_open(path.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600));
  ::shm_unlink(path.c_str());
#endif
  if (!file.valid() || ::ftruncate(file.get(), static_cast<off_t>(size)) != 0) return {};
#ifdef __linux__
  if (::fcntl(file.get(), F_ADD_SEALS, seals) != 0) return {};
#endif
  return file;
}

}  // namespace redbolt
