// Opcodes that are not compared with a definition, and why.
#include <algorithm>

#include "definitions.hpp"
#include "encoder.hpp"

namespace redbolt::pseudocode {
namespace {

constexpr const char* images = "images and exports: there is no graphics pipeline; stops the wave";
constexpr const char* buffers = "addressing by descriptors: BufferTest, OtherOperations";
constexpr const char* next_generation = "of gfx1150 and later: illegal on gfx1100";
constexpr const char* global_data_share =
    "global data share and its semaphores: not in the compute set";
constexpr const char* traps = "trap handlers are off: stops the wave";

constexpr Exclusion own_tests[] = {
    {"VOP3P V_WMMA_*", "matrices: WmmaDefinition"},
    {"VOPD *", "two operations at once: DualDefinition"},
    {"VOP3 V_TRIG_PREOP_F64", "the text counts bits from the wrong end: OtherOperations"},
    {"VOP3 V_MQSAD_U32_U8", "four registers at once: OtherOperations"},
    {"LDSDIR LDS_DIRECT_LOAD", "address and type in M0: OtherOperations"},
    {"MTBUF *", buffers},
    {"MUBUF *", buffers},
    {"SMEM S_BUFFER_*", buffers},
    {"GLOBAL GLOBAL_*_ADDTID_B32", "an address without a VGPR: OtherOperations"},
};

constexpr Exclusion without_semantics[] = {
    {"SOP1 S_*_F32", next_generation},
    {"SOP1 S_*_F16", next_generation},
    {"SOP1 S_CVT_*", next_generation},
    {"SOP2 S_*_F32", next_generation},
    {"SOP2 S_*_F16", next_generation},
    {"SOPC S_CMP_*_F32", next_generation},
    {"SOPC S_CMP_*_F16", next_generation},
    {"LDSDIR LDS_PARAM_LOAD", "parameters of a pixel shader"},
    {"FLAT GLOBAL_*_ADDTID_B32", "the same under GLOBAL"},
    {"* *_LDS_*", "loads into LDS: of other generations"},
    {"DS DS_BVH_STACK_RTN_B32", "ray tracing"},
};

constexpr Exclusion exclusions[] = {
    {"MIMG *", images},
    {"EXP *", images},
    {"SMEM S_ATC_PROBE*", "a hint to the address translation: nothing to see"},
    {"SMEM S_GL1_INV", "caches are not modelled: nothing to see"},
    {"SMEM S_DCACHE_INV", "caches are not modelled: nothing to see"},
    {"DS DS_GWS_*", global_data_share},
    {"DS DS_ORDERED_COUNT", global_data_share},
    {"DS DS_*GS_REG_RTN", global_data_share},
    {"FLAT FLAT_ATOMIC_CSUB_U32", "LLVM knows it under GLOBAL only"},
    {"SOPP S_TRAP", traps},
    {"SOP1 S_RFE_B64", traps},
    {"SOP1 S_SENDMSG_RTN_*",
     "answers depend on the machine: tests of the kernels look at the clocks"},
    {"SOPP S_SENDMSG*",
     "messages leave the wave: the workgroup's and the queues' tests look at them"},
    {"SOPP S_SETHALT", traps},
    {"SOPP S_SETKILL", traps},
    {"SOPP S_ENDPGM*", "ends the wave: every kernel test does it"},
    {"SOPP S_BARRIER", "a matter of workgroups: kernels_features_test"},
    {"SOPP S_WAIT_EVENT", "waits for exports, of which there are none: nothing to see"},
    {"SOPP S_CODE_END", "padding behind a program: stops the wave"},
    {"SOPP S_CBRANCH_CDBG*", traps},
    {"SOPK S_SUBVECTOR_LOOP_*", "loops over the halves of a wave64, which is refused"},
};

// `*` in the pattern stands for anything.
bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() != '*')
    return !text.empty() && pattern.front() == text.front() &&
           matches(pattern.substr(1), text.substr(1));
  for (std::size_t skip = 0; skip <= text.size(); ++skip) {
    if (matches(pattern.substr(1), text.substr(skip))) return true;
  }
  return false;
}

const Exclusion* find(std::span<const Exclusion> list, const emulator::OpcodeInfo& info) {
  const std::string name =
      std::string(encoding_name(info.encoding)).append(" ").append(info.semantics);
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const Exclusion& e) { return matches(e.pattern, name); });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

const Exclusion* exclusion_of(const emulator::OpcodeInfo& info) {
  return find(exclusions, info);
}
const Exclusion* own_test_of(const emulator::OpcodeInfo& info) {
  return find(own_tests, info);
}
const Exclusion* not_modelled(const emulator::OpcodeInfo& info) {
  return find(without_semantics, info);
}

}  // namespace redbolt::pseudocode
