#include "finaliser/kernel_image.hpp"

#include <cstring>
#include <type_traits>

#include "redbolt/base/checked.hpp"

namespace redbolt::runtime {
namespace {

constexpr std::uint64_t descriptor_bytes = 64;

// The fixed part of a serialised kernel. Written and read by the same machine: byte order is its.
struct Header {
  KernelFacts facts;
  std::uint64_t descriptor_offset;
  std::uint64_t relocation_count;
  std::uint64_t image_bytes;
};

struct StoredRelocation {
  std::uint64_t offset;
  std::int64_t addend;
  std::uint64_t kind;
};

static_assert(std::is_trivially_copyable_v<Header>);

void append(std::vector<std::byte>& bytes, const void* data, std::size_t size) {
  // Not insert(): g++ 12 sees a write beyond the end in it that is not there.
  const std::size_t end = bytes.size();
  bytes.resize(end + size);
  if (size != 0) std::memcpy(bytes.data() + end, data, size);
}

}  // namespace

std::vector<std::byte> serialise(const KernelImage& kernel) {
  Header header{};
  header.facts = kernel.facts;
  header.descriptor_offset = kernel.descriptor_offset;
  header.relocation_count = kernel.relocations.size();
  header.image_bytes = kernel.image.size();
  std::vector<std::byte> bytes;
  append(bytes, &header, sizeof(header));
  for (const client::Relocation& relocation : kernel.relocations) {
    const StoredRelocation stored{relocation.offset, relocation.addend,
                                  static_cast<std::uint64_t>(relocation.kind)};
    append(bytes, &stored, sizeof(stored));
  }
  append(bytes, kernel.image.data(), kernel.image.size());
  return bytes;
}

std::optional<KernelImage> deserialise(std::span<const std::byte> bytes) {
  Header header{};
  if (bytes.size() < sizeof(header)) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof(header));
  bytes = bytes.subspan(sizeof(header));
  const auto relocation_bytes =
      checked_multiply<std::uint64_t>(header.relocation_count, sizeof(StoredRelocation));
  if (!relocation_bytes || *relocation_bytes > bytes.size() ||
      bytes.size() - *relocation_bytes != header.image_bytes ||
      !range_fits(header.descriptor_offset, descriptor_bytes, header.image_bytes))
    return std::nullopt;
  KernelImage kernel;
  kernel.facts = header.facts;
  kernel.descriptor_offset = header.descriptor_offset;
  for (std::uint64_t i = 0; i < header.relocation_count; ++i) {
    StoredRelocation stored{};
    std::memcpy(&stored, bytes.data() + i * sizeof(stored), sizeof(stored));
    if (stored.kind > static_cast<std::uint64_t>(client::RelocationKind::abs32_hi) ||
        !range_fits(stored.offset, 4, header.image_bytes))
      return std::nullopt;
    kernel.relocations.push_back(
        {stored.offset, stored.addend, static_cast<client::RelocationKind>(stored.kind)});
  }
  const auto image = bytes.subspan(*relocation_bytes);
  kernel.image.assign(image.begin(), image.end());
  return kernel;
}

}  // namespace redbolt::runtime
