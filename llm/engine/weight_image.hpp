// The weights of a model as they lie on the card, as a stream of bytes: the tensors at their
// places, zeros between them. And the two things that name them: what the files are recognised by,
// and the hash of the content.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/content_hasher.hpp"
#include "redbolt/client/types.hpp"
#include "redbolt/llm/gguf/input_file.hpp"
#include "redbolt/llm/gguf/model_files.hpp"
#include "redbolt/llm/model/weights.hpp"

namespace redbolt::llm {

class WeightImage {
 public:
  // Both must outlive the object.
  WeightImage(const ModelFiles& files, const ModelWeights& weights);

  // Changes when the files, or the way in which their tensors are laid out, do.
  client::ContentHash key() const;

  // The next bytes of the stream, which are hashed too; `into` must stay as it is until the next
  // call returns. Throws LlmError{io}.
  void read_next(std::span<std::byte> into);
  // Of the whole stream and of its layout, once it has been read to its end. Throws LlmError{io} if
  // a file was changed meanwhile.
  client::ContentHash finish();
  // Whether the files are so new that another change might not show in their times.
  bool too_fresh_to_remember() const;

 private:
  void read_at(std::uint64_t offset, std::span<std::byte> into) const;

  const ModelFiles& files_;
  const ModelWeights& weights_;
  std::vector<FileIdentity> identities_;  // before anything was read
  std::string layout_;
  ContentHasher hasher_;
  std::uint64_t position_ = 0;
};

}  // namespace redbolt::llm
