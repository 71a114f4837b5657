#include "engine/weight_image.hpp"

#include <algorithm>
#include <chrono>

#include "redbolt/llm/error.hpp"

namespace redbolt::llm {
namespace {

// To be raised when tensors come to lie on the card in another way than the list below says.
constexpr int layout_version = 1;

// File systems stamp changes by a clock that moves in steps of up to 10 ms.
constexpr std::chrono::milliseconds clock_step{100};

std::string describe_layout(const ModelWeights& weights) {
  std::string text = "redbolt weights " + std::to_string(layout_version) + "\n" +
                     std::to_string(weights.buffer_bytes()) + "\n";
  for (const PlacedTensor& placed : weights.placed()) {
    text.append(std::to_string(placed.offset)).append(" ");
    text.append(std::to_string(placed.bytes)).append(" ");
    text.append(placed.tensor->info.type->name).append(" ");
    text.append(std::to_string(placed.rows)).append(" ");
    text.append(std::to_string(placed.columns)).append(" ");
    text.append(placed.tensor->info.name).append("\n");
  }
  return text;
}

std::vector<FileIdentity> identities_of(const ModelFiles& files) {
  std::vector<FileIdentity> identities;
  for (const GgufFile& file : files.files()) identities.push_back(file.input().identity());
  return identities;
}

}  // namespace

WeightImage::WeightImage(const ModelFiles& files, const ModelWeights& weights)
    : files_(files),
      weights_(weights),
      identities_(identities_of(files)),
      layout_(describe_layout(weights)) {
  hasher_.add(layout_);
}

client::ContentHash WeightImage::key() const {
  std::string text;
  for (const FileIdentity& identity : identities_) {
    for (const std::uint64_t number : {identity.device, identity.inode, identity.size,
                                       static_cast<std::uint64_t>(identity.modified_ns),
                                       static_cast<std::uint64_t>(identity.changed_ns)}) {
      text.append(std::to_string(number)).append(" ");
    }
  }
  return content_hash(text + layout_);
}

void WeightImage::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  const auto tensors = weights_.placed();
  // The last tensor that begins at or before the offset, or the first of all.
  auto placed = std::upper_bound(
      tensors.begin(), tensors.end(), offset,
      [](std::uint64_t value, const PlacedTensor& tensor) { return value < tensor.offset; });
  if (placed != tensors.begin()) --placed;
  std::ranges::fill(into, std::byte{0});
  const std::uint64_t end = offset + into.size();
  for (; placed != tensors.end() && placed->offset < end; ++placed) {
    const std::uint64_t from = std::max(offset, placed->offset);
    const std::uint64_t to = std::min(end, placed->offset + placed->bytes);
    if (from >= to) continue;
    placed->tensor->read(from - placed->offset, into.subspan(from - offset, to - from));
  }
}

void WeightImage::read_next(std::span<std::byte> into) {
  read_at(position_, into);
  hasher_.add_later(into);
  position_ += into.size();
}

client::ContentHash WeightImage::finish() {
  const client::ContentHash hash = hasher_.finish();
  if (identities_of(files_) != identities_) {
    throw LlmError(ErrorCode::io, "the model file " + files_.files().front().path().string() +
                                      " was changed while it was being loaded; start again");
  }
  return hash;
}

bool WeightImage::too_fresh_to_remember() const {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::ranges::any_of(identities_, [&](const FileIdentity& identity) {
    const std::int64_t last = std::max(identity.modified_ns, identity.changed_ns);
    return std::chrono::nanoseconds(last) + clock_step > now;
  });
}

}  // namespace redbolt::llm
