// Of the buffer instructions, those that a compute kernel's fences are made of. Caches are not
// modelled: what an invalidation promises holds already, once the host's own accesses are ordered.
#include <atomic>

#include "semantics/registry.hpp"

namespace redbolt::emulator {
namespace {

void invalidate(Wave&, const Instruction&) {
  std::atomic_thread_fence(std::memory_order_acq_rel);
}

constexpr Binding bindings[] = {
    {"BUFFER_GL0_INV", invalidate, InstructionClass::message},
    {"BUFFER_GL1_INV", invalidate, InstructionClass::message},
};

}  // namespace

std::span<const Binding> mubuf_bindings() {
  return bindings;
}

}  // namespace redbolt::emulator
