// PM4 packets for the compute queue, recorded into memory: dispatches, barriers, small writes. What
// is recorded is copied into memory the card can reach and run any number of times as an indirect
// buffer (compute_queue.hpp).
//
// An encoder belongs to one thread; it touches no hardware.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "redbolt/driver/gpu_address.hpp"
#include "redbolt/driver/kernel_descriptor.hpp"

namespace redbolt::driver {

// What encoding needs to know of the card; Card::dispatch_limits() gives it.
struct DispatchLimits {
  unsigned shader_engines = 0;
  unsigned compute_units = 0;  // active ones, whole card
  Bytes lds_per_workgroup;     // 64 KiB on gfx11
  unsigned threads_per_workgroup = 1024;
  GpuAddress scratch;  // memory for private segments, shared by all dispatches
  Bytes scratch_size;
};

struct KernelLaunch {
  GpuAddress entry;  // first instruction, multiple of 256
  KernelDescriptor kernel;
  GpuAddress kernarg;                           // multiple of 16; ignored if the kernel takes none
  Bytes dynamic_lds;                            // in addition to the kernel's static LDS
  std::array<std::uint32_t, 3> grid{1, 1, 1};   // workgroups, each >= 1
  std::array<std::uint32_t, 3> block{1, 1, 1};  // work-items per workgroup, product <= 1024
};

class CommandEncoder {
 public:
  explicit CommandEncoder(const DispatchLimits& limits) : limits_(limits) {}

  // Runs a kernel. Dispatches may overlap until a barrier() stands between them. Throws DriverError
  // (invalid_argument, unsupported_kernel) and records nothing if the launch cannot be right.
  void dispatch(const KernelLaunch& launch);

  // All dispatches before are complete, and what they wrote is visible to those after.
  void barrier();

  // Writes one dword when the packet is reached (after a barrier(): when all before is complete).
  void write(GpuAddress destination, std::uint32_t value);

  // Writes one dword when the packet is reached, without waiting for the write to arrive.
  void mark(GpuAddress destination, std::uint32_t value);

  // What has been recorded, in dwords.
  std::span<const std::uint32_t> words() const { return words_; }
  void clear() { words_.clear(); }

 private:
  DispatchLimits limits_;
  std::vector<std::uint32_t> words_;
};

}  // namespace redbolt::driver
