// A VM context: what the work of one client may reach. It has page tables of its own, in which a
// range appears only once it has been granted, at the address that it has everywhere else. Work is
// bound to a context by its indirect buffers (compute_queue.hpp): they, and every wave that they
// launch, see memory through the context's tables. The rings themselves, fences and the copy queue
// do not.
//
// Threads: a VmContext belongs to the thread that owns the Card, and must not outlive the Card.
#pragma once

#include <cstdint>

#include "redbolt/driver/gpu_address.hpp"

namespace redbolt::driver {

class Machine;

// Which context an indirect buffer runs in. 0 is the driver's own and sees everything.
using Vmid = Identifier<struct VmidTag>;

enum class MemoryAccess : std::uint8_t { read, read_write, read_execute };

class VmContext {
 public:
  VmContext() = default;
  VmContext(VmContext&& other) noexcept;
  VmContext& operator=(VmContext&& other) noexcept;
  VmContext(const VmContext&) = delete;
  VmContext& operator=(const VmContext&) = delete;
  // Nothing may be running in it any more.
  ~VmContext();

  bool valid() const { return machine_ != nullptr; }
  Vmid vmid() const { return vmid_; }

  // Shows the context a range of the GPU VM: whole pages of 4 KiB, of blocks that the Card gave
  // out. Costs a few writes to page tables and an invalidation; nothing when the memory is then
  // used. Throws DriverError: invalid_argument if the range is misaligned, not mapped, or overlaps
  // what has been granted; out_of_vram if there is no room for page tables.
  void grant(GpuAddress address, Bytes size, MemoryAccess access);

  // Takes a granted range back, whole. Once it returns no translation of it is left, and the memory
  // may be given to somebody else. Work that uses it must be complete. Throws DriverError:
  // invalid_argument if it was not granted; timeout or link_lost if the card does not answer.
  void revoke(GpuAddress address, Bytes size);

  // A dword of the context's own that its work may write, and that the host reads without a
  // register access: CommandEncoder::mark() leaves there how far the work has come. It starts as 0.
  GpuAddress progress_word() const;
  // Reads it: four bytes of video memory, over the link.
  std::uint32_t progress() const;

 private:
  friend class Machine;
  void release() noexcept;

  Machine* machine_ = nullptr;
  Vmid vmid_;
};

}  // namespace redbolt::driver
