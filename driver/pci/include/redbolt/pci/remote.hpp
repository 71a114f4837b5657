// A PCI function behind a server: TinyGPU's on macOS, or any other that speaks the remote-PCI
// protocol over a Unix socket or TCP, such as one that serves an emulated card.
//
// Over a Unix socket host memory is mapped into this process, and its descriptor can be handed on.
// Over TCP it lies with the server: HostMemory::data() is nullptr, descriptor() is -1, and read()
// and write() travel. The protocol has no way to give host memory back before the connection ends;
// what is released is kept and given out again.
//
// Writes are posted and batched; see PciFunction. When the server is gone the call that notices
// throws PciError::transport_closed; from then on the function behaves like one that was pulled,
// and what has to give something back (host memory, a reset) throws the same again. A server that
// does not keep to the protocol counts as gone, with PciError::bad_reply.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "redbolt/pci/pci_function.hpp"

namespace redbolt::pci {

struct RemoteEndpoint {
  std::string name;  // for messages: "remote:unix:/run/card.sock"
  std::string path;  // of a Unix socket; empty: TCP
  std::string host;
  std::string port;
  bool probe = true;                 // ask the server which cards it has; else card 0
  std::vector<std::string> launch;   // started when nobody listens at `path`; may be empty
  std::vector<std::string> lock_at;  // lock files besides the endpoint's own
};

struct RemoteOptions {
  std::chrono::milliseconds connect_timeout{5'000};  // also how long a launched server may take
  // For a call about a register, from its first byte to the last of the answer; what carries data
  // or has the server allocate memory is given more in proportion, a reset more at all. Then the
  // server counts as gone.
  std::chrono::milliseconds reply_timeout{1'500};
};

class RemoteSpecError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// "unix:PATH", "tcp:HOST:PORT" (an IPv6 address in brackets). Throws RemoteSpecError.
RemoteEndpoint parse_remote_endpoint(std::string_view text);

// TinyGPU's server at `path`, or at its usual place. On macOS the app's server is started if none
// answers; elsewhere there is no app, and an empty path throws RemoteSpecError.
RemoteEndpoint tinygpu_endpoint(std::string_view path);

// Throws PciError: transport_closed if nobody answers, busy if another driver has the card (the
// message says who), no_card if the server has none.
std::unique_ptr<PciFunction> connect_remote(const RemoteEndpoint& endpoint,
                                            const RemoteOptions& options = {});

}  // namespace redbolt::pci
