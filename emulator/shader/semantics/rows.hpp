// Operands and results of vector operations as rows of 32 lanes.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include "semantics/float16.hpp"
#include "semantics/float_mode.hpp"
#include "wave.hpp"

namespace redbolt::emulator {

struct alignas(64) Row {
  std::uint32_t lane[lane_count];
};
struct alignas(64) FloatRow {
  float lane[lane_count];
};

// A float16 on its way through an operation: read exactly, rounded once when written.
struct Half {
  float value;
};
// The same, already rounded to odd in float (so that rounding again is harmless in any direction).
struct HalfToOdd {
  float value;
};

// A float16 as its bits, for operations that choose among their operands: NaNs stay what they are.
struct HalfBits {
  std::uint16_t bits;
};

inline void splat(Row& row, std::uint32_t value) {
  for (unsigned i = 0; i < lane_count; ++i) row.lane[i] = value;
}

// 32 bits of each lane: the register itself, or `space` filled with the scalar.
inline const std::uint32_t* raw_row(const Wave& wave, const Operand& operand, Row& space) {
  if (operand.kind == OperandKind::vgpr) return wave.vgpr[operand.value].data();
  splat(space, operand.kind == OperandKind::sgpr ? wave.scalar[operand.value] : operand.value);
  return space.lane;
}

// The upper 32 bits of a 64-bit operand.
inline const std::uint32_t* raw_upper_row(const Wave& wave, const Operand& operand, Row& space) {
  switch (operand.kind) {
    case OperandKind::vgpr:
      return wave.vgpr[operand.value + 1].data();
    case OperandKind::sgpr:
      splat(space, wave.scalar[operand.value + 1]);
      break;
    case OperandKind::constant_signed:
      splat(space, 0u - (operand.value >> 31));
      break;
    case OperandKind::constant_upper:
      splat(space, operand.value);
      break;
    default:
      splat(space, 0);
  }
  return space.lane;
}

// `bits` with the sign modifiers of the operand, of which `sign` is the sign bit.
inline const std::uint32_t* sign_modified(const std::uint32_t* bits, const Operand& operand,
                                          std::uint32_t sign, Row& space) {
  const std::uint32_t keep = (operand.modifiers & modifier::absolute) != 0 ? ~sign : ~0u;
  const std::uint32_t flip = (operand.modifiers & modifier::negate) != 0 ? sign : 0;
  for (unsigned i = 0; i < lane_count; ++i) space.lane[i] = (bits[i] & keep) ^ flip;
  return space.lane;
}

// One operand of all lanes as values of T.
template <class T>
class Source {
  static_assert(sizeof(T) == 4);

 public:
  Source(const Wave& wave, const Operand& operand) : bits_(raw_row(wave, operand, space_)) {
    if (operand.has_sign_modifiers()) bits_ = sign_modified(bits_, operand, 0x80000000, space_);
    if constexpr (std::is_same_v<T, float>) {
      if (!wave.float_is_plain && f32_mode(wave).flush_inputs) {
        for (unsigned i = 0; i < lane_count; ++i) space_.lane[i] = flush_f32(bits_[i]);
        bits_ = space_.lane;
      }
    }
  }
  Source(const Source&) = delete;
  T operator[](unsigned lane) const { return std::bit_cast<T>(bits_[lane]); }

