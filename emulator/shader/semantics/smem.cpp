#include <algorithm>

#include "semantics/buffer_address.hpp"
#include "semantics/registry.hpp"
#include "semantics/scalars.hpp"
#include "wave_memory.hpp"

namespace redbolt::emulator {
namespace {

bool read_memory(Wave& wave, const Instruction& instruction, std::uint64_t address,
                 std::uint32_t* values, std::uint32_t dwords) {
  std::uint64_t faulted = 0;
  if (!wave.memory->read(address, values, dwords * 4, faulted)) {
    wave.fail(DispatchResult::Kind::memory_fault, faulted,
              std::string(opcode_table()[instruction.opcode].mnemonic) +
                  " reads memory that is not mapped or not readable");
    return false;
  }
  wave.counts.bytes_read += dwords * 4;
  wave.counts.cache_lines_read += 1;
  return true;
}

void write_registers(Wave& wave, const Instruction& instruction, const std::uint32_t* values,
                     std::uint32_t dwords) {
  if (instruction.destination == scalar_index::discard) return;
  for (std::uint32_t i = 0; i < dwords; ++i) wave.scalar[instruction.destination + i] = values[i];
}

// Scalar loads ignore the two lowest bits of the address.
template <std::uint32_t dwords>
void load(Wave& wave, const Instruction& instruction, std::uint64_t address) {
  std::uint32_t values[dwords];
  if (!read_memory(wave, instruction, address & ~std::uint64_t{3}, values, dwords)) return;
  write_registers(wave, instruction, values, dwords);
}

std::uint64_t offset_of(const Wave& wave, const Instruction& instruction) {
  return wave.scalar[instruction.source[1].value] +
         static_cast<std::uint64_t>(std::int64_t{instruction.immediate});
}

template <std::uint32_t dwords>
void load_address(Wave& wave, const Instruction& instruction) {
  load<dwords>(wave, instruction,
               wave.scalar64(instruction.source[0].value) + offset_of(wave, instruction));
}

// Dwords out of range read 0 (9.4.1.4 of AMD's document).
template <std::uint32_t dwords>
void load_buffer(Wave& wave, const Instruction& instruction) {
  const auto descriptor = BufferDescriptor::read(wave, instruction.source[0].value);
  const std::uint64_t size =
      std::uint64_t{descriptor.stride == 0 ? 1 : descriptor.stride} * descriptor.records;
  const std::uint64_t offset = offset_of(wave, instruction) & ~std::uint64_t{3};
  std::uint32_t values[dwords] = {};
  const std::uint64_t available = offset < size ? (size - offset + 3) / 4 : 0;
  const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(available, dwords));
  if (count != 0 && !descriptor.unbound() &&
      !read_memory(wave, instruction, (descriptor.base & ~std::uint64_t{3}) + offset, values,
                   count)) {
    return;
  }
  write_registers(wave, instruction, values, dwords);
}

constexpr auto smem = InstructionClass::smem;

// Caches of data and translations are not modelled.
void invalidate(Wave&, const Instruction&) {}

constexpr Binding bindings[] = {
    {"S_LOAD_B32", load_address<1>, smem},
    {"S_LOAD_B64", load_address<2>, smem},
    {"S_LOAD_B128", load_address<4>, smem},
    {"S_LOAD_B256", load_address<8>, smem},
    {"S_LOAD_B512", load_address<16>, smem},
    {"S_GL1_INV", invalidate, smem},
    {"S_DCACHE_INV", invalidate, smem},
    {"S_BUFFER_LOAD_B32", load_buffer<1>, smem},
    {"S_BUFFER_LOAD_B64", load_buffer<2>, smem},
    {"S_BUFFER_LOAD_B128", load_buffer<4>, smem},
    {"S_BUFFER_LOAD_B256", load_buffer<8>, smem},
    {"S_BUFFER_LOAD_B512", load_buffer<16>, smem},
    {"S_ATC_PROBE", invalidate, smem},
    {"S_ATC_PROBE_BUFFER", invalidate, smem},
};

}  // namespace

std::span<const Binding> smem_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
