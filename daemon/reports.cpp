#include "reports.hpp"

#include <string>
#include <utility>
#include <vector>

#include "printable.hpp"

namespace redbolt::daemon {
namespace {

// Keeps the whole status well inside a message.
constexpr std::size_t max_map_ranges = 1024;

protocol::ArenaUse wire_use(ArenaUse use) {
  switch (use) {
    case ArenaUse::free:
      return protocol::ARENA_USE_FREE;
    case ArenaUse::buffer:
      return protocol::ARENA_USE_BUFFER;
    case ArenaUse::module:
      return protocol::ARENA_USE_MODULE;
    case ArenaUse::graph:
      return protocol::ARENA_USE_GRAPH;
    case ArenaUse::resident:
      return protocol::ARENA_USE_RESIDENT;
    case ArenaUse::other:
      break;
  }
  return protocol::ARENA_USE_UNSPECIFIED;
}

}  // namespace

protocol::DeviceInfo device_info(const Device& device) {
  const driver::CardInfo& card = device.info();
  protocol::DeviceInfo info;
  info.set_name(card.marketing_name);
  info.set_gfx_target(card.gfx_target);
  info.set_bus_name(card.location);
  info.set_vram_bytes(card.vram.count());
  info.set_arena_bytes(device.arena_status().size.count());
  info.set_compute_units(card.compute_units);
  info.set_emulated(device.emulated());
  for (const auto& [block, version] : card.ip_versions)
    (*info.mutable_ip_versions())[block] = version;
  return info;
}

protocol::BootReport boot_report(const driver::BootReport& report) {
  protocol::BootReport message;
  message.set_warm(report.kind == driver::BootReport::Kind::warm ||
                   report.kind == driver::BootReport::Kind::taken_over);
  message.set_seconds(report.seconds);
  for (const driver::BootStep& step : report.steps) {
    auto& entry = *message.add_steps();
    entry.set_name(step.name);
    entry.set_seconds(step.seconds);
  }
  return message;
}

protocol::ArenaStatus arena_status(const Device& device) {
  const ArenaStatus status = device.arena_status();
  protocol::ArenaStatus message;
  message.set_size(status.size.count());
  message.set_free(status.free.count());
  message.set_largest_free(status.largest_free.count());
  message.set_allocations(status.blocks);
  message.set_reclaimable(device.residents().reclaimable().count());
  return message;
}

protocol::Metrics metrics(const driver::Metrics& metrics) {
  protocol::Metrics message;
  message.set_temperature_celsius(metrics.edge_temperature);
  message.set_power_watts(metrics.socket_power_watts);
  message.set_gfx_clock_mhz(metrics.graphics_clock);
  message.set_memory_clock_mhz(metrics.memory_clock);
  message.set_hotspot_celsius(metrics.hotspot_temperature);
  message.set_memory_celsius(metrics.memory_temperature);
  message.set_activity_percent(metrics.graphics_activity);
  return message;
}

protocol::CountersReply counters(Device& device) {
  const driver::LinkCounters link = device.backend().link_counters();
  protocol::CountersReply reply;
  auto& entries = *reply.mutable_link();
  entries["register_reads"] = link.register_reads;
  entries["register_writes"] = link.register_writes;
  entries["doorbells"] = link.doorbells;
  entries["bytes_read"] = link.bytes_read;
  entries["bytes_written"] = link.bytes_written;
  for (const auto& [name, value] : device.backend().card_counters())
    (*reply.mutable_card())[name] = value;
  auto& own = *reply.mutable_daemon();
  own["bytes_to_card"] = device.copy_traffic().to_card.count();
  own["bytes_from_card"] = device.copy_traffic().from_card.count();
  return reply;
}

protocol::ArenaMap arena_map(const Device& device, const Workspace* workspace) {
  std::vector<ArenaRange> known;
  if (workspace != nullptr) workspace->describe(known);
  for (const ResidentSet* set : device.residents().sets()) {
    known.push_back(
        {Region::data, set->block.offset(), set->block.size(), ArenaUse::resident, set->name});
  }
  std::vector<ArenaRange> ranges;
  for (const Region region : {Region::data, Region::code}) {
    const Arena* arena = device.arena(region);
    if (arena == nullptr) continue;
    auto part = map_of_region(region, *arena, known);
    ranges.insert(ranges.end(), std::make_move_iterator(part.begin()),
                  std::make_move_iterator(part.end()));
  }
  const ArenaMap map = simplify(std::move(ranges), max_map_ranges);
  protocol::ArenaMap message;
  message.set_simplified(map.simplified);
  for (const ArenaRange& range : map.ranges) {
    auto& entry = *message.add_ranges();
    entry.set_executable(range.region == Region::code);
    entry.set_offset(range.offset.count());
    entry.set_size(range.size.count());
    entry.set_use(wire_use(range.use));
    entry.set_owner(printable(range.owner));
  }
  return message;
}

void add_residents(const Device& device, protocol::StatusReply& status) {
  const auto now = ResidentSet::Clock::now();
  const auto since = [&](ResidentSet::Clock::time_point time) {
    const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - time);
    return static_cast<std::uint64_t>(age.count());
  };
  for (const ResidentSet* set : device.residents().sets()) {
    auto& entry = *status.add_residents();
    entry.set_hash(set->hash.data(), set->hash.size());
    entry.set_name(printable(set->name));
    entry.set_size(set->size.count());
    for (const std::string& user : set->users) entry.add_users(user);
    entry.set_age_milliseconds(since(set->created));
    entry.set_unused_milliseconds(set->users.empty() ? since(set->last_used) : 0);
    entry.set_uses(set->uses);
  }
}

DaemonError busy_error(const LeaseQueue& leases) {
  const auto holder = leases.holder();
  protocol::Error error = make_error(protocol::ERROR_CODE_BUSY, "the card is in use");
  if (holder) {
    *error.mutable_holder() = lease_holder(*holder);
    error.set_message("the card is in use by " + holder->claimant.command + " (pid " +
                      std::to_string(holder->claimant.pid) + ", for " +
                      std::to_string(holder->age.count() / 1000) + " s)");
  }
  return DaemonError(std::move(error));
}

protocol::LeaseHolder lease_holder(const LeaseReport& report) {
  protocol::LeaseHolder message;
  message.set_pid(report.claimant.pid);
  message.set_uid(report.claimant.uid);
  message.set_command(report.claimant.command);
  message.set_age_milliseconds(static_cast<std::uint64_t>(report.age.count()));
  message.set_lease(report.lease.value());
  message.set_arena_bytes(report.usage.arena.count());
  message.set_shared_bytes(report.usage.shared.count());
  message.set_module_bytes(report.usage.module.count());
  message.set_resident_bytes(report.usage.resident.count());
  message.set_buffers(report.usage.buffers);
  message.set_modules(report.usage.modules);
  message.set_graphs(report.usage.graphs);
  message.set_release_requested(report.release_requested);
  return message;
}

}  // namespace redbolt::daemon
