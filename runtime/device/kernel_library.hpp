// The kernels that are on the card: each request's module and place in it.
#pragma once

#include <map>
#include <memory>
#include <span>

#include "device/device_connection.hpp"
#include "finaliser/finalise.hpp"
#include "redbolt/runtime/kernel.hpp"

namespace redbolt::runtime {

struct LoadedKernel {
  client::ModuleId module;
  std::uint32_t index = 0;
};

// One caller at a time; the Device holds a lock over it.
class KernelLibrary {
 public:
  KernelLibrary(std::shared_ptr<DeviceConnection> connection, FinaliserOptions options)
      : connection_(std::move(connection)), finaliser_(std::move(options)) {}

  struct Loaded {
    std::size_t from_cache = 0;
    std::size_t compiled = 0;
  };
  // Finalises the requests that are not there yet and places them on the card as one module.
  Loaded load(std::span<const KernelRequest> requests, const Finaliser::Progress& progress);

  // Throws RuntimeError::invalid_argument if it was not loaded.
  const LoadedKernel& find(const KernelRequest& request) const;

 private:
  std::shared_ptr<DeviceConnection> connection_;
  Finaliser finaliser_;
  std::map<KernelRequest, LoadedKernel> kernels_;
};

}  // namespace redbolt::runtime
