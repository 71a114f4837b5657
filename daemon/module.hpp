// A code object of a client: checked, placed and relocated in executable video memory.
#pragma once

#include <redbolt/protocol/work.pb.h>

#include <cstddef>
#include <string>
#include <vector>

#include "client_memory.hpp"
#include "compute_limits.hpp"
#include "device.hpp"
#include "redbolt/driver/kernel_descriptor.hpp"

namespace redbolt::daemon {

struct ModuleKernel {
  std::string name;
  driver::KernelDescriptor descriptor;
  driver::GpuAddress entry;
};

struct Module {
  std::string name;
  GrantedBlock code;
  std::vector<ModuleKernel> kernels;
  std::size_t uses = 0;  // graphs that name it
};

// image: the bytes of the request, wherever they came from; relocated in place. Throws DaemonError
// (invalid_argument, out_of_memory) and leaves nothing behind.
Module load_module(Device& device, ClientMemory& memory, const ComputeLimits& limits,
                   const protocol::CreateModuleRequest& request, std::vector<std::byte> image);

}  // namespace redbolt::daemon
