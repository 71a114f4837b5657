// Loads and stores of FLAT, GLOBAL and SCRATCH. Atomics are in flat_atomic.cpp.
#include <algorithm>
#include <bit>
#include <cstring>

#include "semantics/addresses.hpp"
#include "semantics/registry.hpp"
#include "semantics/rows.hpp"
#include "semantics/transpose.hpp"

namespace redbolt::emulator {
namespace {

enum class Extension : std::uint8_t { zero, sign, low_half, high_half };

// How a load turns `bytes` of memory into registers. The half extensions keep the other half.
struct LoadShape {
  std::uint32_t bytes;
  Extension extension = Extension::zero;
  bool is_signed = false;
};

constexpr std::uint32_t dwords(std::uint32_t bytes) {
  return (bytes + 3) / 4;
}

std::uint32_t extended(const LoadShape& shape, std::uint32_t value) {
  if (!shape.is_signed) return value;
  return shape.bytes == 1 ? static_cast<std::uint32_t>(static_cast<std::int8_t>(value))
                          : static_cast<std::uint32_t>(static_cast<std::int16_t>(value));
}

// Puts values narrower than a register where the instruction wants them.
void store_narrow(Wave& wave, const Instruction& instruction, const LoadShape& shape, Row& values) {
  for (auto& value : values.lane) value = extended(shape, value);
  const std::uint32_t* old = wave.vgpr[instruction.destination].data();
  if (shape.extension == Extension::low_half) {
    for (unsigned i = 0; i < lane_count; ++i) {
      values.lane[i] = (old[i] & 0xffff0000) | (values.lane[i] & 0xffff);
    }
  } else if (shape.extension == Extension::high_half) {
    for (unsigned i = 0; i < lane_count; ++i)
      values.lane[i] = (old[i] & 0xffff) | values.lane[i] << 16;
  }
  store_row(wave, instruction.destination, values.lane);
}

void store_loaded(Wave& wave, const Instruction& instruction, const LoadShape& shape, Row* rows) {
  if (shape.bytes < 4) {
    store_narrow(wave, instruction, shape, rows[0]);
    return;
  }
  for (std::uint32_t r = 0; r < dwords(shape.bytes); ++r) {
    store_row(wave, instruction.destination + r, rows[r].lane);
  }
}

// All lanes lie in one page.
template <std::uint32_t bytes>
REDBOLT_GUEST_MEMORY void load_lanes(const std::byte* page, const LaneAddresses& addresses,
                                     std::uint64_t base, Row* rows) {
  if constexpr (bytes == 16) {
    load_transposed_128([&](unsigned i) { return page + (addresses.lane[i] - base); }, rows);
  } else {
    for (unsigned i = 0; i < lane_count; ++i) {
      std::uint32_t value[dwords(bytes)] = {};
      std::memcpy(value, page + (addresses.lane[i] - base), bytes);
      for (std::uint32_t r = 0; r < dwords(bytes); ++r) rows[r].lane[i] = value[r];
    }
  }
}

bool is_consecutive(const LaneAddresses& addresses, std::uint32_t bytes) {
  std::uint64_t difference = 0;
  for (unsigned i = 0; i < lane_count; ++i) {
    difference |= addresses.lane[i] ^ (addresses.lane[0] + i * bytes);
  }
  return difference == 0;
}

REDBOLT_GUEST_MEMORY void copy_row(std::uint32_t* to, const std::byte* from) {
  std::uint32_t values[lane_count];
  __builtin_memcpy(values, from, sizeof(values));
  for (unsigned i = 0; i < lane_count; ++i) to[i] = values[i];
}

// Scratch, in parts that do not cross a dword: those of one lane are not neighbours in memory.
template <class Move>
bool for_scratch_parts(Wave& wave, const Instruction& instruction, unsigned lane,
                       std::uint32_t offset, std::uint32_t bytes, Move move) {
  if (std::uint64_t{offset} + bytes > wave.scratch_size) {
    fail_memory(wave, instruction, wave.dispatch->private_aperture + offset,
                "leaves the wave's scratch");
    return false;
  }
  wave.counts.scratch_bytes += bytes;
  for (std::uint32_t done = 0; done < bytes;) {
    const std::uint32_t part = std::min(4 - (offset + done) % 4, bytes - done);
    std::uint64_t faulted = 0;
    if (!move(scratch_byte_address(wave, lane, offset + done), done, part, faulted)) {
      fail_memory(wave, instruction, faulted, "reaches scratch that is not mapped");
      return false;
    }
    done += part;
  }
  return true;
}

// One lane of an access that is not plain global memory or that crosses a page border.
bool read_lane(Wave& wave, const Instruction& instruction, Segment segment, unsigned lane,
               std::uint64_t address, void* into, std::uint32_t bytes) {
  auto* to = static_cast<std::uint8_t*>(into);
  const auto offset = static_cast<std::uint32_t>(address);
  if (segment == Segment::shared) {
    wave.counts.lds_accesses += 1;
    const bool inside = std::uint64_t{offset} + bytes <= wave.workgroup->lds_size;
    if (inside)
      std::memcpy(to, wave.workgroup->lds + offset, bytes);
    else
      std::memset(to, 0, bytes);
    return true;
  }
  if (segment == Segment::scratch) {
    return for_scratch_parts(
        wave, instruction, lane, offset, bytes,
        [&](std::uint64_t at, std::uint32_t done, std::uint32_t part, std::uint64_t& faulted) {
          return wave.memory->read(at, to + done, part, faulted);
        });
  }
  std::uint64_t faulted = 0;
  if (!wave.memory->read(address, into, bytes, faulted)) {
    fail_memory(wave, instruction, faulted, "reads memory that is not mapped or not readable");
    return false;
  }
  return true;
}

bool write_lane(Wave& wave, const Instruction& instruction, Segment segment, unsigned lane,
                std::uint64_t address, const void* from, std::uint32_t bytes) {
  const auto* source = static_cast<const std::uint8_t*>(from);
  const auto offset = static_cast<std::uint32_t>(address);
  if (segment == Segment::shared) {
    wave.counts.lds_accesses += 1;
    const bool inside = std::uint64_t{offset} + bytes <= wave.workgroup->lds_size;
    if (inside) std::memcpy(wave.workgroup->lds + offset, source, bytes);
    return true;
  }
  if (segment == Segment::scratch) {
    return for_scratch_parts(
        wave, instruction, lane, offset, bytes,
        [&](std::uint64_t at, std::uint32_t done, std::uint32_t part, std::uint64_t& faulted) {
          return wave.memory->write(at, source + done, part, faulted);
        });
  }
  std::uint64_t faulted = 0;
  if (!wave.memory->write(address, from, bytes, faulted)) {
    fail_memory(wave, instruction, faulted, "writes memory that is not mapped or not writable");
    return false;
  }
  return true;
}

using SegmentOf = Segment (*)(const Wave&, std::uint64_t);
Segment always_global(const Wave&, std::uint64_t) {
  return Segment::global;
}

void load_lane_by_lane(Wave& wave, const Instruction& instruction, const LoadShape& shape,
                       const LaneAddresses& addresses, SegmentOf segment) {
  alignas(64) Row rows[4] = {};
  for (unsigned i = 0; i < lane_count; ++i) {
    if ((wave.exec() >> i & 1) == 0) continue;
    std::uint32_t value[4] = {};
    const std::uint64_t address = addresses.lane[i];
    if (!read_lane(wave, instruction, segment(wave, address), i, address, value, shape.bytes))
      return;
    for (std::uint32_t r = 0; r < 4; ++r) rows[r].lane[i] = value[r];
  }
  store_loaded(wave, instruction, shape, rows);
}

template <std::uint32_t bytes>
void load_global(Wave& wave, const Instruction& instruction, const LoadShape& shape,
                 const LaneAddresses& addresses) {
  const auto* page = wave.memory->find(addresses.lowest, MemoryAccess::read);
  if (page == nullptr) {
    fail_memory(wave, instruction, addresses.lowest,
                "reads memory that is not mapped or not readable");
    return;
  }
  count_access(wave, *page, addresses, bytes, false);
  if (addresses.highest - page->base + bytes > page->size) {
    load_lane_by_lane(wave, instruction, shape, addresses, always_global);
    return;
  }
  Row rows[dwords(bytes)];
  if (bytes == 4 && is_consecutive(addresses, 4)) {
    copy_row(rows[0].lane, page->host + (addresses.lane[0] - page->base));
  } else {
    load_lanes<bytes>(page->host, addresses, page->base, rows);
  }
  store_loaded(wave, instruction, shape, rows);
}

template <LoadShape shape>
void global_load(Wave& wave, const Instruction& instruction) {
  if (wave.exec() == 0) return;
  load_global<shape.bytes>(wave, instruction, shape, global_addresses(wave, instruction));
}

template <LoadShape shape>
void flat_load(Wave& wave, const Instruction& instruction) {
  if (wave.exec() == 0) return;
  const LaneAddresses addresses = global_addresses(wave, instruction);
  if (touches_apertures(wave, addresses)) {
    load_lane_by_lane(wave, instruction, shape, addresses, segment_of);
  } else {
    load_global<shape.bytes>(wave, instruction, shape, addresses);
  }
}

// One dword per lane from a scalar address on.
LaneAddresses consecutive_addresses(const Wave& wave, const Instruction& instruction) {
  LaneAddresses addresses;
  const std::uint64_t base = wave.scalar64(instruction.source[2].value) +
                             static_cast<std::uint64_t>(std::int64_t{instruction.immediate});
  for (unsigned i = 0; i < lane_count; ++i) addresses.lane[i] = base + 4 * i;
  for (unsigned i = 0; i < lane_count; ++i) {
    if ((wave.exec() >> i & 1) != 0) continue;
    addresses.lane[i] = base + 4 * static_cast<unsigned>(std::countr_zero(wave.exec()));
  }
  const auto [lowest, highest] = std::minmax_element(addresses.lane, addresses.lane + lane_count);
  addresses.lowest = *lowest;
  addresses.highest = *highest;
  return addresses;
}

void load_by_lane_number(Wave& wave, const Instruction& instruction) {
  if (wave.exec() == 0) return;
  load_global<4>(wave, instruction, LoadShape{4}, consecutive_addresses(wave, instruction));
}

// Whole dwords at an offset that all lanes share are consecutive in memory.
bool uniform_scratch(const Wave& wave, const Instruction& instruction, const std::uint32_t* offsets,
                     std::uint32_t bytes) {
  return instruction.source[0].kind == OperandKind::none && bytes % 4 == 0 && offsets[0] % 4 == 0 &&
         std::uint64_t{offsets[0]} + bytes <= wave.scratch_size;
}

LaneAddresses private_addresses(const Wave& wave, const std::uint32_t* offsets) {
  LaneAddresses addresses;
  for (unsigned i = 0; i < lane_count; ++i) {
    addresses.lane[i] = wave.dispatch->private_aperture + offsets[i];
  }
  addresses.lowest = addresses.highest = addresses.lane[0];
  return addresses;
}

Segment always_scratch(const Wave&, std::uint64_t) {
  return Segment::scratch;
}

template <LoadShape shape>
void scratch_load(Wave& wave, const Instruction& instruction) {
  if (wave.exec() == 0) return;
  Row offsets;
  scratch_offsets(wave, instruction, offsets.lane);
  if (!uniform_scratch(wave, instruction, offsets.lane, shape.bytes)) {
    load_lane_by_lane(wave, instruction, shape, private_addresses(wave, offsets.lane),
                      always_scratch);
    return;
  }
  wave.counts.scratch_bytes += shape.bytes * lane_count;
  Row rows[dwords(shape.bytes)];
  std::uint64_t faulted = 0;
  if (!wave.memory->read(scratch_byte_address(wave, 0, offsets.lane[0]), rows, sizeof(rows),
                         faulted)) {
    fail_memory(wave, instruction, faulted, "reads scratch that is not mapped");
    return;
  }
  store_loaded(wave, instruction, shape, rows);
}

// What a store takes from the data register: `bytes` from bit `shift`.
struct StoreShape {
  std::uint32_t bytes;
  std::uint32_t shift = 0;
};

void store_lane_by_lane(Wave& wave, const Instruction& instruction, const StoreShape& shape,
                        const LaneAddresses& addresses, SegmentOf segment) {
  for (unsigned i = 0; i < lane_count; ++i) {
    if ((wave.exec() >> i & 1) == 0) continue;
    std::uint32_t value[4] = {};
    for (std::uint32_t r = 0; r < dwords(shape.bytes); ++r) {
      value[r] = wave.vgpr[instruction.source[1].value + r][i] >> shape.shift;
    }
    const std::uint64_t address = addresses.lane[i];
    if (!write_lane(wave, instruction, segment(wave, address), i, address, value, shape.bytes))
      return;
  }
}

template <std::uint32_t bytes>
REDBOLT_GUEST_MEMORY void store_lanes(std::byte* page, const LaneAddresses& addresses,
                                      std::uint64_t base, const std::uint32_t* row,
                                      std::uint32_t shift, std::uint32_t exec) {
  for (unsigned i = 0; i < lane_count; ++i) {
    if ((exec >> i & 1) == 0) continue;
    std::uint32_t value[dwords(bytes)];
    for (std::uint32_t r = 0; r < dwords(bytes); ++r) value[r] = row[r * lane_count + i] >> shift;
    std::memcpy(page + (addresses.lane[i] - base), value, bytes);
  }
}

REDBOLT_GUEST_MEMORY void write_row(std::byte* to, const std::uint32_t* from) {
  std::uint32_t values[lane_count];
  for (unsigned i = 0; i < lane_count; ++i) values[i] = from[i];
  __builtin_memcpy(to, values, sizeof(values));
}

template <StoreShape shape>
void store_global(Wave& wave, const Instruction& instruction, const LaneAddresses& addresses) {
  constexpr auto bytes = shape.bytes;
  const auto* page = wave.memory->find(addresses.lowest, MemoryAccess::write);
  if (page == nullptr) {
    fail_memory(wave, instruction, addresses.lowest,
                "writes memory that is not mapped or not writable");
    return;
  }
  count_access(wave, *page, addresses, bytes, true);
  if (addresses.highest - page->base + bytes > page->size) {
    store_lane_by_lane(wave, instruction, shape, addresses, always_global);
    return;
  }
  const std::uint32_t* row = wave.vgpr[instruction.source[1].value].data();
  if (bytes == 4 && wave.exec() == all_lanes && is_consecutive(addresses, 4)) {
    write_row(page->host + (addresses.lane[0] - page->base), row);
  } else {
    store_lanes<bytes>(page->host, addresses, page->base, row, shape.shift, wave.exec());
  }
}

void store_by_lane_number(Wave& wave, const Instruction& instruction) {
  if (wave.exec() == 0) return;
  store_global<StoreShape{4}>(wave, instruction, consecutive_addresses(wave, instruction));
}

template <StoreShape shape>
void global_store(Wave& wave, const Instruction& instruction) {
  if (wave.exec() == 0) return;
  store_global<shape>(wave, instruction, global_addresses(wave, instruction));
}

template <StoreShape shape>
void flat_store(Wave& wave, const Instruction& instruction) {
  if (wave.exec() == 0) return;
  const LaneAddresses addresses = global_addresses(wave, instruction);
  if (touches_apertures(wave, addresses)) {
    store_lane_by_lane(wave, instruction, shape, addresses, segment_of);
  } else {
    store_global<shape>(wave, instruction, addresses);
  }
}

template <StoreShape shape>
void scratch_store(Wave& wave, const Instruction& instruction) {
  if (wave.exec() == 0) return;
  Row offsets;
  scratch_offsets(wave, instruction, offsets.lane);
  if (wave.exec() != all_lanes || !uniform_scratch(wave, instruction, offsets.lane, shape.bytes)) {
    store_lane_by_lane(wave, instruction, shape, private_addresses(wave, offsets.lane),
                       always_scratch);
    return;
  }
  wave.counts.scratch_bytes += shape.bytes * lane_count;
  std::uint64_t faulted = 0;
  if (!wave.memory->write(scratch_byte_address(wave, 0, offsets.lane[0]),
                          wave.vgpr[instruction.source[1].value].data(), shape.bytes * lane_count,
                          faulted)) {
    fail_memory(wave, instruction, faulted, "writes scratch that is not mapped");
  }
}

template <LoadShape shape>
constexpr std::array<Handler, 3> load{flat_load<shape>, global_load<shape>, scratch_load<shape>};
template <StoreShape shape>
constexpr std::array<Handler, 3> store{flat_store<shape>, global_store<shape>,
                                       scratch_store<shape>};

struct Operation {
  const char* names[3];  // FLAT, GLOBAL, SCRATCH
  const std::array<Handler, 3>& handlers;
  InstructionClass kind;
};

constexpr auto loads = InstructionClass::vmem_load;
constexpr auto stores = InstructionClass::vmem_store;
using enum Extension;

constexpr Operation operations[] = {
    {{"FLAT_LOAD_U8", "GLOBAL_LOAD_U8", "SCRATCH_LOAD_U8"}, load<LoadShape{1}>, loads},
    {{"FLAT_LOAD_I8", "GLOBAL_LOAD_I8", "SCRATCH_LOAD_I8"}, load<LoadShape{1, sign, true}>, loads},
    {{"FLAT_LOAD_U16", "GLOBAL_LOAD_U16", "SCRATCH_LOAD_U16"}, load<LoadShape{2}>, loads},
    {{"FLAT_LOAD_I16", "GLOBAL_LOAD_I16", "SCRATCH_LOAD_I16"},
     load<LoadShape{2, sign, true}>,
     loads},
    {{"FLAT_LOAD_B32", "GLOBAL_LOAD_B32", "SCRATCH_LOAD_B32"}, load<LoadShape{4}>, loads},
    {{"FLAT_LOAD_B64", "GLOBAL_LOAD_B64", "SCRATCH_LOAD_B64"}, load<LoadShape{8}>, loads},
    {{"FLAT_LOAD_B96", "GLOBAL_LOAD_B96", "SCRATCH_LOAD_B96"}, load<LoadShape{12}>, loads},
    {{"FLAT_LOAD_B128", "GLOBAL_LOAD_B128", "SCRATCH_LOAD_B128"}, load<LoadShape{16}>, loads},
    {{"FLAT_LOAD_D16_U8", "GLOBAL_LOAD_D16_U8", "SCRATCH_LOAD_D16_U8"},
     load<LoadShape{1, low_half}>,
     loads},
    {{"FLAT_LOAD_D16_I8", "GLOBAL_LOAD_D16_I8", "SCRATCH_LOAD_D16_I8"},
     load<LoadShape{1, low_half, true}>,
     loads},
    {{"FLAT_LOAD_D16_B16", "GLOBAL_LOAD_D16_B16", "SCRATCH_LOAD_D16_B16"},
     load<LoadShape{2, low_half}>,
     loads},
    {{"FLAT_LOAD_D16_HI_U8", "GLOBAL_LOAD_D16_HI_U8", "SCRATCH_LOAD_D16_HI_U8"},
     load<LoadShape{1, high_half}>,
     loads},
    {{"FLAT_LOAD_D16_HI_I8", "GLOBAL_LOAD_D16_HI_I8", "SCRATCH_LOAD_D16_HI_I8"},
     load<LoadShape{1, high_half, true}>,
     loads},
    {{"FLAT_LOAD_D16_HI_B16", "GLOBAL_LOAD_D16_HI_B16", "SCRATCH_LOAD_D16_HI_B16"},
     load<LoadShape{2, high_half}>,
     loads},
    {{"FLAT_STORE_B8", "GLOBAL_STORE_B8", "SCRATCH_STORE_B8"}, store<StoreShape{1}>, stores},
    {{"FLAT_STORE_B16", "GLOBAL_STORE_B16", "SCRATCH_STORE_B16"}, store<StoreShape{2}>, stores},
    {{"FLAT_STORE_B32", "GLOBAL_STORE_B32", "SCRATCH_STORE_B32"}, store<StoreShape{4}>, stores},
    {{"FLAT_STORE_B64", "GLOBAL_STORE_B64", "SCRATCH_STORE_B64"}, store<StoreShape{8}>, stores},
    {{"FLAT_STORE_B96", "GLOBAL_STORE_B96", "SCRATCH_STORE_B96"}, store<StoreShape{12}>, stores},
    {{"FLAT_STORE_B128", "GLOBAL_STORE_B128", "SCRATCH_STORE_B128"}, store<StoreShape{16}>, stores},
    {{"FLAT_STORE_D16_HI_B8", "GLOBAL_STORE_D16_HI_B8", "SCRATCH_STORE_D16_HI_B8"},
     store<StoreShape{1, 16}>,
     stores},
    {{"FLAT_STORE_D16_HI_B16", "GLOBAL_STORE_D16_HI_B16", "SCRATCH_STORE_D16_HI_B16"},
     store<StoreShape{2, 16}>,
     stores},
};

constexpr Binding others[] = {
    {"GLOBAL_LOAD_ADDTID_B32", load_by_lane_number, loads},
    {"GLOBAL_STORE_ADDTID_B32", store_by_lane_number, stores},
};

constexpr auto make_bindings() {
  std::array<Binding, std::size(operations) * 3 + std::size(others)> result{};
  std::size_t n = 0;
  for (const auto& operation : operations) {
    for (std::size_t i = 0; i < 3; ++i) {
      result[n++] = Binding{operation.names[i], operation.handlers[i], operation.kind};
    }
  }
  for (const Binding& other : others) result[n++] = other;
  return result;
}
constexpr auto bindings = make_bindings();

}  // namespace

std::span<const Binding> flat_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
