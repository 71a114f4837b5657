#include "specification.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace redbolt::pseudocode {
namespace {

// Without the suffix that tells the encodings of one operation apart.
std::string plain_name(std::string name) {
  if (name.ends_with("_E32") || name.ends_with("_E64")) name.resize(name.size() - 4);
  return name;
}

Specification read(const std::filesystem::path& path) {
  Specification result;
  std::ifstream file(path);
  std::string name, text;
  std::pair<std::string, unsigned> opcode;
  const auto finish = [&] {
    if (name.empty()) return;
    result.by_opcode[opcode] = text;
    result.by_name.emplace(plain_name(name), text);
    text.clear();
  };
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("== ")) {
      finish();
      std::istringstream heading(line.substr(3));
      heading >> opcode.first >> opcode.second >> name;
    } else if (!name.empty()) {
      text += line + "\n";
    }
  }
  finish();
  return result;
}

}  // namespace

std::filesystem::path specification_path() {
  const char* given = std::getenv("REDBOLT_REFERENCE");
  const std::filesystem::path folder = given != nullptr ? given : REDBOLT_REFERENCE;
  return folder / "isa" / "pseudocode_rdna3.txt";
}

const Specification& specification() {
  static const Specification result = read(specification_path());
  return result;
}

}  // namespace redbolt::pseudocode
