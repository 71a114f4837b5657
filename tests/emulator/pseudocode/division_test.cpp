// The division helpers together, in the order in which LLVM expands a division: the quotient has to
// be the correctly rounded one, whatever the operands.
#include <gtest/gtest.h>

#include "encoder.hpp"
#include "operands.hpp"
#include "vector_case.hpp"

namespace redbolt::pseudocode {
namespace {

using emulator::Encoding;
using emulator::OpcodeInfo;
namespace fields = emulator::fields;

class Division : public testing::Test {
 protected:
  // Registers, two for each value.
  enum Row : u32 {
    n = 2,
    d = 4,
    ns = 6,
    ds = 8,
    r = 10,
    e = 12,
    q = 14,
    one = 16,
    result = 18,
    t = 20
  };
  struct Operand {
    u32 row;
    bool negated = false;
  };

  void run(const std::string& semantics, u32 to, Operand a, Operand b, Operand c) {
    const OpcodeInfo* found = nullptr;
    for (const OpcodeInfo& info : emulator::opcode_table()) {
      const bool is_long = info.encoding == Encoding::vop3 || info.encoding == Encoding::vop3sd;
      if (is_long && semantics == info.semantics) found = &info;
    }
    ASSERT_NE(found, nullptr) << semantics;
    Encoder encoder(*found);
    encoder.put(fields::vop3::vdst, to).put(fields::vop3::src0, 256 + a.row);
    encoder.put(fields::vop3::src1, 256 + b.row).put(fields::vop3::src2, 256 + c.row);
    encoder.put(fields::vop3::neg, (a.negated ? 1 : 0) | (b.negated ? 2 : 0) | (c.negated ? 4 : 0));
    if (found->encoding == Encoding::vop3sd)
      encoder.put(fields::vop3sd::sdst, to == ns ? emulator::scalar_index::vcc : 10);
    state.pc = State::code_base;
    ASSERT_TRUE(machine.run(state, encoder.words())) << machine.failure();
  }

  void divide_f32() {
    run("V_DIV_SCALE_F32", ds, {d}, {d}, {n});
    run("V_DIV_SCALE_F32", ns, {n}, {d}, {n});
    run("V_RCP_F32", r, {ds}, {0}, {0});
    run("V_FMA_F32", e, {ds, true}, {r}, {one});
    run("V_FMA_F32", r, {e}, {r}, {r});
    run("V_MUL_F32", q, {ns}, {r}, {0});
    run("V_FMA_F32", e, {ds, true}, {q}, {ns});
    run("V_FMA_F32", q, {e}, {r}, {q});
    run("V_FMA_F32", e, {ds, true}, {q}, {ns});
    run("V_DIV_FMAS_F32", t, {e}, {r}, {q});
    run("V_DIV_FIXUP_F32", result, {t}, {d}, {n});
  }
  void divide_f64() {
    run("V_DIV_SCALE_F64", ds, {d}, {d}, {n});
    run("V_RCP_F64", r, {ds}, {0}, {0});
    run("V_FMA_F64", e, {ds, true}, {r}, {one});
    run("V_FMA_F64", r, {r}, {e}, {r});
    run("V_FMA_F64", e, {ds, true}, {r}, {one});
    run("V_DIV_SCALE_F64", ns, {n}, {d}, {n});
    run("V_FMA_F64", r, {r}, {e}, {r});
    run("V_MUL_F64", q, {ns}, {r}, {0});
    run("V_FMA_F64", e, {ds, true}, {q}, {ns});
    run("V_DIV_FMAS_F64", t, {e}, {r}, {q});
    run("V_DIV_FIXUP_F64", result, {t}, {d}, {n});
  }

  // Any two numbers; or two whose quotient is near the border to denormals.
  void draw(emulator::ValueType type, unsigned width) {
    for (unsigned lane = 0; lane < lanes; ++lane) {
      u64 numerator = random_operand(random, type);
      u64 denominator = random_operand(random, type);
      if (random.chance(2)) {
        const unsigned mantissa = width == 32 ? 23 : 52;
        const u64 top = width == 32 ? 200 : 1800;
        const u64 down = (width == 32 ? 126 : 1022) + random.below(26);
        numerator = random.bits() & ((u64{1} << mantissa) - 1);
        denominator = (random.bits() & ((u64{1} << mantissa) - 1)) | top << mantissa;
        numerator |= (top > down ? top - down : 1) << mantissa;
      }
      put(n, lane, numerator, width);
      put(d, lane, denominator, width);
      put(one, lane, width == 32 ? 0x3f800000 : 0x3ff0000000000000, width);
    }
  }
  void put(u32 row, unsigned lane, u64 value, unsigned width) {
    state.vgpr[row][lane] = static_cast<u32>(value);
    if (width == 64) state.vgpr[row + 1][lane] = static_cast<u32>(value >> 32);
  }
  u64 get(u32 row, unsigned lane, unsigned width) const {
    const u64 high = width == 64 ? state.vgpr[row + 1][lane] : 0;
    return state.vgpr[row][lane] | high << 32;
  }

  template <class T>
  void check(unsigned lane, unsigned width) {
    using Bits = std::conditional_t<sizeof(T) == 4, u32, u64>;
    const T numerator = std::bit_cast<T>(static_cast<Bits>(get(n, lane, width)));
    const T denominator = std::bit_cast<T>(static_cast<Bits>(get(d, lane, width)));
    const T expected = numerator / denominator;  // correctly rounded by any host
    const T got = std::bit_cast<T>(static_cast<Bits>(get(result, lane, width)));
    if (expected != expected) {
      EXPECT_NE(got, got);
    } else {
      EXPECT_EQ(std::bit_cast<Bits>(got), std::bit_cast<Bits>(expected))
          << std::hexfloat << numerator << " / " << denominator << " gave " << got;
    }
  }

  Division() {
    state.mode = 0xf0 | emulator::mode::ieee | emulator::mode::dx10_clamp;
    state.scalar[emulator::scalar_index::exec] = ~0u;
  }
  Random random{seed_of_run() + 2};
  Machine machine;
  State state;
};

TEST_F(Division, OfFloat32IsCorrectlyRounded) {
  for (unsigned i = 0; i < 300 * rounds_of_run() && !HasFailure(); ++i) {
    draw(emulator::ValueType::f32, 32);
    divide_f32();
    for (unsigned lane = 0; lane < lanes; ++lane) check<float>(lane, 32);
  }
}

TEST_F(Division, OfFloat64IsCorrectlyRounded) {
  for (unsigned i = 0; i < 300 * rounds_of_run() && !HasFailure(); ++i) {
    draw(emulator::ValueType::f64, 64);
    divide_f64();
    for (unsigned lane = 0; lane < lanes; ++lane) check<double>(lane, 64);
  }
}

}  // namespace
}  // namespace redbolt::pseudocode
