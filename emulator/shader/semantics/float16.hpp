// Conversions between float16 and float, exact in every case and never by library calls, which are
// hundreds of times slower: F16C where the host has it, integer arithmetic where not.
#pragma once

#include <bit>
#include <cstdint>

#if defined(__F16C__)
#include <immintrin.h>
#endif

namespace redbolt::emulator {

// Every float16 is exactly a float. NaNs stay quiet NaNs with their payload.
inline float half_to_float_portable(std::uint32_t half) {
  const std::uint32_t sign = (half & 0x8000) << 16;
  const std::uint32_t magnitude = half & 0x7fff;
  // 2^112 rebuilds the exponent bias, for denormals too; infinity and NaN need the largest
  // exponent.
  const float scaled = std::bit_cast<float>(magnitude << 13) * 0x1p112f;
  std::uint32_t bits = std::bit_cast<std::uint32_t>(scaled);
  if (magnitude >= 0x7c00) bits |= 0x7f800000;
  if (magnitude > 0x7c00) bits |= 0x00400000;
  return std::bit_cast<float>(bits | sign);
}

// Directions as the MODE register encodes them.
enum class Rounding : std::uint8_t { nearest_even = 0, up = 1, down = 2, toward_zero = 3 };

// The float16 nearest to `value` in the given direction, in bits 15:0.
inline std::uint32_t float_to_half_portable(float value,
                                            Rounding rounding = Rounding::nearest_even) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16 & 0x8000;
  const std::uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | (magnitude >> 13 & 0x3ff);
  if (magnitude == 0x7f800000) return sign | 0x7c00;
  // Significand with its leading one, and how many of its bits do not fit.
  const std::uint32_t exponent = magnitude >> 23;
  const std::uint32_t significand = exponent == 0 ? magnitude : (magnitude & 0x7fffff) | 0x800000;
  std::uint32_t shift = exponent >= 113 ? 13 : 126 - exponent;
  if (shift > 25) shift = 25;
  std::uint32_t kept = significand >> shift;
  const std::uint32_t rest = significand & ((1u << shift) - 1);
  const std::uint32_t half_way = 1u << (shift - 1);
  bool add = false;
  switch (rounding) {
    case Rounding::nearest_even:
      add = rest > half_way || (rest == half_way && (kept & 1) != 0);
      break;
    case Rounding::up:
      add = rest != 0 && sign == 0;
      break;
    case Rounding::down:
      add = rest != 0 && sign != 0;
      break;
    case Rounding::toward_zero:
      break;
  }
  if (add) ++kept;
  // A significand that has grown by a bit carries into the exponent by itself.
  const std::uint32_t result = exponent >= 113 ? kept + ((exponent - 113) << 10) : kept;
  if (result < 0x7c00) return sign | result;
  const bool to_infinity = rounding == Rounding::nearest_even ||
                           (rounding == Rounding::up && sign == 0) ||
                           (rounding == Rounding::down && sign != 0);
  return sign | (to_infinity ? 0x7c00 : 0x7bff);
}

#if defined(__AVX512F__)
// The unmasked intrinsics of g++ 12 warn of uninitialised values of their own.
inline constexpr __mmask16 every_lane = 0xffff;
#endif

// 32 float16 in the low halves of `half` as floats.
inline void halves_to_floats(const std::uint32_t* half, float* result) {
#if defined(__AVX512F__)
  for (int i = 0; i < 32; i += 16) {
    const __m256i packed = _mm512_maskz_cvtepi32_epi16(every_lane, _mm512_loadu_si512(half + i));
    _mm512_storeu_ps(result + i, _mm512_maskz_cvtph_ps(every_lane, packed));
  }
#elif defined(__F16C__)
  for (int i = 0; i < 32; ++i) {
    result[i] = _cvtsh_ss(static_cast<unsigned short>(half[i]));
  }
#else
  for (int i = 0; i < 32; ++i) result[i] = half_to_float_portable(half[i] & 0xffff);
#endif
}

// 32 floats rounded to the nearest float16, in the low halves of `half`; the high halves are 0.
inline void floats_to_halves(const float* value, std::uint32_t* half) {
#if defined(__AVX512F__)
  for (int i = 0; i < 32; i += 16) {
    const __m256i packed = _mm512_maskz_cvtps_ph(every_lane, _mm512_loadu_ps(value + i),
                                                 _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    _mm512_storeu_si512(half + i, _mm512_maskz_cvtepu16_epi32(every_lane, packed));
  }
#elif defined(__F16C__)
  for (int i = 0; i < 32; ++i) {
    half[i] = _cvtss_sh(value[i], _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
#else
  for (int i = 0; i < 32; ++i) half[i] = float_to_half_portable(value[i]);
#endif
}

}  // namespace redbolt::emulator
