// The L2's read-modify-write operations, as PM4's ATOMIC_MEM and SDMA's ATOMIC name them. The code
// is the GL2_OP number: bits 4:0 the operation, bit 5 set for 64-bit operands, bit 6 set when no
// value is returned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace redbolt::emulator {

struct AtomicOperands {
  std::uint64_t source = 0;
  std::uint64_t compare = 0;
};

class AtomicOperation {
 public:
  // std::nullopt for a code that no engine may send (reserved, or not a read-modify-write).
  static std::optional<AtomicOperation> decode(std::uint32_t code);

  unsigned bytes() const { return wide_ ? 8 : 4; }
  bool is_compare_and_swap() const;

  // Performs it on the naturally aligned word at `host`, sequentially consistent. Returns the value
  // before, zero-extended.
  std::uint64_t apply(std::byte* host, const AtomicOperands& operands) const;

 private:
  AtomicOperation(std::uint32_t operation, bool wide) : operation_(operation), wide_(wide) {}
  std::uint32_t operation_;
  bool wide_;
};

}  // namespace redbolt::emulator
