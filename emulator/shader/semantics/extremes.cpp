// Minimum, maximum and median of floating-point values. A NaN loses against a number. With
// MODE.IEEE a signaling NaN wins, quieted; without, NaNs are all alike and come out as they are.
// -0 is smaller than +0.
#include "semantics/arithmetic.hpp"
#include "semantics/lanes.hpp"
#include "semantics/registry.hpp"

namespace redbolt::emulator {
namespace {

using emulator::is_signaling;
using emulator::less;
using emulator::quieted;

template <class T>
bool is_nan(T value) {
  return value != value;
}
bool is_nan(HalfBits value) {
  return (value.bits & 0x7fff) > 0x7c00;
}
bool is_signaling(HalfBits value) {
  return is_nan(value) && (value.bits & 0x0200) == 0;
}
HalfBits quieted(HalfBits value) {
  return {static_cast<std::uint16_t>(value.bits | (is_nan(value) ? 0x0200 : 0))};
}
// Sign and magnitude as an integer: ordered like the numbers.
int ordered(HalfBits value) {
  const int magnitude = value.bits & 0x7fff;
  return (value.bits & 0x8000) != 0 ? -1 - magnitude : magnitude;
}
bool less(HalfBits a, HalfBits b) {
  return ordered(a) < ordered(b);
}
bool equal(HalfBits a, HalfBits b) {
  return !is_nan(a) && !is_nan(b) && (a.bits == b.bits || ((a.bits | b.bits) & 0x7fff) == 0);
}
template <class T>
bool equal(T a, T b) {
  return a == b;
}

template <bool ieee, class T>
T unless_signaling(T a, T b, T number) {
  if constexpr (!ieee) return number;
  return is_signaling(a) ? quieted(a) : is_signaling(b) ? quieted(b) : number;
}

struct Minimum {
  template <bool ieee, class T>
  static T of(T a, T b) {
    return unless_signaling<ieee>(a, b, is_nan(b) ? a : is_nan(a) ? b : less(a, b) ? a : b);
  }
};
struct Maximum {
  template <bool ieee, class T>
  static T of(T a, T b) {
    return unless_signaling<ieee>(a, b, is_nan(b) ? a : is_nan(a) ? b : less(b, a) ? a : b);
  }
};

// The second operation on the result of the first and the third operand.
template <class First, class Second>
struct Chain {
  template <bool ieee, class T>
  static T of(T a, T b, T c) {
    return Second::template of<ieee>(First::template of<ieee>(a, b), c);
  }
};
using Minimum3 = Chain<Minimum, Minimum>;
using Maximum3 = Chain<Maximum, Maximum>;

// With a NaN among the operands the least of them.
struct Median {
  template <bool ieee, class T>
  static T of(T a, T b, T c) {
    const T largest = Maximum3::of<ieee>(a, b, c);
    const T ordered = equal(largest, a)   ? Maximum::of<ieee>(b, c)
                      : equal(largest, b) ? Maximum::of<ieee>(a, c)
                                          : Maximum::of<ieee>(a, b);
    return is_nan(a) || is_nan(b) || is_nan(c) ? Minimum3::of<ieee>(a, b, c) : ordered;
  }
};

template <class Operation, class T, bool ieee>
constexpr auto two = [](T a, T b) { return Operation::template of<ieee>(a, b); };
template <class Operation, class T, bool ieee>
constexpr auto three = [](T a, T b, T c) { return Operation::template of<ieee>(a, b, c); };

bool is_ieee(const Wave& wave) {
  return (wave.mode & mode::ieee) != 0;
}

template <class Operation, class T>
void of_two(Wave& wave, const Instruction& instruction) {
  if (is_ieee(wave)) {
    lanes<two<Operation, T, true>>(wave, instruction);
  } else {
    lanes<two<Operation, T, false>>(wave, instruction);
  }
}
template <class Operation, class T>
void of_three(Wave& wave, const Instruction& instruction) {
  if (is_ieee(wave)) {
    lanes<three<Operation, T, true>>(wave, instruction);
  } else {
    lanes<three<Operation, T, false>>(wave, instruction);
  }
}
template <class Operation>
void of_packed(Wave& wave, const Instruction& instruction) {
  if (is_ieee(wave)) {
    packed_lanes<two<Operation, HalfBits, true>>(wave, instruction);
  } else {
    packed_lanes<two<Operation, HalfBits, false>>(wave, instruction);
  }
}

constexpr Binding bindings[] = {
    {"V_MIN_F32", of_two<Minimum, float>},
    {"V_MAX_F32", of_two<Maximum, float>},
    {"V_MIN_F64", of_two<Minimum, double>},
    {"V_MAX_F64", of_two<Maximum, double>},
    {"V_MIN_F16", of_two<Minimum, HalfBits>},
    {"V_MAX_F16", of_two<Maximum, HalfBits>},
    {"V_MIN3_F32", of_three<Minimum3, float>},
    {"V_MAX3_F32", of_three<Maximum3, float>},
    {"V_MED3_F32", of_three<Median, float>},
    {"V_MAXMIN_F32", of_three<Chain<Maximum, Minimum>, float>},
    {"V_MINMAX_F32", of_three<Chain<Minimum, Maximum>, float>},
    {"V_MIN3_F16", of_three<Minimum3, HalfBits>},
    {"V_MAX3_F16", of_three<Maximum3, HalfBits>},
    {"V_MED3_F16", of_three<Median, HalfBits>},
    {"V_MAXMIN_F16", of_three<Chain<Maximum, Minimum>, HalfBits>},
    {"V_MINMAX_F16", of_three<Chain<Minimum, Maximum>, HalfBits>},
    {"V_PK_MIN_F16", of_packed<Minimum>},
    {"V_PK_MAX_F16", of_packed<Maximum>},
};

}  // namespace

std::span<const Binding> extreme_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
