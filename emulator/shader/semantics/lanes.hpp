// How a vector operation is written: a lambda over the values of one lane. lanes<> makes the
// handler, which fetches the operands, runs the lambda for all lanes in a loop that the compiler
// vectorises, applies what the encoding asks for (signs, halves, denormals, rounding, OMOD, CLAMP)
// and writes the lanes that EXEC enables. The parameter types say how operands are read:
//   float, std::uint32_t, std::int32_t      one register
//   double, std::uint64_t, std::int64_t     two registers
//   std::uint16_t, std::int16_t             the half that the operand selects
//   Half                                    the same as a float16, computed in float
//   HalfBits                                the same, not computed with
// and the result type how it is written. The lambda runs for disabled lanes too: it must be defined
// for every input.
#pragma once

#include <optional>
#include <utility>

#include "semantics/rows.hpp"

namespace redbolt::emulator {

template <class Function>
struct LaneSignature;

template <class Closure, class R, class... A>
struct LaneSignature<R (Closure::*)(A...) const> {
  template <auto function>
  static void run(Wave& wave, const Instruction& instruction) {
    if constexpr (all_dwords) {
      const bool plain = (instruction.flags & flag::unmodified) != 0 && wave.exec() == all_lanes;
      if (plain && (!has_float || wave.float_is_plain)) {
        run_unmodified<function>(wave, instruction, std::index_sequence_for<A...>{});
        return;
      }
    }
    run_with<function>(wave, instruction, std::index_sequence_for<A...>{});
  }

  template <auto predicate>
  static std::uint32_t test(Wave& wave, const Instruction& instruction) {
    return test_with<predicate>(wave, instruction, std::index_sequence_for<A...>{});
  }

  // The same operation on the low and on the high halves of 32-bit operands (VOP3P).
  template <auto function>
  static void run_packed(Wave& wave, const Instruction& instruction) {
    Row low, high;
    half_with<function>(wave, instruction, low_half_of, low, std::index_sequence_for<A...>{});
    half_with<function>(wave, instruction, high_half_of, high, std::index_sequence_for<A...>{});
    for (unsigned i = 0; i < lane_count; ++i)
      low.lane[i] = (low.lane[i] & 0xffff) | high.lane[i] << 16;
    store_row(wave, instruction.destination, low.lane);
  }

 private:
  template <class T>
  static constexpr bool is_dword = sizeof(T) == 4 && !std::is_same_v<T, Half> &&
                                   !std::is_same_v<T, HalfToOdd>;
  static constexpr bool all_dwords = is_dword<R> && (is_dword<A> && ...);
  static constexpr bool has_float = std::is_same_v<R, float> || (std::is_same_v<A, float> || ...);

  // Straight from registers to registers. The destination may be a source: each lane reads before
  // it writes, which is all the compiler needs to know to use whole vectors.
  template <auto function, std::size_t... n>
  static void run_unmodified(Wave& wave, const Instruction& instruction,
                             std::index_sequence<n...>) {
    Row space[sizeof...(A)];
    const std::uint32_t* sources[] = {raw_row(wave, instruction.source[n], space[n])...};
    std::uint32_t* result = wave.vgpr[instruction.destination].data();
#if defined(__clang__)
#pragma clang loop vectorize(assume_safety)
#else
#pragma GCC ivdep
#endif
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      result[lane] = std::bit_cast<std::uint32_t>(function(std::bit_cast<A>(sources[n][lane])...));
    }
  }

  static Operand low_half_of(Operand operand) {
    operand.modifiers &= modifier::high_half | modifier::negate;
    return operand;
  }
  static Operand high_half_of(Operand operand) {
    const std::uint8_t modifiers = operand.modifiers;
    operand.modifiers = 0;
    if ((modifiers & modifier::high_from_high) != 0) operand.modifiers |= modifier::high_half;
    if ((modifiers & modifier::negate_high) != 0) operand.modifiers |= modifier::negate;
    return operand;
  }

  template <auto function, std::size_t... n>
  static void half_with(const Wave& wave, const Instruction& instruction, Operand (*half)(Operand),
                        Row& bits, std::index_sequence<n...>) {
    Result<R> result;
    loop<function>(wave, result, Source<A>(wave, half(instruction.source[n]))...);
    result.to_bits(wave, instruction, bits);
  }

  template <auto function, std::size_t... n>
  static void run_with(Wave& wave, const Instruction& instruction, std::index_sequence<n...>) {
    Result<R> result;
    loop<function>(wave, result, Source<A>(wave, instruction.source[n])...);
    result.store(wave, instruction);
  }

  template <auto function>
  static void loop(const Wave& wave, Result<R>& result, const Source<A>&... sources) {
    std::optional<RoundingScope> rounding;
    if constexpr (std::is_same_v<R, float>) {
      if (!wave.float_is_plain) rounding.emplace(f32_mode(wave).rounding);
    } else if constexpr (std::is_same_v<R, double> || std::is_same_v<R, Half> ||
                         std::is_same_v<R, HalfToOdd>) {
      // Of the sums that are rounded to odd this decides the sign of an exact zero.
      if (!wave.double_is_plain) rounding.emplace(f64_f16_mode(wave).rounding);
    }
    for (unsigned lane = 0; lane < lane_count; ++lane) result.set(lane, function(sources[lane]...));
  }

  template <auto predicate, std::size_t... n>
  static std::uint32_t test_with(Wave& wave, const Instruction& instruction,
                                 std::index_sequence<n...>) {
    return test_lanes<predicate>(Source<A>(wave, instruction.source[n])...);
  }

  template <auto predicate>
  static std::uint32_t test_lanes(const Source<A>&... sources) {
    Row flags;
    for (unsigned lane = 0; lane < lane_count; ++lane) {
      flags.lane[lane] = predicate(sources[lane]...) ? 1u : 0u;
    }
    return lane_mask(flags.lane);
  }
};

// The handler of a vector operation.
template <auto function>
void lanes(Wave& wave, const Instruction& instruction) {
  LaneSignature<decltype(&decltype(function)::operator())>::template run<function>(wave,
                                                                                   instruction);
}

// The handler of a packed operation, given as the operation on 16 bits.
template <auto function>
void packed_lanes(Wave& wave, const Instruction& instruction) {
  LaneSignature<decltype(&decltype(function)::operator())>::template run_packed<function>(
      wave, instruction);
}

// The handler of a comparison: the mask of lanes for which the predicate holds, 0 where EXEC is 0.
template <auto predicate>
void compare_lanes(Wave& wave, const Instruction& instruction) {
  const std::uint32_t mask =
      LaneSignature<decltype(&decltype(predicate)::operator())>::template test<predicate>(
          wave, instruction);
  wave.scalar[instruction.scalar_destination] = mask & wave.exec();
}

}  // namespace redbolt::emulator
