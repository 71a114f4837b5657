// Vector instructions, each against a definition of its own, on random and special operands, with a
// random EXEC: what is disabled must stay.
#include <bit>
#include <cmath>
#include <functional>
#include <limits>

#include "single_wave.hpp"

namespace redbolt::emulator {
namespace {

using i32 = std::int32_t;
using i64 = std::int64_t;

// Values at which something changes.
constexpr u32 special32[] = {0,          1,          2,         31,       32,         33,
                             0x7f,       0x80,       0xff,      0x7fff,   0x8000,     0xffff,
                             0x10000,    0x7fffff,   0x800000,  0xffffff, 0x7fffffff, 0x80000000,
                             0x80000001, 0xfffffffe, 0xffffffff};
constexpr u32 special_floats[] = {0,          0x80000000, 1,          0x80000001, 0x007fffff,
                                  0x00800000, 0x3f000000, 0x3f800000, 0xbf800000, 0x3fc00000,
                                  0x40200000, 0x4b000001, 0x4f000000, 0xcf000000, 0x4f800000,
                                  0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000,
                                  0x7f800001, 0xffc12345, 0x33000000, 0x477fe000, 0x47800000};

i32 s(u32 v) {
  return static_cast<i32>(v);
}
u32 u(i32 v) {
  return static_cast<u32>(v);
}
float f(u32 v) {
  return std::bit_cast<float>(v);
}
u32 b(float v) {
  return std::bit_cast<u32>(v);
}
u32 lowest_bits(u32 n) {
  return (n & 31) == 0 ? 0 : ~0u >> (32 - (n & 31));
}

class ValuTest : public SingleWave {
 protected:
  void fill(u32 row, std::span<const u32> special) {
    for (auto& value : wave->vgpr[row]) {
      value = random() % 3 == 0 ? special[random() % special.size()] : static_cast<u32>(random());
      if (random() % 4 == 0) value >>= random() % 32;
    }
  }
  // Runs name(v1, v2, v3) -> v4 many times and compares with the definition.
  template <class Definition>
  void check(const std::string& name, std::span<const u32> special, Definition definition,
             std::uint8_t flags = 0) {
    for (int round = 0; round < 40; ++round) {
      for (u32 row = 1; row <= 3; ++row) fill(row, special);
      randomise(4);
      const auto before = wave->vgpr[4];
      wave->set_exec(random_lanes());
      Instruction instruction = make(4, vgpr(1), vgpr(2), vgpr(3));
      instruction.flags = flags;
      run(name, instruction);
      for (unsigned lane = 0; lane < lane_count; ++lane) {
        const u32 expected =
            on(wave->exec(), lane) ? definition(v(1, lane), v(2, lane), v(3, lane)) : before[lane];
        const bool both_nan = special.data() == special_floats && std::isnan(f(expected)) &&
                              std::isnan(f(v(4, lane)));
        ASSERT_TRUE(v(4, lane) == expected || both_nan)
            << name << std::hex << " " << v(1, lane) << " " << v(2, lane) << " " << v(3, lane)
            << ": " << v(4, lane) << ", not " << expected;
      }
    }
  }
};

using Definition32 = u32 (*)(u32, u32, u32);
struct Integer {
  const char* name;
  Definition32 definition;
  bool clamp = false;
};

u32 median_of(std::array<i64, 3> values) {
  std::sort(values.begin(), values.end());
  return static_cast<u32>(values[1]);
}
u32 limited(i64 value, i64 low, i64 high) {
  return static_cast<u32>(std::min(std::max(value, low), high));
}
constexpr i64 i32_low = std::numeric_limits<i32>::min(), i32_high = std::numeric_limits<i32>::max();

const Integer integers[] = {
    {"V_AND_B32", [](u32 a, u32 c, u32) { return a & c; }},
    {"V_OR_B32", [](u32 a, u32 c, u32) { return a | c; }},
    {"V_XOR_B32", [](u32 a, u32 c, u32) { return a ^ c; }},
    {"V_XNOR_B32", [](u32 a, u32 c, u32) { return ~(a ^ c); }},
    {"V_NOT_B32", [](u32 a, u32, u32) { return ~a; }},
    {"V_MOV_B32", [](u32 a, u32, u32) { return a; }},
    {"V_ADD_NC_U32", [](u32 a, u32 c, u32) { return static_cast<u32>(i64{a} + c); }},
    {"V_ADD_NC_U32", [](u32 a, u32 c, u32) { return limited(i64{a} + c, 0, 0xffffffff); }, true},
    {"V_SUB_NC_U32", [](u32 a, u32 c, u32) { return static_cast<u32>(i64{a} - c); }},
    {"V_SUB_NC_U32", [](u32 a, u32 c, u32) { return limited(i64{a} - c, 0, 0xffffffff); }, true},
    {"V_SUBREV_NC_U32", [](u32 a, u32 c, u32) { return static_cast<u32>(i64{c} - a); }},
    {"V_ADD_NC_I32", [](u32 a, u32 c, u32) { return limited(i64{s(a)} + s(c), i32_low, i32_high); },
     true},
    {"V_SUB_NC_I32", [](u32 a, u32 c, u32) { return limited(i64{s(a)} - s(c), i32_low, i32_high); },
     true},
    {"V_MIN_I32", [](u32 a, u32 c, u32) { return u(std::min(s(a), s(c))); }},
    {"V_MAX_I32", [](u32 a, u32 c, u32) { return u(std::max(s(a), s(c))); }},
    {"V_MIN_U32", [](u32 a, u32 c, u32) { return std::min(a, c); }},
    {"V_MAX_U32", [](u32 a, u32 c, u32) { return std::max(a, c); }},
    {"V_MIN3_U32", [](u32 a, u32 c, u32 d) { return std::min({a, c, d}); }},
    {"V_MAX3_U32", [](u32 a, u32 c, u32 d) { return std::max({a, c, d}); }},
    {"V_MIN3_I32", [](u32 a, u32 c, u32 d) { return u(std::min({s(a), s(c), s(d)})); }},
    {"V_MAX3_I32", [](u32 a, u32 c, u32 d) { return u(std::max({s(a), s(c), s(d)})); }},
    {"V_MED3_I32", [](u32 a, u32 c, u32 d) { return median_of({s(a), s(c), s(d)}); }},
    {"V_MED3_U32", [](u32 a, u32 c, u32 d) { return median_of({a, c, d}); }},
    {"V_MAXMIN_I32", [](u32 a, u32 c, u32 d) { return u(std::min(std::max(s(a), s(c)), s(d))); }},
    {"V_MINMAX_I32", [](u32 a, u32 c, u32 d) { return u(std::max(std::min(s(a), s(c)), s(d))); }},
    {"V_MAXMIN_U32", [](u32 a, u32 c, u32 d) { return std::min(std::max(a, c), d); }},
    {"V_MINMAX_U32", [](u32 a, u32 c, u32 d) { return std::max(std::min(a, c), d); }},
    {"V_LSHLREV_B32", [](u32 a, u32 c, u32) { return static_cast<u32>(u64{c} << (a % 32)); }},
    {"V_LSHRREV_B32", [](u32 a, u32 c, u32) { return static_cast<u32>(u64{c} >> (a % 32)); }},
    {"V_ASHRREV_I32", [](u32 a, u32 c, u32) { return static_cast<u32>(i64{s(c)} >> (a % 32)); }},
    {"V_MUL_LO_U32", [](u32 a, u32 c, u32) { return static_cast<u32>(u64{a} * c); }},
    {"V_MUL_HI_U32", [](u32 a, u32 c, u32) { return static_cast<u32>(u64{a} * c / 0x100000000); }},
    {"V_MUL_HI_I32",
     [](u32 a, u32 c, u32) {
       return static_cast<u32>(static_cast<u64>(i64{s(a)} * s(c)) / 0x100000000);
     }},
    {"V_MUL_U32_U24",
     [](u32 a, u32 c, u32) { return static_cast<u32>(u64{a % 0x1000000} * (c % 0x1000000)); }},
    {"V_MUL_HI_U32_U24",
     [](u32 a, u32 c, u32) {
       return static_cast<u32>(u64{a % 0x1000000} * (c % 0x1000000) >> 32);
     }},
    {"V_MUL_I32_I24",
     [](u32 a, u32 c, u32) {
       const auto extended = [](u32 x) {
         return (x & 0x800000) != 0 ? i64{x & 0xffffff} - 0x1000000 : i64{x & 0xffffff};
       };
       return static_cast<u32>(extended(a) * extended(c));
     }},
    {"V_MAD_U32_U24",
     [](u32 a, u32 c, u32 d) {
       return static_cast<u32>(u64{a % 0x1000000} * (c % 0x1000000) + d);
     }},
    {"V_BFE_U32", [](u32 a, u32 c, u32 d) { return a >> (c % 32) & lowest_bits(d); }},
    {"V_BFE_I32",
     [](u32 a, u32 c, u32 d) {
       const u32 width = d % 32;
       const u32 field = u(s(a) >> (c % 32)) & lowest_bits(d);
       const bool negative = width != 0 && (field >> (width - 1) & 1) != 0;
       return negative ? field | ~lowest_bits(d) : field;
     }},
    {"V_BFI_B32",
     [](u32 a, u32 c, u32 d) {
       u32 r = 0;
       for (unsigned n = 0; n < 32; ++n) r |= ((a >> n & 1) != 0 ? c >> n & 1 : d >> n & 1) << n;
       return r;
     }},
    {"V_BFM_B32", [](u32 a, u32 c, u32) { return lowest_bits(a) << (c % 32); }},
    {"V_BFREV_B32",
     [](u32 a, u32, u32) {
       u32 r = 0;
       for (unsigned n = 0; n < 32; ++n) r = r * 2 + (a >> n & 1);
       return r;
     }},
    {"V_BCNT_U32_B32",
     [](u32 a, u32 c, u32) {
       for (; a != 0; a &= a - 1) ++c;
       return c;
     }},
    {"V_CLZ_I32_U32",
     [](u32 a, u32, u32) {
       for (u32 n = 0; n < 32; ++n)
         if ((a >> (31 - n) & 1) != 0) return n;
       return ~0u;
     }},
    {"V_CTZ_I32_B32",
     [](u32 a, u32, u32) {
       for (u32 n = 0; n < 32; ++n)
         if ((a >> n & 1) != 0) return n;
       return ~0u;
     }},
    {"V_CLS_I32",
     [](u32 a, u32, u32) {
       for (u32 n = 1; n < 32; ++n)
         if ((a >> (31 - n) & 1) != a >> 31) return n;
       return ~0u;
     }},
    {"V_ALIGNBIT_B32",
     [](u32 a, u32 c, u32 d) { return static_cast<u32>((u64{a} << 32 | c) >> (d % 32)); }},
    {"V_ALIGNBYTE_B32",
     [](u32 a, u32 c, u32 d) { return static_cast<u32>((u64{a} << 32 | c) >> (d % 4 * 8)); }},
    {"V_PERM_B32",
     [](u32 a, u32 c, u32 d) {
       u32 r = 0;
       for (unsigned n = 0; n < 4; ++n) {
         const u32 select = d >> (8 * n) & 0xff;
         const auto byte = [&](u32 k) {
           return k < 4 ? c >> (8 * k) & 0xff : a >> (8 * (k - 4)) & 0xff;
         };
         u32 value = 0xff;
         if (select < 8)
           value = byte(select);
         else if (select < 12)
           value = (byte(2 * (select - 8) + 1) & 0x80) != 0 ? 0xff : 0;
         else if (select == 12)
           value = 0;
         r |= value << (8 * n);
       }
       return r;
     }},
    {"V_XOR3_B32", [](u32 a, u32 c, u32 d) { return a ^ c ^ d; }},
    {"V_OR3_B32", [](u32 a, u32 c, u32 d) { return a | c | d; }},
    {"V_AND_OR_B32", [](u32 a, u32 c, u32 d) { return (a & c) | d; }},
    {"V_LSHL_OR_B32", [](u32 a, u32 c, u32 d) { return static_cast<u32>(u64{a} << (c % 32)) | d; }},
    {"V_LSHL_ADD_U32",
     [](u32 a, u32 c, u32 d) { return static_cast<u32>((u64{a} << (c % 32)) + d); }},
    {"V_ADD_LSHL_U32",
     [](u32 a, u32 c, u32 d) {
       return static_cast<u32>(u64{static_cast<u32>(u64{a} + c)} << (d % 32));
     }},
    {"V_ADD3_U32", [](u32 a, u32 c, u32 d) { return static_cast<u32>(u64{a} + c + d); }},
    {"V_XAD_U32", [](u32 a, u32 c, u32 d) { return static_cast<u32>(u64{a ^ c} + d); }},
    {"V_SAD_U8",
     [](u32 a, u32 c, u32 d) {
       for (unsigned n = 0; n < 32; n += 8) d += u(std::abs(s(a >> n & 0xff) - s(c >> n & 0xff)));
       return d;
     }},
    {"V_SAD_U16",
     [](u32 a, u32 c, u32 d) {
       for (unsigned n = 0; n < 32; n += 16)
         d += u(std::abs(s(a >> n & 0xffff) - s(c >> n & 0xffff)));
       return d;
     }},
    {"V_CVT_PK_U16_U32",
     [](u32 a, u32 c, u32) { return std::min(a, 65535u) + std::min(c, 65535u) * 65536; }},
    {"V_CVT_PK_I16_I32",
     [](u32 a, u32 c, u32) {
       return (limited(s(a), -32768, 32767) & 0xffff) + limited(s(c), -32768, 32767) * 65536;
     }},
    {"V_MAD_U32_U16",
     [](u32 a, u32 c, u32 d) { return static_cast<u32>(u64{a % 65536} * (c % 65536) + d); }},
};

TEST_F(ValuTest, Integers) {
  for (const auto& item : integers) {
    check(item.name, special32, item.definition, item.clamp ? flag::clamp : std::uint8_t{0});
    if (HasFatalFailure()) return;
  }
}

float less_of(float a, float c) {
  if (std::isnan(a) || std::isnan(c)) return std::isnan(a) ? c : a;
  if (a == 0 && c == 0) return std::signbit(a) ? a : c;
  return a < c ? a : c;
}
float more_of(float a, float c) {
  return -less_of(-a, -c);
}
// Signaling NaNs win, quiet; random NaNs are mostly quiet, so that both count as NaN here.
bool signals(u32 v) {
  return std::isnan(f(v)) && (v & 0x400000) == 0;
}
u32 two(float (*pick)(float, float), u32 a, u32 c) {
  if (signals(a) || signals(c)) return 0x7fc00000;
  return b(pick(f(a), f(c)));
}

i64 truncated(float v, i64 low, i64 high) {
  if (std::isnan(v)) return 0;
  if (static_cast<double>(v) <= static_cast<double>(low)) return low;
  if (static_cast<double>(v) >= static_cast<double>(high)) return high;
  return static_cast<i64>(v);
}

const Integer floats[] = {
    {"V_ADD_F32", [](u32 a, u32 c, u32) { return b(f(a) + f(c)); }},
    {"V_SUB_F32", [](u32 a, u32 c, u32) { return b(f(a) - f(c)); }},
    {"V_SUBREV_F32", [](u32 a, u32 c, u32) { return b(f(c) - f(a)); }},
    {"V_MUL_F32", [](u32 a, u32 c, u32) { return b(f(a) * f(c)); }},
    {"V_MUL_DX9_ZERO_F32",
     [](u32 a, u32 c, u32) { return f(a) == 0 || f(c) == 0 ? 0u : b(f(a) * f(c)); }},
    {"V_FMA_F32", [](u32 a, u32 c, u32 d) { return b(std::fma(f(a), f(c), f(d))); }},
    {"V_MIN_F32", [](u32 a, u32 c, u32) { return two(less_of, a, c); }},
    {"V_MAX_F32", [](u32 a, u32 c, u32) { return two(more_of, a, c); }},
    {"V_FLOOR_F32", [](u32 a, u32, u32) { return b(std::floor(f(a))); }},
    {"V_CEIL_F32", [](u32 a, u32, u32) { return b(std::ceil(f(a))); }},
    {"V_TRUNC_F32", [](u32 a, u32, u32) { return b(std::trunc(f(a))); }},
    {"V_RNDNE_F32", [](u32 a, u32, u32) { return b(std::nearbyint(f(a))); }},
    {"V_CVT_I32_F32",
     [](u32 a, u32, u32) { return static_cast<u32>(truncated(f(a), i32_low, i32_high)); }},
    {"V_CVT_U32_F32",
     [](u32 a, u32, u32) { return static_cast<u32>(truncated(f(a), 0, 0xffffffff)); }},
    {"V_CVT_F32_I32", [](u32 a, u32, u32) { return b(static_cast<float>(s(a))); }},
    {"V_CVT_F32_U32", [](u32 a, u32, u32) { return b(static_cast<float>(a)); }},
    {"V_CVT_F32_UBYTE2", [](u32 a, u32, u32) { return b(static_cast<float>(a >> 16 & 0xff)); }},
    {"V_LDEXP_F32", [](u32 a, u32 c, u32) { return b(std::ldexp(f(a), s(c))); }},
    {"V_FREXP_EXP_I32_F32",
     [](u32 a, u32, u32) {
       int e = 0;
       if (std::isfinite(f(a))) static_cast<void>(std::frexp(f(a), &e));
       return u(e);
     }},
    {"V_FREXP_MANT_F32",
     [](u32 a, u32, u32) {
       int e = 0;
       return std::isfinite(f(a)) ? b(std::frexp(f(a), &e)) : a;
     }},
    {"V_CVT_PK_I16_F32",
     [](u32 a, u32 c, u32) {
       return (static_cast<u32>(truncated(f(a), -32768, 32767)) & 0xffff) |
              static_cast<u32>(truncated(f(c), -32768, 32767)) << 16;
     }},
};

TEST_F(ValuTest, Floats) {
  for (const auto& item : floats) {
    check(item.name, special_floats, item.definition);
    if (HasFatalFailure()) return;
  }
}

// Comparisons write a lane mask; disabled lanes are 0 in it.
TEST_F(ValuTest, Comparisons) {
  const struct {
    const char* suffix;
    bool (*integer)(i64, i64);
    bool (*floating)(float, float);
  } kinds[] = {
      {"F", [](i64, i64) { return false; }, [](float, float) { return false; }},
      {"LT", [](i64 x, i64 y) { return x < y; }, [](float x, float y) { return x < y; }},
      {"EQ", [](i64 x, i64 y) { return x == y; }, [](float x, float y) { return x == y; }},
      {"LE", [](i64 x, i64 y) { return x <= y; }, [](float x, float y) { return x <= y; }},
      {"GT", [](i64 x, i64 y) { return x > y; }, [](float x, float y) { return x > y; }},
      {"GE", [](i64 x, i64 y) { return x >= y; }, [](float x, float y) { return x >= y; }},
      {"NE", [](i64 x, i64 y) { return x != y; }, nullptr},
      {"T", [](i64, i64) { return true; }, [](float, float) { return true; }},
      {"LG", nullptr, [](float x, float y) { return !std::isunordered(x, y) && x != y; }},
      {"O", nullptr, [](float x, float y) { return !std::isunordered(x, y); }},
      {"U", nullptr, [](float x, float y) { return std::isunordered(x, y); }},
      {"NGE", nullptr, [](float x, float y) { return std::isunordered(x, y) || x < y; }},
      {"NLG", nullptr, [](float x, float y) { return std::isunordered(x, y) || x == y; }},
      {"NGT", nullptr, [](float x, float y) { return std::isunordered(x, y) || x <= y; }},
      {"NLE", nullptr, [](float x, float y) { return std::isunordered(x, y) || x > y; }},
      {"NEQ", nullptr, [](float x, float y) { return std::isunordered(x, y) || x != y; }},
      {"NLT", nullptr, [](float x, float y) { return std::isunordered(x, y) || x >= y; }},
  };
  const auto mask_of = [&](const std::string& name, std::span<const u32> special) {
    fill(1, special);
    fill(2, special);
    for (unsigned lane = 0; lane < lane_count; lane += 5) v(2, lane) = v(1, lane);
    wave->set_exec(random_lanes());
    Instruction instruction = make(0, vgpr(1), vgpr(2));
    instruction.scalar_destination = 20;
    run(name, instruction);
    return wave->scalar[20];
  };
  for (int round = 0; round < 20; ++round) {
    for (const auto& kind : kinds) {
      for (const char* type : {"I32", "U32", "F32"}) {
        const bool floating = type[0] == 'F';
        if ((floating ? kind.floating == nullptr : kind.integer == nullptr)) continue;
        const std::string name = std::string("V_CMP_") + kind.suffix + "_" + type;
        const u32 got = mask_of(name, floating ? std::span<const u32>(special_floats) : special32);
        for (unsigned lane = 0; lane < lane_count; ++lane) {
          const u32 x = v(1, lane), y = v(2, lane);
          const bool holds = floating         ? kind.floating(f(x), f(y))
                             : type[0] == 'I' ? kind.integer(s(x), s(y))
                                              : kind.integer(x, y);
          ASSERT_EQ(on(got, lane), holds && on(wave->exec(), lane))
              << name << std::hex << " " << x << " " << y;
        }
      }
    }
  }
}

TEST_F(ValuTest, ClassesOfNumbers) {
  for (int round = 0; round < 50; ++round) {
    fill(1, special_floats);
    for (auto& mask : wave->vgpr[2]) mask = static_cast<u32>(random() % 1024);
    Instruction instruction = make(0, vgpr(1), vgpr(2));
    instruction.scalar_destination = 20;
    run("V_CMP_CLASS_F32", instruction);
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      const float x = f(v(1, lane));
      unsigned kind = signals(v(1, lane)) ? 0 : 1;
      switch (std::fpclassify(x)) {
        case FP_INFINITE:
          kind = std::signbit(x) ? 2 : 9;
          break;
        case FP_NORMAL:
          kind = std::signbit(x) ? 3 : 8;
          break;
        case FP_SUBNORMAL:
          kind = std::signbit(x) ? 4 : 7;
          break;
        case FP_ZERO:
          kind = std::signbit(x) ? 5 : 6;
          break;
        default:
          break;
      }
      ASSERT_EQ(on(wave->scalar[20], lane), (v(2, lane) >> kind & 1) != 0)
          << std::hex << v(1, lane);
    }
  }
}

TEST_F(ValuTest, CarriesThroughLaneMasks) {
  for (int round = 0; round < 50; ++round) {
    fill(1, special32);
    fill(2, special32);
    const u32 carry_in = random_lanes();
    wave->set_exec(random_lanes());
    wave->scalar[30] = carry_in;
    Instruction instruction = make(4, vgpr(1), vgpr(2), Operand{30, OperandKind::sgpr, 0, 0});
    instruction.scalar_destination = 31;
    for (const bool subtract : {false, true}) {
      run(subtract ? "V_SUB_CO_CI_U32" : "V_ADD_CO_CI_U32", instruction);
      for (unsigned lane = 0; lane < lane_count; ++lane) {
        if (!on(wave->exec(), lane)) {
          ASSERT_FALSE(on(wave->scalar[31], lane));
          continue;
        }
        const i64 carry = on(carry_in, lane) ? 1 : 0;
        const i64 exact =
            subtract ? i64{v(1, lane)} - v(2, lane) - carry : i64{v(1, lane)} + v(2, lane) + carry;
        ASSERT_EQ(v(4, lane), static_cast<u32>(exact));
        ASSERT_EQ(on(wave->scalar[31], lane), exact < 0 || exact > 0xffffffff);
      }
    }
  }
}

// NEG, ABS, OMOD, CLAMP, in modes that apply OMOD and in modes that ignore it.
TEST_F(ValuTest, FloatModifiers) {
  static constexpr float factors[] = {1, 2, 4, 0.5f};
  const auto flushed = [](float x, bool flushes) {
    return flushes && std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0f, x) : x;
  };
  for (int round = 0; round < 200; ++round) {
    fill(1, special_floats);
    fill(2, special_floats);
    const u32 denormals = static_cast<u32>(random() % 4),
              ieee = on(random_lanes(), 0) ? mode::ieee : 0;
    wave->set_mode(0xc0 | denormals << 4 | ieee | mode::dx10_clamp);
    const bool flushes_results = (denormals & 2) == 0;
    const auto modifiers1 = static_cast<std::uint8_t>(random() % 4),
               modifiers2 = static_cast<std::uint8_t>(random() % 4);
    Instruction instruction = make(4, vgpr(1, modifiers1), vgpr(2, modifiers2));
    instruction.output_modifier = static_cast<std::uint8_t>(random() % 4);
    instruction.flags = random() % 2 == 0 ? flag::clamp : 0;
    run("V_ADD_F32", instruction);
    const bool multiplies = instruction.output_modifier != 0 && flushes_results && ieee == 0;
    const auto modified = [&](float x, std::uint8_t m) {
      if ((m & modifier::absolute) != 0) x = std::fabs(x);
      return flushed((m & modifier::negate) != 0 ? -x : x, (denormals & 1) == 0);
    };
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      float expected = modified(f(v(1, lane)), modifiers1) + modified(f(v(2, lane)), modifiers2);
      expected = flushed(expected, flushes_results);
      if (multiplies) expected = flushed(expected * factors[instruction.output_modifier], true);
      if ((instruction.flags & flag::clamp) != 0) {
        expected = std::isnan(expected) ? 0.0f
                   : expected < 0       ? 0.0f
                   : expected > 1       ? 1.0f
                                        : expected;
      }
      const float got = f(v(4, lane));
      ASSERT_TRUE((std::isnan(got) && std::isnan(expected)) || got == expected)
          << got << " " << expected << " mode " << wave->mode;
      ASSERT_FALSE(multiplies && got == 0 && std::signbit(got));
    }
  }
}

