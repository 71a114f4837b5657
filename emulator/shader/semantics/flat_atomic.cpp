// Atomics of FLAT and GLOBAL. Lanes act in ascending order.
#include <array>
#include <cstring>

#include "semantics/memory_atomic.hpp"
#include "semantics/registry.hpp"
#include "semantics/rows.hpp"

namespace redbolt::emulator {
namespace {

using u32 = std::uint32_t;
using u64 = std::uint64_t;

template <class T, atomic::Operation<T> operation>
T apply_to_lds(Wave& wave, u32 offset, T data, T other) {
  wave.counts.lds_accesses += 1;
  if (u64{offset} + sizeof(T) > wave.workgroup->lds_size) return 0;
  T old;
  std::memcpy(&old, wave.workgroup->lds + offset, sizeof(T));
  const T value = operation(old, data, other);
  std::memcpy(wave.workgroup->lds + offset, &value, sizeof(T));
  return old;
}

// False after the wave has failed.
template <class T, atomic::Operation<T> operation>
bool apply_lane(Wave& wave, const Instruction& instruction, Segment segment, u64 address, T data,
                T other, T& old) {
  if (segment == Segment::shared) {
    old = apply_to_lds<T, operation>(wave, static_cast<u32>(address), data, other);
    return true;
  }
  if (segment == Segment::scratch) {
    fail_memory(wave, instruction, address, "is an atomic on scratch, which cannot do it");
    return false;
  }
  return apply_to_memory<T, operation>(wave, instruction, address, data, other, old);
}

template <class T, atomic::Operation<T> operation, bool is_flat>
void execute(Wave& wave, const Instruction& instruction) {
  if (wave.exec() == 0) return;
  const LaneAddresses addresses = global_addresses(wave, instruction);
  const bool apertures = is_flat && touches_apertures(wave, addresses);
  if (!apertures) {
    const auto* page = wave.memory->find(addresses.lowest, MemoryAccess::atomic);
    if (page == nullptr) {
      fail_memory(wave, instruction, addresses.lowest, atomic_not_mapped);
      return;
    }
    count_access(wave, *page, addresses, sizeof(T), true);
  }
  std::array<Row, sizeof(T) / 4> returned;
  for (unsigned lane = 0; lane < lane_count; ++lane) {
    if ((wave.exec() >> lane & 1) == 0) continue;
    const u64 address = addresses.lane[lane];
    const Segment segment = apertures ? segment_of(wave, address) : Segment::global;
    T old = 0;
    if (!apply_lane<T, operation>(wave, instruction, segment, address,
                                  atomic_data<T>(wave, instruction.source[1], 0, lane),
                                  atomic_data<T>(wave, instruction.source[1], 1, lane), old)) {
      return;
    }
    returned[0].lane[lane] = static_cast<u32>(old);
    if constexpr (sizeof(T) == 8) returned[1].lane[lane] = static_cast<u32>(old >> 32);
  }
  if ((instruction.flags & flag::glc) == 0) return;
  for (u32 r = 0; r < returned.size(); ++r) {
    store_row(wave, instruction.destination + r, returned[r].lane);
  }
}

struct AtomicBinding {
  const char* flat;
  const char* global;
  Handler flat_handler;
  Handler global_handler;
};

template <class T, atomic::Operation<T> operation>
constexpr AtomicBinding bind(const char* flat, const char* global) {
  return {flat, global, execute<T, operation, true>, execute<T, operation, false>};
}

using namespace atomic;
constexpr AtomicBinding operations[] = {
    bind<u32, exchange>("FLAT_ATOMIC_SWAP_B32", "GLOBAL_ATOMIC_SWAP_B32"),
    bind<u32, compare_exchange>("FLAT_ATOMIC_CMPSWAP_B32", "GLOBAL_ATOMIC_CMPSWAP_B32"),
    bind<u32, add>("FLAT_ATOMIC_ADD_U32", "GLOBAL_ATOMIC_ADD_U32"),
    bind<u32, subtract>("FLAT_ATOMIC_SUB_U32", "GLOBAL_ATOMIC_SUB_U32"),
    bind<u32, subtract_clamped>("FLAT_ATOMIC_CSUB_U32", "GLOBAL_ATOMIC_CSUB_U32"),
    bind<u32, minimum_signed>("FLAT_ATOMIC_MIN_I32", "GLOBAL_ATOMIC_MIN_I32"),
    bind<u32, minimum_unsigned>("FLAT_ATOMIC_MIN_U32", "GLOBAL_ATOMIC_MIN_U32"),
    bind<u32, maximum_signed>("FLAT_ATOMIC_MAX_I32", "GLOBAL_ATOMIC_MAX_I32"),
    bind<u32, maximum_unsigned>("FLAT_ATOMIC_MAX_U32", "GLOBAL_ATOMIC_MAX_U32"),
    bind<u32, bitwise_and>("FLAT_ATOMIC_AND_B32", "GLOBAL_ATOMIC_AND_B32"),
    bind<u32, bitwise_or>("FLAT_ATOMIC_OR_B32", "GLOBAL_ATOMIC_OR_B32"),
    bind<u32, bitwise_xor>("FLAT_ATOMIC_XOR_B32", "GLOBAL_ATOMIC_XOR_B32"),
    bind<u32, increment>("FLAT_ATOMIC_INC_U32", "GLOBAL_ATOMIC_INC_U32"),
    bind<u32, decrement>("FLAT_ATOMIC_DEC_U32", "GLOBAL_ATOMIC_DEC_U32"),
    bind<u32, compare_exchange_float>("FLAT_ATOMIC_CMPSWAP_F32", "GLOBAL_ATOMIC_CMPSWAP_F32"),
    bind<u32, minimum_float>("FLAT_ATOMIC_MIN_F32", "GLOBAL_ATOMIC_MIN_F32"),
    bind<u32, maximum_float>("FLAT_ATOMIC_MAX_F32", "GLOBAL_ATOMIC_MAX_F32"),
    bind<u32, add_float>("FLAT_ATOMIC_ADD_F32", "GLOBAL_ATOMIC_ADD_F32"),
    bind<u64, exchange>("FLAT_ATOMIC_SWAP_B64", "GLOBAL_ATOMIC_SWAP_B64"),
    bind<u64, compare_exchange>("FLAT_ATOMIC_CMPSWAP_B64", "GLOBAL_ATOMIC_CMPSWAP_B64"),
    bind<u64, add>("FLAT_ATOMIC_ADD_U64", "GLOBAL_ATOMIC_ADD_U64"),
    bind<u64, subtract>("FLAT_ATOMIC_SUB_U64", "GLOBAL_ATOMIC_SUB_U64"),
    bind<u64, minimum_signed>("FLAT_ATOMIC_MIN_I64", "GLOBAL_ATOMIC_MIN_I64"),
    bind<u64, minimum_unsigned>("FLAT_ATOMIC_MIN_U64", "GLOBAL_ATOMIC_MIN_U64"),
    bind<u64, maximum_signed>("FLAT_ATOMIC_MAX_I64", "GLOBAL_ATOMIC_MAX_I64"),
    bind<u64, maximum_unsigned>("FLAT_ATOMIC_MAX_U64", "GLOBAL_ATOMIC_MAX_U64"),
    bind<u64, bitwise_and>("FLAT_ATOMIC_AND_B64", "GLOBAL_ATOMIC_AND_B64"),
    bind<u64, bitwise_or>("FLAT_ATOMIC_OR_B64", "GLOBAL_ATOMIC_OR_B64"),
    bind<u64, bitwise_xor>("FLAT_ATOMIC_XOR_B64", "GLOBAL_ATOMIC_XOR_B64"),
    bind<u64, increment>("FLAT_ATOMIC_INC_U64", "GLOBAL_ATOMIC_INC_U64"),
    bind<u64, decrement>("FLAT_ATOMIC_DEC_U64", "GLOBAL_ATOMIC_DEC_U64"),
};

constexpr auto make_bindings() {
  std::array<Binding, std::size(operations) * 2> result{};
  std::size_t n = 0;
  for (const auto& operation : operations) {
    result[n++] = {operation.flat, operation.flat_handler, InstructionClass::vmem_atomic};
    result[n++] = {operation.global, operation.global_handler, InstructionClass::vmem_atomic};
  }
  return result;
}
constexpr auto bindings = make_bindings();

}  // namespace

std::span<const Binding> flat_atomic_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
