// What device code needs of the language and of a wave: clang's HIP mode without HIP's headers.
// A wave has 32 lanes. Everything that crosses lanes must be reached by all lanes of the wave.
#pragma once

#include <cstdint>
#include <type_traits>

#define RB_DEVICE __attribute__((device)) inline
// Must be inlined: holds arrays that have to become registers.
#define RB_INLINE __attribute__((device, always_inline)) inline
#define RB_SHARED __attribute__((shared))
// A kernel for workgroups of exactly `threads` work-items.
#define RB_KERNEL(threads) \
  extern "C" __attribute__((global, amdgpu_flat_work_group_size(threads, threads))) void
// A constant that the finaliser gives its value.
#define RB_CONSTANT extern "C" __attribute__((constant)) const

#define RB_UNROLL _Pragma("clang loop unroll(full)")
#define RB_NO_UNROLL _Pragma("clang loop unroll(disable)")

namespace redbolt::kernels {

// A pointer into device memory: never LDS, never scratch, so that loads are global_load.
template <class T>
using Global = __attribute__((address_space(1))) T*;

using u32 = std::uint32_t;
using u64 = std::uint64_t;
using half = _Float16;
using f32x4 = float __attribute__((ext_vector_type(4)));
using u32x2 = u32 __attribute__((ext_vector_type(2)));
using u32x4 = u32 __attribute__((ext_vector_type(4)));
using half8 = half __attribute__((ext_vector_type(8)));

inline constexpr u32 wave_lanes = 32;

RB_INLINE u32 thread_id() {
  return __builtin_amdgcn_workitem_id_x();
}
RB_INLINE u32 lane_id() {
  return thread_id() % wave_lanes;
}
// The same in all lanes, and known to be: what is computed from it stays in scalar registers.
RB_INLINE u32 wave_id() {
  return __builtin_amdgcn_readfirstlane(thread_id() / wave_lanes);
}
RB_INLINE u32 group_x() {
  return __builtin_amdgcn_workgroup_id_x();
}
RB_INLINE u32 group_y() {
  return __builtin_amdgcn_workgroup_id_y();
}
RB_INLINE u32 group_z() {
  return __builtin_amdgcn_workgroup_id_z();
}
RB_INLINE u32 uniform(u32 value) {
  return __builtin_amdgcn_readfirstlane(value);
}

RB_INLINE void group_barrier() {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
  __builtin_amdgcn_s_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}

template <class To, class From>
RB_INLINE To bits(From value) {
  return __builtin_bit_cast(To, value);
}

// A load of any type from an address that is a multiple of `alignment` only.
template <class T, unsigned alignment>
RB_INLINE T load(Global<const std::uint8_t> address) {
  struct __attribute__((packed, aligned(alignment))) Wrapped {
    T value;
  };
  return reinterpret_cast<Global<const Wrapped>>(address)->value;
}

RB_INLINE f32x4 load4(Global<const float> address) {
  return load<f32x4, 4>(reinterpret_cast<Global<const std::uint8_t>>(address));
}

RB_INLINE float half_bits_to_float(u32 low16) {
  return static_cast<float>(bits<half>(static_cast<std::uint16_t>(low16)));
}

// The value of the lane whose number differs in the bits of `mask` (1, 2, 4, 8 or combinations).
template <int mask>
RB_INLINE u32 lane_xor_bits(u32 value) {
  static_assert(mask > 0 && mask < 16);
  constexpr int row_xmask = 0x160;
  return __builtin_amdgcn_update_dpp(0u, value, row_xmask | mask, 0xf, 0xf, true);
}

// The value of the lane 16 further or before. V_PERMLANEX16 is not marked convergent in LLVM 19 and
// may be sunk under a narrower EXEC mask; the empty asm holds it where it is written.
RB_INLINE u32 lane_xor16_bits(u32 value) {
  u32 other = __builtin_amdgcn_permlanex16(value, value, 0x76543210u, 0xfedcba98u, false, false);
  asm volatile("" : "+v"(other));
  return other;
}

template <int mask, class T>
RB_INLINE T lane_xor(T value) {
  static_assert(sizeof(T) == 4);
  if constexpr (mask == 16)
    return bits<T>(lane_xor16_bits(bits<u32>(value)));
  else
    return bits<T>(lane_xor_bits<mask>(bits<u32>(value)));
}

// Combines the values of groups of `lanes` lanes (a power of two), and leaves the result in each.
template <class T, class Combine>
RB_INLINE T reduce_lanes(T value, u32 lanes, Combine combine) {
  if (lanes > 1) value = combine(value, lane_xor<1>(value));
  if (lanes > 2) value = combine(value, lane_xor<2>(value));
  if (lanes > 4) value = combine(value, lane_xor<4>(value));
  if (lanes > 8) value = combine(value, lane_xor<8>(value));
  if (lanes > 16) value = combine(value, lane_xor<16>(value));
  return value;
}

RB_INLINE float add_lanes(float value, u32 lanes = wave_lanes) {
  return reduce_lanes(value, lanes, [](float a, float b) { return a + b; });
}

RB_INLINE float max_lanes(float value, u32 lanes = wave_lanes) {
  return reduce_lanes(value, lanes, [](float a, float b) { return __builtin_fmaxf(a, b); });
}

// 2^x with the card's own instruction (1 ulp; results below 2^-126 are zero).
RB_INLINE float exp2_fast(float x) {
  return __builtin_amdgcn_exp2f(x);
}
inline constexpr float log2_e = 1.44269504088896340736f;

RB_INLINE float silu(float x) {
  return x * __builtin_amdgcn_rcpf(1.0f + exp2_fast(-x * log2_e));
}

}  // namespace redbolt::kernels
