// Instructions that run other instructions: lane shuffles (DPP), duals (VOPD), readers of VCCZ and
// EXECZ; and those that cannot run at all.
#include "code_cache.hpp"
#include "decode/decoder.hpp"
#include "semantics/registry.hpp"
#include "semantics/rows.hpp"

namespace redbolt::emulator {
namespace {

void execute_inner(Wave& wave, const Instruction& inner) {
  inner.handler.load(std::memory_order_relaxed)(wave, inner);
}

}  // namespace

void execute_lane_shuffle(Wave& wave, const Instruction& instruction) {
  const LaneControl& control = instruction.extra->lanes;
  const Instruction& inner = instruction.extra->inner[0];
  const std::uint32_t* from = wave.vgpr[instruction.source[0].value].data();
  const std::uint32_t exec = wave.exec();
  auto& shuffled = wave.vgpr[vgpr_row::lane_shuffle];
  std::uint32_t valid = control.valid;
  if (!control.fetch_inactive && exec != all_lanes) {
    for (unsigned i = 0; i < lane_count; ++i) {
      if ((exec >> control.source_lane[i] & 1) == 0) valid &= ~(1u << i);
    }
  }
  for (unsigned i = 0; i < lane_count; ++i) {
    const std::uint32_t value = from[control.source_lane[i]];
    shuffled[i] = (valid >> i & 1) != 0 ? value : 0;
  }
  const std::uint32_t enabled = exec & control.written & (control.zero_when_invalid ? ~0u : valid);
  const bool replaces_exec =
      (inner.flags & flag::is_vopc) != 0 && inner.scalar_destination == scalar_index::exec;
  wave.set_exec(enabled);
  execute_inner(wave, inner);
  if (!replaces_exec) wave.set_exec(exec);
}

void execute_dual(Wave& wave, const Instruction& instruction) {
  execute_inner(wave, instruction.extra->inner[0]);
  execute_inner(wave, instruction.extra->inner[1]);
}

void execute_dual_swapped(Wave& wave, const Instruction& instruction) {
  Instruction x = instruction.extra->inner[0];
  const std::uint32_t destination = x.destination;
  x.destination = vgpr_row::dual_result;
  execute_inner(wave, x);
  execute_inner(wave, instruction.extra->inner[1]);
  store_row(wave, destination, wave.vgpr[vgpr_row::dual_result].data());
}

void execute_illegal(Wave& wave, const Instruction& instruction) {
  const std::uint64_t address = wave.address_of(instruction);
  std::array<std::uint32_t, 3> words{};
  for (std::uint64_t i = 0; i < words.size() && i < instruction.slots; ++i) {
    const CodePage* page = wave.code->page(address + 4 * i);
    if (page != nullptr) words[i] = page->words()[(address + 4 * i - page->base()) / 4];
  }
  const Decoded decoded = decode_instruction(words, wave.page->vgpr_limit());
  if (decoded.not_modelled) {
    wave.fail_not_modelled(instruction, decoded.problem);
  } else {
    wave.fail_illegal(instruction, decoded.problem);
  }
}

void execute_nothing(Wave&, const Instruction&) {}

void execute_with_status(Wave& wave, const Instruction& instruction) {
  wave.scalar[scalar_index::vcc_zero] = wave.vcc() == 0 ? 1 : 0;
  wave.scalar[scalar_index::exec_zero] = wave.exec() == 0 ? 1 : 0;
  instruction.extra->behind_status(wave, instruction);
}

}  // namespace redbolt::emulator
