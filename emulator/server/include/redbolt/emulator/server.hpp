// The emulated card behind a socket: the remote-PCI protocol of tinygrad and TinyGPU, over Unix
// sockets (host memory travels as file descriptors) and TCP (host memory travels as bytes).
//
// State lives in the card. A connection is an attachment: what ends with it is the host memory that
// was allocated over it, which the card's engines find unmapped from then on. Any number of
// connections may be open; each is served in the order of its requests, and between connections
// nothing is arbitrated, as between two processes that have mapped the same card. Clients of this
// protocol keep each other out with a lock file.
//
// Threads: the constructor starts one thread that accepts, and every connection has one of its own,
// which owns its socket, its attachment and its host memory. All functions may be called from any
// thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "redbolt/base/quantity.hpp"
#include "redbolt/emulator/access_trace.hpp"
#include "redbolt/emulator/card.hpp"

namespace redbolt::emulator {

enum class ServerErrorCode : std::uint8_t {
  bad_address,     // no address can be read from the text
  already_served,  // somebody alive listens there
  not_a_socket,    // something else has the name of the socket
  failed,          // the system refused
};

class ServerError : public std::runtime_error {
 public:
  ServerError(ServerErrorCode code, const std::string& message)
      : std::runtime_error(message), code_(code) {}
  ServerErrorCode code() const { return code_; }

 private:
  ServerErrorCode code_;
};

struct UnixAddress {
  std::filesystem::path path;
};
struct TcpAddress {
  std::string host;        // a name or a number; IPv6 without brackets
  std::uint16_t port = 0;  // 0: the system chooses one
};
using ListenAddress = std::variant<UnixAddress, TcpAddress>;

// "unix:PATH", "tcp:HOST:PORT", "tcp:[V6]:PORT" or "tcp:PORT" (loopback). Throws
// ServerError(bad_address).
ListenAddress parse_listen_address(std::string_view text);

// Whether only programs on this machine can reach it.
bool is_local(const ListenAddress& address);

struct ServerLimits {
  unsigned connections = 64;
  Bytes host_memory{std::uint64_t{16} << 30};  // of all connections together
  unsigned host_allocations = 16384;           // of one connection
  std::chrono::milliseconds patience{30'000};  // for the rest of a message, and to take a reply
};

struct ServerOptions {
  ServerLimits limits;
  // BAR0 stays as it is: the window that this host has for it takes no more. RESIZE_BAR of BAR0 is
  // answered with an error.
  bool bar0_is_fixed = false;
  AccessTrace* trace = nullptr;                 // records every access; outlives the server
  std::function<void(const std::string&)> log;  // a line for a person; called from any thread
};

class Server {
 public:
  // Listens on all addresses and serves them. The card outlives the server. Throws ServerError.
  Server(Card& card, const std::vector<ListenAddress>& addresses, const ServerOptions& options);
  // Ends every connection and removes the socket files.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Where it listens, as for --listen, with the port that the system chose.
  std::vector<std::string> addresses() const;

  // The card's counters, and the server's own by names that begin with "server_":
  // server_connections, server_connections_open, server_connections_refused,
  // server_connections_dropped (ended by the server, for what the client did or failed to do),
  // server_messages, server_bytes_in, server_bytes_out, server_errors (error replies),
  // server_host_bytes (host memory allocated now).
  std::map<std::string, std::uint64_t> counters() const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace redbolt::emulator
