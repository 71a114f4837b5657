// How weights are decoded: one trait per GGML type. All kernels that use weights go through these.
//
// A row is taken in units of 32 weights; one lane decodes one unit. The 32 weights are `runs` runs
// of consecutive elements, each inside one scale group, so that
//     weight[run][i] = scale[run] * (q[run][i] - centre)            (types with a centre, or 0)
//     weight[run][i] = scale[run] * q[run][i] + minimum[run]        (types with has_minimum)
// with q a small integer held as a float. position(unit, run, columns) is the first element of a
// run in its row. The layouts are those of GGML's block formats.
#pragma once

#include "prelude.hpp"
#include "redbolt/runtime/weight_type_id.hpp"

namespace redbolt::kernels {

using runtime::WeightType;

inline constexpr u32 unit_weights = 32;
using Bytes = Global<const std::uint8_t>;

template <unsigned run_count>
struct Unit {
  static constexpr unsigned runs = run_count;
  static constexpr unsigned run_length = unit_weights / run_count;
  float q[unit_weights];
  float scale[run_count];
  float minimum[run_count];
};

// Byte `index` of a word as a float: v_cvt_f32_ubyte.
template <unsigned index>
RB_INLINE float byte_to_float(u32 word) {
  return static_cast<float>((word >> (8 * index)) & 0xffu);
}

// Keeps the optimiser from turning a mask over four bytes into four bit-field extractions.
RB_INLINE u32 keep_packed(u32 word) {
  asm("" : "+v"(word));
  return word;
}

RB_INLINE void bytes_to_floats(u32 packed, float* q) {
  const u32 word = keep_packed(packed);
  q[0] = byte_to_float<0>(word);
  q[1] = byte_to_float<1>(word);
  q[2] = byte_to_float<2>(word);
  q[3] = byte_to_float<3>(word);
}

// Byte j of 16: low nibble is q[j], high nibble q[j + 16].
RB_INLINE void nibbles_to_floats(u32x4 packed, float* q) {
  RB_UNROLL for (int i = 0; i < 4; ++i) {
    bytes_to_floats(packed[i] & 0x0f0f0f0fu, q + 4 * i);
    bytes_to_floats((packed[i] >> 4) & 0x0f0f0f0fu, q + 16 + 4 * i);
  }
}

// Bits 0..3 of `four_bits` as bit 4 of four bytes.
RB_INLINE u32 spread_fifth_bits(u32 four_bits) {
  return ((four_bits & 1u) << 4) | ((four_bits & 2u) << 11) | ((four_bits & 4u) << 18) |
         ((four_bits & 8u) << 25);
}

// The same with the 32 fifth bits of the types Q5_0 and Q5_1: bit j belongs to element j.
RB_INLINE void five_bits_to_floats(u32x4 packed, u32 fifth, float* q) {
  RB_UNROLL for (int i = 0; i < 4; ++i) {
    bytes_to_floats((packed[i] & 0x0f0f0f0fu) | spread_fifth_bits(fifth >> (4 * i)), q + 4 * i);
    bytes_to_floats(((packed[i] >> 4) & 0x0f0f0f0fu) | spread_fifth_bits(fifth >> (16 + 4 * i)),
                    q + 16 + 4 * i);
  }
}

// Four bytes of 0..15 to four entries of the IQ4 table, plus 128: two byte permutes over eight
// entries each, and a blend by bit 3.
RB_INLINE u32 iq4_lookup(u32 indices) {
  constexpr u32 entries_0_3 = 0x3f2d1801u;    // -127 -104 -83 -65, plus 128
  constexpr u32 entries_4_7 = 0x766a5d4fu;    // -49 -35 -22 -10
  constexpr u32 entries_8_11 = 0xa6998d81u;   // 1 13 25 38
  constexpr u32 entries_12_15 = 0xf1d9c5b5u;  // 53 69 89 113
  const u32 select = indices & 0x07070707u;
  const u32 low = __builtin_amdgcn_perm(entries_4_7, entries_0_3, select);
  const u32 high = __builtin_amdgcn_perm(entries_12_15, entries_8_11, select);
  const u32 upper = (indices >> 3) & 0x01010101u;
  const u32 mask = (upper << 8) - upper;
  return (high & mask) | (low & ~mask);
}

RB_INLINE void iq4_to_floats(u32x4 packed, float* q) {
  RB_UNROLL for (int i = 0; i < 4; ++i) {
    bytes_to_floats(iq4_lookup(packed[i] & 0x0f0f0f0fu), q + 4 * i);
    bytes_to_floats(iq4_lookup((packed[i] >> 4) & 0x0f0f0f0fu), q + 16 + 4 * i);
  }
}

// What types without blocks share: runs of 8 spread over the row, so that neighbouring lanes load
// neighbouring 16 or 32 bytes. Only whole units; the kernels treat the rest of a row by element().
struct PlainLayout {
  static constexpr bool has_minimum = false;
  static constexpr bool scaled = false;
  static constexpr bool whole_units = false;
  static constexpr float centre = 0;
  using Result = Unit<4>;
  static RB_INLINE u32 position(u32 unit, u32 run, u32 columns) {
    return run * (columns / unit_weights * 8) + unit * 8;
  }
};

// What block types share.
struct BlockLayout {
  static constexpr bool has_minimum = false;
  static constexpr bool scaled = true;
  static constexpr bool whole_units = true;
  static constexpr float centre = 0;
};

// 32 weights a block, one unit.
struct SmallBlockLayout : BlockLayout {
  using Result = Unit<1>;
  static RB_INLINE u32 position(u32 unit, u32, u32) { return unit * 32; }
};

template <WeightType type>
struct Decoder;

template <>
struct Decoder<WeightType::f32> : PlainLayout {
  static RB_INLINE u64 row_bytes(u32 columns) { return u64(columns) * 4; }
  static RB_INLINE float element(Bytes row, u32 index) { return load<float, 4>(row + 4 * index); }
  static RB_INLINE Result decode(Bytes row, u32 unit, u32 columns) {
    Result r;
    RB_UNROLL for (u32 run = 0; run < 4; ++run) {
      const Bytes at = row + 4 * position(unit, run, columns);
      const f32x4 a = load<f32x4, 4>(at), b = load<f32x4, 4>(at + 16);
      RB_UNROLL for (int i = 0; i < 4; ++i) {
        r.q[8 * run + i] = a[i];
        r.q[8 * run + 4 + i] = b[i];
      }
    }
    return r;
  }
};

template <>
struct Decoder<WeightType::f16> : PlainLayout {
  static RB_INLINE u64 row_bytes(u32 columns) { return u64(columns) * 2; }
  static RB_INLINE float element(Bytes row, u32 index) {
    return half_bits_to_float(load<std::uint16_t, 2>(row + 2 * index));
  }
  static RB_INLINE Result decode(Bytes row, u32 unit, u32 columns) {
    Result r;
    RB_UNROLL for (u32 run = 0; run < 4; ++run) {
      const half8 v = load<half8, 2>(row + 2 * position(unit, run, columns));
      RB_UNROLL for (int i = 0; i < 8; ++i) r.q[8 * run + i] = static_cast<float>(v[i]);
    }
    return r;
  }
};

template <>
struct Decoder<WeightType::bf16> : PlainLayout {
  static RB_INLINE u64 row_bytes(u32 columns) { return u64(columns) * 2; }
  static RB_INLINE float element(Bytes row, u32 index) {
    return bits<float>(u32(load<std::uint16_t, 2>(row + 2 * index)) << 16);
  }
  static RB_INLINE Result decode(Bytes row, u32 unit, u32 columns) {
    Result r;
    RB_UNROLL for (u32 run = 0; run < 4; ++run) {
      const u32x4 v = load<u32x4, 2>(row + 2 * position(unit, run, columns));
      RB_UNROLL for (int i = 0; i < 4; ++i) {
        r.q[8 * run + 2 * i] = bits<float>(v[i] << 16);
        r.q[8 * run + 2 * i + 1] = bits<float>(v[i] & 0xffff0000u);
      }
    }
    return r;
  }
};

template <>
struct Decoder<WeightType::q4_0> : SmallBlockLayout {
  static constexpr float centre = 8;
  static RB_INLINE u64 row_bytes(u32 columns) { return u64(columns / 32) * 18; }
  static RB_INLINE Result decode(Bytes row, u32 unit, u32) {
    const Bytes block = row + unit * 18;
    Result r;
    r.scale[0] = half_bits_to_float(load<std::uint16_t, 2>(block));
    nibbles_to_floats(load<u32x4, 2>(block + 2), r.q);
    return r;
  }
};

template <>
struct Decoder<WeightType::q4_1> : SmallBlockLayout {
  static constexpr bool has_minimum = true;
  static RB_INLINE u64 row_bytes(u32 columns) { return u64(columns / 32) * 20; }
  static RB_INLINE Result decode(Bytes row, u32 unit, u32) {
    const Bytes block = row + unit * 20;
    const u32 d_m = load<u32, 2>(block);
    Result r;
    r.scale[0] = half_bits_to_float(d_m);
    r.minimum[0] = half_bits_to_float(d_m >> 16);
    nibbles_to_floats(load<u32x4, 2>(block + 4), r.q);
    return r;
  }
};

template <>
struct Decoder<WeightType::q5_0> : SmallBlockLayout {
  static constexpr float centre = 16;
  static RB_INLINE u64 row_bytes(u32 columns) { return u64(columns / 32) * 22; }
  static RB_INLINE Result decode(Bytes row, u32 unit, u32) {
    const Bytes block = row + unit * 22;
    Result r;
    r.scale[0] = half_bits_to_float(load<std::uint16_t, 2>(block));
    five_bits_to_floats(load<u32x4, 2>(block + 6), load<u32, 2>(block + 2), r.q);
    return r;
  }
};

template <>
struct Decoder<WeightType::q5_1> : SmallBlockLayout {
  static constexpr bool has_minimum = true;
  static RB_INLINE u64 row_bytes(u32 columns) { return u64(columns / 32) * 24; }
  static RB_INLINE Result decode(Bytes row, u32 unit, u32) {
    const Bytes block = row + unit * 24;
    const u32 d_m = load<u32, 2>(block);
    Result r;
    r.scale[0] = half_bits_to_float(d_m);
    r.minimum[0] = half_bits_to_float(d_m >> 16);
    five_bits_to_floats(load<u32x4, 2>(block + 8), load<u32, 2>(block + 4), r.q);
    return r;
  }
};

template <>
struct Decoder<WeightType::q8_0> : SmallBlockLayout {
  static constexpr float centre = 128;  // signed bytes, made unsigned by flipping their sign bits
  static RB_INLINE u64 row_bytes(u32 columns) { return u64(columns / 32) * 34; }
  static RB_INLINE Result decode(Bytes row, u32 unit, u32) {
    const Bytes block = row + unit * 34;
    Result r;
    r.scale[0] = half_bits_to_float(load<std::uint16_t, 2>(block));
    const u32x4 a = load<u32x4, 2>(block + 2) ^ 0x80808080u;
    const u32x4 b = load<u32x4, 2>(block + 18) ^ 0x80808080u;
    RB_UNROLL for (int i = 0; i < 4; ++i) {
      bytes_to_floats(a[i], r.q + 4 * i);
      bytes_to_floats(b[i], r.q + 16 + 4 * i);
    }
    return r;
  }
};

template <>
struct Decoder<WeightType::iq4_nl> : SmallBlockLayout {
  static constexpr float centre = 128;  // the table is stored plus 128
  static RB_INLINE u64 row_bytes(u32 columns) { return u64(columns / 32) * 18; }
  static RB_INLINE Result decode(Bytes row, u32 unit, u32) {
    const Bytes block = row + unit * 18;
    Result r;
    r.scale[0] = half_bits_to_float(load<std::uint16_t, 2>(block));
    iq4_to_floats(load<u32x4, 2>(block + 2), r.q);
    return r;
  }
};

template <>
struct Decoder<WeightType::iq4_xs> : BlockLayout {
  static constexpr float centre = 128;
  using Result = Unit<1>;
  static RB_INLINE u64 row_bytes(u32 columns) { return u64(columns / 256) * 136; }
  static RB_INLINE u32 position(u32 unit, u32, u32) { return unit * 32; }
  static RB_INLINE Result decode(Bytes row, u32 unit, u32) {
    const Bytes block = row + (unit / 8) * 136;
    const u32 group = unit % 8;
    const u32x2 head = load<u32x2, 2>(block);  // d, scales_h, scales_l[4]
    const u32 low = (head[1] >> (4 * group)) & 15u;
    const u32 high = (head[0] >> (16 + 2 * group)) & 3u;
    Result r;
    r.scale[0] = half_bits_to_float(head[0]) * static_cast<float>(int(low | (high << 4)) - 32);
    iq4_to_floats(load<u32x4, 2>(block + 8 + 16 * group), r.q);
    return r;
  }
};

// 256 weights a block, 8 units.
struct SuperBlockLayout : BlockLayout {};

// Q4_K and Q5_K: unit = (chunk, half): 16 bytes hold 16 elements of group 2 chunk (low nibbles) and
// 16 of group 2 chunk + 1 (high nibbles).
struct PairedGroupsLayout : SuperBlockLayout {
  static constexpr bool has_minimum = true;
  using Result = Unit<2>;
  static RB_INLINE u32 position(u32 unit, u32 run, u32) {
    return (unit / 8) * 256 + ((unit / 2) % 4) * 64 + run * 32 + (unit % 2) * 16;
  }
  // The 6-bit scales and minima of groups 2 chunk and 2 chunk + 1. head: d, dmin, scales[12].
  static RB_INLINE void scales(u32x4 head, u32 chunk, Result& r) {
    const float d = half_bits_to_float(head[0]);
    const float dmin = -half_bits_to_float(head[0] >> 16);
    // For groups 4..7, four bits lie in the third word and the two upper ones on top of the first
    // and the second. The blend avoids a branch that lanes would take both sides of.
    const u32 upper = chunk >= 2 ? ~0u : 0u;
    const u32 low_scales = head[1] & 0x3f3f3f3fu;
    const u32 low_minima = head[2] & 0x3f3f3f3fu;
    const u32 high_scales = (head[3] & 0x0f0f0f0fu) | ((head[1] >> 2) & 0x30303030u);
    const u32 high_minima = ((head[3] >> 4) & 0x0f0f0f0fu) | ((head[2] >> 2) & 0x30303030u);
    const u32 shift = (chunk % 2) * 16;
    const u32 sc = ((high_scales & upper) | (low_scales & ~upper)) >> shift;
    const u32 m = ((high_minima & upper) | (low_minima & ~upper)) >> shift;
    r.scale[0] = d * byte_to_float<0>(sc);
    r.scale[1] = d * byte_to_float<1>(sc);
    r.minimum[0] = dmin * byte_to_float<0>(m);
    r.minimum[1] = dmin * byte_to_float<1>(m);
  }
};

template <>
struct Decoder<WeightType::q4_k> : PairedGroupsLayout {
  static RB_INLINE u64 row_bytes(u32 columns) { return u64(columns / 256) * 144; }
  static RB_INLINE Result decode(Bytes row, u32 unit, u32) {
    const Bytes block = row + (unit / 8) * 144;
    Result r;
    scales(load<u32x4, 2>(block), (unit / 2) % 4, r);
    nibbles_to_floats(load<u32x4, 2>(block + 16 + 16 * (unit % 8)), r.q);
    return r;
  }
};

template <>
struct Decoder<WeightType::q5_k> : PairedGroupsLayout {
  static RB_INLINE u64 row_bytes(u32 columns) { return u64(columns / 256) * 176; }
  static RB_INLINE Result decode(Bytes row, u32 unit, u32) {
    const Bytes block = row + (unit / 8) * 176;
    const u32 chunk = (unit / 2) % 4;
    Result r;
    scales(load<u32x4, 2>(block), chunk, r);
    const u32x4 fifth = load<u32x4, 2>(block + 16 + 16 * (unit % 2)) >> (2 * chunk);
    const u32x4 packed = load<u32x4, 2>(block + 48 + 16 * (unit % 8));
    RB_UNROLL for (int i = 0; i < 4; ++i) {
      bytes_to_floats((packed[i] & 0x0f0f0f0fu) | ((fifth[i] << 4) & 0x10101010u), r.q + 4 * i);
      bytes_to_floats(((packed[i] >> 4) & 0x0f0f0f0fu) | ((fifth[i] << 3) & 0x10101010u),
                      r.q + 16 + 4 * i);
    }
    return r;
  }
};

// Q2_K, Q3_K, Q6_K: unit = (half of 128, 8 elements l of 32); the runs are at l, l + 32, l + 64 and
// l + 96 of the half.
struct StridedRunsLayout : SuperBlockLayout {
  using Result = Unit<4>;
  static RB_INLINE u32 position(u32 unit, u32 run, u32) {
    return (unit / 8) * 256 + ((unit / 4) % 2) * 128 + run * 32 + (unit % 4) * 8;
  }
  // Index of the scale of a run: one for 16 elements.
  static RB_INLINE u32 scale_index(u32 unit, u32 run) {
    return ((unit / 4) % 2) * 8 + run * 2 + (unit % 4) / 2;
  }
};

template <>
struct Decoder<WeightType::q6_k> : StridedRunsLayout {
  static constexpr float centre = 32;
  static RB_INLINE u64 row_bytes(u32 columns) { return u64(columns / 256) * 210; }
  static RB_INLINE Result decode(Bytes row, u32 unit, u32) {
    const Bytes block = row + (unit / 8) * 210;
    const u32 half_block = (unit / 4) % 2, l = (unit % 4) * 8;
    const u32x2 low = load<u32x2, 2>(block + 64 * half_block + l);
    const u32x2 low32 = load<u32x2, 2>(block + 64 * half_block + l + 32);
    const u32x2 high = load<u32x2, 2>(block + 128 + 32 * half_block + l);
    const float d = half_bits_to_float(load<std::uint16_t, 2>(block + 208));
    Result r;
    RB_UNROLL for (u32 run = 0; run < 4; ++run) {
      const auto s = static_cast<std::int8_t>(block[192 + scale_index(unit, run)]);
      r.scale[run] = d * static_cast<float>(s);
    }
    RB_UNROLL for (int i = 0; i < 2; ++i) {
      bytes_to_floats((low[i] & 0x0f0f0f0fu) | ((high[i] << 4) & 0x30303030u), r.q + 4 * i);
      bytes_to_floats((low32[i] & 0x0f0f0f0fu) | ((high[i] << 2) & 0x30303030u), r.q + 8 + 4 * i);
      bytes_to_floats(((low[i] >> 4) & 0x0f0f0f0fu) | (high[i] & 0x30303030u), r.q + 16 + 4 * i);
      bytes_to_floats(((low32[i] >> 4) & 0x0f0f0f0fu) | ((high[i] >> 2) & 0x30303030u),
                      r.q + 24 + 4 * i);
    }
    return r;
  }
};

template <>
struct Decoder<WeightType::q2_k> : StridedRunsLayout {
  static constexpr bool has_minimum = true;
  static RB_INLINE u64 row_bytes(u32 columns) { return u64(columns / 256) * 84; }
  static RB_INLINE Result decode(Bytes row, u32 unit, u32) {
    const Bytes block = row + (unit / 8) * 84;
    const u32 half_block = (unit / 4) % 2, l = (unit % 4) * 8;
    const u32x2 packed = load<u32x2, 2>(block + 16 + 32 * half_block + l);
    const u32 d_dmin = load<u32, 2>(block + 80);
    const float d = half_bits_to_float(d_dmin), dmin = -half_bits_to_float(d_dmin >> 16);
    Result r;
    RB_UNROLL for (u32 run = 0; run < 4; ++run) {
      const u32 s = block[scale_index(unit, run)];
      r.scale[run] = d * static_cast<float>(s & 15u);
      r.minimum[run] = dmin * static_cast<float>(s >> 4);
      RB_UNROLL for (u32 i = 0; i < 2; ++i)
          bytes_to_floats((packed[i] >> (2 * run)) & 0x03030303u, r.q + 8 * run + 4 * i);
    }
    return r;
  }
};

template <>
struct Decoder<WeightType::q3_k> : StridedRunsLayout {
  static constexpr float centre =
      4;  // the high bit is stored inverted: set means "do not subtract"
  static RB_INLINE u64 row_bytes(u32 columns) { return u64(columns / 256) * 110; }
  // 6-bit scale k of 16: four bits, two to a byte, then two bits, four to a byte.
  static RB_INLINE float scale(Bytes s, u32 k) {
    const u32 low = (u32(s[k % 8]) >> (4 * (k / 8))) & 15u;
    const u32 high = (u32(s[8 + k % 4]) >> (2 * (k / 4))) & 3u;
    return static_cast<float>(int(low | (high << 4)) - 32);
  }
  static RB_INLINE Result decode(Bytes row, u32 unit, u32) {
    const Bytes block = row + (unit / 8) * 110;
    const u32 half_block = (unit / 4) % 2, l = (unit % 4) * 8;
    const u32x2 high = load<u32x2, 2>(block + l) >> (4 * half_block);
    const u32x2 packed = load<u32x2, 2>(block + 32 + 32 * half_block + l);
    const float d = half_bits_to_float(load<std::uint16_t, 2>(block + 108));
    Result r;
    RB_UNROLL for (u32 run = 0; run < 4; ++run) {
      r.scale[run] = d * scale(block + 96, scale_index(unit, run));
      RB_UNROLL for (u32 i = 0; i < 2; ++i) {
        const u32 q =
            ((packed[i] >> (2 * run)) & 0x03030303u) | (((high[i] >> run) & 0x01010101u) << 2);
        bytes_to_floats(q, r.q + 8 * run + 4 * i);
      }
    }
    return r;
  }
};

// The weight itself, rounded once: what GGML's reference decoders give, to the last bit.
template <class D>
RB_INLINE float exact_weight(const typename D::Result& unit, u32 index) {
  const u32 run = index / D::Result::run_length;
  if constexpr (!D::scaled)
    return unit.q[index];
  else if constexpr (D::has_minimum)
    return unit.scale[run] * unit.q[index] + unit.minimum[run];
  else
    return unit.scale[run] * (unit.q[index] - D::centre);
}

// Calls body with the decoder of the type that a constant of the finaliser names. The finaliser
// folds the switch before it reads the functions behind it: the other decoders are never looked at.
template <const u32& type, class Body>
RB_DEVICE void with_decoder(Body body) {
  switch (static_cast<WeightType>(type)) {
    case WeightType::f32:
      return body(Decoder<WeightType::f32>{});
    case WeightType::f16:
      return body(Decoder<WeightType::f16>{});
    case WeightType::bf16:
      return body(Decoder<WeightType::bf16>{});
    case WeightType::q4_0:
      return body(Decoder<WeightType::q4_0>{});
    case WeightType::q4_1:
      return body(Decoder<WeightType::q4_1>{});
    case WeightType::q5_0:
      return body(Decoder<WeightType::q5_0>{});
    case WeightType::q5_1:
      return body(Decoder<WeightType::q5_1>{});
    case WeightType::q8_0:
      return body(Decoder<WeightType::q8_0>{});
    case WeightType::q2_k:
      return body(Decoder<WeightType::q2_k>{});
    case WeightType::q3_k:
      return body(Decoder<WeightType::q3_k>{});
    case WeightType::q4_k:
      return body(Decoder<WeightType::q4_k>{});
    case WeightType::q5_k:
      return body(Decoder<WeightType::q5_k>{});
    case WeightType::q6_k:
      return body(Decoder<WeightType::q6_k>{});
    case WeightType::iq4_nl:
      return body(Decoder<WeightType::iq4_nl>{});
    case WeightType::iq4_xs:
      return body(Decoder<WeightType::iq4_xs>{});
  }
}

}  // namespace redbolt::kernels
