// Clients killed at a hundred random moments of their work: each time the next one is served, and
// in the end nothing of them is left in the daemon.
#include <dirent.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <random>
#include <thread>

#include "daemon_process.hpp"
#include "device_kernels.hpp"
#include "redbolt/client/connection.hpp"

namespace redbolt::test {
namespace {

using namespace std::chrono_literals;

constexpr int kills = 100;

std::size_t descriptors_of(pid_t pid) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    ++count;
  }
  return count;
}

// Once they no longer change: the daemon notices the end of a connection in its own time.
std::size_t settled_descriptors_of(pid_t pid) {
  std::size_t last = 0;
  for (int quiet = 0; quiet < 20; ++quiet) {
    const std::size_t now = descriptors_of(pid);
    if (now != last) quiet = 0;
    last = now;
    std::this_thread::sleep_for(10ms);
  }
  return last;
}

// Everything a client does, over and over, until it is killed.
[[noreturn]] void live(const std::filesystem::path& socket, unsigned seed) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::mt19937 random(seed);
  try {
    for (;;) {
      client::Connection connection({socket, "victim"});
      connection.acquire_lease(60s);
      const auto module = load_test_kernels(connection);
      for (int round = 0; round < 3; ++round) {
        const auto buffer =
            connection.create_buffer(Bytes(std::uint64_t{1 + random() % 64} << 20), "weights");
        const auto shared =
            connection.create_shared(Bytes(std::uint64_t{1 + random() % 4} << 20), "staging");
        const auto small = std::min(buffer.size, shared.size());
        connection.copy({buffer.id, Bytes(0)}, {shared.id(), Bytes(0)}, small);
        const auto graph = connection.record_graph(
            "work", std::vector<client::GraphNode>{
                        store_dispatch(module, buffer.id, Bytes(0), seed, 256), client::Barrier{},
                        store_dispatch(module, buffer.id, Bytes(0), seed + 1, 256)});
        connection.launch(graph, 1 + random() % 16);
        connection.wait(connection.copy({shared.id(), Bytes(0)}, {buffer.id, Bytes(0)}, small));
        connection.destroy(graph);
        connection.destroy(buffer.id);
      }
    }
  } catch (...) {
  }
  ::_exit(7);  // it should have been killed before anything went wrong
}

// A client that checks what it gets.
void expect_served(const std::filesystem::path& socket, std::uint32_t add) {
  client::Connection connection({socket, "next"});
  connection.acquire_lease(30s);
  const auto status = connection.status();
  EXPECT_EQ(status.arena.free, status.arena.size) << "the one before left something behind";
  const auto module = load_test_kernels(connection);
  const auto shared = connection.create_shared(Bytes(4096), "words");
  connection.wait(connection.launch(connection.record_graph(
      "check",
      std::vector<client::GraphNode>{store_dispatch(module, shared.id(), Bytes(0), add, 32)})));
  for (std::uint32_t i = 0; i < 1024; ++i) {
    std::uint32_t word = 0;
    std::memcpy(&word, shared.bytes().data() + std::size_t{i} * 4, 4);
    ASSERT_EQ(word, add + i);
  }
}

TEST(DaemonKill, TheNextClientIsServedAfterEachOfAHundredKills) {
  DaemonProcess daemon("emulated:vram=1G");
  expect_served(daemon.socket(), 1);
  const std::size_t descriptors_before = settled_descriptors_of(daemon.pid());
  std::mt19937 random(20261121);
  for (int i = 0; i < kills; ++i) {
    const pid_t victim = ::fork();
    ASSERT_GE(victim, 0);
    if (victim == 0) live(daemon.socket(), static_cast<unsigned>(i));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
    ::kill(victim, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(victim, &status, 0), victim);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the victim failed by itself, kill " << i;
    ASSERT_NO_THROW(expect_served(daemon.socket(), static_cast<std::uint32_t>(i) * 1000))
        << "kill " << i << "\n"
        << daemon.log();
    if (HasFatalFailure()) return;
  }
  ASSERT_TRUE(daemon.is_running()) << daemon.log();
  EXPECT_EQ(settled_descriptors_of(daemon.pid()), descriptors_before);
  EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace
}  // namespace redbolt::test
