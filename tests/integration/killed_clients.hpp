// Clients for tests that kill things: one that works until it is killed, one that checks what it
// gets; and what a process holds, from /proc.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "device_kernels.hpp"
#include "redbolt/client/connection.hpp"
#include "served_card.hpp"

namespace redbolt::test {

using namespace std::chrono_literals;

inline std::size_t descriptors_of(pid_t pid) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    ++count;
  }
  return count;
}

// Once they no longer change: the daemon notices the end of a connection in its own time.
inline std::size_t settled_descriptors_of(pid_t pid) {
  std::size_t last = 0;
  for (int quiet = 0; quiet < 20; ++quiet) {
    const std::size_t now = descriptors_of(pid);
    if (now != last) quiet = 0;
    last = now;
    std::this_thread::sleep_for(10ms);
  }
  return last;
}

// A server of cards cannot be given host memory back: the daemon keeps a descriptor of each block,
// and uses it again. Of the sizes that live() asks for, no more than these come together.
inline std::size_t descriptors_kept_by_design() {
  return served_cards_wanted() ? 16 : 0;
}

// Everything a client does, over and over, until it is killed.
[[noreturn]] inline void live(const std::filesystem::path& socket, unsigned seed) {
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

// A client that checks what it gets. Returns what is wrong; throws what a client can be thrown.
inline std::optional<std::string> find_trouble(const std::filesystem::path& socket,
                                               std::uint32_t add) {
  client::Connection connection({socket, "next"});
  connection.acquire_lease(30s);
  const auto status = connection.status();
  if (status.arena.free != status.arena.size) return "the one before left something in the arena";
  const auto module = load_test_kernels(connection);
  const auto shared = connection.create_shared(Bytes(4096), "words");
  connection.wait(connection.launch(connection.record_graph(
      "check",
      std::vector<client::GraphNode>{store_dispatch(module, shared.id(), Bytes(0), add, 32)})));
  for (std::uint32_t i = 0; i < 1024; ++i) {
    std::uint32_t word = 0;
    std::memcpy(&word, shared.bytes().data() + std::size_t{i} * 4, 4);
    if (word != add + i) return "word " + std::to_string(i) + " is wrong";
  }
  return std::nullopt;
}

inline void expect_served(const std::filesystem::path& socket, std::uint32_t add) {
  const auto trouble = find_trouble(socket, add);
  EXPECT_FALSE(trouble) << *trouble;
}

}  // namespace redbolt::test
