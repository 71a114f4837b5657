// How a scalar operation is written: a lambda over its sources, which may set SCC through a final
// `bool&`. scalars<> makes the handler. Parameter and result types say how operands are read: 32
// bits (float, std::uint32_t, std::int32_t), 64 bits (std::uint64_t, std::int64_t), or Half (bits
// 15:0).
#pragma once

#include <bit>
#include <optional>
#include <type_traits>
#include <utility>

#include "semantics/rows.hpp"

namespace redbolt::emulator {

inline std::uint32_t scalar_operand(const Wave& wave, const Operand& operand) {
  return operand.kind == OperandKind::sgpr ? wave.scalar[operand.value] : operand.value;
}

inline std::uint64_t scalar_operand64(const Wave& wave, const Operand& operand) {
  switch (operand.kind) {
    case OperandKind::sgpr:
      return wave.scalar64(operand.value);
    case OperandKind::constant_signed:
      return static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(operand.value)});
    case OperandKind::constant_upper:
      return std::uint64_t{operand.value} << 32;
    default:
      return operand.value;
  }
}

template <class T>
T read_scalar(const Wave& wave, const Operand& operand) {
  if constexpr (std::is_same_v<T, Half>) {
    std::uint32_t bits = scalar_operand(wave, operand) & 0xffff;
    if (f64_f16_mode(wave).flush_inputs) bits = flush_f16(bits);
    return Half{half_to_float_portable(bits)};
  } else if constexpr (std::is_same_v<T, float>) {
    std::uint32_t bits = scalar_operand(wave, operand);
    if (f32_mode(wave).flush_inputs) bits = flush_f32(bits);
    return std::bit_cast<float>(bits);
  } else if constexpr (sizeof(T) == 8) {
    return std::bit_cast<T>(scalar_operand64(wave, operand));
  } else {
    return std::bit_cast<T>(scalar_operand(wave, operand));
  }
}

inline std::uint32_t scalar_half_bits(const Wave& wave, float value) {
  const FloatMode modes = f64_f16_mode(wave);
  const std::uint32_t bits = float_to_half_portable(value, modes.rounding);
  return modes.flush_results ? flush_f16(bits) : bits;
}

template <class T>
void write_scalar(Wave& wave, const Instruction& instruction, T value) {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, HalfToOdd>) {
    wave.scalar[instruction.destination] = scalar_half_bits(wave, value.value);
  } else if constexpr (std::is_same_v<T, float>) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    wave.scalar[instruction.destination] = f32_mode(wave).flush_results ? flush_f32(bits) : bits;
  } else if constexpr (sizeof(T) == 8) {
    wave.set_scalar64(instruction.destination, std::bit_cast<std::uint64_t>(value));
  } else {
    wave.scalar[instruction.destination] = std::bit_cast<std::uint32_t>(value);
  }
}

template <class Function>
struct ScalarSignature;

template <class Closure, class R, class... A>
struct ScalarSignature<R (Closure::*)(A...) const> {
  static constexpr std::size_t count = sizeof...(A);
  static constexpr bool sets_scc = (std::is_same_v<A, bool&> || ...);

  template <auto function>
  static void run(Wave& wave, const Instruction& instruction) {
    if constexpr (sets_scc) {
      run_with<function>(wave, instruction, std::make_index_sequence<count - 1>{});
    } else {
      run_with<function>(wave, instruction, std::make_index_sequence<count>{});
    }
  }

 private:
  template <std::size_t n>
  using Argument = std::tuple_element_t<n, std::tuple<A...>>;

  template <auto function, std::size_t... n>
  static void run_with(Wave& wave, const Instruction& instruction, std::index_sequence<n...>) {
    std::optional<RoundingScope> rounding;
    if constexpr (std::is_same_v<R, float>) rounding.emplace(f32_mode(wave).rounding);
    if constexpr (std::is_same_v<R, Half>) rounding.emplace(f64_f16_mode(wave).rounding);
    bool scc = wave.scc();
    const auto call = [&] {
      if constexpr (sets_scc) {
        return function(read_scalar<Argument<n>>(wave, instruction.source[n])..., scc);
      } else {
        return function(read_scalar<Argument<n>>(wave, instruction.source[n])...);
      }
    };
    if constexpr (std::is_void_v<R>) {
      call();
    } else {
      write_scalar(wave, instruction, call());
    }
    if constexpr (sets_scc) wave.set_scc(scc);
  }
};

template <auto function>
void scalars(Wave& wave, const Instruction& instruction) {
  ScalarSignature<decltype(&decltype(function)::operator())>::template run<function>(wave,
                                                                                     instruction);
}

}  // namespace redbolt::emulator
