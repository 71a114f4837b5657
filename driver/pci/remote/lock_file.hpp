// One driver per card: a lock on a file, which the system takes back when its holder ends, however
// it ends. The file stays where it is and says who held it last.
#pragma once

#include <filesystem>

#include "redbolt/base/file_descriptor.hpp"

namespace redbolt::pci::remote {

class LockFile {
 public:
  // Throws PciError::busy, naming the holder as far as it is known. Where the file cannot be made
  // at all there is no lock.
  explicit LockFile(const std::filesystem::path& path);
  LockFile(LockFile&& other) noexcept = default;
  LockFile& operator=(LockFile&& other) noexcept = default;
  ~LockFile();

 private:
  FileDescriptor file_;
};

}  // namespace redbolt::pci::remote
