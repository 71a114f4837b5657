#include "semantics/registry.hpp"
#include "semantics/scalars.hpp"
#include "wave_memory.hpp"

namespace redbolt::emulator {
namespace {

// Scalar loads ignore the two lowest bits of the address. What would go to registers that do not
// exist is lost.
template <std::uint32_t dwords>
void load(Wave& wave, const Instruction& instruction, std::uint64_t address) {
  std::uint32_t values[dwords];
  std::uint64_t faulted = 0;
  if (!wave.memory->read(address & ~std::uint64_t{3}, values, sizeof(values), faulted)) {
    wave.fail(DispatchResult::Kind::memory_fault, faulted,
              std::string(opcode_table()[instruction.opcode].mnemonic) +
                  " reads memory that is not mapped or not readable");
    return;
  }
  wave.counts.bytes_read += sizeof(values);
  wave.counts.cache_lines_read += 1;
  for (std::uint32_t i = 0; i < dwords; ++i) {
    const std::uint32_t number = instruction.destination + i;
    if (number != scalar_index::null && number <= scalar_index::exec_high)
      wave.scalar[number] = values[i];
  }
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

constexpr auto smem = InstructionClass::smem;

void invalidate(Wave&, const Instruction&) {}

constexpr Binding bindings[] = {
    {"S_LOAD_B32", load_address<1>, smem},   {"S_LOAD_B64", load_address<2>, smem},
    {"S_LOAD_B128", load_address<4>, smem},  {"S_LOAD_B256", load_address<8>, smem},
    {"S_LOAD_B512", load_address<16>, smem}, {"S_GL1_INV", invalidate, smem},
    {"S_DCACHE_INV", invalidate, smem},
};

}  // namespace

std::span<const Binding> smem_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
