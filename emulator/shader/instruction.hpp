// A decoded instruction: everything that can be known before a wave runs it, in one cache line.
// Operands are canonical: the same operation looks alike whether it came as VOP2, VOP3, DPP or as
// half of a VOPD, so that it has one handler.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "redbolt/emulator/shader/counters.hpp"

namespace redbolt::emulator {

struct Wave;
struct Instruction;

// Executes one instruction for a wave. Wave::next already points behind it.
using Handler = void (*)(Wave&, const Instruction&);

enum class OperandKind : std::uint8_t {
  none,
  vgpr,             // value: row of Wave::vgpr
  sgpr,             // value: index into Wave::scalar
  constant,         // value: 32 bits, zero-extended where 64 are read
  constant_signed,  // value: sign-extended where 64 are read
  constant_upper,   // value: the upper half where 64 are read, the lower half is 0
};

namespace modifier {
inline constexpr std::uint8_t absolute = 1;
inline constexpr std::uint8_t negate = 2;           // VOP3P: of the operand for the low result
inline constexpr std::uint8_t high_half = 4;        // op_sel: bits 31:16 are the 16-bit operand
inline constexpr std::uint8_t negate_high = 8;      // VOP3P: of the operand for the high result
inline constexpr std::uint8_t high_from_high = 16;  // VOP3P op_sel_hi
}  // namespace modifier

struct Operand {
  std::uint32_t value = 0;
  OperandKind kind = OperandKind::none;
  std::uint8_t modifiers = 0;
  std::uint16_t reserved = 0;

  bool has_sign_modifiers() const {
    return (modifiers & (modifier::absolute | modifier::negate)) != 0;
  }
};

namespace flag {
inline constexpr std::uint8_t clamp = 1;
inline constexpr std::uint8_t destination_high = 2;  // a 16-bit result goes to bits 31:16
inline constexpr std::uint8_t glc = 4;               // memory: atomics return the old value
inline constexpr std::uint8_t is_vopc = 8;           // writes a lane mask
inline constexpr std::uint8_t buffer_index = 16;     // buffer: the vector address holds an index
inline constexpr std::uint8_t buffer_offset = 32;    // buffer: the vector address holds an offset
inline constexpr std::uint8_t unmodified = 64;  // vector: nothing happens to operands and result
}  // namespace flag

// A byte that other workers may read while it is decoded: they then see the old or the new value,
// and the handler, which is published last, sorts out which.
template <class T>
class Published {
 public:
  Published(T value) : value_(value) {}
  Published(const Published& other) : value_(static_cast<T>(other)) {}
  Published& operator=(const Published& other) { return *this = static_cast<T>(other); }
  Published& operator=(T value) {
    value_.store(value, std::memory_order_relaxed);
    return *this;
  }
  operator T() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<T> value_;
};

struct InstructionExtra;

struct Instruction {
  std::atomic<Handler> handler{nullptr};
  std::array<Operand, 3> source{};
  std::uint16_t destination = 0;  // row of Wave::vgpr, or index into Wave::scalar
  // Index into Wave::scalar: carry out, lane mask; of buffer instructions the descriptor.
  std::uint16_t scalar_destination = 0;
  std::int32_t immediate = 0;         // offset, SIMM16, ...
  Published<std::uint8_t> slots = 1;  // length in dwords
  Published<InstructionClass> kind = InstructionClass::salu;
  std::uint8_t flags = 0;
  // VOP3 OMOD: 1 doubles, 2 quadruples, 3 halves the result. MTBUF: the format.
  std::uint8_t output_modifier = 0;
  std::uint16_t opcode = 0;  // index into opcode_table()
  std::uint16_t reserved = 0;
  const InstructionExtra* extra = nullptr;

  Instruction() = default;
  Instruction(const Instruction& other);
  Instruction& operator=(const Instruction& other);
};

static_assert(sizeof(Instruction) <= 64);

// Which lane a DPP source reads, and which lanes it lets through.
struct LaneControl {
  std::array<std::uint8_t, 32> source_lane{};
  std::uint32_t valid = ~0u;       // lanes whose source lane exists
  std::uint32_t written = ~0u;     // lanes enabled by row and bank masks
  bool zero_when_invalid = false;  // BOUND_CTRL: an invalid source reads 0, else the lane is off
  bool fetch_inactive = false;     // FI: inactive source lanes are read, else they count as invalid
};

// What only few instructions need: the operation behind a DPP source, the two halves of a VOPD, the
// handler of an instruction that reads VCCZ or EXECZ.
struct InstructionExtra {
  LaneControl lanes;
  std::array<Instruction, 2> inner;
  Handler behind_status = nullptr;
};

}  // namespace redbolt::emulator
