// What the daemon knows, as messages of the protocol.
#pragma once

#include <redbolt/protocol/messages.pb.h>

#include "device.hpp"
#include "lease_queue.hpp"
#include "redbolt/driver/card.hpp"

namespace redbolt::daemon {

// On the device thread.
protocol::DeviceInfo device_info(const Device& device);
protocol::BootReport boot_report(const driver::BootReport& report);
protocol::ArenaStatus arena_status(const Device& device);
protocol::Metrics metrics(const driver::Metrics& metrics);
protocol::CountersReply counters(Device& device);

protocol::LeaseHolder lease_holder(const LeaseReport& report);

}  // namespace redbolt::daemon
