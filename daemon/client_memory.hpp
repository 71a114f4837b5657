// The memory of one client as the card sees it: a VM context in which the client's kernels run, and
// what has been granted to it. Memory is granted when it is taken, and is out of the kernels' reach
// before it is given to anybody else.
//
// Belongs to the device thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arena.hpp"
#include "device.hpp"

namespace redbolt::daemon {

class ClientMemory;

// A range that the client's kernels reach while this object is there. The memory outlives it.
class Grant {
 public:
  Grant() = default;
  Grant(Grant&& other) noexcept;
  Grant& operator=(Grant&& other) noexcept;
  Grant(const Grant&) = delete;
  Grant& operator=(const Grant&) = delete;
  ~Grant();

 private:
  friend class ClientMemory;
  void release() noexcept;

  ClientMemory* memory_ = nullptr;
  driver::GpuAddress address_;
  Bytes size_;
};

// Video memory of a region, granted.
struct GrantedBlock {
  ArenaBlock block;  // outlives the grant
  driver::GpuAddress address;
  std::vector<VramRegion> leftovers;  // the parts that hold what others wrote
  Grant grant;
};

class ClientMemory {
 public:
  // Throws DaemonError (limit_exceeded) if the card has no VM context left.
  explicit ClientMemory(Device& device);
  ClientMemory(const ClientMemory&) = delete;
  ClientMemory& operator=(const ClientMemory&) = delete;

  // Throws DaemonError (out_of_memory); `what` is for the message. The block is to be cleared where
  // it holds the leftovers of others, or written as a whole, before the client can read it.
  GrantedBlock take(Region region, Bytes size, driver::MemoryAccess access,
                    const std::string& what);

  // Memory that somebody else keeps: pinned memory of the client, or what clients share.
  Grant grant(driver::GpuAddress address, Bytes size, driver::MemoryAccess access);

  // Lets the client's kernels use the card's scratch memory. Returns what of it is to be cleared
  // first: all of it when the last to use it was somebody else.
  std::vector<VramRegion> use_scratch();

  const MemoryContext& context() const { return *context_; }

  // Ends the context: what is granted is out of reach, all at once. Nothing may be running in it.
  void close() noexcept { context_.reset(); }

 private:
  friend class Grant;
  void revoke(driver::GpuAddress address, Bytes size) noexcept;

  Device& device_;
  OwnerId owner_;
  std::unique_ptr<MemoryContext> context_;
  Grant scratch_;
};

}  // namespace redbolt::daemon
