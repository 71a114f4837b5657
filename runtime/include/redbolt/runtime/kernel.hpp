// Which machine code an operation needs: the name of a kernel in the device code and the constants
// that specialise it. Equal requests share one kernel.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace redbolt::runtime {

// An external constant of the device code and the value it is given before optimisation.
struct KernelConstant {
  std::string name;
  std::uint32_t value = 0;
  auto operator<=>(const KernelConstant&) const = default;
};

struct KernelRequest {
  std::string module;                     // the file of device code: "linear"
  std::string kernel;                     // the entry in it: "linear_vector"
  std::vector<KernelConstant> constants;  // every constant that the entry uses, sorted by name
  auto operator<=>(const KernelRequest&) const = default;

  // "linear_vector{columns=4096, ...}", for messages.
  std::string description() const;
};

// What the finaliser made of a request, as the code object's metadata says it.
struct KernelFacts {
  std::uint32_t kernarg_bytes = 0;
  std::uint32_t lds_bytes = 0;
  std::uint32_t scratch_bytes = 0;  // per work-item
  std::uint32_t vgprs = 0;
  std::uint32_t sgprs = 0;
  std::uint32_t vgpr_spills = 0;
  std::uint32_t sgpr_spills = 0;
  std::uint32_t code_bytes = 0;
};

}  // namespace redbolt::runtime
