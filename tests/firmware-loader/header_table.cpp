#include "header_table.hpp"
#include "test_paths.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace redbolt::firmware {

std::size_t header_field(const std::string& structure, const std::string& field) {
  std::ifstream table(REDBOLT_TEST_DATA "/card/firmware_headers.csv");
  for (std::string line; std::getline(table, line);) {
    std::istringstream columns(line);
    std::string name, path, offset, size;
    std::getline(columns, name, ',');
    std::getline(columns, path, ',');
    std::getline(columns, offset, ',');
    std::getline(columns, size, ',');
    if (name != structure) continue;
    if (path == "(total)" && field == "(total)") return std::stoul(size);
    if (path == field || path.ends_with("." + field)) return std::stoul(offset);
  }
  throw std::runtime_error("no field " + field + " in " + structure);
}

}  // namespace redbolt::firmware
