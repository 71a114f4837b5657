#include "redbolt/llm/gguf/model_files.hpp"

#include <array>
#include <cstdio>
#include <string>

#include "support/printable.hpp"

namespace redbolt::llm {
namespace {

constexpr std::uint64_t kMaximumShards = 4096;

// "-00002-of-00003.gguf": how the name of a shard (counted from 0) ends.
std::string shard_suffix(std::uint64_t shard, std::uint64_t count) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "-%05llu-of-%05llu.gguf",
                static_cast<unsigned long long>(shard + 1), static_cast<unsigned long long>(count));
  return text.data();
}

LlmError mismatch(const std::filesystem::path& path, const std::string& why) {
  return {ErrorCode::split_mismatch, path.string() + ": " + why};
}

// The part of the first shard's path that all shards share.
std::string shard_prefix(const std::filesystem::path& first, std::uint64_t count) {
  const std::string name = first.string();
  const std::string suffix = shard_suffix(0, count);
  if (!name.ends_with(suffix)) {
    throw mismatch(
        first, "the first of " + std::to_string(count) + " parts, but its name does not end in '" +
                   suffix +
                   "', so the others cannot be found; give the parts their original names");
  }
  return name.substr(0, name.size() - suffix.size());
}

void check_shard(const GgufFile& file, std::uint64_t shard, std::uint64_t count) {
  const auto number = file.metadata().find_unsigned("split.no", kMaximumShards);
  const auto total = file.metadata().find_unsigned("split.count", kMaximumShards);
  if (number != shard || total != count) {
    throw mismatch(file.path(), "not part " + std::to_string(shard + 1) + " of " +
                                    std::to_string(count) + " of this model; download it again");
  }
}

}  // namespace

ModelFiles::ModelFiles(const std::filesystem::path& path) {
  files_.emplace_back(path);
  const std::uint64_t count = metadata().find_unsigned("split.count", kMaximumShards).value_or(0);
  if (count > 1) {
    const std::uint64_t number = metadata().find_unsigned("split.no", kMaximumShards).value_or(0);
    if (number != 0) {
      throw mismatch(path, "part " + std::to_string(number + 1) + " of " + std::to_string(count) +
                               "; give the first part, whose name ends in '" +
                               shard_suffix(0, count) + "'");
    }
    const std::string prefix = shard_prefix(path, count);
    for (std::uint64_t shard = 1; shard < count; ++shard) {
      files_.emplace_back(prefix + shard_suffix(shard, count));
      check_shard(files_.back(), shard, count);
    }
  }
  for (const GgufFile& file : files_) add_tensors(file);
  const auto expected = metadata().find_unsigned("split.tensors.count", UINT64_MAX);
  if (count > 1 && expected && *expected != tensors_.size()) {
    throw mismatch(path, "the parts hold " + std::to_string(tensors_.size()) +
                             " tensors together where " + std::to_string(*expected) +
                             " are announced");
  }
}

void ModelFiles::add_tensors(const GgufFile& file) {
  for (const TensorInfo& tensor : file.tensors()) {
    if (!index_.emplace(tensor.name, tensors_.size()).second) {
      throw LlmError(ErrorCode::duplicate, file.path().string() + ": the tensor '" +
                                               printable(tensor.name) +
                                               "' is also in another part of the model");
    }
    tensors_.push_back({tensor, &file});
  }
}

const ModelTensor* ModelFiles::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

std::uint64_t ModelFiles::tensor_bytes() const {
  std::uint64_t total = 0;
  for (const ModelTensor& tensor : tensors_) total += tensor.info.size;
  return total;
}

}  // namespace redbolt::llm
