// The tensor types of GGUF files: their ids, names and block sizes, as a table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace redbolt::llm {

// One ggml type. Elements are stored in blocks along the fastest axis of a tensor; a row is a whole
// number of blocks.
struct TensorType {
  std::uint32_t id;
  std::string_view name;
  std::uint32_t block_elements;
  std::uint32_t block_bytes;
};

namespace tensor_type_id {
inline constexpr std::uint32_t kF32 = 0;
inline constexpr std::uint32_t kF16 = 1;
inline constexpr std::uint32_t kQ4_0 = 2;
inline constexpr std::uint32_t kQ4_1 = 3;
inline constexpr std::uint32_t kQ5_0 = 6;
inline constexpr std::uint32_t kQ5_1 = 7;
inline constexpr std::uint32_t kQ8_0 = 8;
inline constexpr std::uint32_t kQ2_K = 10;
inline constexpr std::uint32_t kQ3_K = 11;
inline constexpr std::uint32_t kQ4_K = 12;
inline constexpr std::uint32_t kQ5_K = 13;
inline constexpr std::uint32_t kQ6_K = 14;
inline constexpr std::uint32_t kIQ4_NL = 20;
inline constexpr std::uint32_t kIQ4_XS = 23;
inline constexpr std::uint32_t kBF16 = 30;
}  // namespace tensor_type_id

// Every type whose size is known, whether or not the card has a kernel for it.
std::span<const TensorType> known_tensor_types();

// nullptr when the id is not known.
const TensorType* find_tensor_type(std::uint32_t id);

// Why an id is not known: removed from the format, private to a fork, or newer than this program.
std::string explain_unknown_tensor_type(std::uint32_t id);

}  // namespace redbolt::llm
