// One connection: takes requests from its channel, in order, and carries them out on its attachment
// to the card.
//
// Threads: one at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "host_memory_set.hpp"
#include "message_channel.hpp"
#include "redbolt/emulator/access_trace.hpp"
#include "redbolt/emulator/server.hpp"
#include "server_counters.hpp"

namespace redbolt::emulator {

// What the client did that ends its connection.
class ClientMisbehaved : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What others may know of a session while it runs.
struct SessionActivity {
  std::atomic<std::uint64_t> last_message{0};  // among all messages to the server
  std::atomic<bool> holds_memory{false};
};

class Session {
 public:
  Session(std::uint64_t number, std::unique_ptr<pci::PciFunction> function, Stream& stream,
          const ServerOptions& options, ServerCounters& counters, SessionActivity& activity);
  // Gives the host memory back.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Serves until the stream ends (StreamEnded) or the client is not to be served any longer
  // (ClientMisbehaved).
  void serve();
  // One request.
  void step();

 private:
  struct Operation;
  static const Operation operations[];

  void carry_out(const Operation& operation, const Request& request);
  void refuse(const Operation& operation, const std::string& message);
  void check_device(const Request& request) const;

  void probe(const Request& request);
  void map_bar(const Request& request);
  void map_sysmem_fd(const Request& request);
  void config_read(const Request& request);
  void config_write(const Request& request);
  void reset(const Request& request);
  void mmio_read(const Request& request);
  void mmio_write(const Request& request);
  void map_sysmem(const Request& request);
  void sysmem_read(const Request& request);
  void sysmem_write(const Request& request);
  void resize_bar(const Request& request);
  void ping(const Request& request);

  template <class Read>
  TracedBytes send_data(std::uint64_t size, const Read& read);
  template <class Write>
  TracedBytes take_data(std::uint64_t size, const Write& write);
  void check_bar_range(const Request& request);

  std::string bus_name() const;
  bool matches(const Request& request, std::span<const std::byte> filters);
  void trace(const Request& request, std::string_view target, const std::string& fields);
  void trace_data(const Request& request, std::string_view target, const TracedBytes& bytes);
  bool traced() const { return options_.trace != nullptr; }
  void count_bytes();

  const std::uint64_t number_;
  const std::unique_ptr<pci::PciFunction> function_;
  MessageChannel channel_;
  const ServerOptions& options_;
  ServerCounters& counters_;
  SessionActivity& activity_;
  HostMemorySet memory_;
  std::vector<std::byte> buffer_;
  std::uint64_t counted_in_ = 0, counted_out_ = 0;
};

}  // namespace redbolt::emulator
