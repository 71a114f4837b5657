// From 128-bit values of lanes, wherever they lie, to rows of registers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "semantics/rows.hpp"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace redbolt::emulator {

// rows[r].lane[i] = dword r of the 16 bytes at pointer(i). Written to registers by whole vectors:
// narrow stores that are read back wide would have to wait for each other.
template <class Pointer>
inline void load_transposed_128(Pointer pointer, Row* rows) {
#if defined(__SSE2__)
  const auto load = [&](unsigned lane) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(pointer(lane)));
  };
#endif
#if defined(__AVX512F__)
  constexpr __mmask8 every_pair = 0xff;
  for (unsigned first = 0; first < lane_count; first += 16) {
    // Lanes k, k+4, k+8, k+12: transposing 4x4 within each 128 bits leaves the lanes in order.
    const auto every_fourth = [&](unsigned k) {
      __m512i v = _mm512_zextsi128_si512(load(first + k));
      v = _mm512_maskz_inserti32x4(every_lane, v, load(first + k + 4), 1);
      v = _mm512_maskz_inserti32x4(every_lane, v, load(first + k + 8), 2);
      return _mm512_maskz_inserti32x4(every_lane, v, load(first + k + 12), 3);
    };
    const __m512i a = every_fourth(0), b = every_fourth(1), c = every_fourth(2),
                  d = every_fourth(3);
    const __m512i ab_low = _mm512_maskz_unpacklo_epi32(every_lane, a, b);
    const __m512i ab_high = _mm512_maskz_unpackhi_epi32(every_lane, a, b);
    const __m512i cd_low = _mm512_maskz_unpacklo_epi32(every_lane, c, d);
    const __m512i cd_high = _mm512_maskz_unpackhi_epi32(every_lane, c, d);
    const auto store = [&](unsigned row, __m512i value) {
      _mm512_storeu_si512(rows[row].lane + first, value);
    };
    store(0, _mm512_maskz_unpacklo_epi64(every_pair, ab_low, cd_low));
    store(1, _mm512_maskz_unpackhi_epi64(every_pair, ab_low, cd_low));
    store(2, _mm512_maskz_unpacklo_epi64(every_pair, ab_high, cd_high));
    store(3, _mm512_maskz_unpackhi_epi64(every_pair, ab_high, cd_high));
  }
#elif defined(__SSE2__)
  for (unsigned i = 0; i < lane_count; i += 4) {
    const __m128i a = load(i), b = load(i + 1), c = load(i + 2), d = load(i + 3);
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
    std::memcpy(value, pointer(i), sizeof(value));
    for (unsigned r = 0; r < 4; ++r) rows[r].lane[i] = value[r];
  }
#endif
}

}  // namespace redbolt::emulator
