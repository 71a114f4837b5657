#include "blocks/hub_memory_port.hpp"

namespace redbolt::emulator {
namespace {

constexpr Access hub_access(MemoryAccess access) {
  switch (access) {
    case MemoryAccess::read:
      return Access::read;
    case MemoryAccess::write:
      return Access::write;
    case MemoryAccess::atomic:
      return Access::atomic;
    case MemoryAccess::execute:
      return Access::execute;
  }
  return Access::read;
}

}  // namespace

bool HubMemoryPort::lookup(std::uint64_t address, MemoryAccess access, Page& page) {
  const HubClient client =
      access == MemoryAccess::execute ? HubClient::shader_instruction : HubClient::shader_data;
  const auto found = hub_.translate(vmid_, address, hub_access(access), client);
  if (!found || found->redirected) return false;
  page = {found->host,     found->base,       found->size,  found->readable,
          found->writable, found->executable, found->system};
  return true;
}

}  // namespace redbolt::emulator
