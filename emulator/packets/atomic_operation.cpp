#include "packets/atomic_operation.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <type_traits>

#include "packets/packet_field.hpp"

namespace redbolt::emulator {
namespace {

// Codes 1 to 3 on floats as they are, 9 to 11 with denormals flushed.
constexpr std::uint32_t float_code = 1, float_flush_code = 9, float_codes = 3;
enum FloatOperation : std::uint32_t { float_compare_and_swap, float_minimum, float_maximum };
constexpr std::uint32_t swap_code = 7;
constexpr std::uint32_t compare_and_swap_code = 8;
constexpr std::uint32_t first_arithmetic_code = 15;

template <class Word>
using Combine = Word (*)(Word old, Word source);

template <class Word>
Word signed_minimum(Word old, Word source) {
  using Signed = std::make_signed_t<Word>;
  return static_cast<Signed>(source) < static_cast<Signed>(old) ? source : old;
}

template <class Word>
Word signed_maximum(Word old, Word source) {
  using Signed = std::make_signed_t<Word>;
  return static_cast<Signed>(source) > static_cast<Signed>(old) ? source : old;
}

// Codes 15 to 25, in order.
template <class Word>
constexpr std::array<Combine<Word>, 11> arithmetic{
    [](Word old, Word source) -> Word { return old + source; },
    [](Word old, Word source) -> Word { return old - source; },
    signed_minimum<Word>,
    [](Word old, Word source) -> Word { return std::min(old, source); },
    signed_maximum<Word>,
    [](Word old, Word source) -> Word { return std::max(old, source); },
    [](Word old, Word source) -> Word { return old & source; },
    [](Word old, Word source) -> Word { return old | source; },
    [](Word old, Word source) -> Word { return old ^ source; },
    [](Word old, Word source) -> Word { return old >= source ? 0 : old + 1; },
    [](Word old, Word source) -> Word { return old == 0 || old > source ? source : old - 1; },
};

template <class Word>
using FloatOf = std::conditional_t<sizeof(Word) == 4, float, double>;

template <class Word>
FloatOf<Word> as_float(Word bits, bool flush) {
  const auto value = std::bit_cast<FloatOf<Word>>(bits);
  if (flush && std::fpclassify(value) == FP_SUBNORMAL) {
    return std::copysign(FloatOf<Word>{0}, value);
  }
  return value;
}

// What the word becomes. A NaN loses against a number; two equal values leave the word.
template <class Word>
Word combine_floats(std::uint32_t operation, bool flush, Word old, Word source, Word compare) {
  const auto a = as_float(old, flush), b = as_float(source, flush);
  const auto result = std::bit_cast<Word>(b);
  switch (operation) {
    case float_compare_and_swap:
      return a == as_float(compare, flush) ? result : old;
    case float_minimum:
      return b < a || std::isnan(a) ? result : old;
    default:
      return b > a || std::isnan(a) ? result : old;
  }
}

// The float operation of a code, if it is one.
std::optional<std::uint32_t> float_operation(std::uint32_t code) {
  if (code - float_code < float_codes) return code - float_code;
  if (code - float_flush_code < float_codes) return code - float_flush_code;
  return std::nullopt;
}

template <class Word>
Word perform(std::uint32_t operation, std::byte* host, Word source, Word compare) {
  std::atomic_ref<Word> word(*reinterpret_cast<Word*>(host));
  if (operation == swap_code) return word.exchange(source);
  if (operation == compare_and_swap_code) {
    word.compare_exchange_strong(compare, source);
    return compare;
  }
  Word old = word.load();
  if (const auto floats = float_operation(operation)) {
    const bool flush = operation >= float_flush_code;
    while (!word.compare_exchange_weak(old, combine_floats(*floats, flush, old, source, compare))) {
    }
    return old;
  }
  const Combine<Word> combine = arithmetic<Word>[operation - first_arithmetic_code];
  while (!word.compare_exchange_weak(old, combine(old, source))) {
  }
  return old;
}

}  // namespace

std::optional<AtomicOperation> AtomicOperation::decode(std::uint32_t code) {
  if (code > 0x7f) return std::nullopt;
  const std::uint32_t operation = extract_bits(code, 0, 4);
  const bool known = operation == swap_code || operation == compare_and_swap_code ||
                     float_operation(operation).has_value() ||
                     (operation >= first_arithmetic_code &&
                      operation < first_arithmetic_code + arithmetic<std::uint32_t>.size());
  if (!known) return std::nullopt;
  return AtomicOperation(operation, extract_bits(code, 5, 5) != 0);
}

bool AtomicOperation::is_compare_and_swap() const {
  return operation_ == compare_and_swap_code ||
         float_operation(operation_) == std::uint32_t{float_compare_and_swap};
}

std::uint64_t AtomicOperation::apply(std::byte* host, const AtomicOperands& operands) const {
  if (wide_) return perform<std::uint64_t>(operation_, host, operands.source, operands.compare);
  return perform<std::uint32_t>(operation_, host, static_cast<std::uint32_t>(operands.source),
                                static_cast<std::uint32_t>(operands.compare));
}

}  // namespace redbolt::emulator
