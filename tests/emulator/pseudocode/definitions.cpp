#include "definitions.hpp"

#include <map>

#include "encoder.hpp"
#include "parser.hpp"
#include "specification.hpp"

namespace redbolt::pseudocode {
namespace {

const OwnDefinition* own_definition(const std::string& semantics) {
  for (const OwnDefinition& own : own_definitions()) {
    if (semantics == own.semantics) return &own;
  }
  return nullptr;
}

const Block* parsed(const std::string& text, std::string& problem) {
  static std::map<std::string, Block> blocks;
  const auto found = blocks.find(text);
  if (found != blocks.end()) return &found->second;
  try {
    return &blocks.emplace(text, parse(text)).first->second;
  } catch (const SyntaxError& error) {
    problem = error.what();
    return nullptr;
  }
}

Definition find(const emulator::OpcodeInfo& info) {
  Definition result;
  result.own = own_definition(info.semantics);
  if (result.own != nullptr) {
    result.text = result.own->text;
  } else if (info.encoding == emulator::Encoding::vopd) {
    const auto found = specification().by_name.find(info.semantics);
    if (found != specification().by_name.end()) result.text = found->second;
  } else {
    const auto found = specification().by_opcode.find({encoding_name(info.encoding), info.opcode});
    if (found != specification().by_opcode.end()) result.text = found->second;
  }
  if (result.text.empty()) {
    result.problem = "no definition";
  } else {
    result.block = parsed(result.text, result.problem);
  }
  return result;
}

}  // namespace

const Definition& definition_of(const emulator::OpcodeInfo& info) {
  static std::map<const emulator::OpcodeInfo*, Definition> definitions;
  const auto found = definitions.find(&info);
  if (found != definitions.end()) return found->second;
  return definitions.emplace(&info, find(info)).first->second;
}

const Block* block_named(const std::string& name) {
  std::string problem;
  if (const OwnDefinition* own = own_definition(name)) return parsed(own->text, problem);
  const auto found = specification().by_name.find(name);
  return found == specification().by_name.end() ? nullptr : parsed(found->second, problem);
}

}  // namespace redbolt::pseudocode
