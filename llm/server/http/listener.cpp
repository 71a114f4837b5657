#include "server/http/listener.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "redbolt/llm/error.hpp"
#include "server/api_error.hpp"
#include "server/http/port_holder.hpp"

namespace redbolt::llm::server {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

tcp::endpoint resolve(asio::io_context& context, const std::string& host, std::uint16_t port) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (!error) return {address, port};
  tcp::resolver resolver(context);
  const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, error);
  if (error || found.empty()) {
    throw LlmError(ErrorCode::bad_argument, "'" + host + "' is not an address to listen at");
  }
  return found.begin()->endpoint();
}

[[noreturn]] void cannot_listen(const tcp::endpoint& where, const boost::system::error_code& why) {
  const std::string place = where.address().to_string() + " port " + std::to_string(where.port());
  if (why == asio::error::address_in_use) {
    const std::string holder = describe_port_holder(where.port());
    throw LlmError(ErrorCode::io, place + " is in use" + (holder.empty() ? "" : " by " + holder) +
                                      ". Stop that program, or choose another port with --port.");
  }
  throw LlmError(ErrorCode::io, "cannot listen at " + place + ": " + why.message());
}

}  // namespace

Listener::Listener(std::shared_ptr<ConnectionShared> shared, const std::string& host,
                   std::uint16_t port)
    : shared_(std::move(shared)), acceptor_(shared_->context), grace_(shared_->context) {
  const tcp::endpoint where = resolve(shared_->context, host, port);
  boost::system::error_code error;
  acceptor_.open(where.protocol(), error);
  // A server that ended a moment ago leaves the port behind in TIME_WAIT.
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(where, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) cannot_listen(where, error);
  port_ = acceptor_.local_endpoint().port();
}

void Listener::start() {
  asio::co_spawn(
      shared_->context, [this]() -> asio::awaitable<void> { return accept(); }, asio::detached);
}

asio::awaitable<void> Listener::accept() {
  while (acceptor_.is_open()) {
    boost::system::error_code error;
    tcp::socket socket =
        co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
      welcome(std::move(socket));
    } else if (acceptor_.is_open()) {
      // Out of descriptors, most likely: better times may come.
      asio::steady_timer pause(shared_->context, std::chrono::milliseconds(100));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }
}

void Listener::welcome(tcp::socket socket) {
  if (connections_.size() >= shared_->limits.connections) {
    ApiError full(503, "Too many connections are open.");
    full.retry_after = std::chrono::seconds(1);
    const HttpResponse response = shared_->write_error(nullptr, full);
    boost::system::error_code ignored;
    socket.non_blocking(true, ignored);
    const std::string bytes =
        response_head(response, response.body.size(), false, false) + response.body;
    socket.write_some(asio::buffer(bytes), ignored);
    return;
  }
  const auto connection = std::make_shared<Connection>(std::move(socket), shared_);
  connections_.insert(connection);
  open_ = connections_.size();
  asio::co_spawn(
      shared_->context, [connection]() -> asio::awaitable<void> { return connection->serve(); },
      [this, connection](const std::exception_ptr&) { farewell(connection); });
}

void Listener::farewell(const std::shared_ptr<Connection>& connection) {
  connections_.erase(connection);
  open_ = connections_.size();
  // Nobody is left to wait for.
  if (shared_->stopping && connections_.empty()) grace_.cancel();
}

void Listener::stop() {
  if (!acceptor_.is_open()) return;
  shared_->stopping = true;
  acceptor_.close();
  const auto connections = connections_;
  for (const auto& connection : connections) connection->stop();
  if (connections_.empty()) return;
  grace_.expires_after(shared_->limits.stop_time);
  grace_.async_wait([this](const boost::system::error_code& error) {
    if (!error) dismiss_all();
  });
}

void Listener::dismiss_all() {
  const auto connections = connections_;
  for (const auto& connection : connections) connection->dismiss();
  grace_.expires_after(shared_->limits.last_word_time);
  grace_.async_wait([this](const boost::system::error_code& error) {
    if (!error) abort_all();
  });
}

void Listener::abort_all() {
  const auto connections = connections_;
  for (const auto& connection : connections) connection->abort();
}

}  // namespace redbolt::llm::server
