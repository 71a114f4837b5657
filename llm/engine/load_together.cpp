#include "engine/load_together.hpp"

#include <algorithm>
#include <vector>

namespace redbolt::llm {

runtime::LoadReport load_together(runtime::Device& device,
                                  std::span<const runtime::CommandGraph> graphs,
                                  const runtime::Device::LoadProgress& progress) {
  std::vector<runtime::KernelRequest> requests;
  for (const runtime::CommandGraph& graph : graphs) {
    requests.insert(requests.end(), graph.requests().begin(), graph.requests().end());
  }
  std::ranges::sort(requests);
  requests.erase(std::unique(requests.begin(), requests.end()), requests.end());
  return device.load(requests, progress);
}

}  // namespace redbolt::llm
