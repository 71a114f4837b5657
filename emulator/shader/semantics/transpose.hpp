// Between 128-bit values of lanes in memory and rows of registers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "semantics/rows.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace redbolt::emulator {

// rows[r].lane[i] = dword r of the 16 bytes at page + (address[i] - base).
inline void load_transposed_128(const std::byte* page, const std::uint64_t* address, std::uint64_t base,
                                Row* rows) {
#if defined(__SSE2__)
  for (unsigned i = 0; i < lane_count; i += 4) {
    const auto load = [&](unsigned lane) {
      return _mm_loadu_si128(reinterpret_cast<const __m128i*>(page + (address[i + lane] - base)));
    };
    const __m128i a = load(0), b = load(1), c = load(2), d = load(3);
    const __m128i ab_low = _mm_unpacklo_epi32(a, b), ab_high = _mm_unpackhi_epi32(a, b);
    const __m128i cd_low = _mm_unpacklo_epi32(c, d), cd_high = _mm_unpackhi_epi32(c, d);
    const auto store = [&](unsigned row, __m128i value) {
      _mm_store_si128(reinterpret_cast<__m128i*>(&rows[row].lane[i]), value);
    };
    store(0, _mm_unpacklo_epi64(ab_low, cd_low));
    store(1, _mm_unpackhi_epi64(ab_low, cd_low));
    store(2, _mm_unpacklo_epi64(ab_high, cd_high));
    store(3, _mm_unpackhi_epi64(ab_high, cd_high));
  }
#else
  for (unsigned i = 0; i < lane_count; ++i) {
    std::uint32_t value[4];
    std::memcpy(value, page + (address[i] - base), sizeof(value));
    for (unsigned r = 0; r < 4; ++r) rows[r].lane[i] = value[r];
  }
#endif
}

}  // namespace redbolt::emulator
