// A daemon in this process: the real server on a real socket, with a fake card behind it.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <memory>
#include <thread>

#include "fake_card.hpp"
#include "redbolt/client/connection.hpp"
#include "server.hpp"
#include "temporary_folder.hpp"

namespace redbolt::daemon {

inline ServerOptions quick_options() {
  ServerOptions options;
  options.daemon_version = "redboltd test";
  options.handshake_timeout = std::chrono::milliseconds(2000);
  options.abandon_after = std::chrono::milliseconds(300);
  return options;
}

class TestServer {
 public:
  explicit TestServer(ServerOptions options = quick_options(),
                      std::chrono::milliseconds hang_timeout = std::chrono::milliseconds(5000),
                      Bytes video_memory = Bytes(1 << 20)) {
    card_.data_size = video_memory;
    boost::asio::co_spawn(context_, boot(hang_timeout), boost::asio::detached);
    context_.run();
    context_.restart();
    server_ =
        std::make_unique<Server>(context_.get_executor(), socket_, device_, std::move(options));
    boost::asio::co_spawn(context_, server_->serve(), boost::asio::detached);
    thread_ = std::thread([this] { context_.run(); });
  }
  ~TestServer() { stop(); }

  void stop() {
    if (!thread_.joinable()) return;
    boost::asio::co_spawn(context_, server_->stop(), boost::asio::use_future).get();
    thread_.join();
  }

  FakeCard& card() { return card_; }
  const std::filesystem::path& path() const { return socket_.path(); }
  client::Connection connect(const std::string& command = "test") {
    return client::Connection({path(), command});
  }

  // What the arena has free, asked of the device itself.
  ArenaStatus arena() {
    const auto ask = [this]() -> boost::asio::awaitable<ArenaStatus> {
      co_return co_await device_.run([](Device& device) { return device.arena_status(); });
    };
    return boost::asio::co_spawn(context_, ask(), boost::asio::use_future).get();
  }

 private:
  boost::asio::awaitable<void> boot(std::chrono::milliseconds hang_timeout) {
    co_await device_.boot(card_.factory(), {hang_timeout, true});
  }

  FakeCard card_;
  test::TemporaryFolder folder_;
  SocketFile socket_{folder_.path() / "d.sock"};
  boost::asio::io_context context_{1};
  DeviceThread device_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

}  // namespace redbolt::daemon