// Hardware ignores OMOD in IEEE mode and where the results of the type may be denormal.
TEST_F(ValuTest, OutputModifierIsIgnoredByModes) {
  constexpr u32 f32_denormals = 0x30, f64_f16_denormals = 0xc0;
  const auto doubled = [&](const char* name, u32 mode_bits, u64 operand) {
    wave->set_mode(mode_bits);
    v(1, 0) = static_cast<u32>(operand);
    v(2, 0) = static_cast<u32>(operand >> 32);
    Instruction instruction = make(4, vgpr(1), vgpr(1));
    instruction.output_modifier = 1;
    run(name, instruction);
    return v64(4, 0);
  };
  const auto f32 = [&](u32 bits) { return static_cast<u32>(doubled("V_MAX_F32", bits, b(1.5f))); };
  const auto f16 = [&](u32 bits) { return doubled("V_MAX_F16", bits, 0x3e00) & 0xffff; };
  const auto f64 = [&](u32 bits) {
    return std::bit_cast<double>(doubled("V_MAX_F64", bits, std::bit_cast<u64>(1.5)));
  };
  EXPECT_EQ(f32(0), b(3.0f));
  EXPECT_EQ(f16(0), 0x4200u);
  EXPECT_EQ(f64(0), 3.0);
  EXPECT_EQ(f32(mode::ieee), b(1.5f));
  EXPECT_EQ(f16(mode::ieee), 0x3e00u);
  EXPECT_EQ(f64(mode::ieee), 1.5);
  EXPECT_EQ(f32(f32_denormals), b(1.5f));
  EXPECT_EQ(f16(f32_denormals), 0x4200u);
  EXPECT_EQ(f64(f32_denormals), 3.0);
  EXPECT_EQ(f32(f64_f16_denormals), b(3.0f));
  EXPECT_EQ(f16(f64_f16_denormals), 0x3e00u);
  EXPECT_EQ(f64(f64_f16_denormals), 1.5);
  // Zeros, and what is flushed, come out positive.
  EXPECT_EQ(static_cast<u32>(doubled("V_MAX_F32", 0, 0x80000000)), 0u);
  EXPECT_EQ(doubled("V_MAX_F16", 0x80, 0x8000) & 0xffff, 0x8000u);  // results may be denormal
  EXPECT_EQ(doubled("V_MAX_F16", 0x40, 0x8200) & 0xffff, 0u);       // flushed, not doubled
}

