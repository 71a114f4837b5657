#include "operands.hpp"

#include <cstdlib>
#include <iostream>

namespace redbolt::pseudocode {
namespace {

using emulator::ValueType;

// Zeros, denormals, the border to normal numbers, ones, halves between integers, borders of the
// integers, the largest number, infinity, signaling and quiet NaNs with payloads. The sign is
// drawn.
constexpr u32 special_f32[] = {
    0,          1,          0x00000200, 0x007fffff, 0x00800000, 0x00800001, 0x01000000, 0x3effffff,
    0x3f000000, 0x3f000001, 0x3f7fffff, 0x3f800000, 0x3f800001, 0x3fc00000, 0x40000000, 0x40200000,
    0x40600000, 0x42fe0000, 0x43000000, 0x437f0000, 0x437f8000, 0x43800000, 0x46fffe00, 0x47000000,
    0x477fe000, 0x477fefff, 0x477ff000, 0x477fff00, 0x4b000001, 0x4effffff, 0x4f000000, 0x4f7fffff,
    0x4f800000, 0x5f000000, 0x33000000, 0x33800000, 0x38800000, 0x387fc000, 0x7f7fffff, 0x7f800000,
    0x7f800001, 0x7fa12345, 0x7fc00000, 0x7fd54321, 0x7fffffff, 0x7e800000, 0x7f000000, 0x3e22f983};
constexpr u32 special_f16[] = {0,      1,      0x0200, 0x03ff, 0x0400, 0x0401, 0x37ff, 0x3800,
                               0x3801, 0x3bff, 0x3c00, 0x3c01, 0x3e00, 0x4100, 0x4300, 0x5800,
                               0x5bf8, 0x6400, 0x6401, 0x77ff, 0x7800, 0x7bff, 0x7c00, 0x7c01,
                               0x7d55, 0x7e00, 0x7eaa, 0x7fff, 0x4248, 0x3118, 0x0800, 0x7400};
constexpr u64 special_f64[] = {0,
                               1,
                               0x000fffffffffffff,
                               0x0010000000000000,
                               0x0010000000000001,
                               0x3fdfffffffffffff,
                               0x3fe0000000000000,
                               0x3fefffffffffffff,
                               0x3ff0000000000000,
                               0x3ff0000000000001,
                               0x3ff8000000000000,
                               0x4004000000000000,
                               0x41dfffffffc00000,
                               0x41e0000000000000,
                               0x41efffffffe00000,
                               0x41f0000000000000,
                               0x4330000000000001,
                               0x380fffffe0000000,
                               0x36a0000000000000,
                               0x3690000000000001,
                               0x47efffffe0000000,
                               0x47effffff0000000,
                               0x7fefffffffffffff,
                               0x7ff0000000000000,
                               0x7ff0000000000001,
                               0x7ff4000012345678,
                               0x7ff8000000000000,
                               0x7ffc0000abcd0000};
constexpr u32 special_integers[] = {
    0,          1,          2,          31,         32,        33,         63,
    64,         0x7f,       0x80,       0xff,       0x7fff,    0x8000,     0xffff,
    0x10000,    0x7fffff,   0x800000,   0xffffff,   0x1000000, 0x7fffffff, 0x80000000,
    0x80000001, 0xfffffffe, 0xffffffff, 0xaaaaaaaa, 0x55555555};

u32 random_f32(Random& random) {
  const u32 sign = static_cast<u32>(random.bits()) & 0x80000000;
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2:
      return random.one_of(special_f32) | sign;
    case 3:
    case 4:  // of moderate size
      return sign | (120 + random.below(40)) << 23 | (static_cast<u32>(random.bits()) & 0x7fffff);
    case 5: {  // an integer or half of one
      const float value =
          static_cast<float>(static_cast<std::int32_t>(random.below(4096)) - 2048) / 2;
      return std::bit_cast<u32>(value);
    }
    default:
      return static_cast<u32>(random.bits());
  }
}

u32 random_f16(Random& random) {
  const u32 sign = static_cast<u32>(random.bits()) & 0x8000;
  if (random.below(8) < 3) return random.one_of(special_f16) | sign;
  if (random.below(2) == 0) return sign | (10 + random.below(12)) << 10 | random.below(1024);
  return static_cast<u32>(random.bits()) & 0xffff;
}

u64 random_f64(Random& random) {
  const u64 sign = random.bits() & 0x8000000000000000;
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2:
      return random.one_of(special_f64) | sign;
    case 3:
    case 4:
      return sign | u64{1000 + random.below(60)} << 52 | (random.bits() & 0xfffffffffffff);
    case 5:
      return std::bit_cast<u64>((static_cast<double>(random.below(4096)) - 2048) / 2);
    default:
      return random.bits();
  }
}

u32 random_u32(Random& random) {
  switch (random.below(5)) {
    case 0:
    case 1:
      return random.one_of(special_integers);
    case 2:
      return static_cast<u32>(random.bits()) >> random.below(32);
    default:
      return static_cast<u32>(random.bits());
  }
}
u32 random_u16(Random& random) {
  return (random.chance(3) ? random.one_of(special_integers) : static_cast<u32>(random.bits())) &
         0xffff;
}

// A suite that gates a change says the same thing twice; scripts/pseudocode looks for new cases.
constexpr u64 default_seed = 1;

}  // namespace

u64 seed_of_run() {
  static const u64 seed = [] {
    const char* given = std::getenv("REDBOLT_SEED");
    const u64 value = given != nullptr ? std::strtoull(given, nullptr, 0) : default_seed;
    std::cout << "REDBOLT_SEED=" << value << " repeats this run\n";
    return value;
  }();
  return seed;
}

unsigned rounds_of_run() {
  const char* given = std::getenv("REDBOLT_ROUNDS");
  return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 0)) : 1;
}

u64 random_operand(Random& random, ValueType type) {
  switch (type) {
    case ValueType::f32:
      return random_f32(random);
    case ValueType::f16:
      return random_f16(random) | random.bits() << 16;
    case ValueType::f64:
      return random_f64(random);
    case ValueType::pk2_f16:
      return random_f16(random) | u64{random_f16(random)} << 16;
    case ValueType::bf16:
    case ValueType::pk2_bf16:
      return random_f32(random) >> 16 | (random_f32(random) & 0xffff0000);
    case ValueType::u16:
    case ValueType::i16:
    case ValueType::b16:
    case ValueType::pk2_u16:
    case ValueType::pk2_i16:
      return random_u16(random) | u64{random_u16(random)} << 16;
    case ValueType::b64:
    case ValueType::u64:
    case ValueType::i64:
      return random_u32(random) | u64{random_u32(random)} << 32;
    default:
      return random.chance(4) ? random_f32(random) : random_u32(random);
  }
}

u64 related_value(Random& random, u64 value) {
  const u64 close[] = {value, value, value + 1, value - 1, ~value, u64{0} - value};
  return random.one_of(close);
}

u32 random_exec(Random& random) {
  switch (random.below(4)) {
    case 0:
      return ~0u;
    case 1:
      return 1u << random.below(32);
    default:
      return static_cast<u32>(random.bits());
  }
}

}  // namespace redbolt::pseudocode
