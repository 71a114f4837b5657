#include "redbolt/registers/register.hpp"

namespace redbolt::registers {

const RegisterDescription* find_register(HardwareBlock block, std::string_view name) {
  for (const auto table : all_tables()) {
    for (const RegisterDescription& description : table) {
      if (description.definition.block == block && description.definition.name == name) {
        return &description;
      }
    }
  }
  return nullptr;
}

}  // namespace redbolt::registers
