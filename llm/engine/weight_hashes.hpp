// Which content hash the weights of which files have: remembered from when they were uploaded, so
// that a large file is not read again to find out whether the card has it. A file on disk that may
// be lost, damaged or removed at any time: then the weights are uploaded once more.
//
// Several processes may use it at once; each writes the file whole and in one step, and the last
// one wins.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "redbolt/client/types.hpp"

namespace redbolt::llm {

class WeightHashes {
 public:
  static constexpr std::size_t max_entries = 256;

  // The file "weights" in the folder; an empty path: remembers nothing.
  explicit WeightHashes(const std::filesystem::path& folder);

  // key: what the files are recognised by (weights_key()). Whatever the file holds, this never
  // throws.
  std::optional<client::ContentHash> find(const client::ContentHash& key) const noexcept;
  // Beyond max_entries the oldest is forgotten. A file that cannot be written is no error.
  void remember(const client::ContentHash& key, const client::ContentHash& hash) const noexcept;

 private:
  struct Entry {
    client::ContentHash key;
    client::ContentHash hash;
  };
  std::vector<Entry> read() const;
  void write(const std::vector<Entry>& entries) const;

  std::filesystem::path path_;
};

}  // namespace redbolt::llm
