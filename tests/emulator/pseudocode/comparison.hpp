// When two results are the same: the same bits, except where the instruction set leaves some open.
#pragma once

#include <string>
#include <vector>

#include "definitions.hpp"
#include "machine.hpp"

namespace redbolt::pseudocode {

// What is open in a floating-point result.
struct Openness {
  // Which of several NaN operands comes out, and with which sign, is open; that it is quiet is not
  // (with MODE.IEEE), nor that a made one has no payload.
  bool any_nan = true;
  bool ieee = true;
  bool any_zero = false;  // of either sign
  unsigned units = 0;
  double absolute = 0;
};

// `operands`: whose NaNs may come out.
bool agree(u64 expected, u64 actual, const FloatFormat& format, const std::vector<Number>& operands,
           const Openness& open);

// The first differences, one a line; empty when there is none.
std::string differences(const State& expected, const State& actual);

// How instructions treat the denormals and results that MODE speaks of.
struct FloatMode {
  explicit FloatMode(u32 mode);
  FloatControl control;
  bool flush_input_f32, flush_result_f32, flush_input_f16, flush_result_f16;
  bool ieee, dx10_clamp;

  bool flushes_inputs(const FloatFormat& format) const {
    return format.width == 32 ? flush_input_f32 : flush_input_f16;
  }
  bool flushes_results(const FloatFormat& format) const {
    return format.width == 32 ? flush_result_f32 : flush_result_f16;
  }
};
u64 flushed(u64 bits, const FloatFormat& format);
// The CLAMP modifier of a floating-point result.
u64 clamped(u64 bits, const FloatFormat& format, bool dx10);

}  // namespace redbolt::pseudocode
