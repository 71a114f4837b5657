// The conversation with a server: posted writes are gathered and leave in batches, requests wait
// for their reply, and the first failure ends it for good.
//
// Threads: may be used from any; each call is one turn.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "redbolt/base/file_descriptor.hpp"
#include "redbolt/pci/pci_function.hpp"
#include "remote/stream.hpp"
#include "remote/wire.hpp"

namespace redbolt::pci::remote {

struct ConnectionCounters {
  std::uint64_t messages = 0;  // sent
  std::uint64_t replies = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
};

class Connection {
 public:
  // `name` is for messages. timeout: see RemoteOptions::reply_timeout.
  Connection(FileDescriptor socket, std::string name, std::chrono::milliseconds timeout);

  const std::string& name() const { return name_; }
  // Which of the server's cards it is about. location: as the server calls it, for messages.
  void select_device(std::uint32_t device, const std::string& location);

  // False once the server is gone.
  bool is_open() const;
  // Whether it is gone, as far as this side of the socket knows. Asks nobody.
  bool notice_hangup();

  // Sends what was posted, later; at once if it is large. Dropped when the server is gone.
  void post(Command command, std::uint32_t target, std::uint64_t offset,
            std::span<const std::byte> data);
  // Everything posted leaves now.
  void flush();

  // What a request is answered with. `data` is filled with what follows a reply that promises
  // exactly as many bytes. nullopt when the server is gone already; throws PciError when it goes
  // now (transport_closed, bad_reply), or when it refuses: `refusal`, with what it said.
  std::optional<Reply> call(Command command, std::uint32_t target,
                            std::array<std::uint64_t, 3> arguments, PciErrorCode refusal,
                            std::span<std::byte> data = {});
  // The same, for a request whose reply brings one descriptor.
  std::optional<Reply> call_for_descriptor(Command command, std::array<std::uint64_t, 3> arguments,
                                           PciErrorCode refusal, FileDescriptor& descriptor);
  // The same, for a reply followed by results[0] bytes, at most `limit`.
  std::optional<Reply> call_for_data(Command command, std::array<std::uint64_t, 3> arguments,
                                     std::span<const std::byte> payload, PciErrorCode refusal,
                                     std::uint64_t limit, std::vector<std::byte>& data);

  ConnectionCounters counters() const;

  // The server does not keep to the protocol: ends the connection and throws bad_reply.
  [[noreturn]] void distrust(const std::string& problem);

 private:
  // How long a call may take from its first byte to its reply's last, however many pieces it has.
  struct Patience {
    std::chrono::milliseconds allowed;
    std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
    std::chrono::milliseconds left() const;
  };

  // Of a message with `size` bytes of data, either way.
  Patience patience_for(std::uint64_t size) const;
  // Of a call, with everything posted, which leaves before it.
  Patience patience_for(Command command, const std::array<std::uint64_t, 3>& arguments,
                        std::uint64_t payload = 0) const;
  void send(std::span<const std::span<const std::byte>> pieces, const Patience& patience);
  void send_request(Command command, std::uint32_t target,
                    const std::array<std::uint64_t, 3>& arguments,
                    std::span<const std::byte> payload, const Patience& patience);
  void receive(std::span<std::byte> into, const Patience& patience,
               std::vector<FileDescriptor>* descriptors = nullptr);
  Reply receive_reply(PciErrorCode refusal, const Patience& patience,
                      std::vector<FileDescriptor>* descriptors = nullptr);
  void check(StreamStatus status, const Patience& patience);
  [[noreturn]] void end(PciErrorCode code, const std::string& problem);

  mutable std::mutex mutex_;
  std::optional<Stream> stream_;  // none when the server is gone
  std::string name_;
  std::chrono::milliseconds timeout_;
  std::uint32_t device_ = 0;
  std::vector<std::byte> posted_;
  ConnectionCounters counters_;
};

}  // namespace redbolt::pci::remote
