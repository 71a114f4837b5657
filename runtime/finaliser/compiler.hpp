// The way to LLVM: loads the shared library redbolt-finaliser when the first kernel must be
// compiled, and not before.
#pragma once

#include <cstddef>
#include <filesystem>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "finaliser/device_code.hpp"
#include "finaliser/finaliser_interface.hpp"
#include "redbolt/runtime/kernel.hpp"

namespace redbolt::runtime {

// Thread-safe.
class Compiler {
 public:
  Compiler();

  // What identifies the compiler in a cache key, without loading it: version, and size and time of
  // change of LLVM's library and of ours. Another LLVM, or another finaliser, is another identity.
  const std::string& identity() const { return identity_; }

  // The relocatable object. Throws RuntimeError::finaliser_unavailable, compilation_failed.
  std::vector<std::byte> compile(const DeviceCode& code, const KernelRequest& request,
                                 const std::string& target);

  bool loaded() const;

 private:
  RedboltFinaliseFunction load();

  std::filesystem::path library_;
  std::string identity_;
  mutable std::mutex mutex_;  // guards finalise_; held while loading only
  RedboltFinaliseFunction finalise_ = nullptr;
};

}  // namespace redbolt::runtime
