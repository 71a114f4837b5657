#include "facts/discovery.hpp"

#include "redbolt/driver/driver_error.hpp"
#include "redbolt/driver/inspection.hpp"

namespace redbolt::probe {

Reading<DiscoveryFacts> understand_discovery(std::span<const std::byte> table) {
  try {
    auto summary = driver::summarise_discovery(table);
    return {DiscoveryFacts{std::move(summary.ip_versions), summary.shader_engines,
                           summary.compute_units},
            {},
            {}};
  } catch (const driver::DriverError& error) {
    return Reading<DiscoveryFacts>::failed(error.what());
  }
}

}  // namespace redbolt::probe
