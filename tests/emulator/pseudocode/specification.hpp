// AMD's definitions, read from the reference material, which is no part of this repository.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>

namespace redbolt::pseudocode {

struct Specification {
  std::map<std::pair<std::string, unsigned>, std::string> by_opcode;  // "VOP2", 3
  std::map<std::string, std::string> by_name;  // "V_ADD_F32": what definitions call each other
};

// Where the text is looked for: $REDBOLT_REFERENCE, or what the build was configured with.
std::filesystem::path specification_path();

// Empty when there is no such file.
const Specification& specification();

}  // namespace redbolt::pseudocode
