// Vector instructions on integers, each against a definition of its own.
#include "valu_fixture.hpp"

namespace redbolt::emulator {
namespace {

u32 median_of(std::array<i64, 3> values) {
  std::sort(values.begin(), values.end());
  return static_cast<u32>(values[1]);
}
u32 limited(i64 value, i64 low, i64 high) {
  return static_cast<u32>(std::min(std::max(value, low), high));
}
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

}  // namespace
}  // namespace redbolt::emulator
