#include "blocks/hub_engine_memory.hpp"

namespace redbolt::emulator {
namespace {

constexpr Access hub_access(EngineAccess access) {
  switch (access) {
    case EngineAccess::read:
      return Access::read;
    case EngineAccess::write:
      return Access::write;
    case EngineAccess::atomic:
      return Access::atomic;
  }
  return Access::write;
}

}  // namespace

std::optional<MemoryWindow> HubEngineMemory::window(std::uint64_t address, EngineAccess access) {
  const auto found = hub_.translate(vmid_, address, hub_access(access), client_);
  if (!found) return std::nullopt;
  const std::uint64_t offset = address - found->base;
  return MemoryWindow{found->host + offset, found->size - offset, found->redirected};
}

}  // namespace redbolt::emulator
