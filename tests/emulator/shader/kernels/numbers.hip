// Arithmetic of every width, as clang writes it.
#include "prelude.hpp"

KERNEL half_math(half* out, const half* a, const half* b, const half* c) {
  const u32 n = global_thread();
  half r = a[n] * b[n];
  r = r + c[n];
  r = __builtin_fmaf16(r, a[n], b[n]);
  out[n] = r - a[n] / b[n];
}

KERNEL half2_math(half2* out, const half2* a, const half2* b, const half2* c) {
  const u32 n = global_thread();
  out[n] = __builtin_elementwise_max(__builtin_elementwise_fma(a[n], b[n], c[n]), a[n]) + b[n];
}

KERNEL mixed_math(float* out, const half* a, const half* b, const float* c) {
  const u32 n = global_thread();
  out[n] = __builtin_fmaf(static_cast<float>(a[n]), static_cast<float>(b[n]), c[n]);
}

KERNEL mixed_to_half(half* out, const half* a, const half* b, const float* c) {
  const u32 n = global_thread();
  out[n] = static_cast<half>(__builtin_fmaf(static_cast<float>(a[n]), static_cast<float>(b[n]), c[n]));
}

KERNEL double_math(double* out, const double* a, const double* b) {
  const u32 n = global_thread();
  const double quotient = a[n] / b[n];
  out[n] = __builtin_fma(quotient, a[n], b[n]) - __builtin_floor(quotient);
}

KERNEL double_root(double* out, const double* a) {
  const u32 n = global_thread();
  out[n] = __builtin_sqrt(a[n]);
}

KERNEL float_root(float* out, const float* a) {
  const u32 n = global_thread();
  out[n] = __builtin_sqrtf(a[n]);
}

KERNEL integers64(u64* out, const u64* a, const u64* b) {
  const u32 n = global_thread();
  const u64 product = a[n] * b[n];
  const u64 quotient = b[n] == 0 ? 0 : a[n] / b[n];
  out[n] = (product ^ quotient) + (a[n] >> (b[n] & 63)) + static_cast<u64>(static_cast<i64>(a[n]) >> 7);
}

KERNEL integers32(u32* out, const u32* a, const u32* b) {
  const u32 n = global_thread();
  const u32 x = a[n], y = b[n];
  u32 r = __builtin_popcount(x) + (y == 0 ? 32 : __builtin_clz(y)) + (x == 0 ? 32 : __builtin_ctz(x));
  r = r * 31 + __builtin_bitreverse32(x);
  r = r * 31 + (y == 0 ? x : x % y);
  r = r * 31 + static_cast<u32>(static_cast<i32>(x) / (static_cast<i32>(y | 1)));
  r = r * 31 + static_cast<u32>((static_cast<u64>(x) * y) >> 32);
  r = r * 31 + (x << (y & 31) | x >> (32 - (y & 31)) % 32);
  r = r * 31 + __builtin_amdgcn_perm(x, y, (x ^ y) & 0x07070707);
  out[n] = r;
}

KERNEL small_integers(i32* out, const i8* a, const i16* b) {
  const u32 n = global_thread();
  const i16 product = static_cast<i16>(a[n] * b[n]);
  const u8 byte = static_cast<u8>(a[n]);
  const u16 shifted = static_cast<u16>(static_cast<u16>(b[n]) >> (byte & 15));
  out[n] = product + shifted * 3 + (a[n] < b[n] ? 1000000 : -1000000) + byte;
}

KERNEL conversions(float* out, const float* in, const u32* bits) {
  const u32 n = global_thread();
  const float x = in[n];
  float r = static_cast<float>(static_cast<i32>(x));
  r += static_cast<float>(bits[n]) + static_cast<float>(static_cast<i32>(bits[n]));
  r += static_cast<float>(static_cast<double>(x) * 3.0);
  r += static_cast<float>(static_cast<half>(x));
  r += __builtin_floorf(x) + __builtin_ceilf(x) * 2 + __builtin_truncf(x) * 3 + __builtin_rintf(x) * 5;
  out[n] = r;
}

KERNEL native_functions(float* out, const float* in) {
  const u32 n = global_thread();
  out[8 * n + 0] = __builtin_amdgcn_exp2f(in[n]);
  out[8 * n + 1] = __builtin_amdgcn_logf(in[n]);
  out[8 * n + 2] = __builtin_amdgcn_rcpf(in[n]);
  out[8 * n + 3] = __builtin_amdgcn_rsqf(in[n]);
  out[8 * n + 4] = __builtin_amdgcn_sqrtf(in[n]);
  out[8 * n + 5] = __builtin_amdgcn_sinf(in[n]);
  out[8 * n + 6] = __builtin_amdgcn_cosf(in[n]);
  out[8 * n + 7] = __builtin_amdgcn_fractf(in[n]);
}

// Every lane movement, of the values in[0..31].
KERNEL lane_moves(u32* out, const u32* in) {
  const u32 t = thread();
  const i32 v = static_cast<i32>(in[t]);
  u32 row = 0;
  const auto put = [&](i32 value) { out[32 * row++ + t] = static_cast<u32>(value); };
  put(__builtin_amdgcn_update_dpp(-1, v, 0x1b, 15, 15, false));    // quad_perm [3,2,1,0]
  put(__builtin_amdgcn_update_dpp(-1, v, 0x103, 15, 15, false));   // row_shl 3
  put(__builtin_amdgcn_update_dpp(-1, v, 0x115, 15, 15, true));    // row_shr 5, zeroes
  put(__builtin_amdgcn_update_dpp(-1, v, 0x127, 15, 15, false));   // row_ror 7
  put(__builtin_amdgcn_update_dpp(-1, v, 0x140, 15, 15, false));   // row_mirror
  put(__builtin_amdgcn_update_dpp(-1, v, 0x141, 15, 15, false));   // row_half_mirror
  put(__builtin_amdgcn_update_dpp(-1, v, 0x154, 15, 15, false));   // row_share 4
  put(__builtin_amdgcn_update_dpp(-1, v, 0x16a, 15, 15, false));   // row_xmask 10
  put(__builtin_amdgcn_update_dpp(-1, v, 0x1b, 1, 5, false));      // row 0, banks 0 and 2
  put(static_cast<i32>(__builtin_amdgcn_mov_dpp8(static_cast<u32>(v), 0x053977)));  // lanes 7,6,5,4,3,2,1,0 of each eight
  put(static_cast<i32>(__builtin_amdgcn_permlane16(~0u, static_cast<u32>(v), 0x76543210u ^ 0x33333333u, 0xfedcba98u, false, false)));
  put(static_cast<i32>(__builtin_amdgcn_permlanex16(~0u, static_cast<u32>(v), 0x76543210u, 0xfedcba98u, false, false)));
  put(__builtin_amdgcn_ds_bpermute(static_cast<i32>((t * 7 % 32) * 4), v));
  put(__builtin_amdgcn_ds_permute(static_cast<i32>((t * 7 % 32) * 4), v));
  put(__builtin_amdgcn_ds_swizzle(v, 0x041f));                     // xor 1
  put(__builtin_amdgcn_readlane(v, 13));
  put(__builtin_amdgcn_readfirstlane(v));
  put(static_cast<i32>(__builtin_amdgcn_mbcnt_lo(0xf0f0f0f0u, 5)));
  put(static_cast<i32>(__builtin_amdgcn_ballot_w32(v % 3 == 0)));
}
