#include "machine.hpp"

#include <algorithm>
#include <cstring>

#include "code_cache.hpp"
#include "wave_memory.hpp"

namespace redbolt::pseudocode {
namespace {

using emulator::MemoryAccess;
using emulator::MemoryPort;

class DataMemory : public MemoryPort {
 public:
  bool lookup(u64 address, MemoryAccess, Page& page) override {
    if (address - State::memory_base >= State::memory_size) return false;
    page = {bytes.data(), State::memory_base, State::memory_size, true, true, true, false};
    return true;
  }
  u64 generation() const override { return 1; }

  alignas(64) std::array<std::byte, State::memory_size + 64> bytes{};
};

}  // namespace

u128 StateSurroundings::memory(u64 address, unsigned bits) {
  u128 value = 0;
  for (unsigned i = 0; i * 8 < bits; ++i) value |= u128{*byte(address + i)} << (8 * i);
  return value;
}

void StateSurroundings::set_memory(u64 address, unsigned bits, u128 value) {
  for (unsigned i = 0; i * 8 < bits; ++i)
    *byte(address + i) = static_cast<std::uint8_t>(value >> (8 * i));
}

std::uint8_t* StateSurroundings::byte(u64 address) {
  if (lds_) return &state_.lds.at(address & 0xffffffff);
  if (scratch_lane_ >= 0) {
    // Dwords of neighbouring lanes are neighbours.
    const u64 offset =
        address / 4 * (4 * lanes) + static_cast<u64>(scratch_lane_) * 4 + address % 4;
    return &state_.memory.at(State::scratch_base - State::memory_base + offset);
  }
  return &state_.memory.at(address - State::memory_base);
}

struct Machine::Impl {
  DataMemory memory;
  emulator::WaveMemory wave_memory{memory};
  emulator::CodeCache cache;
  emulator::CodeView code{cache, memory, 256};
  emulator::Dispatch dispatch{};
  std::vector<std::uint8_t> lds = std::vector<std::uint8_t>(State::lds_size + 64);
  emulator::WorkgroupMemory workgroup{lds.data(), State::lds_size};
  emulator::Wave wave{};
};

Machine::Machine() : impl_(std::make_unique<Impl>()) {
  impl_->dispatch.shared_aperture = u64{1} << 60;
  impl_->dispatch.private_aperture = u64{2} << 60;
}
Machine::~Machine() = default;

bool Machine::run(State& state, const std::array<u32, 3>& words) {
  emulator::CodePage::Words code{};
  const u64 offset = state.pc - State::code_base;
  std::copy(words.begin(), words.end(), code.begin() + static_cast<std::ptrdiff_t>(offset / 4));
  const emulator::CodePage page(State::code_base, 256, code);
  page.decode(*page.at(state.pc));
  const emulator::Instruction& instruction = *page.at(state.pc);

  emulator::Wave& wave = impl_->wave;
  wave.reset_scalars();
  std::copy(state.vgpr.begin(), state.vgpr.end(), wave.vgpr.begin());
  std::copy(state.scalar.begin(), state.scalar.end(), wave.scalar.begin());
  wave.scalar[emulator::scalar_index::null] = 0;
  wave.set_scc(state.scc);
  wave.set_mode(state.mode);
  wave.status = emulator::WaveStatus::running;
  wave.code = &impl_->code;
  wave.memory = &impl_->wave_memory;
  wave.workgroup = &impl_->workgroup;
  wave.dispatch = &impl_->dispatch;
  wave.scratch_address = State::scratch_base;
  wave.scratch_size = State::scratch_bytes_per_lane;
  wave.page = &page;
  wave.next = &instruction + instruction.slots;
  std::memcpy(impl_->memory.bytes.data(), state.memory.data(), state.memory.size());
  std::memcpy(impl_->lds.data(), state.lds.data(), state.lds.size());

  instruction.handler.load()(wave, instruction);

  failure_ = wave.status == emulator::WaveStatus::failed ? wave.failure.message : std::string();
  std::copy_n(wave.vgpr.begin(), state.vgpr.size(), state.vgpr.begin());
  std::copy_n(wave.scalar.begin(), state.scalar.size(), state.scalar.begin());
  state.scc = wave.scc();
  state.mode = wave.mode;
  if (failure_.empty()) state.pc = wave.next_address();
  std::memcpy(state.memory.data(), impl_->memory.bytes.data(), state.memory.size());
  std::memcpy(state.lds.data(), impl_->lds.data(), state.lds.size());
  return failure_.empty();
}

}  // namespace redbolt::pseudocode
