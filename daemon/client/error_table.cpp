#include "error_table.hpp"

#include <array>

namespace redbolt::client {
namespace {

struct CodeRow {
  ClientErrorCode code;
  protocol::ErrorCode wire;  // ERROR_CODE_UNSPECIFIED: never sent by a daemon
  const char* name;
};

constexpr std::array code_table{
    CodeRow{ClientErrorCode::no_daemon, protocol::ERROR_CODE_UNSPECIFIED, "no_daemon"},
    CodeRow{ClientErrorCode::permission_denied, protocol::ERROR_CODE_PERMISSION_DENIED,
            "permission_denied"},
    CodeRow{ClientErrorCode::version_mismatch, protocol::ERROR_CODE_VERSION_MISMATCH,
            "version_mismatch"},
    CodeRow{ClientErrorCode::busy, protocol::ERROR_CODE_BUSY, "busy"},
    CodeRow{ClientErrorCode::no_lease, protocol::ERROR_CODE_NO_LEASE, "no_lease"},
    CodeRow{ClientErrorCode::out_of_memory, protocol::ERROR_CODE_OUT_OF_MEMORY, "out_of_memory"},
    CodeRow{ClientErrorCode::invalid_argument, protocol::ERROR_CODE_INVALID_ARGUMENT,
            "invalid_argument"},
    CodeRow{ClientErrorCode::not_found, protocol::ERROR_CODE_NOT_FOUND, "not_found"},
    CodeRow{ClientErrorCode::limit_exceeded, protocol::ERROR_CODE_LIMIT_EXCEEDED, "limit_exceeded"},
    CodeRow{ClientErrorCode::device_fault, protocol::ERROR_CODE_DEVICE_FAULT, "device_fault"},
    CodeRow{ClientErrorCode::device_hang, protocol::ERROR_CODE_DEVICE_HANG, "device_hang"},
    CodeRow{ClientErrorCode::device_lost, protocol::ERROR_CODE_DEVICE_LOST, "device_lost"},
    CodeRow{ClientErrorCode::unsupported, protocol::ERROR_CODE_UNSUPPORTED, "unsupported"},
    CodeRow{ClientErrorCode::protocol, protocol::ERROR_CODE_PROTOCOL, "protocol"},
    CodeRow{ClientErrorCode::connection_lost, protocol::ERROR_CODE_UNSPECIFIED, "connection_lost"},
    CodeRow{ClientErrorCode::internal, protocol::ERROR_CODE_INTERNAL, "internal"},
};

ClientErrorCode from_wire(protocol::ErrorCode wire) {
  for (const CodeRow& row : code_table) {
    if (row.wire == wire && wire != protocol::ERROR_CODE_UNSPECIFIED) return row.code;
  }
  return ClientErrorCode::internal;
}

}  // namespace

const char* to_string(ClientErrorCode code) {
  for (const CodeRow& row : code_table) {
    if (row.code == code) return row.name;
  }
  return "unknown";
}

LeaseHolder to_lease_holder(const protocol::LeaseHolder& holder) {
  LeaseHolder result;
  result.pid = holder.pid();
  result.uid = holder.uid();
  result.command = holder.command();
  result.age_seconds = static_cast<double>(holder.age_milliseconds()) / 1000.0;
  result.arena_bytes = Bytes(holder.arena_bytes());
  result.shared_bytes = Bytes(holder.shared_bytes());
  result.lease = LeaseId(holder.lease());
  result.module_bytes = Bytes(holder.module_bytes());
  result.resident_bytes = Bytes(holder.resident_bytes());
  result.buffers = holder.buffers();
  result.modules = holder.modules();
  result.graphs = holder.graphs();
  result.release_requested = holder.release_requested();
  return result;
}

ClientError to_client_error(const protocol::Error& error) {
  std::optional<MemoryShortage> shortage;
  if (error.has_shortage()) {
    shortage = MemoryShortage{Bytes(error.shortage().asked()), Bytes(error.shortage().free()),
                              Bytes(error.shortage().largest_free())};
  }
  std::optional<LeaseHolder> holder;
  if (error.has_holder()) holder = to_lease_holder(error.holder());
  std::optional<DeviceFault> fault;
  if (error.has_fault()) {
    fault.emplace();
    fault->cause = error.fault().cause();
    fault->submission = error.fault().submission();
    fault->kernel = error.fault().kernel();
    if (error.fault().has_address()) fault->address = error.fault().address();
  }
  return ClientError(from_wire(error.code()), error.message(), shortage, std::move(holder),
                     std::move(fault));
}

}  // namespace redbolt::client
