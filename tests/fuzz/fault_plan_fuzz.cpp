// Arbitrary text as a fault plan: a plan, or an error that says why not. A plan that is accepted
// is put in force and asked a few times.
#include <cstdint>
#include <string_view>
#include <vector>

#include "faults/fault_injector.hpp"

namespace {

using namespace redbolt::emulator;

std::vector<std::uint8_t> sample(std::string_view text) {
  return {text.begin(), text.end()};
}

}  // namespace

std::vector<std::vector<std::uint8_t>> fuzz_samples() {
  return {
      sample("unplug@2.5s+1s;hang-wave:p=0.01;drop-fence@n=3;delay-fence:ms=50:p=0.1;seed=7"),
      sample("stall-mailbox=psp@boot;refuse-firmware=mec;corrupt-interrupt:p=0.001;times=1"),
      sample("stall-mailbox=smu-debug:for=100us:times=3;drop-fence=sdma@n=2:times=18446744073709"),
      sample("hang-wave@0.5ms:p=0.25 ; refuse-firmware=mec-stack@n=1 ;seed=18446744073709551615"),
  };
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const FaultPlan plan =
        parse_fault_plan(std::string_view(reinterpret_cast<const char*>(data), size));
    CounterRegistry counters;
    FaultInjector faults(counters, {.unplug = [] {}, .plug_in = [] {}});
    faults.add(plan, 1);
    for (std::size_t kind = 0; kind < fault_kinds; ++kind) {
      for (std::uint32_t target = 0; target < 3; ++target) {
        faults.strikes(static_cast<FaultKind>(kind), target);
      }
    }
    faults.doorbell();
  } catch (const EmulatorError&) {
  }
  return 0;
}
