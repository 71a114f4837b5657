// y = W x with W in Q4_K (blocks of 256 weights: d, dmin, 12 bytes of packed 6-bit scales and minima,
// 128 bytes of 4-bit weights) and x in float16. A wave takes two rows; eight lanes share a block, each
// with 16 bytes of weights.
#include "prelude.hpp"

struct Block {
  half d;
  half dmin;
  u8 scales[12];
  alignas(16) u8 weights[128];
};
static_assert(sizeof(Block) == 144);

__device__ inline float lane_sum(float value) {
  for (int distance = 16; distance > 0; distance /= 2) {
    const int lane = static_cast<int>(thread() & 31) ^ distance;
    value += __builtin_bit_cast(
        float, __builtin_amdgcn_ds_bpermute(lane * 4, __builtin_bit_cast(int, value)));
  }
  return value;
}

// Scale and minimum of group j of 32 weights.
__device__ inline void unpack_scale(const u32* scales, u32 j, float& scale, float& minimum) {
  const u32 shift = (j & 3) * 8;
  const u32 a = scales[0] >> shift, b = scales[1] >> shift, c = scales[2] >> shift;
  const u32 upper = 0u - (j >> 2);  // all ones for groups 4..7
  const u32 s = (upper & ((c & 15) | (a >> 2 & 0x30))) | (~upper & (a & 63));
  const u32 m = (upper & ((c >> 4 & 15) | (b >> 2 & 0x30))) | (~upper & (b & 63));
  scale = static_cast<float>(s);
  minimum = static_cast<float>(m);
}

__device__ inline float dot(half2 a, half2 b, float c) { return __builtin_amdgcn_fdot2(a, b, c, false); }

__device__ inline half2 as_half2(u32 bits) { return __builtin_bit_cast(half2, bits); }

// 1024 + n is the float16 with n in its last bits.
__device__ inline half2 two_nibbles(u32 packed) {
  return as_half2((packed & 0x000f000f) | 0x64006400) - half2{1024, 1024};
}

// The 16 low or high nibbles of four dwords against 16 activations; also the sum of the activations.
__device__ inline void dot_nibbles(uint4_t packed, u32 shift, const uint4_t* x, float& weighted, float& plain) {
  const half2 one = {1, 1};
  for (int i = 0; i < 4; ++i) {
    const u32 first = x[i / 2][i % 2 * 2], second = x[i / 2][i % 2 * 2 + 1];
    const half2 even = as_half2(__builtin_amdgcn_perm(second, first, 0x05040100));
    const half2 odd = as_half2(__builtin_amdgcn_perm(second, first, 0x07060302));
    weighted = dot(two_nibbles(packed[i] >> shift), even, weighted);
    weighted = dot(two_nibbles(packed[i] >> (shift + 8)), odd, weighted);
    plain = dot(one, even, plain);
    plain = dot(one, odd, plain);
  }
}

__device__ inline float block_part(const Block& block, u32 part, const half* x) {
  // 32 bytes hold groups 2g (low nibbles) and 2g + 1 (high nibbles).
  const u32 pair = part / 2;
  const u32 start = part % 2 * 16;
  const uint4_t packed = *reinterpret_cast<const uint4_t*>(block.weights + part * 16);
  const uint4_t head = *reinterpret_cast<const uint4_t*>(&block);
  const u32 scales[3] = {head[1], head[2], head[3]};
  const half2 factors = as_half2(head[0]);
  float result = 0;
#pragma unroll
  for (u32 high = 0; high < 2; ++high) {
    float scale, minimum, weighted = 0, plain = 0;
    unpack_scale(scales, 2 * pair + high, scale, minimum);
    dot_nibbles(packed, 4 * high, reinterpret_cast<const uint4_t*>(x + pair * 64 + high * 32 + start),
                weighted, plain);
    result += static_cast<float>(factors[0]) * scale * weighted -
              static_cast<float>(factors[1]) * minimum * plain;
  }
  return result;
}

KERNEL q4k_matvec(float* __restrict__ y, const Block* __restrict__ w, const half* __restrict__ x, u32 columns) {
  const u32 lane = thread() & 31;
  const u32 wave = __builtin_amdgcn_readfirstlane(static_cast<int>(global_thread() / 32));
  const u32 row_blocks = columns / 256;
  const Block* first = w + static_cast<u64>(wave) * 2 * row_blocks;
  const Block* second = first + row_blocks;
  float sum0 = 0, sum1 = 0;
  for (u32 block = lane / 8; block < row_blocks; block += 4) {
    sum0 += block_part(first[block], lane % 8, x + block * 256);
    sum1 += block_part(second[block], lane % 8, x + block * 256);
  }
  sum0 = lane_sum(sum0);
  sum1 = lane_sum(sum1);
  if (lane == 0) {
    y[2 * wave] = sum0;
    y[2 * wave + 1] = sum1;
  }
}
