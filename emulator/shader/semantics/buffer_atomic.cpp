// Atomics on buffers. A lane out of bounds does nothing and gets 0. Lanes act in ascending order.
#include <array>

#include "semantics/buffer_address.hpp"
#include "semantics/lds.hpp"
#include "semantics/memory_atomic.hpp"
#include "semantics/registry.hpp"
#include "semantics/rows.hpp"

namespace redbolt::emulator {
namespace {

using u32 = std::uint32_t;
using u64 = std::uint64_t;

template <class T, atomic::Operation<T> operation>
void execute(Wave& wave, const Instruction& instruction) {
  const BufferAccess access(wave, instruction);
  if (!access.descriptor().is_buffer) return;
  std::array<Row, sizeof(T) / 4> returned{};
  for (unsigned lane = 0; lane < lane_count; ++lane) {
    if (!lane_enabled(wave, lane)) continue;
    if (access.descriptor().unbound() || !access.inside(lane, 0, sizeof(T))) continue;
    T old = 0;
    if (!apply_to_memory<T, operation>(wave, instruction, access.address(lane, 0),
                                       atomic_data<T>(wave, instruction.source[1], 0, lane),
                                       atomic_data<T>(wave, instruction.source[1], 1, lane), old)) {
      return;
    }
    wave.counts.bytes_written += sizeof(T);
    returned[0].lane[lane] = static_cast<u32>(old);
    if constexpr (sizeof(T) == 8) returned[1].lane[lane] = static_cast<u32>(old >> 32);
  }
  if ((instruction.flags & flag::glc) == 0) return;
  for (u32 r = 0; r < returned.size(); ++r) {
    store_row(wave, instruction.destination + r, returned[r].lane);
  }
}

template <class T, atomic::Operation<T> operation>
constexpr Binding bind(const char* name) {
  return {name, execute<T, operation>, InstructionClass::vmem_atomic};
}

using namespace atomic;
constexpr Binding bindings[] = {
    bind<u32, exchange>("BUFFER_ATOMIC_SWAP_B32"),
    bind<u32, compare_exchange>("BUFFER_ATOMIC_CMPSWAP_B32"),
    bind<u32, add>("BUFFER_ATOMIC_ADD_U32"),
    bind<u32, subtract>("BUFFER_ATOMIC_SUB_U32"),
    bind<u32, subtract_clamped>("BUFFER_ATOMIC_CSUB_U32"),
    bind<u32, minimum_signed>("BUFFER_ATOMIC_MIN_I32"),
    bind<u32, minimum_unsigned>("BUFFER_ATOMIC_MIN_U32"),
    bind<u32, maximum_signed>("BUFFER_ATOMIC_MAX_I32"),
    bind<u32, maximum_unsigned>("BUFFER_ATOMIC_MAX_U32"),
    bind<u32, bitwise_and>("BUFFER_ATOMIC_AND_B32"),
    bind<u32, bitwise_or>("BUFFER_ATOMIC_OR_B32"),
    bind<u32, bitwise_xor>("BUFFER_ATOMIC_XOR_B32"),
    bind<u32, increment>("BUFFER_ATOMIC_INC_U32"),
    bind<u32, decrement>("BUFFER_ATOMIC_DEC_U32"),
    bind<u32, compare_exchange_float>("BUFFER_ATOMIC_CMPSWAP_F32"),
    bind<u32, minimum_float>("BUFFER_ATOMIC_MIN_F32"),
    bind<u32, maximum_float>("BUFFER_ATOMIC_MAX_F32"),
    bind<u32, add_float>("BUFFER_ATOMIC_ADD_F32"),
    bind<u64, exchange>("BUFFER_ATOMIC_SWAP_B64"),
    bind<u64, compare_exchange>("BUFFER_ATOMIC_CMPSWAP_B64"),
    bind<u64, add>("BUFFER_ATOMIC_ADD_U64"),
    bind<u64, subtract>("BUFFER_ATOMIC_SUB_U64"),
    bind<u64, minimum_signed>("BUFFER_ATOMIC_MIN_I64"),
    bind<u64, minimum_unsigned>("BUFFER_ATOMIC_MIN_U64"),
    bind<u64, maximum_signed>("BUFFER_ATOMIC_MAX_I64"),
    bind<u64, maximum_unsigned>("BUFFER_ATOMIC_MAX_U64"),
    bind<u64, bitwise_and>("BUFFER_ATOMIC_AND_B64"),
    bind<u64, bitwise_or>("BUFFER_ATOMIC_OR_B64"),
    bind<u64, bitwise_xor>("BUFFER_ATOMIC_XOR_B64"),
    bind<u64, increment>("BUFFER_ATOMIC_INC_U64"),
    bind<u64, decrement>("BUFFER_ATOMIC_DEC_U64"),
};

}  // namespace

std::span<const Binding> buffer_atomic_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