 private:
  Row space_;
  const std::uint32_t* bits_;
};

template <class T>
requires(sizeof(T) == 8) class Source<T> {
 public:
  Source(const Wave& wave, const Operand& operand)
      : lower_(raw_lower(wave, operand)), upper_(raw_upper_row(wave, operand, upper_space_)) {
    if (operand.has_sign_modifiers())
      upper_ = sign_modified(upper_, operand, 0x80000000, upper_space_);
    if constexpr (std::is_same_v<T, double>) {
      if (!wave.double_is_plain && f64_f16_mode(wave).flush_inputs) flush();
    }
  }
  Source(const Source&) = delete;
  T operator[](unsigned lane) const {
    return std::bit_cast<T>(lower_[lane] | static_cast<std::uint64_t>(upper_[lane]) << 32);
  }

 private:
  const std::uint32_t* raw_lower(const Wave& wave, const Operand& operand) {
    if (operand.kind != OperandKind::constant_upper) return raw_row(wave, operand, lower_space_);
    splat(lower_space_, 0);
    return lower_space_.lane;
  }
  void flush() {
    for (unsigned i = 0; i < lane_count; ++i) {
      const bool denormal = (upper_[i] & 0x7ff00000) == 0;
      lower_space_.lane[i] = denormal ? 0 : lower_[i];
      upper_space_.lane[i] = flush_f64_upper(upper_[i]);
    }
    lower_ = lower_space_.lane;
    upper_ = upper_space_.lane;
  }
  Row lower_space_;
  Row upper_space_;
  const std::uint32_t* lower_;
  const std::uint32_t* upper_;
};

template <class T>
requires(sizeof(T) == 2) class Source<T> {
 public:
  Source(const Wave& wave, const Operand& operand) : bits_(raw_row(wave, operand, space_)) {
    if ((operand.modifiers & modifier::high_half) != 0) {
      for (unsigned i = 0; i < lane_count; ++i) space_.lane[i] = bits_[i] >> 16;
      bits_ = space_.lane;
    }
    if (operand.has_sign_modifiers()) bits_ = sign_modified(bits_, operand, 0x8000, space_);
  }
  Source(const Source&) = delete;
  T operator[](unsigned lane) const { return static_cast<T>(bits_[lane]); }
  const std::uint32_t* bits() const { return bits_; }

 private:
  Row space_;
  const std::uint32_t* bits_;
};

template <>
class Source<HalfBits> {
 public:
  Source(const Wave& wave, const Operand& operand) : halves_(wave, operand) {
    if (wave.double_is_plain || !f64_f16_mode(wave).flush_inputs) {
      for (unsigned i = 0; i < lane_count; ++i) row_.lane[i] = halves_[i];
    } else {
      for (unsigned i = 0; i < lane_count; ++i) row_.lane[i] = flush_f16(halves_[i]);
    }
  }
  Source(const Source&) = delete;
  HalfBits operator[](unsigned lane) const { return {static_cast<std::uint16_t>(row_.lane[lane])}; }

 private:
  Source<std::uint16_t> halves_;
  Row row_;
};

template <>
class Source<Half> {
 public:
  Source(const Wave& wave, const Operand& operand) {
    const Source<std::uint16_t> half(wave, operand);
    halves_to_floats(half.bits(), value_.lane);
    if (!wave.double_is_plain && f64_f16_mode(wave).flush_inputs) {
      constexpr float smallest_normal = 0x1p-14f;
      for (float& v : value_.lane) v = std::fabs(v) < smallest_normal ? std::copysign(0.0f, v) : v;
    }
  }
  Source(const Source&) = delete;
  Half operator[](unsigned lane) const { return {value_.lane[lane]}; }

