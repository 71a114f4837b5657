// From requests to images: from the cache where it has them, compiled on all cores otherwise.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "finaliser/compiler.hpp"
#include "finaliser/kernel_cache.hpp"

namespace redbolt::runtime {

struct FinaliserOptions {
  std::string target;    // "gfx1100"
  unsigned threads = 0;  // 0: one per core
  std::optional<KernelCacheOptions> cache;
};

struct FinalisedKernels {
  std::vector<KernelImage> images;  // in the order of the requests
  std::size_t from_cache = 0;
  std::size_t compiled = 0;
};

class Finaliser {
 public:
  explicit Finaliser(FinaliserOptions options);

  // Called after each kernel, under a lock.
  using Progress = std::function<void(std::size_t done, std::size_t of)>;
  // Throws RuntimeError; the first error of any kernel ends the others.
  FinalisedKernels finalise(std::span<const KernelRequest> requests, const Progress& progress = {});

  // What the cache knows the kernel by: everything that its image depends on.
  Sha256Digest cache_key(const KernelRequest& request) const;

  const Compiler& compiler() const { return compiler_; }

 private:
  struct Made {
    KernelImage image;
    bool from_cache;
  };
  Made make(const KernelRequest& request);

  FinaliserOptions options_;
  Compiler compiler_;
  std::unique_ptr<KernelCache> cache_;  // null: none
};

}  // namespace redbolt::runtime
