#include "linux/thunderbolt.hpp"

#include <algorithm>
#include <cctype>

#include "linux/sysfs.hpp"

namespace redbolt::probe {
namespace {

// Routers are "DOMAIN-ROUTE", the route in hexadecimal; route 0 is the machine's own. Other names
// ("0-0:1.1" retimers, "0-1.0" services, "usb4_port1") are no enclosures.
std::optional<std::string> domain_of(const std::string& name) {
  const auto dash = name.find('-');
  if (dash == std::string::npos || dash == 0) return std::nullopt;
  const std::string domain = name.substr(0, dash), route = name.substr(dash + 1);
  const auto all = [](const std::string& text, int (*test)(int)) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [test](char c) {
      return test(static_cast<unsigned char>(c)) != 0;
    });
  };
  if (!all(domain, std::isdigit) || !all(route, std::isxdigit)) return std::nullopt;
  if (route.find_first_not_of('0') == std::string::npos) return std::nullopt;
  return "domain" + domain;
}

std::optional<bool> read_flag(const Path& file) {
  const auto value = read_unsigned(file);
  return value ? std::optional(*value != 0) : std::nullopt;
}

template <class To>
std::optional<To> narrowed(std::optional<std::uint64_t> value) {
  return value ? std::optional(static_cast<To>(*value)) : std::nullopt;
}

TunnelFacts read_tunnel(const Path& device, const Path& domain) {
  TunnelFacts tunnel;
  tunnel.id = device.filename().string();
  tunnel.name = read_text(device / "device_name").value_or("");
  tunnel.vendor = read_text(device / "vendor_name").value_or("");
  tunnel.uuid = read_text(device / "unique_id").value_or("");
  tunnel.security = read_text(domain / "security").value_or("");
  tunnel.authorised = read_flag(device / "authorized");
  tunnel.generation = narrowed<unsigned>(read_unsigned(device / "generation"));
  tunnel.speed_gbit_per_s = read_quantity(device / "rx_speed");
  tunnel.lanes = narrowed<unsigned>(read_unsigned(device / "rx_lanes"));
  tunnel.dma_protection = read_flag(domain / "iommu_dma_protection");
  return tunnel;
}

}  // namespace

void collect_tunnels(const Path& sysfs, MachineFacts& facts) {
  const Path folder = sysfs / "bus/thunderbolt/devices";
  for (const Path& entry : entries(folder)) {
    const std::string name = entry.filename().string();
    if (name.starts_with("domain")) facts.tunnels_known = true;
    if (const auto domain = domain_of(name))
      facts.tunnels.push_back(read_tunnel(entry, folder / *domain));
  }
}

}  // namespace redbolt::probe
