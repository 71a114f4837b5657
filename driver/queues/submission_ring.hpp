// What the compute and the copy queue have in common: a ring of packets and a control page, both in
// host memory, and a doorbell. The host writes packets and the write pointer; the card reports how
// far it has read and which submission is complete. Nothing here reads a register.
//
// Threads: everything but completed() belongs to the thread that owns the card.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "redbolt/driver/fence.hpp"
#include "redbolt/pci/pci_function.hpp"

namespace redbolt::driver {

// In what a ring's pointers count, as the engine wants it.
enum class PointerUnit : std::uint8_t { dwords = 1, bytes = 4 };

// Host memory that is mapped in the GPU VM. Does not own it.
struct MappedMemory {
  pci::HostMemory* memory;
  GpuAddress address;
  Bytes size;
};

class SubmissionRing {
 public:
  struct Options {
    pci::Bar doorbell_bar;
    unsigned doorbell = 0;  // index of 64-bit doorbells
    PointerUnit unit = PointerUnit::dwords;
    std::chrono::milliseconds timeout{10'000};
    const char* name = "";  // for errors
  };

  // `ring` is a power of two in size; `control` at least one page, zeroed. Both outlive the object.
  SubmissionRing(pci::PciFunction& function, MappedMemory ring, MappedMemory control,
                 Options options);

  GpuAddress ring_address() const { return ring_.address; }
  unsigned dwords_log2() const { return dwords_log2_; }
  GpuAddress write_pointer_address() const { return control_.address + kWritePointerAt; }
  GpuAddress read_pointer_address() const { return control_.address + kReadPointerAt; }
  GpuAddress fence_address() const { return control_.address + kFenceAt; }

  // Called before the 32 bits that the card compares would wrap: has to leave every queue idle.
  void on_wrap(std::function<void()> quiesce) { quiesce_ = std::move(quiesce); }

  // Appends packets, which reach the ring's memory with the doorbell; waits while there is no room,
  // and then rings the doorbell for what is there.
  // Throws DriverError: timeout; invalid_argument for more than half the ring at once.
  void put(std::span<const std::uint32_t> words);

  // The number of the submission being put together: what its last packet has to store.
  FenceValue begin();
  // Publishes everything put since, under the number that begin() gave.
  void commit();

  FenceValue submitted() const { return FenceValue(submitted_.load(std::memory_order_acquire)); }
  FenceValue completed() const;
  bool wait(FenceValue fence, std::chrono::nanoseconds timeout) const;
  Dependency dependency(FenceValue fence) const { return {fence_address(), fence}; }

  // Whether waiting for `dependency` takes a packet: not if it is known to be complete, which only
  // the ring itself can tell of its own submissions.
  bool is_own(const Dependency& dependency) const { return dependency.location == fence_address(); }

  // Waits until all submissions are complete; throws DriverError: timeout, link_lost.
  void drain();

  // How far the engine has read, in its own unit: moves while it works. Reads host memory only.
  std::uint64_t position() const;
  bool is_idle() const { return completed() >= submitted(); }

  // Empties the ring while no engine reads it. What was submitted counts as complete.
  void restart();

  // Starts to count at `value`: for tests of the wrap.
  void start_at(FenceValue value);

 private:
  static constexpr Bytes kWritePointerAt{0x38};
  static constexpr Bytes kReadPointerAt{0x80};
  static constexpr Bytes kFenceAt{0x100};

  std::uint64_t free_dwords() const;  // as far as is known
  bool has_room_for(std::size_t dwords);
  void write_staged();
  void ring_doorbell();
  // False after Options::timeout. Throws DriverError::link_lost when the card is gone.
  template <class Condition>
  bool wait_for(Condition done);
  template <class T>
  T load(Bytes at) const;
  template <class T>
  void store(Bytes at, T value);

  pci::PciFunction& function_;
  MappedMemory ring_;
  MappedMemory control_;
  Options options_;
  unsigned dwords_log2_;
  // Put, and not yet in the ring's memory: a submission goes there in one piece, since each write
  // may be a message to a server.
  std::vector<std::uint32_t> staged_;
  std::uint64_t written_ = 0;     // dwords put, ever
  std::uint64_t published_ = 0;   // dwords the card knows of
  std::uint64_t known_read_ = 0;  // dwords it has read, when that was last looked at
  std::uint64_t pending_fence_ = 0;
  std::atomic<std::uint64_t> submitted_{0};
  std::function<void()> quiesce_;
};

}  // namespace redbolt::driver
