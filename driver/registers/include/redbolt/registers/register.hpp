// The card's registers as constants: what the tables in driver/registers/tables say, in C++.
//
// Every register is an object of its own type, so that a field of one register cannot be applied to
// another by mistake:
//
//   namespace gc = redbolt::registers::gc;
//   value = gc::GRBM_GFX_CNTL.meid(1) | gc::GRBM_GFX_CNTL.pipeid(0);   // FieldValue of that
//   register pipe = gc::GRBM_GFX_CNTL.pipeid.of(raw);
//
// Where a register lies is only known with the bases of its block on one card:
// absolute dword address = base[block][base_index] + offset.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace redbolt::registers {

// The hardware blocks (IPs) whose registers the tables describe.
enum class HardwareBlock : std::uint8_t { gc, mmhub, mp0, mp1, nbio, hdp, osssys };

// Highest base index any register uses, plus one.
inline constexpr unsigned kBaseIndexCount = 6;

// Where a register lies, relative to its block.
struct RegisterDefinition {
  const char* name;         // as AMD names it, without the prefix reg or mm
  std::uint32_t offset;     // in dwords from the base
  std::uint8_t base_index;  // which of the block's bases
  HardwareBlock block;
};

// What every register object is: its definition. Its fields are members of the derived types.
struct Register {
  RegisterDefinition definition;
};

// Bits of register R: `bits` where `mask` is set. Combine with |.
template <class R>
struct FieldValue {
  std::uint32_t mask;
  std::uint32_t bits;

  constexpr FieldValue operator|(FieldValue other) const {
    return {mask | other.mask, (bits & ~other.mask) | other.bits};
  }
  // The bits put into an existing value of the register.
  constexpr std::uint32_t applied_to(std::uint32_t value) const { return (value & ~mask) | bits; }
};

// A field of register R, bits low..high. A value too wide for the field is cut to it.
template <class R>
struct Field {
  std::uint8_t low;
  std::uint8_t high;

  constexpr std::uint32_t mask() const {
    return (high - low == 31 ? 0xffffffffu : (1u << (high - low + 1)) - 1) << low;
  }
  constexpr std::uint32_t of(std::uint32_t register_value) const {
    return (register_value & mask()) >> low;
  }
  constexpr FieldValue<R> operator()(std::uint32_t value) const {
    return {mask(), (value << low) & mask()};
  }
};

// For lookups by name or address, by whoever prints registers.
struct FieldDescription {
  const char* name;
  std::uint8_t low;
  std::uint8_t high;
};

struct RegisterDescription {
  RegisterDefinition definition;
  std::span<const FieldDescription> fields;
};

// Every register of one table, in the table's order. Each generated header declares its own, e.g.
// gc::all(). This is all of them; valid for the whole run of the program.
std::span<const std::span<const RegisterDescription>> all_tables();

// The register of this name (without prefix), or nullptr. Linear in the size of the tables.
const RegisterDescription* find_register(HardwareBlock block, std::string_view name);

}  // namespace redbolt::registers