// MODE: rounding directions, checked in double, and flushed denormals.
TEST_F(ValuTest, RoundingAndDenormals) {
  for (u32 rounding = 0; rounding < 4; ++rounding) {
    for (u32 denormals = 0; denormals < 4; ++denormals) {
      wave->set_mode(rounding | denormals << 4 | 0xc0);
      fill(1, special_floats);
      fill(2, special_floats);
      run("V_MUL_F32", make(4, vgpr(1), vgpr(2)));
      for (unsigned lane = 0; lane < lane_count; ++lane) {
        const auto input = [&](u32 row) {
          const float x = f(v(row, lane));
          return std::fpclassify(x) == FP_SUBNORMAL && (denormals & 1) == 0 ? std::copysign(0.0f, x)
                                                                            : x;
        };
        const double exact = static_cast<double>(input(1)) * static_cast<double>(input(2));
        float expected = static_cast<float>(exact);
        if (std::isfinite(exact)) {
          const double rounded = static_cast<double>(expected);
          if (rounding == 1 && rounded < exact) expected = std::nextafter(expected, INFINITY);
          if (rounding == 2 && rounded > exact) expected = std::nextafter(expected, -INFINITY);
          if (rounding == 3 && std::fabs(rounded) > std::fabs(exact))
            expected = std::nextafter(expected, 0.0f);
        }
        if (std::fpclassify(expected) == FP_SUBNORMAL && (denormals & 2) == 0)
          expected = std::copysign(0.0f, expected);
        const u32 got = v(4, lane);
        ASSERT_TRUE(got == b(expected) || (std::isnan(f(got)) && std::isnan(expected)))
            << "mode " << rounding << " " << denormals << ": " << f(v(1, lane)) << " * "
            << f(v(2, lane)) << " = " << f(got) << ", not " << expected;
      }
    }
  }
}

