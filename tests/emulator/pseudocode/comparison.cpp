#include "comparison.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace redbolt::pseudocode {
namespace {

u64 magnitude(u64 bits, const FloatFormat& format) {
  return bits & ~(u64{1} << (format.width - 1));
}

bool nans_agree(u64 expected, u64 actual, const FloatFormat& format,
                const std::vector<Number>& operands, const Openness& open) {
  if (!open.any_nan) return expected == actual;
  const u64 quiet = u64{1} << (format.mantissa_bits - 1);
  if (open.ieee && (actual & quiet) == 0) return false;
  const u64 wanted = magnitude(actual, format) | quiet;
  if (wanted == (magnitude(expected, format) | quiet)) return true;
  return std::any_of(operands.begin(), operands.end(), [&](const Number& operand) {
    return operand.kind == Number::Kind::nan &&
           wanted ==
               (magnitude(pack(quieted(operand), format, Direction::nearest_even), format) | quiet);
  });
}

// Distance in units in the last place: floats of one sign are ordered like their bits.
u64 distance(u64 a, u64 b, const FloatFormat& format) {
  const auto ordered = [&](u64 bits) {
    const auto value = static_cast<std::int64_t>(magnitude(bits, format));
    return magnitude(bits, format) == bits ? value : -value;
  };
  return static_cast<u64>(std::llabs(ordered(a) - ordered(b)));
}

}  // namespace

bool agree(u64 expected, u64 actual, const FloatFormat& format, const std::vector<Number>& operands,
           const Openness& open) {
  if (expected == actual || std::isinf(open.absolute)) return true;
  const Number a = unpack(expected, format);
  const Number b = unpack(actual, format);
  const bool nan = a.kind == Number::Kind::nan;
  if (nan || b.kind == Number::Kind::nan) {
    return nan && b.kind == Number::Kind::nan &&
           nans_agree(expected, actual, format, operands, open);
  }
  if (a.kind == Number::Kind::zero && b.kind == Number::Kind::zero) return open.any_zero;
  if (distance(expected, actual, format) <= open.units) return true;
  return std::fabs(to_double(a) - to_double(b)) <= open.absolute;
}

std::string differences(const State& expected, const State& actual) {
  std::ostringstream text;
  text << std::hex;
  unsigned count = 0;
  const auto note = [&](const char* what, std::size_t number, u64 wanted, u64 got) {
    if (wanted == got || ++count > 6) return;
    text << "  " << what << std::dec << number << std::hex << ": expected 0x" << wanted
         << ", got 0x" << got << "\n";
  };
  for (unsigned r = 0; r < expected.vgpr.size(); ++r) {
    if (expected.vgpr[r] == actual.vgpr[r]) continue;
    if (count < 6) text << "  v" << std::dec << r << std::hex << "\n";
    for (unsigned i = 0; i < lanes; ++i) note("lane ", i, expected.vgpr[r][i], actual.vgpr[r][i]);
  }
  for (unsigned r = 0; r < expected.scalar.size(); ++r) {
    if (r != emulator::scalar_index::null) note("s", r, expected.scalar[r], actual.scalar[r]);
  }
  note("SCC ", 0, expected.scc ? 1 : 0, actual.scc ? 1 : 0);
  note("MODE ", 0, expected.mode, actual.mode);
  note("PC ", 0, expected.pc, actual.pc);
  const auto bytes = [&](const char* name, const auto& wanted, const auto& got) {
    if (wanted == got) return;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      note(name, i, wanted[i], got[i]);
    }
  };
  bytes("memory byte ", expected.memory, actual.memory);
  bytes("LDS byte ", expected.lds, actual.lds);
  return text.str();
}

FloatMode::FloatMode(u32 mode)
    : control{static_cast<Direction>(mode & 3), static_cast<Direction>(mode >> 2 & 3)},
      flush_input_f32((mode >> 4 & 1) == 0),
      flush_result_f32((mode >> 5 & 1) == 0),
      flush_input_f16((mode >> 6 & 1) == 0),
      flush_result_f16((mode >> 7 & 1) == 0),
      ieee((mode & emulator::mode::ieee) != 0),
      dx10_clamp((mode & emulator::mode::dx10_clamp) != 0) {}

u64 flushed(u64 bits, const FloatFormat& format) {
  const u64 exponent = bits >> format.mantissa_bits & static_cast<u64>(format.largest_exponent());
  return exponent == 0 ? bits & u64{1} << (format.width - 1) : bits;
}

u64 clamped(u64 bits, const FloatFormat& format, bool dx10) {
  const Number number = unpack(bits, format);
  const double value = to_double(number);
  if (number.kind == Number::Kind::nan) return dx10 ? 0 : bits;
  if (value < 0) return 0;
  const Number one = from_double(1.0);
  return value > 1 ? pack(one, format, Direction::nearest_even) : bits;
}

}  // namespace redbolt::pseudocode
