// Atomics on LDS. A workgroup runs on one host thread and its waves take turns between
// instructions, so plain reads and writes are atomic here. Lanes act in ascending order.
#include <array>

#include "semantics/atomic_operations.hpp"
#include "semantics/lds.hpp"
#include "semantics/registry.hpp"

namespace redbolt::emulator {
namespace {

using u32 = std::uint32_t;
using u64 = std::uint64_t;

template <class T>
struct Returned {
  std::array<Row, sizeof(T) / 4> rows;
  void set(unsigned lane, T value) {
    rows[0].lane[lane] = static_cast<u32>(value);
    if constexpr (sizeof(T) == 8) rows[1].lane[lane] = static_cast<u32>(value >> 32);
  }
  void store(Wave& wave, u32 destination) const {
    for (u32 r = 0; r < rows.size(); ++r) store_row(wave, destination + r, rows[r].lane);
  }
};

template <class T, atomic::Operation<T> operation, bool returns>
void execute(Wave& wave, const Instruction& instruction) {
  const bool has_other = instruction.source[2].kind == OperandKind::vgpr;
  Returned<T> returned;
  for (unsigned lane = 0; lane < lane_count; ++lane) {
    if (!lane_enabled(wave, lane)) continue;
    const u32 offset = wave.vgpr[instruction.source[0].value][lane] + ds_offset(instruction);
    const T old = lds_read<T>(wave, offset);
    const T other = has_other ? ds_data<T>(wave, instruction.source[2], lane) : T{0};
    lds_write(wave, offset, operation(old, ds_data<T>(wave, instruction.source[1], lane), other));
    returned.set(lane, old);
  }
  count_lds(wave);
  if constexpr (returns) returned.store(wave, instruction.destination);
}

// Exchanges at two addresses; offsets count elements, or 64 elements.
template <class T, u32 stride>
void exchange_two(Wave& wave, const Instruction& instruction) {
  Returned<T> first;
  Returned<T> second;
  for (unsigned lane = 0; lane < lane_count; ++lane) {
    if (!lane_enabled(wave, lane)) continue;
    const u32 base = wave.vgpr[instruction.source[0].value][lane];
    const u32 at0 = base + ds_offset0(instruction) * stride * u32{sizeof(T)};
    const u32 at1 = base + ds_offset1(instruction) * stride * u32{sizeof(T)};
    first.set(lane, lds_read<T>(wave, at0));
    lds_write(wave, at0, ds_data<T>(wave, instruction.source[1], lane));
    second.set(lane, lds_read<T>(wave, at1));
    lds_write(wave, at1, ds_data<T>(wave, instruction.source[2], lane));
  }
  count_lds(wave, 2);
  first.store(wave, instruction.destination);
  second.store(wave, instruction.destination + u32{sizeof(T) / 4});
}

// Two 32-bit halves of an aligned 64-bit word, each written where its data has bit 31 set.
void exchange_where_flagged(Wave& wave, const Instruction& instruction) {
  Returned<u64> returned;
  for (unsigned lane = 0; lane < lane_count; ++lane) {
    if (!lane_enabled(wave, lane)) continue;
    const u32 at = (wave.vgpr[instruction.source[0].value][lane] + ds_offset(instruction)) & 0xfff8;
    const u64 data = ds_data<u64>(wave, instruction.source[1], lane);
    returned.set(lane, lds_read<u64>(wave, at));
    const auto low = static_cast<u32>(data);
    const auto high = static_cast<u32>(data >> 32);
    if (low >> 31 != 0) lds_write(wave, at, low & 0x7fffffff);
    if (high >> 31 != 0) lds_write(wave, at + 4, high & 0x7fffffff);
  }
  count_lds(wave);
  returned.store(wave, instruction.destination);
}

// A counter that all lanes move together by the number of enabled lanes. The address is in M0.
template <bool add>
void count_lanes(Wave& wave, const Instruction& instruction) {
  const u32 at = (wave.scalar[scalar_index::m0] & 0xffff) + ds_offset(instruction);
  const u32 old = lds_read<u32>(wave, at);
  const auto lanes = static_cast<u32>(__builtin_popcount(wave.exec()));
  if (wave.exec() != 0) lds_write(wave, at, add ? old + lanes : old - lanes);
  wave.counts.lds_accesses += 1;
  Row row;
  splat(row, old);
  store_row(wave, instruction.destination, row.lane);
}

struct AtomicBinding {
  const char* plain;
  const char* returning;
  Handler plain_handler;
  Handler returning_handler;
};

template <class T, atomic::Operation<T> operation>
constexpr AtomicBinding bind(const char* plain, const char* returning) {
  return {plain, returning, execute<T, operation, false>, execute<T, operation, true>};
}

using namespace atomic;
constexpr AtomicBinding operations[] = {
    bind<u32, add>("DS_ADD_U32", "DS_ADD_RTN_U32"),
    bind<u32, subtract>("DS_SUB_U32", "DS_SUB_RTN_U32"),
    bind<u32, reverse_subtract>("DS_RSUB_U32", "DS_RSUB_RTN_U32"),
    bind<u32, increment>("DS_INC_U32", "DS_INC_RTN_U32"),
    bind<u32, decrement>("DS_DEC_U32", "DS_DEC_RTN_U32"),
    bind<u32, minimum_signed>("DS_MIN_I32", "DS_MIN_RTN_I32"),
    bind<u32, maximum_signed>("DS_MAX_I32", "DS_MAX_RTN_I32"),
    bind<u32, minimum_unsigned>("DS_MIN_U32", "DS_MIN_RTN_U32"),
    bind<u32, maximum_unsigned>("DS_MAX_U32", "DS_MAX_RTN_U32"),
    bind<u32, bitwise_and>("DS_AND_B32", "DS_AND_RTN_B32"),
    bind<u32, bitwise_or>("DS_OR_B32", "DS_OR_RTN_B32"),
    bind<u32, bitwise_xor>("DS_XOR_B32", "DS_XOR_RTN_B32"),
    bind<u32, masked_or>("DS_MSKOR_B32", "DS_MSKOR_RTN_B32"),
    bind<u32, compare_exchange>("DS_CMPSTORE_B32", "DS_CMPSTORE_RTN_B32"),
    bind<u32, compare_exchange_float>("DS_CMPSTORE_F32", "DS_CMPSTORE_RTN_F32"),
    bind<u32, minimum_float>("DS_MIN_F32", "DS_MIN_RTN_F32"),
    bind<u32, maximum_float>("DS_MAX_F32", "DS_MAX_RTN_F32"),
    bind<u32, add_float>("DS_ADD_F32", "DS_ADD_RTN_F32"),
    bind<u64, add>("DS_ADD_U64", "DS_ADD_RTN_U64"),
    bind<u64, subtract>("DS_SUB_U64", "DS_SUB_RTN_U64"),
    bind<u64, reverse_subtract>("DS_RSUB_U64", "DS_RSUB_RTN_U64"),
    bind<u64, increment>("DS_INC_U64", "DS_INC_RTN_U64"),
    bind<u64, decrement>("DS_DEC_U64", "DS_DEC_RTN_U64"),
    bind<u64, minimum_signed>("DS_MIN_I64", "DS_MIN_RTN_I64"),
    bind<u64, maximum_signed>("DS_MAX_I64", "DS_MAX_RTN_I64"),
    bind<u64, minimum_unsigned>("DS_MIN_U64", "DS_MIN_RTN_U64"),
    bind<u64, maximum_unsigned>("DS_MAX_U64", "DS_MAX_RTN_U64"),
    bind<u64, bitwise_and>("DS_AND_B64", "DS_AND_RTN_B64"),
    bind<u64, bitwise_or>("DS_OR_B64", "DS_OR_RTN_B64"),
    bind<u64, bitwise_xor>("DS_XOR_B64", "DS_XOR_RTN_B64"),
    bind<u64, masked_or>("DS_MSKOR_B64", "DS_MSKOR_RTN_B64"),
    bind<u64, compare_exchange>("DS_CMPSTORE_B64", "DS_CMPSTORE_RTN_B64"),
    bind<u64, compare_exchange_float>("DS_CMPSTORE_F64", "DS_CMPSTORE_RTN_F64"),
    bind<u64, minimum_float>("DS_MIN_F64", "DS_MIN_RTN_F64"),
    bind<u64, maximum_float>("DS_MAX_F64", "DS_MAX_RTN_F64"),
};

constexpr auto lds = InstructionClass::lds;
constexpr Binding others[] = {
    {"DS_STOREXCHG_RTN_B32", execute<u32, exchange, true>, lds},
    {"DS_STOREXCHG_RTN_B64", execute<u64, exchange, true>, lds},
    {"DS_WRAP_RTN_B32", execute<u32, wrap, true>, lds},
    {"DS_STOREXCHG_2ADDR_RTN_B32", exchange_two<u32, 1>, lds},
    {"DS_STOREXCHG_2ADDR_STRIDE64_RTN_B32", exchange_two<u32, 64>, lds},
    {"DS_STOREXCHG_2ADDR_RTN_B64", exchange_two<u64, 1>, lds},
    {"DS_STOREXCHG_2ADDR_STRIDE64_RTN_B64", exchange_two<u64, 64>, lds},
    {"DS_CONDXCHG32_RTN_B64", exchange_where_flagged, lds},
    {"DS_APPEND", count_lanes<true>, lds},
    {"DS_CONSUME", count_lanes<false>, lds},
};

constexpr auto make_bindings() {
  std::array<Binding, std::size(operations) * 2 + std::size(others)> result{};
  std::size_t n = 0;
  for (const auto& operation : operations) {
    result[n++] = {operation.plain, operation.plain_handler, lds};
    result[n++] = {operation.returning, operation.returning_handler, lds};
  }
  for (const auto& other : others) result[n++] = other;
  return result;
}
constexpr auto bindings = make_bindings();

}  // namespace

std::span<const Binding> ds_atomic_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
