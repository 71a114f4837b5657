// What the daemon knows, as messages of the protocol.
#pragma once

#include <redbolt/protocol/messages.pb.h>

#include "daemon_error.hpp"
#include "device.hpp"
#include "lease_queue.hpp"
#include "redbolt/driver/card.hpp"
#include "workspace.hpp"

namespace redbolt::daemon {

// On the device thread.
protocol::DeviceInfo device_info(const Device& device);
protocol::BootReport boot_report(const driver::BootReport& report);
protocol::ArenaStatus arena_status(const Device& device);
protocol::Metrics metrics(const driver::Metrics& metrics);
protocol::CountersReply counters(Device& device);

// workspace: the holder's; nullptr if there is none.
protocol::ArenaMap arena_map(const Device& device, const Workspace* workspace);

void add_residents(const Device& device, protocol::StatusReply& status);

// BUSY, with who holds the card.
DaemonError busy_error(const LeaseQueue& leases);

protocol::LeaseHolder lease_holder(const LeaseReport& report);

}  // namespace redbolt::daemon
