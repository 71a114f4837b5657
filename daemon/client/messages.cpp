#include "messages.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "error_table.hpp"

namespace redbolt::client {
namespace {

struct UseRow {
  ArenaUse use;
  protocol::ArenaUse wire;
  const char* name;
};

protocol::Access to_wire(Access access) {
  switch (access) {
    case Access::read:
      return protocol::ACCESS_READ;
    case Access::write:
      return protocol::ACCESS_WRITE;
    case Access::read_write:
      return protocol::ACCESS_READ_WRITE;
  }
  return protocol::ACCESS_UNSPECIFIED;
}

protocol::RelocationKind to_wire(RelocationKind kind) {
  switch (kind) {
    case RelocationKind::abs64:
      return protocol::RELOCATION_KIND_ABS64;
    case RelocationKind::abs32_lo:
      return protocol::RELOCATION_KIND_ABS32_LO;
    case RelocationKind::abs32_hi:
      return protocol::RELOCATION_KIND_ABS32_HI;
  }
  return protocol::RELOCATION_KIND_UNSPECIFIED;
}

void write_dispatch(const Dispatch& dispatch, protocol::Dispatch& message) {
  message.set_module(dispatch.module.value());
  message.set_kernel(dispatch.kernel);
  message.set_grid_x(dispatch.grid[0]);
  message.set_grid_y(dispatch.grid[1]);
  message.set_grid_z(dispatch.grid[2]);
  message.set_block_x(dispatch.block[0]);
  message.set_block_y(dispatch.block[1]);
  message.set_block_z(dispatch.block[2]);
  // More than 32 bits is far beyond any card's LDS: the largest value is refused just as well.
  message.set_dynamic_lds(static_cast<std::uint32_t>(
      std::min<std::uint64_t>(dispatch.dynamic_lds.count(), UINT32_MAX)));
  message.set_kernarg(dispatch.kernarg.data(), dispatch.kernarg.size());
  for (const PointerArgument& pointer : dispatch.pointers) {
    auto& argument = *message.add_pointers();
    argument.set_kernarg_offset(pointer.kernarg_offset);
    argument.set_buffer(pointer.buffer.value());
    argument.set_offset(pointer.offset.count());
    argument.set_size(pointer.size.count());
    argument.set_access(to_wire(pointer.access));
  }
}

constexpr std::array use_table{
    UseRow{ArenaUse::free, protocol::ARENA_USE_FREE, "free"},
    UseRow{ArenaUse::buffer, protocol::ARENA_USE_BUFFER, "buffer"},
    UseRow{ArenaUse::module, protocol::ARENA_USE_MODULE, "module"},
    UseRow{ArenaUse::graph, protocol::ARENA_USE_GRAPH, "graph"},
    UseRow{ArenaUse::resident, protocol::ARENA_USE_RESIDENT, "resident"},
    UseRow{ArenaUse::other, protocol::ARENA_USE_UNSPECIFIED, "other"},
};

ArenaUse from_wire(protocol::ArenaUse wire) {
  for (const UseRow& row : use_table) {
    if (row.wire == wire) return row.use;
  }
  return ArenaUse::other;
}

ArenaMap to_arena_map(const protocol::ArenaMap& message) {
  ArenaMap map;
  map.simplified = message.simplified();
  for (const auto& range : message.ranges()) {
    map.ranges.push_back({range.executable(), Bytes(range.offset()), Bytes(range.size()),
                          from_wire(range.use()), range.owner()});
  }
  return map;
}

double seconds(std::uint64_t milliseconds) {
  return static_cast<double>(milliseconds) / 1000.0;
}

ResidentInfo to_resident(const protocol::ResidentInfo& message) {
  ResidentInfo info;
  const auto hash = std::as_bytes(std::span(message.hash()));
  std::copy_n(hash.begin(), std::min(hash.size(), info.hash.size()), info.hash.begin());
  info.name = message.name();
  info.size = Bytes(message.size());
  info.users.assign(message.users().begin(), message.users().end());
  info.age_seconds = seconds(message.age_milliseconds());
  info.unused_seconds = seconds(message.unused_milliseconds());
  info.uses = message.uses();
  return info;
}

Metrics to_metrics(const protocol::Metrics& message) {
  Metrics metrics;
  if (message.has_temperature_celsius())
    metrics.temperature_celsius = message.temperature_celsius();
  if (message.has_hotspot_celsius()) metrics.hotspot_celsius = message.hotspot_celsius();
  if (message.has_memory_celsius()) metrics.memory_celsius = message.memory_celsius();
  if (message.has_power_watts()) metrics.power_watts = message.power_watts();
  if (message.has_gfx_clock_mhz()) metrics.gfx_clock_mhz = message.gfx_clock_mhz();
  if (message.has_memory_clock_mhz()) metrics.memory_clock_mhz = message.memory_clock_mhz();
  if (message.has_activity_percent()) metrics.activity_percent = message.activity_percent();
  return metrics;
}

}  // namespace

const char* to_string(ArenaUse use) {
  for (const UseRow& row : use_table) {
    if (row.use == use) return row.name;
  }
  return "other";
}

BootReport to_boot_report(const protocol::BootReport& message) {
  BootReport report;
  report.warm = message.warm();
  report.seconds = message.seconds();
  for (const auto& step : message.steps()) report.steps.push_back({step.name(), step.seconds()});
  return report;
}

DeviceInfo to_device_info(const protocol::DeviceInfo& message) {
  DeviceInfo info;
  info.name = message.name();
  info.gfx_target = message.gfx_target();
  info.bus_name = message.bus_name();
  info.vram = Bytes(message.vram_bytes());
  info.arena = Bytes(message.arena_bytes());
  info.compute_units = message.compute_units();
  info.emulated = message.emulated();
  info.ip_versions.insert(message.ip_versions().begin(), message.ip_versions().end());
  return info;
}

DeviceStatus to_device_status(const protocol::StatusReply& message) {
  DeviceStatus status;
  status.boot = to_boot_report(message.boot());
  status.arena = {Bytes(message.arena().size()), Bytes(message.arena().free()),
                  Bytes(message.arena().largest_free()), message.arena().allocations(),
                  Bytes(message.arena().reclaimable())};
  if (message.has_holder()) status.holder = to_lease_holder(message.holder());
  for (const auto& waiting : message.waiting()) status.waiting.push_back(to_lease_holder(waiting));
  if (message.has_metrics()) status.metrics = to_metrics(message.metrics());
  status.uptime_seconds = message.uptime_seconds();
  status.state = message.state();
  status.card_lost = message.card_lost();
  if (message.has_arena_map()) status.arena_map = to_arena_map(message.arena_map());
  for (const auto& resident : message.residents())
    status.residents.push_back(to_resident(resident));
  for (const auto& gauge : message.gauges()) {
    status.gauges.push_back(
        {gauge.name(), gauge.value(), gauge.text(), seconds(gauge.age_milliseconds())});
  }
  return status;
}

Counters to_counters(const protocol::CountersReply& message) {
  Counters counters;
  counters.link.insert(message.link().begin(), message.link().end());
  counters.card.insert(message.card().begin(), message.card().end());
  counters.daemon.insert(message.daemon().begin(), message.daemon().end());
  return counters;
}

ReleaseRequest to_release_request(const protocol::ReleaseRequestedEvent& message) {
  return {message.pid(), message.uid(), message.command(), message.reason()};
}

DroppedResidents to_dropped_residents(const protocol::DropResidentsReply& message) {
  return {message.dropped(), Bytes(message.bytes()), message.in_use(), message.not_found()};
}

void write_hash(const ContentHash& hash, std::string& bytes) {
  bytes.assign(reinterpret_cast<const char*>(hash.data()), hash.size());
}

void write_gauge(const Gauge& gauge, protocol::Gauge& message) {
  message.set_name(gauge.name);
  message.set_value(gauge.value);
  message.set_text(gauge.text);
}

Module to_module(const protocol::CreateModuleReply& message) {
  Module module;
  module.id = ModuleId(message.id());
  for (const auto& kernel : message.kernels()) {
    module.kernels.push_back({kernel.name(), Bytes(kernel.kernarg_bytes()),
                              Bytes(kernel.lds_bytes()), Bytes(kernel.scratch_bytes()),
                              kernel.vgprs()});
  }
  return module;
}

void write_range(const BufferRange& range, protocol::BufferRange& message) {
  message.set_buffer(range.buffer.value());
  message.set_offset(range.offset.count());
}

void write_relocation(const Relocation& relocation, protocol::Relocation& message) {
  message.set_offset(relocation.offset);
  message.set_addend(relocation.addend);
  message.set_kind(to_wire(relocation.kind));
}

void write_node(const GraphNode& node, protocol::GraphNode& message) {
  if (const auto* dispatch = std::get_if<Dispatch>(&node)) {
    write_dispatch(*dispatch, *message.mutable_dispatch());
  } else {
    message.mutable_barrier();
  }
}

}  // namespace redbolt::client
