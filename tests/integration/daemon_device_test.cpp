// The client library, a redboltd process, the driver and the emulated card together: memory,
// kernels, what goes wrong on the card, and what a launch costs on the link.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <numeric>
#include <random>

#include "daemon_process.hpp"
#include "device_kernels.hpp"
#include "redbolt/client/connection.hpp"

namespace redbolt::test {
namespace {

using namespace std::chrono_literals;
using client::ClientErrorCode;
using testing::HasSubstr;

std::vector<std::uint32_t> words_of(const client::SharedMemory& shared, std::size_t count) {
  std::vector<std::uint32_t> words(count);
  std::memcpy(words.data(), shared.bytes().data(), count * 4);
  return words;
}

std::vector<std::uint32_t> counting_from(std::uint32_t first, std::size_t count) {
  std::vector<std::uint32_t> words(count);
  std::iota(words.begin(), words.end(), first);
  return words;
}

class DaemonDeviceTest : public testing::Test {
 protected:
  client::Connection connect() {
    client::Connection connection({daemon_.socket(), "daemon_device_test"});
    connection.acquire_lease(30s);
    return connection;
  }
  // The whole way once: a kernel writes, the copy engine brings it back.
  void expect_works(client::Connection& connection, std::uint32_t add = 7) {
    const auto module = load_test_kernels(connection);
    const auto buffer = connection.create_buffer(Bytes(4096), "words");
    const auto shared = connection.create_shared(Bytes(4096), "words here");
    const auto graph = connection.record_graph(
        "store",
        std::vector<client::GraphNode>{store_dispatch(module, buffer.id, Bytes(0), add, 32)});
    connection.launch(graph);
    connection.wait(connection.copy({shared.id(), Bytes(0)}, {buffer.id, Bytes(0)}, Bytes(4096)));
    EXPECT_EQ(words_of(shared, 1024), counting_from(add, 1024));
  }
  client::ClientError failure_of(client::Connection& connection, client::FenceId fence) {
    try {
      connection.wait(fence);
    } catch (const client::ClientError& error) {
      return error;
    }
    ADD_FAILURE() << "no error; the daemon said: " << daemon_.log();
    return {ClientErrorCode::internal, ""};
  }
  DaemonProcess daemon_{"emulated:vram=1G", {"--hang-timeout", "3"}};
};

TEST_F(DaemonDeviceTest, TellsWhatTheCardIs) {
  auto connection = connect();
  EXPECT_THAT(connection.device().name, HasSubstr("Radeon"));
  EXPECT_EQ(connection.device().gfx_target, "gfx1100");
  EXPECT_LE(connection.device().vram, Bytes(1ull << 30));
  EXPECT_GT(connection.device().vram, Bytes(900ull << 20));  // the card keeps some to itself
  EXPECT_GT(connection.device().arena, Bytes(512ull << 20));
  EXPECT_TRUE(connection.device().emulated);
  EXPECT_EQ(connection.device().ip_versions.at("GC"), "11.0.0");
  const auto status = connection.status({.metrics = true});
  EXPECT_FALSE(status.boot.warm);
  EXPECT_GT(status.boot.steps.size(), 5u);
  EXPECT_GT(status.boot.seconds, 0.0);
  ASSERT_TRUE(status.metrics);
  EXPECT_GT(status.metrics->temperature_celsius, 0.0);
  EXPECT_LT(status.metrics->temperature_celsius, 120.0);
}

TEST_F(DaemonDeviceTest, CopiesRandomPiecesThroughVideoMemory) {
  auto connection = connect();
  constexpr std::size_t size = 3'000'001;
  const auto vram = connection.create_buffer(Bytes(size), "vram");
  const auto to = connection.create_shared(Bytes(size), "to");
  const auto back = connection.create_shared(Bytes(size), "back");
  std::mt19937_64 random(3);
  for (auto& byte : to.bytes()) byte = static_cast<std::byte>(random());
  connection.fill({vram.id, Bytes(0)}, Bytes(size / 4 * 4), 0xeeeeeeee);
  std::vector<std::byte> expected(size, std::byte{0xee});
  for (int i = 0; i < 50; ++i) {
    const std::size_t length = 1 + random() % 100'000;
    const std::size_t source = random() % (size - length);
    const std::size_t destination = random() % (size / 4 * 4 - length);
    connection.copy({vram.id, Bytes(destination)}, {to.id(), Bytes(source)}, Bytes(length));
    std::copy_n(to.bytes().begin() + static_cast<std::ptrdiff_t>(source), length,
                expected.begin() + static_cast<std::ptrdiff_t>(destination));
  }
  connection.wait(connection.copy({back.id(), Bytes(0)}, {vram.id, Bytes(0)}, Bytes(size / 4 * 4)));
  EXPECT_TRUE(std::equal(expected.begin(), expected.begin() + size / 4 * 4, back.bytes().begin()));
}

TEST_F(DaemonDeviceTest, RunsKernels) {
  auto connection = connect();
  expect_works(connection);
}

TEST_F(DaemonDeviceTest, KernelsReachSharedMemoryToo) {
  auto connection = connect();
  const auto module = load_test_kernels(connection);
  const auto shared = connection.create_shared(Bytes(8192), "shared");
  const auto graph = connection.record_graph(
      "store",
      std::vector<client::GraphNode>{store_dispatch(module, shared.id(), Bytes(0), 100, 16),
                                     store_dispatch(module, shared.id(), Bytes(2048), 900, 16)});
  connection.wait(connection.launch(graph));
  EXPECT_EQ(words_of(shared, 512), counting_from(100, 512));
  std::vector<std::uint32_t> second(512);
  std::memcpy(second.data(), shared.bytes().data() + 2048, 2048);
  EXPECT_EQ(second, counting_from(900, 512));
}

TEST_F(DaemonDeviceTest, OrdersWorkOfBothEngines) {
  auto connection = connect();
  const auto module = load_test_kernels(connection);
  const auto vram = connection.create_buffer(Bytes(4096), "vram");
  const auto back = connection.create_shared(Bytes(std::uint64_t{4096} * 20), "back");
  client::FenceId last;
  for (std::uint32_t round = 0; round < 20; ++round) {
    connection.fill({vram.id, Bytes(0)}, Bytes(4096), 0);
    const auto graph =
        connection.record_graph("store", std::vector<client::GraphNode>{store_dispatch(
                                             module, vram.id, Bytes(0), round * 5000, 16)});
    connection.launch(graph);
    last = connection.copy({back.id(), Bytes(std::uint64_t{4096} * round)}, {vram.id, Bytes(0)},
                           Bytes(4096));
  }
  connection.wait(last);
  for (std::uint32_t round = 0; round < 20; ++round) {
    std::vector<std::uint32_t> words(1024);
    std::memcpy(words.data(), back.bytes().data() + std::size_t{4096} * round, 4096);
    auto expected = counting_from(round * 5000, 512);
    expected.resize(1024, 0);  // the kernel wrote half; the fill before it the rest
    EXPECT_EQ(words, expected) << round;
  }
}

TEST_F(DaemonDeviceTest, ReplaysWithOneDoorbellAndNoRegisterRead) {
  auto connection = connect();
  const auto module = load_test_kernels(connection);
  const auto buffer = connection.create_buffer(Bytes(4096), "b");
  const auto graph = connection.record_graph(
      "store", std::vector<client::GraphNode>{store_dispatch(module, buffer.id, Bytes(0), 1, 32),
                                              client::Barrier{},
                                              store_dispatch(module, buffer.id, Bytes(0), 2, 32)});
  connection.wait(connection.launch(graph));
  const auto before = connection.counters();
  connection.wait(connection.launch(graph, 8));
  const auto after = connection.counters();
  EXPECT_EQ(after.link.at("doorbells") - before.link.at("doorbells"), 1u);
  EXPECT_EQ(after.link.at("register_reads"), before.link.at("register_reads"));
  EXPECT_EQ(after.link.at("register_writes"), before.link.at("register_writes"));
  EXPECT_FALSE(after.card.empty());
}

// --- what goes wrong on the card ---------------------------------------------------------------

TEST_F(DaemonDeviceTest, APageFaultNamesItsAddressAndTheNextClientIsServed) {
  {
    auto connection = connect();
    const auto module = load_test_kernels(connection);
    auto dispatch = store_dispatch(module, client::BufferId(0), Bytes(0), 1, 1);
    dispatch.pointers.clear();
    const std::uint64_t nowhere = 0x1234'5678'9000;
    dispatch.kernarg.resize(16);
    std::memcpy(dispatch.kernarg.data(), &nowhere, 8);
    const auto graph = connection.record_graph("astray", std::vector<client::GraphNode>{dispatch});
    const auto error = failure_of(connection, connection.launch(graph));
    EXPECT_EQ(error.code(), ClientErrorCode::device_fault) << error.what();
    EXPECT_THAT(error.what(), HasSubstr("astray"));
    ASSERT_TRUE(error.fault());
    EXPECT_EQ(error.fault()->cause, "memory_fault");
    EXPECT_EQ(error.fault()->address, nowhere);
    EXPECT_EQ(error.fault()->kernel, "\"store\" (dispatch 1 of 1)");
    // The same connection may go on, too.
    connection.acquire_lease(30s);
    expect_works(connection, 21);
  }
  auto next = connect();
  expect_works(next, 22);
  EXPECT_THAT(daemon_.log(), HasSubstr("after a reset of its queues"));
}

TEST_F(DaemonDeviceTest, TheErrorNamesTheKernelAmongMany) {
  auto connection = connect();
  const auto module = load_test_kernels(connection);
  const auto buffer = connection.create_buffer(Bytes(4096), "b");
  std::vector<client::GraphNode> nodes;
  for (int i = 0; i < 20; ++i) {
    nodes.emplace_back(store_dispatch(module, buffer.id, Bytes(0), 1, 32));
    nodes.emplace_back(client::Barrier{});
  }
  nodes.emplace_back(plain_dispatch(module, illegal_kernel));
  nodes.emplace_back(client::Barrier{});
  nodes.emplace_back(store_dispatch(module, buffer.id, Bytes(0), 1, 32));
  const auto error = failure_of(connection, connection.launch(connection.record_graph("g", nodes)));
  ASSERT_TRUE(error.fault()) << error.what();
  EXPECT_EQ(error.fault()->kernel, "\"illegal\" (dispatch 21 of 22)");
}

TEST_F(DaemonDeviceTest, AnIllegalInstructionEndsTheSubmission) {
  auto connection = connect();
  const auto module = load_test_kernels(connection);
  const auto graph = connection.record_graph(
      "nonsense", std::vector<client::GraphNode>{plain_dispatch(module, illegal_kernel)});
  const auto error = failure_of(connection, connection.launch(graph));
  EXPECT_EQ(error.code(), ClientErrorCode::device_fault) << error.what();
  ASSERT_TRUE(error.fault());
  EXPECT_EQ(error.fault()->cause, "illegal_instruction");
  auto next = connect();
  expect_works(next);
}

TEST_F(DaemonDeviceTest, AnEndlessKernelIsAHang) {
  auto connection = connect();
  const auto module = load_test_kernels(connection);
  const auto graph = connection.record_graph(
      "endless", std::vector<client::GraphNode>{plain_dispatch(module, endless_kernel)});
  const auto start = std::chrono::steady_clock::now();
  const auto error = failure_of(connection, connection.launch(graph));
  EXPECT_EQ(error.code(), ClientErrorCode::device_hang) << error.what();
  EXPECT_EQ(error.fault()->submission, "endless");
  EXPECT_EQ(error.fault()->kernel, "\"endless\" (dispatch 1 of 1)");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 30s);
  auto next = connect();
  expect_works(next);
}

TEST_F(DaemonDeviceTest, AClientThatLeavesAnEndlessKernelBehindDoesNotKeepTheCard) {
  {
    auto connection = connect();
    const auto module = load_test_kernels(connection);
    connection.launch(connection.record_graph(
        "endless", std::vector<client::GraphNode>{plain_dispatch(module, endless_kernel)}));
  }
  auto next = connect();
  expect_works(next);
}

}  // namespace
}  // namespace redbolt::test
