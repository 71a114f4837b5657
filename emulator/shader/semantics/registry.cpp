#include "semantics/registry.hpp"

#include <string_view>
#include <unordered_map>
#include <vector>

#include "opcode_table.hpp"

namespace redbolt::emulator {
namespace {

using BindingsOf = std::span<const Binding> (*)();

// Every semantics file.
constexpr BindingsOf files[] = {
    sop1_bindings,       sop2_bindings,          sopc_bindings,
    sopk_bindings,       sopp_bindings,          smem_bindings,
    vop1_bindings,       vop1_convert_bindings,  vop1_transcendental_bindings,
    vop2_bindings,       vop3_bindings,          vop3_16bit_bindings,
    vop3_64bit_bindings, vop3_divide_bindings,   vop3_lane_bindings,
    vopc_bindings,       flat_bindings,          flat_atomic_bindings,
    ds_bindings,         ds_atomic_bindings,     dot_bindings,
    wmma_bindings,       vop3p_bindings,         packed_vop2_bindings,
    buffer_bindings,     buffer_atomic_bindings, interpolation_bindings,
    trig_preop_bindings, extreme_bindings,
};

std::vector<const Binding*> join() {
  std::unordered_map<std::string_view, const Binding*> by_name;
  for (const BindingsOf file : files) {
    for (const Binding& binding : file()) by_name.emplace(binding.semantics, &binding);
  }
  std::vector<const Binding*> result;
  result.reserve(opcode_table().size());
  for (const OpcodeInfo& info : opcode_table()) {
    const auto found = by_name.find(info.semantics);
    result.push_back(found == by_name.end() ? nullptr : found->second);
  }
  return result;
}

}  // namespace

const Binding* find_binding(unsigned opcode_id) {
  static const std::vector<const Binding*> table = join();
  return opcode_id < table.size() ? table[opcode_id] : nullptr;
}

}  // namespace redbolt::emulator