// Reading lanes, scalar operands of each kind, halves of registers.
TEST_F(ValuTest, LanesAndHalves) {
  randomise(1);
  wave->set_exec(0x00f0f000);
  Instruction instruction = make(0, vgpr(1));
  instruction.scalar_destination = 7;
  run("V_READFIRSTLANE_B32", instruction);
  EXPECT_EQ(wave->scalar[7], v(1, 12));
  wave->set_exec(0);
  run("V_READFIRSTLANE_B32", instruction);
  EXPECT_EQ(wave->scalar[7], v(1, 0));
  wave->scalar[9] = 32 + 21;  // modulo 32
  instruction.source[1] = Operand{9, OperandKind::sgpr, 0, 0};
  run("V_READLANE_B32", instruction);
  EXPECT_EQ(wave->scalar[7], v(1, 21));
  run("V_WRITELANE_B32", make(4, constant(77), Operand{9, OperandKind::sgpr, 0, 0}));
  EXPECT_EQ(v(4, 21), 77u);
  EXPECT_EQ(v(4, 20), 0xdeadbeefu);

  wave->set_exec(all_lanes);
  randomise(1, 4);
  const auto old = wave->vgpr[4];
  Instruction add = make(4, vgpr(1, modifier::high_half), vgpr(2));
  add.flags = flag::destination_high;
  run("V_ADD_NC_U16", add);
  for (unsigned lane = 0; lane < lane_count; ++lane) {
    const u32 sum = ((v(1, lane) >> 16) + (v(2, lane) & 0xffff)) & 0xffff;
    ASSERT_EQ(v(4, lane), (old[lane] & 0xffff) | sum << 16);
  }
}

