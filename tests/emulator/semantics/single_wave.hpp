// One wave that runs single instructions by name, with registers the test sets and reads.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "opcode_table.hpp"
#include "semantics/registry.hpp"
#include "wave.hpp"
#include "wave_memory.hpp"

namespace redbolt::emulator {

// Guest memory [base, base + size) that everybody may read and write.
class FlatMemory : public MemoryPort {
 public:
  static constexpr std::uint64_t base = 0x10000;
  explicit FlatMemory(std::size_t size) : words_(size / 8) {}
  bool lookup(std::uint64_t address, MemoryAccess, Page& page) override {
    if (address < base || address >= base + words_.size() * 8) return false;
    page = {reinterpret_cast<std::byte*>(words_.data()), base, words_.size() * 8, true, true, true};
    return true;
  }
  std::uint64_t generation() const override { return 1; }
  template <class T>
  T read(std::size_t offset) const {
    T value;
    std::memcpy(&value, reinterpret_cast<const std::byte*>(words_.data()) + offset, sizeof(T));
    return value;
  }
  template <class T>
  void write(std::size_t offset, T value) {
    std::memcpy(reinterpret_cast<std::byte*>(words_.data()) + offset, &value, sizeof(T));
  }

 private:
  std::vector<std::uint64_t> words_;
};

using u32 = std::uint32_t;
using u64 = std::uint64_t;

class SingleWave : public testing::Test {
 protected:
  SingleWave() : seed(std::random_device{}()), random(seed), wave(std::make_unique<Wave>()) {
    wave->reset_scalars();
    wave->set_mode(0xf0 | mode::ieee | mode::dx10_clamp);  // denormals kept, nearest even
    wave->set_exec(all_lanes);
    wave->workgroup = &workgroup;
    wave->memory = &wave_memory;
    wave->dispatch = &dispatch;
    dispatch.shared_aperture = u64{1} << 60;  // where the reference boot puts them
    dispatch.private_aperture = u64{2} << 60;
    workgroup.lds = lds.data();
    workgroup.lds_size = 4096;
    for (auto& row : wave->vgpr) row.fill(0xdeadbeef);  // what is not written must stay
    for (auto& byte : lds) byte = static_cast<std::uint8_t>(random());
    RecordProperty("seed", std::to_string(seed));
  }

  static Operand vgpr(u32 row, std::uint8_t modifiers = 0) {
    return {row, OperandKind::vgpr, modifiers, 0};
  }
  static Operand constant(u32 value) { return {value, OperandKind::constant, 0, 0}; }

  const Binding& binding(const std::string& semantics) const {
    const auto table = opcode_table();
    for (unsigned id = 0; id < table.size(); ++id) {
      if (table[id].semantics == semantics && find_binding(id) != nullptr) return *find_binding(id);
    }
    throw std::runtime_error("no instruction " + semantics);
  }
  void run(const std::string& semantics, const Instruction& instruction) {
    const Binding& found = binding(semantics);
    const bool saturates = (instruction.flags & flag::clamp) != 0 && found.saturating != nullptr;
    (saturates ? found.saturating : found.handler)(*wave, instruction);
  }
  static Instruction make(u32 destination, Operand a, Operand b = {}, Operand c = {}) {
    Instruction instruction;
    instruction.destination = static_cast<std::uint16_t>(destination);
    instruction.source = {a, b, c};
    return instruction;
  }
  u32& v(u32 row, unsigned lane) { return wave->vgpr[row][lane]; }
  u64 v64(u32 row, unsigned lane) { return v(row, lane) | u64{v(row + 1, lane)} << 32; }
  void randomise(u32 first, u32 count = 1) {
    for (u32 r = first; r < first + count; ++r) {
      for (auto& value : wave->vgpr[r]) value = static_cast<u32>(random());
    }
  }
  u32 random_lanes() { return static_cast<u32>(random()); }
  static bool on(u32 mask, unsigned lane) { return (mask >> lane & 1) != 0; }

  unsigned seed;
  std::mt19937_64 random;
  std::array<std::uint8_t, 65536 + 64> lds{};
  FlatMemory memory{4096};
  WaveMemory wave_memory{memory};
  WorkgroupMemory workgroup{};
  Dispatch dispatch{};
  std::unique_ptr<Wave> wave;
};

}  // namespace redbolt::emulator
