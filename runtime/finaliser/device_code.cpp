#include "finaliser/device_code.hpp"

#include <algorithm>

namespace redbolt::runtime {

const DeviceCode* find_device_code(std::string_view module) {
  const auto all = embedded_device_code();
  const auto found = std::ranges::find(all, module, &DeviceCode::module);
  return found == all.end() ? nullptr : &*found;
}

}  // namespace redbolt::runtime
