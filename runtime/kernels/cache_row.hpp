// Rows of the KV cache, of one position and key/value head, in the two types that it may have.
//
// float16: the elements. q8_0: a byte q + 128 for each element, then a float16 scale for each 32 of
// them; an element is q * scale. The row is filled up to a multiple of 4 bytes. (In GGML's blocks
// of the same name the scale comes before its bytes, which are then aligned to 2 only.)
#pragma once

#include "prelude.hpp"

namespace redbolt::kernels {

RB_CONSTANT u32 head_dimension;  // a multiple of 8, at most 256
RB_CONSTANT u32 quantised;       // the cache is q8_0

inline constexpr u32 scale_elements = 32;
inline constexpr u32 largest_quant = 127;
inline constexpr u32 quant_centre = 128;

RB_INLINE u32 cache_row_bytes() {
  if (!quantised) return head_dimension * 2;
  const u32 scales = (head_dimension + scale_elements - 1) / scale_elements;
  return (head_dimension + scales * 2 + 3) / 4 * 4;
}

// Eight bytes to eight halves: 0x6400 + byte is 1024 + byte as a float16.
RB_INLINE half8 centred_halves(u32x2 bytes) {
  u32x4 result;
  RB_UNROLL for (int i = 0; i < 2; ++i) {
    result[2 * i] = __builtin_amdgcn_perm(0x64646464u, bytes[i], 0x04010400u);
    result[2 * i + 1] = __builtin_amdgcn_perm(0x64646464u, bytes[i], 0x04030402u);
  }
  return bits<half8>(result) - static_cast<half>(1024 + quant_centre);
}

struct CacheChunk {
  half8 elements;
  float scale;  // of all eight; 1 and unused if the cache is not quantised
};

// Elements 8 * chunk and following of a row.
RB_INLINE CacheChunk load_chunk(Global<const std::uint8_t> row, u32 chunk) {
  if (!quantised) return {load<half8, 2>(row + chunk * 16), 1.0f};
  const Global<const std::uint8_t> scale = row + head_dimension + chunk / 4 * 2;
  return {centred_halves(load<u32x2, 4>(row + chunk * 8)),
          static_cast<float>(load<half, 2>(scale))};
}

}  // namespace redbolt::kernels
