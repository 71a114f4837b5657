#include "wave.hpp"

#include <bit>

#include "code_cache.hpp"

namespace redbolt::emulator {
namespace {

// Inline floating-point constants 240..248 as 32-bit operands read them.
constexpr std::array<float, 8> inline_floats{0.5f, -0.5f, 1.0f, -1.0f, 2.0f, -2.0f, 4.0f, -4.0f};
constexpr std::uint32_t inverse_two_pi = 0x3e22f983;
constexpr std::uint64_t inverse_two_pi_64 = 0x3fc45f306dc9c882;

std::string hexadecimal(std::uint64_t value) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  do {
    text.insert(text.begin(), digits[value & 15]);
    value >>= 4;
  } while (value != 0);
  return "0x" + text;
}

}  // namespace

void Wave::set_mode(std::uint32_t value) {
  mode = value;
  const auto bits = [&](std::uint32_t shift) { return (value >> shift) & 3; };
  float_is_plain = bits(mode::round_f32_shift) == 0 && bits(mode::denormal_f32_shift) == 3;
  double_is_plain = bits(mode::round_f64_f16_shift) == 0 &&
                    bits(mode::denormal_f64_f16_shift) == 3 && (value & mode::fp16_overflow) == 0;
}

void Wave::reset_scalars() {
  for (std::uint32_t i = scalar_index::null; i < scalar_index::count; ++i) scalar[i] = 0;
  for (std::uint32_t i = 1; i <= 64; ++i) scalar[128 + i] = i;
  for (std::uint32_t i = 1; i <= 16; ++i) scalar[192 + i] = 0u - i;
  for (std::uint32_t i = 0; i < inline_floats.size(); ++i) {
    scalar[240 + i] = std::bit_cast<std::uint32_t>(inline_floats[i]);
  }
  scalar[248] = inverse_two_pi;
  set_scalar64(scalar_index::inverse_two_pi_64, inverse_two_pi_64);
  set_exec(all_lanes);
}

std::uint64_t Wave::next_address() const {
  return page->address_of(*next);
}

std::uint64_t Wave::address_of(const Instruction& instruction) const {
  return next_address() - instruction.slots * std::uint64_t{4};
}

void Wave::jump(std::uint64_t address) {
  if (address % 4 != 0) {
    fail(DispatchResult::Kind::illegal_instruction, address,
         "jump to " + hexadecimal(address) + ", which is not a multiple of 4");
    return;
  }
  if (page != nullptr && page->contains(address)) {
    next = page->at(address);
    return;
  }
  page = code->page(address);
  if (page == nullptr) {
    fail(DispatchResult::Kind::memory_fault, address,
         "instruction fetch at " + hexadecimal(address) + " faulted");
    return;
  }
  next = page->at(address);
}

void Wave::branch(std::int32_t dwords) {
  jump(next_address() + static_cast<std::uint64_t>(static_cast<std::int64_t>(dwords) * 4));
}

void Wave::fail(DispatchResult::Kind kind, std::uint64_t address, std::string message) {
  status = WaveStatus::failed;
  failure = WaveFailure{kind, address, std::move(message)};
}

void Wave::fail_illegal(const Instruction& instruction, const std::string& reason) {
  const std::uint64_t address = address_of(instruction);
  fail(DispatchResult::Kind::illegal_instruction, address, reason + " at " + hexadecimal(address));
}

void Wave::fail_not_modelled(const Instruction& instruction, const std::string& reason) {
  const std::uint64_t address = address_of(instruction);
  fail(DispatchResult::Kind::not_modelled, address,
       reason + " at " + hexadecimal(address) + " (legal, but not modelled by the emulator)");
}

}  // namespace redbolt::emulator
