// What redboltd tells a service manager and takes from it (sd_notify(3), sd_listen_fds(3),
// sd_watchdog_enabled(3)), in this process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <future>
#include <map>
#include <thread>

#include "fake_card.hpp"
#include "main/system/inherited_socket.hpp"
#include "main/system/notifier.hpp"
#include "main/system/watchdog.hpp"
#include "notify_socket.hpp"
#include "socket_file.hpp"
#include "temporary_folder.hpp"

namespace redbolt::daemon {
namespace {

using namespace std::chrono_literals;
using Variables = std::map<std::string, std::string>;
constexpr auto patience = 30s;

Environment environment_of(Variables variables) {
  return [variables = std::move(variables)](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
}

TEST(ServiceNotifierTest, SpeaksToPathsAndToAbstractNames) {
  const test::TemporaryFolder folder;
  for (const std::string& name :
       {(folder.path() / "notify").string(), "@redbolt-test-" + std::to_string(::getpid())}) {
    test::NotifySocket manager(name);
    ServiceNotifier notifier(environment_of({{"NOTIFY_SOCKET", name}}));
    EXPECT_TRUE(notifier.active());
    notifier.status("booting\nstill");
    EXPECT_EQ(manager.next(patience), "STATUS=booting still\n");
    notifier.ready("a card");
    EXPECT_EQ(manager.next(patience), "READY=1\nSTATUS=a card\n");
    notifier.alive();
    EXPECT_EQ(manager.next(patience), "WATCHDOG=1\n");
    notifier.stopping();
    EXPECT_EQ(manager.next(patience), "STOPPING=1\nSTATUS=stopping\n");
  }
}

TEST(ServiceNotifierTest, IsSilentWithoutAManager) {
  for (const std::string& name : {std::string(), std::string("relative"), std::string("/"),
                                  "/" + std::string(200, 'x'), std::string("/nowhere/at/all")}) {
    ServiceNotifier notifier(environment_of({{"NOTIFY_SOCKET", name}}));
    notifier.ready("a card");
  }
  EXPECT_FALSE(ServiceNotifier(environment_of({})).active());
}

TEST(ServiceNotifierTest, TheWatchdogIsFedTwiceAsOftenAsAsked) {
  const auto interval = [](const Variables& more) {
    Variables variables{{"NOTIFY_SOCKET", "/tmp/x"}};
    variables.insert(more.begin(), more.end());
    return ServiceNotifier(environment_of(variables)).watchdog_interval();
  };
  EXPECT_EQ(interval({{"WATCHDOG_USEC", "60000000"}}), 30s);
  EXPECT_EQ(interval({{"WATCHDOG_USEC", "1000"}, {"WATCHDOG_PID", std::to_string(::getpid())}}),
            500us);
  EXPECT_FALSE(interval({{"WATCHDOG_USEC", "1000"}, {"WATCHDOG_PID", "1"}}));
  EXPECT_FALSE(interval({{"WATCHDOG_USEC", "soon"}}));
  EXPECT_FALSE(interval({}));
}

TEST(InheritedSocket, IsForTheProcessThatIsNamed) {
  EXPECT_FALSE(inherited_socket(environment_of({})));
  EXPECT_FALSE(inherited_socket(environment_of({{"LISTEN_FDS", "1"}, {"LISTEN_PID", "1"}})));
  const std::string own = std::to_string(::getpid());
  EXPECT_FALSE(inherited_socket(environment_of({{"LISTEN_FDS", "0"}, {"LISTEN_PID", own}})));
  EXPECT_FALSE(inherited_socket(environment_of({{"LISTEN_FDS", "-1"}, {"LISTEN_PID", own}})));
}

TEST(InheritedSocket, ItsFileStays) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "d.sock";
  const SocketFile manager(path);
  {
    SocketFile ours(FileDescriptor(::dup(manager.descriptor())));
    EXPECT_EQ(ours.path(), path);
  }
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(InheritedSocket, WhatDoesNotListenIsRefused) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const FileDescriptor writer(ends[1]);
  EXPECT_THROW(SocketFile(FileDescriptor(ends[0])), SocketError);
  EXPECT_THROW(SocketFile(FileDescriptor(::socket(AF_UNIX, SOCK_STREAM, 0))), SocketError);
}

// The threads of a daemon: this one for the sockets, and a device thread with a fake card.
TEST(Watchdog, IsFedOnlyWhileBothThreadsWork) {
  const test::TemporaryFolder folder;
  test::NotifySocket manager((folder.path() / "notify").string());
  ServiceNotifier notifier(environment_of({{"NOTIFY_SOCKET", manager.name()}}));
  FakeCard card;
  boost::asio::io_context context;
  DeviceThread device;
  std::promise<void> blocked, release;
  const auto life = [&]() -> boost::asio::awaitable<void> {
    co_await device.boot(card.factory(), {5s, true});
    boost::asio::co_spawn(context, feed_watchdog(notifier, device, 5ms), boost::asio::detached);
  };
  boost::asio::co_spawn(context, life, boost::asio::detached);
  std::thread sockets([&] { context.run(); });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(manager.next(patience), "WATCHDOG=1\n");

  const auto block = [&]() -> boost::asio::awaitable<void> {
    const auto wait = [&](Device&) {
      blocked.set_value();
      release.get_future().wait();
    };
    co_await device.run(wait);
  };
  boost::asio::co_spawn(context, block, boost::asio::detached);
  blocked.get_future().wait();
  // What was sent before the device thread was blocked; then nothing, though the other thread runs.
  while (manager.next(500ms)) continue;
  EXPECT_FALSE(manager.next(200ms));
  release.set_value();
  EXPECT_EQ(manager.next(patience), "WATCHDOG=1\n");
  context.stop();
  sockets.join();
}

}  // namespace
}  // namespace redbolt::daemon
