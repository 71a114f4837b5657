#include "redbolt/runtime/kernel.hpp"

namespace redbolt::runtime {

std::string KernelRequest::description() const {
  std::string text = kernel + "{";
  for (const KernelConstant& constant : constants) {
    if (text.back() != '{') text += ", ";
    text += constant.name + "=" + std::to_string(constant.value);
  }
  return text + "}";
}

}  // namespace redbolt::runtime
