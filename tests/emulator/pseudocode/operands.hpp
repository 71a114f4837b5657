// Random, special and boundary operands of each type.
#pragma once

#include <random>

#include "machine.hpp"
#include "opcode_table.hpp"

namespace redbolt::pseudocode {

// Reproducible: prints and takes the seed (environment REDBOLT_SEED), and how often everything is
// repeated (REDBOLT_ROUNDS).
class Random {
 public:
  explicit Random(u64 seed) : engine_(seed) {}
  u64 bits() { return engine_(); }
  u32 below(u32 bound) { return static_cast<u32>(engine_() % bound); }
  bool chance(u32 one_in) { return below(one_in) == 0; }
  template <class Container>
  auto one_of(const Container& values) {
    return values[below(static_cast<u32>(std::size(values)))];
  }

 private:
  std::mt19937_64 engine_;
};

u64 seed_of_run();
unsigned rounds_of_run();

// A value of this type, as many dwords as it is wide; packed types give both halves.
u64 random_operand(Random& random, emulator::ValueType type);
u32 random_exec(Random& random);
// The value itself or close to it: where comparisons and carries change their minds.
u64 related_value(Random& random, u64 value);

}  // namespace redbolt::pseudocode
