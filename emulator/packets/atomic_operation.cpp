#include "packets/atomic_operation.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <type_traits>

#include "packets/packet_field.hpp"

namespace redbolt::emulator {
namespace {

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
Word perform(std::uint32_t operation, std::byte* host, Word source, Word compare) {
  std::atomic_ref<Word> word(*reinterpret_cast<Word*>(host));
  if (operation == swap_code) return word.exchange(source);
  if (operation == compare_and_swap_code) {
    word.compare_exchange_strong(compare, source);
    return compare;
  }
  const Combine<Word> combine = arithmetic<Word>[operation - first_arithmetic_code];
  Word old = word.load();
  while (!word.compare_exchange_weak(old, combine(old, source))) {
  }
  return old;
}

}  // namespace

std::optional<AtomicOperation> AtomicOperation::decode(std::uint32_t code) {
  if (code > 0x7f) return std::nullopt;
  const std::uint32_t operation = extract_bits(code, 0, 4);
  const bool known = operation == swap_code || operation == compare_and_swap_code ||
                     (operation >= first_arithmetic_code &&
                      operation < first_arithmetic_code + arithmetic<std::uint32_t>.size());
  if (!known) return std::nullopt;
  return AtomicOperation(operation, extract_bits(code, 5, 5) != 0);
}

bool AtomicOperation::is_compare_and_swap() const {
  return operation_ == compare_and_swap_code;
}

std::uint64_t AtomicOperation::apply(std::byte* host, const AtomicOperands& operands) const {
  if (wide_) return perform<std::uint64_t>(operation_, host, operands.source, operands.compare);
  return perform<std::uint32_t>(operation_, host, static_cast<std::uint32_t>(operands.source),
                                static_cast<std::uint32_t>(operands.compare));
}

}  // namespace redbolt::emulator
