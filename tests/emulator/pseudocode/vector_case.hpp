// One vector instruction, with random operands, modifiers and modes, on the machine and by its
// definition.
#pragma once

#include "comparison.hpp"
#include "encoder.hpp"
#include "operands.hpp"

namespace redbolt::pseudocode {

// MODE: mostly what compilers ask for, else anything.
u32 random_mode(Random& random);
// All registers and flags drawn.
void randomise(State& state, Random& random);
bool is_float(emulator::ValueType type);
bool is_half_word(emulator::ValueType type);
const FloatFormat& format_of(emulator::ValueType type);
unsigned dwords_of(emulator::ValueType type);

class VectorCase {
 public:
  VectorCase(const emulator::OpcodeInfo& info, Random& random, Machine& machine);

  // Runs it once. Empty, or what differs.
  std::string run();

 private:
  enum class Place : std::uint8_t { none, vgpr, sgpr, constant };
  struct Source {
    emulator::ValueType type = emulator::ValueType::none;
    unsigned dwords = 0;
    Place place = Place::none;
    u32 number = 0;  // of the register
    u32 field = 0;   // as it is encoded
    bool high = false;
    bool negate = false;
    bool absolute = false;
    bool high_from_high = false;  // VOP3P
    bool negate_high = false;
    u64 value = 0;  // of a constant
  };

  void choose();
  void choose_source(unsigned index);
  void choose_register(Source& source, unsigned index);
  bool choose_constant(Source& source, unsigned index);
  void choose_modifiers();
  void choose_destination();
  void fill();
  void encode();
  void encode_short(Encoder& encoder) const;
  void encode_long(Encoder& encoder) const;
  void encode_packed(Encoder& encoder) const;

  u128 raw(const State& state, const Source& source, unsigned lane) const;
  u128 modified(const State& state, const Source& source, unsigned lane) const;
  u64 with_signs(u64 bits, const Source& source, const FloatFormat& format) const;
  u64 packed_operand(u64 bits, const Source& source) const;
  u64 mixed_operand(u64 bits, const Source& source) const;
  void expect();
  void expect_lane(unsigned lane);
  State operands_of_quads() const;
  void expect_wave();
  void give_operands(Evaluator& evaluator, const State& state, unsigned lane) const;
  void take_result(Evaluator& evaluator, unsigned lane);
  void settle_floats();
  u64 multiplied(u64 bits, const FloatFormat& format) const;
  u64 finished(u64 bits, const FloatFormat& format) const;
  std::vector<Number> nans_of(unsigned lane) const;
  std::string report(const std::string& what) const;

  const emulator::OpcodeInfo& info_;
  const Definition& definition_;
  Random& random_;
  Machine& machine_;
  std::string name_;

  State before_, expected_, actual_, quads_;
  std::array<Source, 3> source_;
  std::array<u32, 3> words_{};
  u32 destination_ = 0;
  bool destination_high_ = false;
  u32 scalar_destination_ = 0;
  bool clamp_ = false;
  u32 output_modifier_ = 0;
  bool has_literal_ = false;
  u32 literal_ = 0;
  unsigned length_ = 1;
  u32 carried_ = 0;  // masks that lanes have made
  u32 compared_ = 0;
  u32 enabled_ = 0;
  std::array<double, lanes> slack_{};  // how far results may be off, where the definition says so
};

}  // namespace redbolt::pseudocode
