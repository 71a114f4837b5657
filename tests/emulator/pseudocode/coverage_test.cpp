// No opcode without a test: each has AMD's definition, one of ours, a test of its own, or a reason.
#include <gtest/gtest.h>

#include <array>
#include <iostream>

#include "encoder.hpp"
#include "families.hpp"
#include "semantics/registry.hpp"
#include "specification.hpp"

namespace redbolt::pseudocode {
namespace {

enum class Category : std::uint8_t { amd, ours, own_test, excluded, not_modelled, hole, count };
constexpr const char* category_names[] = {"AMD's definition",  "a definition of ours",
                                          "a test of its own", "a reason why not",
                                          "not modelled",      "HOLES"};

Category category_of(const emulator::OpcodeInfo& info, unsigned id) {
  if (exclusion_of(info) != nullptr) return Category::excluded;
  if (emulator::find_binding(id) == nullptr)
    return not_modelled(info) != nullptr ? Category::not_modelled : Category::hole;
  if (own_test_of(info) != nullptr) return Category::own_test;
  const Definition& definition = definition_of(info);
  if (definition.block == nullptr) return Category::hole;
  return definition.own != nullptr ? Category::ours : Category::amd;
}

TEST(PseudocodeCoverage, EveryOpcodeIsTestedOrHasAReason) {
  if (specification().by_opcode.empty()) {
    GTEST_SKIP() << "AMD's pseudocode is not at " << specification_path()
                 << ": set REDBOLT_REFERENCE to the folder of the reference material";
  }
  std::array<unsigned, static_cast<std::size_t>(Category::count)> counts{};
  const auto table = emulator::opcode_table();
  for (unsigned id = 0; id < table.size(); ++id) {
    const auto& info = table[id];
    const Category category = category_of(info, id);
    ++counts[static_cast<std::size_t>(category)];
    if (category != Category::hole) continue;
    ADD_FAILURE() << encoding_name(info.encoding) << " " << info.mnemonic << ": "
                  << (emulator::find_binding(id) == nullptr ? "no semantics"
                                                            : definition_of(info).problem);
  }
  for (std::size_t i = 0; i < counts.size(); ++i)
    std::cout << category_names[i] << ": " << counts[i] << " opcodes\n";
}

// A definition of ours that no opcode uses is a mistake in its name.
TEST(PseudocodeCoverage, EveryDefinitionOfOursIsUsed) {
  for (const OwnDefinition& own : own_definitions()) {
    bool used = false;
    for (const auto& info : emulator::opcode_table())
      used |= std::string(info.semantics) == own.semantics;
    EXPECT_TRUE(used) << own.semantics;
    EXPECT_NE(block_named(own.semantics), nullptr) << own.semantics;
  }
}

}  // namespace
}  // namespace redbolt::pseudocode
