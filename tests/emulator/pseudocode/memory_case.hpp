// One memory instruction, with random addresses and data, on the machine and by its definition.
#pragma once

#include "encoder.hpp"
#include "vector_case.hpp"

namespace redbolt::pseudocode {

class MemoryCase {
 public:
  MemoryCase(const emulator::OpcodeInfo& info, Random& random, Machine& machine);

  // Runs it once. Empty, or what differs.
  std::string run();

 private:
  void choose();
  void choose_lds();
  void choose_flat();
  void choose_scalar();
  void choose_target_offsets();
  void encode();
  void expect();
  void expect_lane(unsigned lane);
  void expect_wave();
  void expect_scalar();
  void give_registers(Evaluator& e, unsigned lane);
  void settle_nans();
  bool names(const char* part) const { return name_.find(part) != std::string::npos; }
  bool is_lds() const { return info_.encoding == emulator::Encoding::ds; }
  bool is_atomic() const;
  std::vector<u32> registers(u32 first, unsigned dwords, unsigned lane) const;

  const emulator::OpcodeInfo& info_;
  const Definition& definition_;
  Random& random_;
  Machine& machine_;
  std::string name_;
  State before_, expected_, actual_;
  std::array<u32, 3> words_{};
  std::array<u64, lanes> target_{};  // what ADDR stands for
  u32 address_ = 4, data_ = 20, data2_ = 30, destination_ = 40;
  u32 scalar_address_ = 0;
  bool has_scalar_address_ = false;
  bool has_vector_address_ = true;
  bool returns_ = false;
  u32 offset_ = 0;  // as it is encoded
  u64 scalar_target_ = 0;
  u32 scalar_destination_ = 0;
};

}  // namespace redbolt::pseudocode