TEST_F(ValuTest, Wide) {
  for (int round = 0; round < 50; ++round) {
    for (u32 row = 1; row <= 6; ++row) fill(row, special32);
    run("V_LSHLREV_B64", make(8, vgpr(1), vgpr(3)));
    run("V_ASHRREV_I64", make(10, vgpr(1), vgpr(3)));
    Instruction mad = make(12, vgpr(1), vgpr(2), vgpr(3));
    mad.scalar_destination = 20;
    run("V_MAD_U64_U32", mad);
    const u32 carry = wave->scalar[20];
    run("V_FMA_F64", make(14, vgpr(1), vgpr(3), vgpr(5)));
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      const u64 x = v64(3, lane);
      ASSERT_EQ(v64(8, lane), x << (v(1, lane) & 63));
      ASSERT_EQ(v64(10, lane), static_cast<u64>(static_cast<i64>(x) >> (v(1, lane) & 63)));
      const unsigned __int128 sum = static_cast<unsigned __int128>(v(1, lane)) * v(2, lane) + x;
      ASSERT_EQ(v64(12, lane), static_cast<u64>(sum));
      ASSERT_EQ(on(carry, lane), (sum >> 64) != 0);
      const double d = std::fma(std::bit_cast<double>(v64(1, lane)), std::bit_cast<double>(x),
                                std::bit_cast<double>(v64(5, lane)));
      const double got = std::bit_cast<double>(v64(14, lane));
      ASSERT_TRUE(std::bit_cast<u64>(got) == std::bit_cast<u64>(d) ||
                  (std::isnan(got) && std::isnan(d)));
    }
  }
}

