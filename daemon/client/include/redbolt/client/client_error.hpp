// What can go wrong between a program and redboltd: one exception type with a stable code, a
// sentence for the user, and the figures that belong to it.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "redbolt/base/quantity.hpp"

namespace redbolt::client {

enum class ClientErrorCode : std::uint8_t {
  no_daemon,          // nothing listens on the socket; the message says how to start one
  permission_denied,  // the daemon belongs to another user, or the socket may not be opened
  version_mismatch,   // client and daemon speak different protocol versions
  busy,               // the card is leased to someone else (after the time given); see holder()
  no_lease,           // the call needs the lease, which this connection does not hold
  out_of_memory,      // see shortage()
  invalid_argument,   // the daemon refused the request; the message says which part of it
  not_found,          // no such object in this connection
  limit_exceeded,     // more objects, nodes or bytes than the daemon keeps for one client
  device_fault,       // a kernel did something illegal; see fault()
  device_hang,        // a kernel did not end in time; see fault()
  device_lost,        // the card does not answer
  unsupported,        // this daemon or this way to reach the card cannot do it
  protocol,           // what came over the socket is not the protocol
  connection_lost,    // the daemon closed the connection or ended
  internal,           // a defect in the daemon
};

// The code's name, as spelled above: "no_daemon".
const char* to_string(ClientErrorCode code);

struct MemoryShortage {
  Bytes asked;
  Bytes free;          // all together
  Bytes largest_free;  // in one piece
};

using LeaseId = Identifier<struct LeaseIdTag>;

// Who holds the card, or waits for it.
struct LeaseHolder {
  std::int64_t pid = 0;
  std::uint32_t uid = 0;
  std::string command;
  double age_seconds = 0;  // since the lease was given, or since it was asked for
  Bytes arena_bytes;       // of VRAM that it has taken, without resident weights
  Bytes shared_bytes;      // of pinned host memory that it has taken
  LeaseId lease;           // for ask_release() and revoke_lease(); 0 from a daemon before 1.1
  Bytes module_bytes;      // of executable VRAM
  Bytes resident_bytes;    // of resident weights that it uses
  std::uint64_t buffers = 0;
  std::uint64_t modules = 0;
  std::uint64_t graphs = 0;
  bool release_requested = false;  // somebody has asked it to give the card back
};

struct DeviceFault {
  std::string cause;  // "page fault", "illegal instruction", "hang", ...
  std::optional<std::uint64_t> address;
  std::string submission;  // the name of the graph, or "copy", "fill"
  std::string kernel;      // and its place in the graph, or all that may be meant; may be empty
};

class ClientError : public std::runtime_error {
 public:
  ClientError(ClientErrorCode code, const std::string& message)
      : std::runtime_error(message), code_(code) {}
  ClientError(ClientErrorCode code, const std::string& message,
              std::optional<MemoryShortage> shortage, std::optional<LeaseHolder> holder,
              std::optional<DeviceFault> fault)
      : std::runtime_error(message),
        code_(code),
        shortage_(shortage),
        holder_(std::move(holder)),
        fault_(std::move(fault)) {}

  ClientErrorCode code() const { return code_; }
  // With out_of_memory.
  const std::optional<MemoryShortage>& shortage() const { return shortage_; }
  // With busy.
  const std::optional<LeaseHolder>& holder() const { return holder_; }
  // With device_fault and device_hang.
  const std::optional<DeviceFault>& fault() const { return fault_; }

 private:
  ClientErrorCode code_;
  std::optional<MemoryShortage> shortage_;
  std::optional<LeaseHolder> holder_;
  std::optional<DeviceFault> fault_;
};

}  // namespace redbolt::client
