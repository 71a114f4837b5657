// The client's types as protocol messages, and back.
#pragma once

#include <redbolt/protocol/messages.pb.h>

#include "redbolt/client/types.hpp"

namespace redbolt::client {

DeviceInfo to_device_info(const protocol::DeviceInfo& message);
DeviceStatus to_device_status(const protocol::StatusReply& message);
Counters to_counters(const protocol::CountersReply& message);
Module to_module(const protocol::CreateModuleReply& message);

void write_range(const BufferRange& range, protocol::BufferRange& message);
void write_relocation(const Relocation& relocation, protocol::Relocation& message);
void write_node(const GraphNode& node, protocol::GraphNode& message);

}  // namespace redbolt::client