// All float16 numbers through the conversions, and a float16 FMA whose sum is rounded once.
TEST_F(ValuTest, Halves) {
  for (u32 first = 0; first < 0x10000; first += lane_count) {
    for (unsigned lane = 0; lane < lane_count; ++lane) v(1, lane) = first + lane;
    run("V_CVT_F32_F16", make(4, vgpr(1)));
    run("V_CVT_F16_F32", make(5, vgpr(4)));
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      const auto bits = static_cast<std::uint16_t>(first + lane);
      const float expected = static_cast<float>(std::bit_cast<_Float16>(bits));
      if (std::isnan(expected)) {
        ASSERT_TRUE(std::isnan(f(v(4, lane))));
        continue;
      }
      ASSERT_EQ(v(4, lane), b(expected)) << std::hex << bits;
      ASSERT_EQ(v(5, lane) & 0xffff, bits);
    }
  }
  for (int round = 0; round < 500; ++round) {
    randomise(1, 3);
    run("V_FMA_F16", make(4, vgpr(1), vgpr(2), vgpr(3)));
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      const auto number = [&](u32 row) {
        return static_cast<double>(
            std::bit_cast<_Float16>(static_cast<std::uint16_t>(v(row, lane))));
      };
      // 64 bits of significand hold all that decides the rounding.
      const auto exact = static_cast<long double>(number(1)) * static_cast<long double>(number(2)) +
                         static_cast<long double>(number(3));
      const auto expected = static_cast<_Float16>(exact);
      const auto got = std::bit_cast<_Float16>(static_cast<std::uint16_t>(v(4, lane)));
      ASSERT_TRUE(got == expected || (got != got && expected != expected))
          << number(1) << " * " << number(2) << " + " << number(3);
    }
  }
}

}  // namespace
}  // namespace redbolt::emulator
