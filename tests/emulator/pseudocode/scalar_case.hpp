// One scalar instruction, with random operands, on the machine and by its definition.
#pragma once

#include "encoder.hpp"
#include "vector_case.hpp"

namespace redbolt::pseudocode {

class ScalarCase {
 public:
  ScalarCase(const emulator::OpcodeInfo& info, Random& random, Machine& machine);

  // Runs it once. Empty, or what differs.
  std::string run();

 private:
  struct Source {
    emulator::ValueType type = emulator::ValueType::none;
    u32 field = 0;
    u64 value = 0;
  };

  void choose();
  void choose_source(Source& source);
  void choose_special();
  void encode();
  void expect();
  void give_registers(Evaluator& e) const;
  void take_registers(Evaluator& e);
  u64 pair(const State& state, u32 number) const;

  const emulator::OpcodeInfo& info_;
  const Definition& definition_;
  Random& random_;
  Machine& machine_;
  std::string name_;
  State before_, expected_, actual_;
  std::array<Source, 2> source_;
  std::array<u32, 3> words_{};
  unsigned length_ = 1;
  u32 destination_ = 0;
  u32 simm16_ = 0;
  bool has_literal_ = false;
  u32 literal_ = 0;
};

}  // namespace redbolt::pseudocode
