// Two clients of one redboltd on the emulated card: the kernels of one do not reach what the other
// had, at whatever address, and find nothing that it left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "daemon_process.hpp"
#include "device_kernels.hpp"
#include "redbolt/client/connection.hpp"

namespace redbolt::test {
namespace {

using namespace std::chrono_literals;
using client::ClientErrorCode;

constexpr std::uint32_t secret = 0x5ec2e701;

client::Connection connect(const DaemonProcess& daemon) {
  client::Connection connection({daemon.socket(), "daemon_isolation_test"});
  connection.acquire_lease(30s);
  return connection;
}

std::uint64_t first_word(const client::SharedMemory& shared) {
  std::uint64_t word = 0;
  std::memcpy(&word, shared.bytes().data(), sizeof word);
  return word;
}

// Where the buffer is, as a kernel sees it.
std::uint64_t address_of(client::Connection& connection, client::BufferId buffer) {
  const auto module = load_test_kernels(connection);
  const auto shared = connection.create_shared(Bytes(4096), "address");
  connection.launch(connection.record_graph(
      "whereami", std::vector<client::GraphNode>{raw_dispatch(module, whereami_kernel, buffer)}));
  connection.wait(connection.copy({shared.id(), Bytes(0)}, {buffer, Bytes(0)}, Bytes(8)));
  return first_word(shared);
}

class Isolation : public testing::Test {
 protected:
  // A new client's kernel reads from the address, and is expected not to come through.
  void expect_out_of_reach(std::uint64_t address) {
    auto connection = connect(daemon_);
    const auto module = load_test_kernels(connection);
    const auto words = connection.create_buffer(Bytes(4096), "words");
    const auto graph = connection.record_graph("spy", std::vector<client::GraphNode>{raw_dispatch(
                                                          module, peek_kernel, words.id, address)});
    try {
      connection.wait(connection.launch(graph));
      FAIL() << "a kernel read 0x" << std::hex << address;
    } catch (const client::ClientError& error) {
      EXPECT_EQ(error.code(), ClientErrorCode::device_fault) << error.what();
      ASSERT_TRUE(error.fault());
      EXPECT_EQ(error.fault()->address, address) << error.what();
    }
  }

  DaemonProcess daemon_{"emulated:vram=1G", {"--arena", "256M"}};
};

TEST_F(Isolation, AKernelReadsWhatItsClientHas) {
  auto connection = connect(daemon_);
  const auto module = load_test_kernels(connection);
  const auto shared = connection.create_shared(Bytes(4096), "words");
  const auto mine = connection.create_buffer(Bytes(8 << 20), "mine");
  connection.fill({mine.id, Bytes(0)}, mine.size, secret);
  const std::uint64_t end = address_of(connection, mine.id) + (8u << 20);
  connection.wait(connection.launch(connection.record_graph(
      "peek",
      std::vector<client::GraphNode>{raw_dispatch(module, peek_kernel, shared.id(), end - 128)})));
  EXPECT_EQ(first_word(shared), std::uint64_t{secret} << 32 | secret);
}

TEST_F(Isolation, VideoMemoryAndHostMemoryOfAnotherClientAreOutOfReach) {
  std::uint64_t video = 0;
  std::uint64_t host = 0;
  {
    auto connection = connect(daemon_);
    connection.create_buffer(Bytes(1 << 20), "so that what the next one gets does not lie there");
    const auto buffer = connection.create_buffer(Bytes(1 << 20), "secret");
    const auto shared = connection.create_shared(Bytes(64 << 10), "secret");
    video = address_of(connection, buffer.id);
    host = address_of(connection, shared.id()) + (32 << 10);
    connection.wait(connection.fill({buffer.id, Bytes(0)}, buffer.size, secret));
  }
  expect_out_of_reach(video);
  expect_out_of_reach(host);
}

TEST_F(Isolation, NothingBelowOrAboveTheVmIsInReach) {
  for (const std::uint64_t address :
       {std::uint64_t{0x2000'0000'0000}, std::uint64_t{0x80'0400'0000}, std::uint64_t{0x10'0000}}) {
    expect_out_of_reach(address);
  }
}

// Whoever comes first finds what was there before the daemon; then each what the one before left.
TEST_F(Isolation, WhatAClientLeftIsNeverSeen) {
  for (int client = 0; client < 3; ++client) {
    auto connection = connect(daemon_);
    const Bytes all = connection.status().arena.largest_free;
    ASSERT_GE(all, Bytes(250u << 20));
    const auto buffer = connection.create_buffer(all, "everything");
    const auto shared = connection.create_shared(all, "what was there");
    connection.wait(connection.copy({shared.id(), Bytes(0)}, {buffer.id, Bytes(0)}, all));
    const auto bytes = shared.bytes();
    EXPECT_TRUE(std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; }))
        << "client " << client;
    connection.wait(connection.fill({buffer.id, Bytes(0)}, all, secret));
  }
}

// A client finds its own: only what another wrote is cleared.
TEST_F(Isolation, PiecesOfWhatAClientLeftAreClearedOneByOne) {
  auto connection = connect(daemon_);
  const Bytes all = connection.status().arena.largest_free;
  {
    const auto buffer = connection.create_buffer(all, "everything");
    connection.wait(connection.fill({buffer.id, Bytes(0)}, all, secret));
  }
  connection.release_lease();
  connection.acquire_lease(30s);
  const auto shared = connection.create_shared(Bytes(1 << 20), "here");
  for (const std::uint64_t size : {4096u, 100'000u, 1'000'000u, 5000u}) {
    const auto buffer = connection.create_buffer(Bytes(size), "piece");
    std::ranges::fill(shared.bytes(), std::byte{0x77});
    connection.wait(connection.copy({shared.id(), Bytes(0)}, {buffer.id, Bytes(0)}, Bytes(size)));
    EXPECT_TRUE(std::ranges::all_of(shared.bytes().first(size), [](std::byte b) {
      return b == std::byte{0};
    })) << size;
  }
}

}  // namespace
}  // namespace redbolt::test
