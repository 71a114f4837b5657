// The kernels of several graphs, compiled together.
#pragma once

#include <span>

#include "redbolt/runtime/command_graph.hpp"
#include "redbolt/runtime/device.hpp"

namespace redbolt::llm {

runtime::LoadReport load_together(runtime::Device& device,
                                  std::span<const runtime::CommandGraph> graphs,
                                  const runtime::Device::LoadProgress& progress);

}  // namespace redbolt::llm
