// VM contexts 1 to 15 of the graphics hub: which are in use, their page tables, and what each has
// been granted of context 0's address space. What VmContext gives out stands on this.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>

#include "memory/address_space.hpp"
#include "memory/host_data_path.hpp"
#include "memory/memory_hub.hpp"
#include "memory/page_table.hpp"
#include "memory/vram_window.hpp"
#include "redbolt/driver/vm_context.hpp"

namespace redbolt::driver {

class ContextTables {
 public:
  // Points all contexts to an empty table, whatever an earlier run left in them. The hub has to be
  // configured.
  ContextTables(AddressSpace& space, MemoryHub& hub, VramWindow& window,
                HostDataPath& host_data_path);
  ContextTables(const ContextTables&) = delete;
  ContextTables& operator=(const ContextTables&) = delete;

  // From now on the card is not asked any more: it is about to be reset.
  void detach() { hub_ = nullptr; }

  // Throws DriverError: out_of_contexts, out_of_vram.
  unsigned create();
  // If the card does not confirm, throws DriverError, and the context stays out of use.
  void destroy(unsigned vmid);

  // As in VmContext.
  void grant(unsigned vmid, GpuAddress address, Bytes size, MemoryAccess access);
  void revoke(unsigned vmid, GpuAddress address, Bytes size);
  std::uint32_t progress(unsigned vmid) const;

  // Drops what the hub has cached of every context, including the driver's.
  void invalidate_all();

  // Takes back whatever of the range has been granted to anybody: its memory is about to go away.
  void revoke_everywhere(GpuAddress address, Bytes size);

 private:
  struct Context {
    Context(AddressSpace& space, VramOffset root, VramOffset private_page);
    VramOffset root;
    VramOffset private_page;
    PageTable table;
    std::map<GpuAddress, Bytes> grants;
  };

  VramOffset take_page();
  void free_page(VramOffset page);
  Context& context(unsigned vmid);
  void unmap(unsigned vmid, std::map<GpuAddress, Bytes>::iterator grant);
  void invalidate(unsigned vmid);

  AddressSpace& space_;
  MemoryHub* hub_;
  VramWindow& window_;
  HostDataPath& host_data_path_;
  std::array<std::unique_ptr<Context>, kVmContexts> contexts_;
};

}  // namespace redbolt::driver
