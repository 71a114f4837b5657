// The client's types as protocol messages, and back.
#pragma once

#include <redbolt/protocol/messages.pb.h>

#include "redbolt/client/types.hpp"

namespace redbolt::client {

DeviceInfo to_device_info(const protocol::DeviceInfo& message);
BootReport to_boot_report(const protocol::BootReport& message);
DeviceStatus to_device_status(const protocol::StatusReply& message);
Counters to_counters(const protocol::CountersReply& message);
ReleaseRequest to_release_request(const protocol::ReleaseRequestedEvent& message);
DroppedResidents to_dropped_residents(const protocol::DropResidentsReply& message);
Module to_module(const protocol::CreateModuleReply& message);

void write_hash(const ContentHash& hash, std::string& bytes);
void write_gauge(const Gauge& gauge, protocol::Gauge& message);
void write_range(const BufferRange& range, protocol::BufferRange& message);
void write_relocation(const Relocation& relocation, protocol::Relocation& message);
void write_node(const GraphNode& node, protocol::GraphNode& message);

}  // namespace redbolt::client
