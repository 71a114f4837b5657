#include <array>
#include <cstring>
#include <random>

#include "little_endian.hpp"
#include "redbolt/tools/synthetic_firmware.hpp"

namespace redbolt::tools {
namespace {

constexpr std::size_t kHeaderSize = 256;
constexpr std::size_t kTrailerSize = 256;
constexpr char kMagic[] = "$PS1";
constexpr char kKeyName[] = "REDBOLT-SYNTHKEY";
constexpr std::uint32_t kChip = 0x000b0000;  // GC 11.0.0

std::uint64_t fnv1a(const std::vector<std::byte>& bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::byte b : bytes) hash = (hash ^ std::to_integer<std::uint64_t>(b)) * 0x100000001b3;
  return hash;
}

}  // namespace

std::vector<std::byte> make_payload(std::uint32_t kind, std::size_t body_size,
                                    std::uint32_t version, std::uint64_t seed) {
  std::vector<std::byte> payload(kHeaderSize + body_size);
  std::memcpy(&payload[0x10], kMagic, 4);
  put_u32(payload, 0x14, static_cast<std::uint32_t>(body_size));
  std::memcpy(&payload[0x38], kKeyName, 16);
  put_u32(payload, 0x60, version);
  put_u32(payload, 0x6c, static_cast<std::uint32_t>(kHeaderSize + body_size + kTrailerSize));
  put_u32(payload, 0x7c, kind);
  put_u32(payload, 0x80, kChip);
  std::mt19937_64 random(seed * 1'000'003 + kind);
  for (std::size_t i = kHeaderSize; i < payload.size(); ++i)
    payload[i] = std::byte(random() & 0xff);
  const std::uint64_t hash = fnv1a(payload);
  payload.resize(payload.size() + kTrailerSize);
  put_u32(payload, kHeaderSize + body_size, static_cast<std::uint32_t>(hash));
  put_u32(payload, kHeaderSize + body_size + 4, static_cast<std::uint32_t>(hash >> 32));
  return payload;
}

}  // namespace redbolt::tools