 private:
  FloatRow value_;
};

// Writes the lanes that EXEC enables.
inline void store_row(Wave& wave, std::uint32_t row, const std::uint32_t* values) {
  std::uint32_t* target = wave.vgpr[row].data();
  const std::uint32_t exec = wave.exec();
  if (exec == all_lanes) {
    for (unsigned i = 0; i < lane_count; ++i) target[i] = values[i];
    return;
  }
#if defined(__AVX512F__)
  for (unsigned i = 0; i < lane_count; i += 16) {
    _mm512_mask_storeu_epi32(target + i, static_cast<__mmask16>(exec >> i),
                             _mm512_loadu_si512(values + i));
  }
#else
  for (unsigned i = 0; i < lane_count; ++i)
    target[i] = (exec >> i & 1) != 0 ? values[i] : target[i];
#endif
}

// Writes 16 bits of each enabled lane and keeps the other half of the register.
inline void store_half_row(Wave& wave, const Instruction& instruction,
                           const std::uint32_t* values) {
  const std::uint32_t* old = wave.vgpr[instruction.destination].data();
  Row merged;
  if ((instruction.flags & flag::destination_high) != 0) {
    for (unsigned i = 0; i < lane_count; ++i) merged.lane[i] = (old[i] & 0xffff) | values[i] << 16;
  } else {
    for (unsigned i = 0; i < lane_count; ++i) {
      merged.lane[i] = (old[i] & 0xffff0000) | (values[i] & 0xffff);
    }
  }
  store_row(wave, instruction.destination, merged.lane);
}

// Bit i set where values[i] is not 0.
inline std::uint32_t lane_mask(const std::uint32_t* values) {
#if defined(__AVX512F__)
  const auto test = [&](unsigned i) {
    const __m512i v = _mm512_loadu_si512(values + i);
    return static_cast<std::uint32_t>(_mm512_test_epi32_mask(v, v));
  };
  return test(0) | test(16) << 16;
#else
  std::uint32_t mask = 0;
  for (unsigned i = 0; i < lane_count; ++i) mask |= (values[i] != 0 ? 1u : 0u) << i;
  return mask;
#endif
}

inline bool has_output_changes(const Instruction& instruction) {
  return instruction.output_modifier != 0 || (instruction.flags & flag::clamp) != 0;
}

// OMOD and CLAMP of floating-point results of a type whose denormals and rounding `modes` rules.
// Hardware ignores OMOD where MODE asks for IEEE behaviour or keeps the denormals of the results;
// where it applies, denormals are flushed before and after, and zero has no sign.
class OutputChange {
 public:
  OutputChange(const Wave& wave, const Instruction& instruction, const FloatMode& modes)
      : clamps_((instruction.flags & flag::clamp) != 0),
        nan_is_zero_((wave.mode & mode::dx10_clamp) != 0),
        rounding_(modes.rounding) {
    static constexpr float factors[] = {1, 2, 4, 0.5f};
    if (modes.flush_results && (wave.mode & mode::ieee) == 0)
      factor_ = factors[instruction.output_modifier];
  }
  bool multiplies() const { return factor_ != 1; }

  template <class T>
  T operator()(T value) const {
    return clamped(multiplies() ? multiplied(value) : value);
  }

 private:
  template <class T>
  T multiplied(T value) const {
    const auto flushed = [](T x) {
      return std::fabs(x) < std::numeric_limits<T>::min() ? T{0} : x;
    };
    volatile T input = flushed(value);
    const RoundingScope scope(rounding_);
    volatile T product = input * static_cast<T>(factor_);
    return flushed(product);
  }
  template <class T>
  T clamped(T value) const {
    if (!clamps_) return value;
    if (std::isnan(value)) return nan_is_zero_ ? T{0} : value;
    // Of -0 no sign is left, as has been seen on hardware (AMD's text does not say).
    return !(value > T{0}) ? T{0} : value > T{1} ? T{1} : value;
  }

  float factor_ = 1;
  bool clamps_;
  bool nan_is_zero_;
  Rounding rounding_;
};

// Results of all lanes, on their way into the destination.
template <class T>
class Result {
  static_assert(sizeof(T) == 4);

 public:
  void set(unsigned lane, T value) { row_.lane[lane] = std::bit_cast<std::uint32_t>(value); }
  void store(Wave& wave, const Instruction& instruction) {
    if constexpr (std::is_same_v<T, float>) {
      if (has_output_changes(instruction)) {
        const OutputChange changed(wave, instruction, f32_mode(wave));
        for (auto& bits : row_.lane)
          bits = std::bit_cast<std::uint32_t>(changed(std::bit_cast<float>(bits)));
      }
      if (!wave.float_is_plain && f32_mode(wave).flush_results) {
        for (auto& bits : row_.lane) bits = flush_f32(bits);
      }
    }
    store_row(wave, instruction.destination, row_.lane);
  }

