// The steps of a division, for which AMD's text is not usable: see own_definitions.cpp.
#pragma once

#include "soft_float.hpp"

namespace redbolt::pseudocode {

// V_DIV_SCALE: the numerator or the denominator, scaled so that no step of the division overflows
// or loses bits; and whether the quotient has to be scaled back.
struct ScaledOperand {
  Number number;
  bool quotient_is_scaled = false;
};
ScaledOperand scaled_for_division(std::uint64_t value, std::uint64_t denominator,
                                  std::uint64_t numerator, const FloatFormat& format);

// V_DIV_FMAS for a quotient that was scaled: a*b + c, scaled back, to be rounded once.
Number refined_quotient(const Number& a, const Number& b, std::uint64_t c,
                        const FloatFormat& format, Direction direction);

// V_DIV_FIXUP.
Number finished_quotient(const Number& quotient, std::uint64_t denominator, std::uint64_t numerator,
                         const FloatFormat& format);

}  // namespace redbolt::pseudocode
