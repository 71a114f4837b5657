#include "reports.hpp"

namespace redbolt::daemon {

protocol::DeviceInfo device_info(const Device& device) {
  const driver::CardInfo& card = device.info();
  protocol::DeviceInfo info;
  info.set_name(card.marketing_name);
  info.set_gfx_target(card.gfx_target);
  info.set_bus_name(card.location);
  info.set_vram_bytes(card.vram.count());
  info.set_arena_bytes(device.arena_status().size.count());
  info.set_compute_units(card.compute_units);
  info.set_emulated(device.options().emulated);
  for (const auto& [block, version] : card.ip_versions)
    (*info.mutable_ip_versions())[block] = version;
  return info;
}

protocol::BootReport boot_report(const driver::BootReport& report) {
  protocol::BootReport message;
  message.set_warm(report.kind == driver::BootReport::Kind::warm);
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
  return message;
}

protocol::Metrics metrics(const driver::Metrics& metrics) {
  protocol::Metrics message;
  message.set_temperature_celsius(metrics.edge_temperature);
  message.set_power_watts(metrics.socket_power_watts);
  message.set_gfx_clock_mhz(metrics.graphics_clock);
  message.set_memory_clock_mhz(metrics.memory_clock);
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
  return reply;
}

protocol::LeaseHolder lease_holder(const LeaseReport& report) {
  protocol::LeaseHolder message;
  message.set_pid(report.claimant.pid);
  message.set_uid(report.claimant.uid);
  message.set_command(report.claimant.command);
  message.set_age_milliseconds(static_cast<std::uint64_t>(report.age.count()));
  message.set_arena_bytes(report.arena.count());
  message.set_shared_bytes(report.shared.count());
  return message;
}

}  // namespace redbolt::daemon