 private:
  Row row_;
};

template <class T>
requires(sizeof(T) == 8) class Result<T> {
 public:
  void set(unsigned lane, T value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    lower_.lane[lane] = static_cast<std::uint32_t>(bits);
    upper_.lane[lane] = static_cast<std::uint32_t>(bits >> 32);
  }
  void store(Wave& wave, const Instruction& instruction) {
    if constexpr (std::is_same_v<T, double>) {
      if (has_output_changes(instruction)) {
        const OutputChange changed(wave, instruction, f64_f16_mode(wave));
        for (unsigned i = 0; i < lane_count; ++i) set(i, changed(get(i)));
      }
      if (!wave.double_is_plain && f64_f16_mode(wave).flush_results) {
        for (unsigned i = 0; i < lane_count; ++i) {
          if ((upper_.lane[i] & 0x7ff00000) == 0) lower_.lane[i] = 0;
          upper_.lane[i] = flush_f64_upper(upper_.lane[i]);
        }
      }
    }
    store_row(wave, instruction.destination, lower_.lane);
    store_row(wave, instruction.destination + 1u, upper_.lane);
  }

 private:
  T get(unsigned lane) const {
    return std::bit_cast<T>(lower_.lane[lane] | static_cast<std::uint64_t>(upper_.lane[lane])
                                                    << 32);
  }
  Row lower_;
  Row upper_;
};

template <class T>
requires(sizeof(T) == 2) class Result<T> {
 public:
  void set(unsigned lane, T value) { row_.lane[lane] = static_cast<std::uint16_t>(value); }
  void to_bits(const Wave&, const Instruction&, Row& bits) const { bits = row_; }
  void store(Wave& wave, const Instruction& instruction) {
    store_half_row(wave, instruction, row_.lane);
  }

 private:
  Row row_;
};

// Floats to float16 bits as MODE asks: rounding, denormals, overflow.
inline void round_to_halves(const Wave& wave, const float* values, std::uint32_t* bits) {
  if (wave.double_is_plain) {
    floats_to_halves(values, bits);
    return;
  }
  const FloatMode modes = f64_f16_mode(wave);
  for (unsigned i = 0; i < lane_count; ++i) {
    bits[i] = float_to_half_portable(values[i], modes.rounding);
    const bool overflown = (bits[i] & 0x7fff) == 0x7c00 && !std::isinf(values[i]);
    if (overflown && (wave.mode & mode::fp16_overflow) != 0) bits[i] -= 1;
    if (modes.flush_results) bits[i] = flush_f16(bits[i]);
  }
}

// OMOD and CLAMP of float16 results. OMOD multiplies what has been rounded.
inline void change_halves(const Wave& wave, const Instruction& instruction, std::uint32_t* bits) {
  const OutputChange changed(wave, instruction, f64_f16_mode(wave));
  FloatRow values;
  if (changed.multiplies()) {
    for (unsigned i = 0; i < lane_count; ++i) bits[i] = flush_f16(bits[i]);
  }
  halves_to_floats(bits, values.lane);
  for (float& value : values.lane) value = changed(value);
  round_to_halves(wave, values.lane, bits);
  if (!changed.multiplies()) return;
  for (unsigned i = 0; i < lane_count; ++i) {
    if ((bits[i] & 0x7fff) == 0) bits[i] = 0;
  }
}

template <>
class Result<HalfBits> {
 public:
  void set(unsigned lane, HalfBits half) { row_.lane[lane] = half.bits; }
  void to_bits(const Wave& wave, const Instruction& instruction, Row& bits) const {
    bits = row_;
    if (has_output_changes(instruction)) {
      change_halves(wave, instruction, bits.lane);
    } else if (!wave.double_is_plain && f64_f16_mode(wave).flush_results) {
      for (auto& half : bits.lane) half = flush_f16(half);
    }
  }
  void store(Wave& wave, const Instruction& instruction) {
    Row bits;
    to_bits(wave, instruction, bits);
    store_half_row(wave, instruction, bits.lane);
  }

 private:
  Row row_;
};

class HalfResult {
 public:
  // The 16 bits of each lane, after all that the encoding and MODE ask for.
  void to_bits(const Wave& wave, const Instruction& instruction, Row& bits) {
    round_to_halves(wave, values_.lane, bits.lane);
    if (has_output_changes(instruction)) change_halves(wave, instruction, bits.lane);
  }
  void store(Wave& wave, const Instruction& instruction) {
    Row bits;
    to_bits(wave, instruction, bits);
    store_half_row(wave, instruction, bits.lane);
  }

 protected:
  FloatRow values_;
};
template <>
class Result<Half> : public HalfResult {
 public:
  void set(unsigned lane, Half half) { values_.lane[lane] = half.value; }
};
template <>
class Result<HalfToOdd> : public HalfResult {
 public:
  void set(unsigned lane, HalfToOdd half) { values_.lane[lane] = half.value; }
};

}  // namespace redbolt::emulator
