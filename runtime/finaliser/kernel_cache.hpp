// Finalised kernels on disk, by content hash. Any number of processes may use a folder at once, and
// any of them may die at any moment: an entry appears by rename, complete and with its checksum, or
// not at all. An entry that does not check out is removed and made anew, never used.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "finaliser/kernel_image.hpp"
#include "finaliser/sha256.hpp"
#include "redbolt/base/quantity.hpp"

namespace redbolt::runtime {

struct KernelCacheOptions {
  std::filesystem::path folder;  // made if it is not there
  Bytes limit{256ull << 20};     // of all entries; the least recently used go
  std::function<void(const std::string&)> on_warning;
};

// Thread-safe.
class KernelCache {
 public:
  // Removes what writers that died left behind. Never throws: a folder that cannot be used is
  // reported through on_warning at the first failure, and the cache stays empty.
  explicit KernelCache(KernelCacheOptions options);

  // The entry under this key, if it is there and whole; marks it as used.
  std::optional<KernelImage> find(const Sha256Digest& key);

  // Writes the entry: a temporary file, flushed to disk, then renamed. A folder that may not be
  // written is a warning, once. A full disk throws RuntimeError::cache_unusable.
  void store(const Sha256Digest& key, const KernelImage& kernel);

  std::filesystem::path entry_path(const Sha256Digest& key) const;

  // Temporary files older than this belong to writers that died.
  static constexpr std::chrono::minutes abandoned_after{10};

 private:
  void warn_once(const std::string& message);
  void remove_abandoned();
  void evict_beyond_limit();
  void write_entry(const std::filesystem::path& temporary, const std::filesystem::path& path,
                   std::span<const std::byte> bytes);

  KernelCacheOptions options_;
  std::filesystem::path entries_;
  std::mutex mutex_;  // guards the two below; never held across I/O
  bool warned_ = false;
  std::uint64_t stored_since_eviction_ = 0;
};

}  // namespace redbolt::runtime
