#include "families.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "encoder.hpp"
#include "memory_case.hpp"
#include "scalar_case.hpp"
#include "semantics/registry.hpp"
#include "specification.hpp"
#include "vector_case.hpp"

namespace redbolt::pseudocode {
namespace {

using emulator::Encoding;

template <class Case>
std::string run_once(const emulator::OpcodeInfo& info, Random& random, Machine& machine) {
  return Case(info, random, machine).run();
}

}  // namespace

const Family& vector_family() {
  static const Family family{{Encoding::vop1, Encoding::vop2, Encoding::vop3, Encoding::vop3sd,
                              Encoding::vop3p, Encoding::vopc, Encoding::vinterp},
                             24,
                             run_once<VectorCase>};
  return family;
}
const Family& scalar_family() {
  static const Family family{
      {Encoding::sop1, Encoding::sop2, Encoding::sopc, Encoding::sopk, Encoding::sopp},
      150,
      run_once<ScalarCase>};
  return family;
}
const Family& memory_family() {
  static const Family family{
      {Encoding::ds, Encoding::flat, Encoding::global, Encoding::scratch, Encoding::smem},
      12,
      run_once<MemoryCase>};
  return family;
}

void check_family(const Family& family, Author author) {
  if (author == Author::amd && specification().by_opcode.empty()) {
    GTEST_SKIP() << "AMD's pseudocode is not at " << specification_path()
                 << ": set REDBOLT_REFERENCE to the folder of the reference material";
  }
  Machine machine;
  const auto table = emulator::opcode_table();
  unsigned done = 0;
  for (unsigned id = 0; id < table.size(); ++id) {
    const auto& info = table[id];
    const auto& all = family.encodings;
    if (std::find(all.begin(), all.end(), info.encoding) == all.end()) continue;
    const Definition& definition = definition_of(info);
    const bool ours = definition.own != nullptr;
    if (ours != (author == Author::ours)) continue;
    if (emulator::find_binding(id) == nullptr || definition.block == nullptr) continue;
    if (exclusion_of(info) != nullptr || own_test_of(info) != nullptr) continue;
    Random random(seed_of_run() * 2654435761u + id);
    std::string text;
    for (unsigned i = 0; i < family.repetitions * rounds_of_run() && text.empty(); ++i)
      text = family.check(info, random, machine);
    if (!text.empty()) ADD_FAILURE() << encoding_name(info.encoding) << " " << text;
    ++done;
  }
  testing::Test::RecordProperty("opcodes", std::to_string(done));
}

}  // namespace redbolt::pseudocode
