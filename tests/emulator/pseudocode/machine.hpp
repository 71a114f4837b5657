// One wave of the emulated shader core that runs single instructions from their machine code, and
// all that an instruction can change, as plain data.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "evaluator.hpp"
#include "wave.hpp"

namespace redbolt::pseudocode {

using u32 = std::uint32_t;
using u64 = std::uint64_t;
inline constexpr unsigned lanes = 32;

struct State {
  static constexpr u64 memory_base = 0x10000;
  static constexpr u64 scratch_base = memory_base + 4096;
  static constexpr u32 scratch_bytes_per_lane = 128;
  static constexpr u64 code_base = 0x40000;
  static constexpr std::size_t memory_size = 8192;
  static constexpr std::size_t lds_size = 65536;

  std::array<std::array<u32, lanes>, 256> vgpr{};
  std::array<u32, 128> scalar{};  // SGPRs, VCC, M0, EXEC
  bool scc = false;
  u32 mode = 0;
  u64 pc = code_base;
  std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(memory_size);
  std::vector<std::uint8_t> lds = std::vector<std::uint8_t>(lds_size);

  u32 exec() const { return scalar[emulator::scalar_index::exec]; }
  bool active(unsigned lane) const { return (exec() >> lane & 1) != 0; }
};

// What definitions see of a State. Memory is global memory, or LDS.
class StateSurroundings : public Surroundings {
 public:
  StateSurroundings(State& state, bool memory_is_lds) : state_(state), lds_(memory_is_lds) {}
  u128 memory(u64 address, unsigned bits) override;
  void set_memory(u64 address, unsigned bits, u128 value) override;
  u32 vgpr(u64 lane, u64 number) override { return state_.vgpr.at(number).at(lane); }
  void set_vgpr(u64 lane, u64 number, u32 value) override {
    state_.vgpr.at(number).at(lane) = value;
  }
  u32 sgpr(u64 number) override { return state_.scalar.at(number); }
  void set_sgpr(u64 number, u32 value) override { state_.scalar.at(number) = value; }

  // Where addresses are bytes of a lane's scratch.
  void address_scratch_of(unsigned lane) { scratch_lane_ = static_cast<int>(lane); }

 private:
  std::uint8_t* byte(u64 address);
  State& state_;
  bool lds_;
  int scratch_lane_ = -1;
};

class Machine {
 public:
  Machine();
  ~Machine();

  // Executes the instruction at State::pc. False when it stops the wave; failure() says why.
  bool run(State& state, const std::array<u32, 3>& words);
  const std::string& failure() const { return failure_; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::string failure_;
};

}  // namespace redbolt::pseudocode
