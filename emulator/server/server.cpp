#include "redbolt/emulator/server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>

#include "listener.hpp"
#include "session.hpp"

namespace redbolt::emulator {
namespace {

// A connection and the thread that serves it.
class Connection {
 public:
  Connection(std::uint64_t number, std::unique_ptr<pci::PciFunction> function,
             FileDescriptor socket, SocketStream::Kind kind, const ServerOptions& options,
             ServerCounters& counters)
      : number_(number),
        options_(options),
        counters_(counters),
        stream_(std::move(socket), kind, options.limits.patience),
        function_(std::move(function)) {
    activity_.last_message.store(counters.messages.load());
    thread_ = std::thread([this] { run(); });
  }
  ~Connection() {
    stream_.interrupt();
    thread_.join();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool finished() const { return finished_.load(std::memory_order_acquire); }
  const SessionActivity& activity() const { return activity_; }

 private:
  void run() {
    note("\"op\":\"CONNECT\"");
    serve();
    note("\"op\":\"DISCONNECT\"");
    // The peer sees the end now, not when the connection is next looked at.
    stream_.interrupt();
    finished_.store(true, std::memory_order_release);
    // Last: who sees it counted as closed may rely on its place being free.
    counters_.open.fetch_sub(1);
  }

  void serve() try {
    Session(number_, std::move(function_), stream_, options_, counters_, activity_).serve();
  } catch (const StreamEnded& end) {
    using Reason = StreamEnded::Reason;
    if (end.reason() != Reason::closed && end.reason() != Reason::interrupted) drop(end.what());
  } catch (const std::exception& error) {
    drop(error.what());
  }

  void drop(const std::string& why) {
    counters_.dropped.fetch_add(1);
    if (options_.log) options_.log("connection " + std::to_string(number_) + " dropped: " + why);
  }

  void note(const std::string& fields) {
    if (options_.trace != nullptr) options_.trace->line(number_, fields);
  }

  const std::uint64_t number_;
  const ServerOptions& options_;
  ServerCounters& counters_;
  SocketStream stream_;
  std::unique_ptr<pci::PciFunction> function_;
  SessionActivity activity_;
  std::atomic<bool> finished_{false};
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace

class Server::Implementation {
 public:
  Implementation(Card& card, const std::vector<ListenAddress>& addresses,
                 const ServerOptions& options)
      : card_(card), options_(options) {
    for (const ListenAddress& address : addresses) listeners_.push_back(listen_on(address));
    int ends[2];
    if (::pipe(ends) != 0) {
      throw ServerError(ServerErrorCode::failed,
                        "a pipe cannot be had: " + std::generic_category().message(errno));
    }
    stop_read_ = FileDescriptor(ends[0]);
    stop_write_ = FileDescriptor(ends[1]);
    for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
    thread_ = std::thread([this] { accept_all(); });
  }

  ~Implementation() {
    stop_write_ = FileDescriptor();
    thread_.join();
    listeners_.clear();
    connections_.clear();
  }

  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;

  std::vector<std::string> addresses() const {
    std::vector<std::string> all;
    for (const auto& listener : listeners_) all.push_back(listener->address());
    return all;
  }

  std::map<std::string, std::uint64_t> counters() const {
    auto all = card_.counters();
    all["server_connections"] = counters_.connections;
    all["server_connections_open"] = counters_.open;
    all["server_connections_refused"] = counters_.refused;
    all["server_connections_dropped"] = counters_.dropped;
    all["server_messages"] = counters_.messages;
    all["server_bytes_in"] = counters_.bytes_in;
    all["server_bytes_out"] = counters_.bytes_out;
    all["server_errors"] = counters_.errors;
    all["server_host_bytes"] = counters_.host_bytes;
    return all;
  }

 private:
  // On a thread of its own, which also owns the connections.
  void accept_all() {
    constexpr auto tidy_interval = std::chrono::seconds(1);
    constexpr auto pause_without_descriptors = std::chrono::milliseconds(100);
    std::vector<pollfd> waiting;
    for (const auto& listener : listeners_) waiting.push_back({listener->descriptor(), POLLIN, 0});
    waiting.push_back({stop_read_.get(), POLLIN, 0});
    for (;;) {
      ::poll(waiting.data(), static_cast<nfds_t>(waiting.size()),
             static_cast<int>(std::chrono::milliseconds(tidy_interval).count()));
      if (waiting.back().revents != 0) return;
      forget_finished();
      for (const auto& listener : listeners_) {
        if (!accept_from(*listener)) std::this_thread::sleep_for(pause_without_descriptors);
      }
    }
  }

  // False when the system has no descriptor for a client that waits.
  bool accept_from(Listener& listener) {
    for (;;) {
      FileDescriptor socket(::accept(listener.descriptor(), nullptr, nullptr));
      if (!socket.valid()) return errno != EMFILE && errno != ENFILE;
      if (!has_room() && !make_room()) {
        counters_.refused.fetch_add(1);
        continue;
      }
      counters_.open.fetch_add(1);
      const std::uint64_t number = counters_.connections.fetch_add(1) + 1;
      try {
        connections_.push_back(std::make_unique<Connection>(
            number, card_.attach(), std::move(socket), listener.kind(), options_, counters_));
      } catch (const std::exception&) {  // no thread, no memory: the next may have better luck
        counters_.open.fetch_sub(1);
        counters_.refused.fetch_add(1);
      }
    }
  }

  void forget_finished() {
    connections_.remove_if([](const auto& connection) { return connection->finished(); });
  }

  // Those that ended since the loop last looked keep nobody out.
  bool has_room() {
    if (connections_.size() >= options_.limits.connections) forget_finished();
    return connections_.size() < options_.limits.connections;
  }

  // Ends the connection that has been silent for longest, if there is one without host memory: a
  // crowd that does nothing keeps nobody out, and nobody at work is pushed out.
  bool make_room() {
    auto silent = connections_.end();
    for (auto it = connections_.begin(); it != connections_.end(); ++it) {
      const SessionActivity& activity = (*it)->activity();
      if (activity.holds_memory.load()) continue;
      if (silent == connections_.end() ||
          activity.last_message.load() < (*silent)->activity().last_message.load()) {
        silent = it;
      }
    }
    if (silent == connections_.end()) return false;
    counters_.dropped.fetch_add(1);
    connections_.erase(silent);
    return true;
  }

  Card& card_;
  const ServerOptions options_;
  ServerCounters counters_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  FileDescriptor stop_read_, stop_write_;
  std::list<std::unique_ptr<Connection>> connections_;
  std::thread thread_;
};

Server::Server(Card& card, const std::vector<ListenAddress>& addresses,
               const ServerOptions& options)
    : implementation_(std::make_unique<Implementation>(card, addresses, options)) {}

Server::~Server() = default;

std::vector<std::string> Server::addresses() const {
  return implementation_->addresses();
}

std::map<std::string, std::uint64_t> Server::counters() const {
  return implementation_->counters();
}

}  // namespace redbolt::emulator
