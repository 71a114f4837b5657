// How much one client may make the daemon keep. Far beyond what a model needs, far below what would
// hurt.
#pragma once

#include <cstddef>
#include <cstdint>

#include "redbolt/base/quantity.hpp"

namespace redbolt::daemon {

struct ClientLimits {
  std::size_t buffers = 65536;
  std::size_t modules = 1024;
  std::size_t graphs = 4096;
  std::size_t nodes_per_graph = 65536;
  Bytes recording{std::uint64_t{64}
                  << 20};  // nodes and arguments of the graphs that are being recorded
  Bytes module_image{std::uint64_t{64} << 20};
  std::size_t kernels_per_module = 4096;
  Bytes shared{std::uint64_t{8} << 30};  // pinned host memory, all together
  std::size_t submissions = 1024;        // queued at once
  std::uint32_t repeat = 256;            // of one launch
  std::size_t name = 255;                // bytes of a name
};

}  // namespace redbolt::daemon
