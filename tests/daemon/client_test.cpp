// The client library against the real server on a fake card: every call once, and what ends badly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <future>
#include <thread>

#include "client_error.hpp"
#include "module_image.hpp"
#include "redbolt/protocol/socket_io.hpp"
#include "test_server.hpp"

namespace redbolt::daemon {
namespace {

using namespace std::chrono_literals;
using client::BufferRange;
using testing::HasSubstr;

class ClientTest : public testing::Test {
 protected:
  client::Module load(client::Connection& connection, std::size_t image_size = 4096) {
    const auto image = make_image({}, 0, image_size);
    const client::KernelEntry kernel{"k", 0};
    return connection.create_module({"m", image, {}, {&kernel, 1}});
  }
  static client::Dispatch dispatch(client::ModuleId module) {
    client::Dispatch dispatch;
    dispatch.module = module;
    return dispatch;
  }
  TestServer server_;
};

TEST_F(ClientTest, LearnsWhatTheDeviceIs) {
  const auto connection = server_.connect();
  EXPECT_EQ(connection.daemon_version(), "redboltd test");
  const auto& device = connection.device();
  EXPECT_EQ(device.name, "Fake card");
  EXPECT_EQ(device.gfx_target, "gfx1100");
  EXPECT_EQ(device.bus_name, "fake:0");
  EXPECT_EQ(device.arena, server_.card().data_size);
  EXPECT_EQ(device.compute_units, 96u);
  EXPECT_TRUE(device.emulated);
  EXPECT_EQ(device.ip_versions.at("GC"), "11.0.0");
}

TEST_F(ClientTest, MovesBytesThroughTheCard) {
  auto connection = server_.connect();
  connection.acquire_lease(0ms);
  auto shared = connection.create_shared(Bytes(8192), "staging");
  const auto vram = connection.create_buffer(Bytes(4096), "vram");
  ASSERT_EQ(shared.bytes().size(), 8192u);
  for (std::size_t i = 0; i < 4096; ++i) shared.bytes()[i] = static_cast<std::byte>(i * 7);
  connection.copy({vram.id, Bytes(0)}, {shared.id(), Bytes(0)}, Bytes(4096));
  connection.fill({vram.id, Bytes(16)}, Bytes(8), 0xabcd1234);
  const auto fence = connection.copy({shared.id(), Bytes(4096)}, {vram.id, Bytes(0)}, Bytes(4096));
  connection.wait(fence);
  EXPECT_EQ(shared.bytes()[4096 + 15], static_cast<std::byte>(15 * 7));
  std::uint32_t word = 0;
  std::memcpy(&word, &shared.bytes()[4096 + 20], 4);
  EXPECT_EQ(word, 0xabcd1234u);
  EXPECT_EQ(shared.bytes()[4096 + 24], static_cast<std::byte>(24 * 7));
  connection.destroy(shared.id());
  connection.destroy(vram.id);
  EXPECT_EQ(server_.card().pinned, 0u);
}

// The clearing of a new buffer is work that the client did not submit; its end has to be noticed
// all the same.
TEST_F(ClientTest, ABufferIsDestroyedWhileItIsBeingCleared) {
  auto connection = server_.connect();
  connection.acquire_lease(0ms);
  server_.card().hold = true;
  const auto buffer = connection.create_buffer(Bytes(4096), "short-lived");
  auto destroyed = std::async(std::launch::async, [&] { connection.destroy(buffer.id); });
  EXPECT_EQ(destroyed.wait_for(100ms), std::future_status::timeout);  // the daemon waits
  server_.card().hold = false;
  EXPECT_EQ(destroyed.wait_for(10s), std::future_status::ready);
  server_.stop();  // ends the wait if nothing else did
}

TEST_F(ClientTest, RecordsAndLaunchesGraphs) {
  auto connection = server_.connect();
  connection.acquire_lease(0ms);
  const auto module = load(connection);
  ASSERT_EQ(module.kernels.size(), 1u);
  EXPECT_EQ(module.kernels[0].kernarg, Bytes(64));
  const auto buffer = connection.create_buffer(Bytes(64), "b");
  auto first = dispatch(module.id);
  first.pointers.push_back({0, buffer.id, Bytes(0), Bytes(64), client::Access::read_write});
  const std::vector<client::GraphNode> nodes{first, client::Barrier{}, dispatch(module.id)};
  const auto graph = connection.record_graph("two kernels", nodes);
  const auto doorbells = connection.counters().link.at("doorbells");
  const auto fence = connection.launch(graph, 3);
  EXPECT_TRUE(connection.wait(fence, 5s));
  ASSERT_EQ(server_.card().launches().size(), 1u);
  EXPECT_EQ(server_.card().launches()[0].buffers.size(), 3u);
  EXPECT_EQ(connection.counters().link.at("doorbells"), doorbells + 1);
  EXPECT_EQ(connection.counters().card.at("fake"), 42u);
  connection.destroy(graph);
  connection.destroy(module.id);
}

TEST_F(ClientTest, SendsGraphsOfAnyLength) {
  auto connection = server_.connect();
  connection.acquire_lease(0ms);
  const auto module = load(connection);
  auto node = dispatch(module.id);
  node.kernarg.resize(64);
  const std::vector<client::GraphNode> nodes(
      9000, node);  // more than one message, and more than the arena
  EXPECT_EQ(client_code_of([&] { connection.record_graph("long", nodes); }), "out_of_memory");
  const std::vector<client::GraphNode> fits(1500, node);
  connection.wait(connection.launch(connection.record_graph("long", fits)));
}

TEST_F(ClientTest, SendsLargeModulesThroughSharedMemory) {
  auto connection = server_.connect();
  connection.acquire_lease(0ms);
  EXPECT_EQ(client_code_of([&] { load(connection, 700 << 10); }),
            "out_of_memory");  // code memory is 256 KiB
  EXPECT_EQ(server_.card().pinned, 0u);
}

TEST_F(ClientTest, ReportsStatus) {
  auto connection = server_.connect("the holder");
  EXPECT_FALSE(connection.status().holder);
  connection.acquire_lease(0ms);
  connection.create_buffer(Bytes(1000), "b");
  auto other = server_.connect("other");
  const auto status = other.status({.metrics = true});
  EXPECT_EQ(status.state, "ready");
  ASSERT_TRUE(status.holder);
  EXPECT_EQ(status.holder->command, "the holder");
  EXPECT_EQ(status.holder->pid, ::getpid());
  EXPECT_EQ(status.holder->uid, ::getuid());
  EXPECT_EQ(status.holder->arena_bytes, Bytes(4096));
  EXPECT_EQ(status.arena.free, status.arena.size - Bytes(4096));
  EXPECT_EQ(status.boot.steps.at(0).name, "pretend");
  EXPECT_EQ(status.boot.seconds, 0.25);
  ASSERT_TRUE(status.metrics);
  EXPECT_EQ(status.metrics->temperature_celsius, 50.0);
  EXPECT_FALSE(other.status().metrics);
}

TEST_F(ClientTest, WaitsNoLongerThanAsked) {
  auto connection = server_.connect();
  connection.acquire_lease(0ms);
  const auto buffer = connection.create_buffer(Bytes(64), "b");
  server_.card().hold = true;
  const auto fence = connection.fill({buffer.id, Bytes(0)}, Bytes(4), 1);
  EXPECT_FALSE(connection.wait(fence, 20ms));
  EXPECT_FALSE(connection.wait(fence, 0ms));
  server_.card().hold = false;
  EXPECT_TRUE(connection.wait(fence, 5s));
  EXPECT_EQ(client_code_of([&] { connection.wait(client::FenceId(fence.value() + 1), 0ms); }),
            "not_found");
  EXPECT_EQ(client_code_of([&] { connection.wait(client::FenceId(0), 0ms); }), "not_found");
}

TEST_F(ClientTest, WorkEndsBeforeItsBufferGoes) {
  auto connection = server_.connect();
  connection.acquire_lease(0ms);
  const auto buffer = connection.create_buffer(Bytes(64), "b");
  server_.card().hold = true;
  connection.fill({buffer.id, Bytes(0)}, Bytes(4), 1);
  std::thread later([&] {
    std::this_thread::sleep_for(100ms);
    server_.card().hold = false;
  });
  const auto start = std::chrono::steady_clock::now();
  connection.destroy(buffer.id);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 90ms);
  later.join();
}

TEST_F(ClientTest, KeepsItsConnectionThroughRefusals) {
  auto connection = server_.connect();
  EXPECT_EQ(client_code_of([&] { connection.create_buffer(Bytes(64), "b"); }), "no_lease");
  EXPECT_EQ(client_code_of([&] { connection.release_lease(); }), "no_lease");
  connection.acquire_lease(0ms);
  EXPECT_EQ(client_code_of([&] { connection.acquire_lease(0ms); }), "invalid_argument");
  const auto shortage =
      client_error_of([&] { connection.create_buffer(Bytes(2 << 20), "weights"); });
  EXPECT_EQ(shortage.code(), client::ClientErrorCode::out_of_memory);
  ASSERT_TRUE(shortage.shortage());
  EXPECT_EQ(shortage.shortage()->asked, Bytes(2 << 20));
  EXPECT_EQ(shortage.shortage()->free, Bytes(1 << 20));
  EXPECT_EQ(client_code_of([&] { connection.launch(client::GraphId(4)); }), "not_found");
  EXPECT_NO_THROW(connection.create_buffer(Bytes(64), "b"));
}

// --- when the card fails -----------------------------------------------------------------------

driver::Interrupt page_fault() {
  driver::Interrupt fault;
  fault.kind = driver::InterruptKind::memory_fault;
  fault.address = driver::GpuAddress(0xdead000);
  return fault;
}

TEST_F(ClientTest, LearnsOfAFaultAndMayStartAgain) {
  auto connection = server_.connect();
  connection.acquire_lease(0ms);
  const auto graph = connection.record_graph(
      "broken", std::vector<client::GraphNode>{dispatch(load(connection).id)});
  server_.card().hold = true;
  const auto fence = connection.launch(graph);
  const auto behind = connection.launch(graph);
  server_.card().report(page_fault());
  for (const auto f : {fence, behind}) {
    const auto error = client_error_of([&] { connection.wait(f); });
    EXPECT_EQ(error.code(), client::ClientErrorCode::device_fault);
    EXPECT_THAT(error.what(), HasSubstr("broken"));
    ASSERT_TRUE(error.fault());
    EXPECT_EQ(error.fault()->cause, "memory_fault");
    EXPECT_EQ(error.fault()->address, 0xdead000u);
  }
  server_.card().hold = false;
  const auto gone = client_error_of([&] { connection.launch(graph); });
  EXPECT_EQ(gone.code(), client::ClientErrorCode::no_lease);
  EXPECT_THAT(gone.what(), HasSubstr("broken"));
  connection.acquire_lease(5s);
  EXPECT_EQ(server_.card().boots, 2u);
  const auto buffer = connection.create_buffer(Bytes(64), "b");
  connection.wait(connection.fill({buffer.id, Bytes(0)}, Bytes(4), 1));
}

TEST_F(ClientTest, AfterAResetThatKeepsTheMemoryTheNextOneGoesOnAtOnce) {
  server_.card().reset_helps = true;
  auto connection = server_.connect();
  connection.acquire_lease(0ms);
  const auto graph = connection.record_graph(
      "broken", std::vector<client::GraphNode>{dispatch(load(connection).id)});
  server_.card().hold = true;
  const auto fence = connection.launch(graph);
  server_.card().report(page_fault());
  const auto error = client_error_of([&] { connection.wait(fence); });
  EXPECT_EQ(error.code(), client::ClientErrorCode::device_fault);
  server_.card().hold = false;
  auto next = server_.connect();
  next.acquire_lease(5s);
  EXPECT_EQ(server_.card().boots, 1u);
  const auto buffer = next.create_buffer(Bytes(64), "b");
  next.wait(next.fill({buffer.id, Bytes(0)}, Bytes(4), 1));
}

TEST(ClientHang, EndsWithTheSubmissionsName) {
  TestServer server(quick_options(), 200ms);
  auto connection = server.connect();
  connection.acquire_lease(0ms);
  const auto buffer = connection.create_buffer(Bytes(64), "b");
  connection.wait(connection.fill({buffer.id, Bytes(0)}, Bytes(4), 1));
  server.card().hold = true;
  const auto fence = connection.fill({buffer.id, Bytes(0)}, Bytes(4), 1);
  const auto error = client_error_of([&] { connection.wait(fence); });
  EXPECT_EQ(error.code(), client::ClientErrorCode::device_hang);
  EXPECT_EQ(error.fault()->submission, "fill");
  server.card().hold = false;
  auto next = server.connect();
  next.acquire_lease(5s);
}

TEST_F(ClientTest, IsToldWhenTheCardDoesNotComeBack) {
  auto connection = server_.connect();
  connection.acquire_lease(0ms);
  const auto buffer = connection.create_buffer(Bytes(64), "b");
  server_.card().hold = true;
  server_.card().boot_fails = true;
  const auto fence = connection.fill({buffer.id, Bytes(0)}, Bytes(4), 1);
  server_.card().report(page_fault());
  EXPECT_EQ(client_code_of([&] { connection.wait(fence); }), "device_fault");
  EXPECT_EQ(client_code_of([&] { connection.acquire_lease(5s); }), "device_lost");
  EXPECT_NE(connection.status().state, "ready");
  EXPECT_EQ(client_code_of([&] { connection.counters(); }), "device_lost");
  server_.card().boot_fails = false;
  server_.card().hold = false;
  connection.acquire_lease(5s);
  EXPECT_EQ(connection.status().state, "ready");
}

// --- no daemon ---------------------------------------------------------------------------------

TEST(NoDaemon, SaysHowToStartOne) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "none.sock";
  const auto error = client_error_of([&] { client::Connection connection({path, "test"}); });
  EXPECT_EQ(error.code(), client::ClientErrorCode::no_daemon);
  EXPECT_THAT(error.what(), HasSubstr("redboltd --device"));
  EXPECT_THAT(error.what(), HasSubstr(path.string()));
}

TEST(NoDaemon, TellsADeadSocket) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "dead.sock";
  {
    const auto address = protocol::socket_address(path);
    const FileDescriptor socket = protocol::make_socket();
    ASSERT_EQ(::bind(socket.get(), address.get(), address.length), 0);
  }
  const auto error = client_error_of([&] { client::Connection connection({path, "test"}); });
  EXPECT_EQ(error.code(), client::ClientErrorCode::no_daemon);
  EXPECT_THAT(error.what(), HasSubstr("nothing listens"));
}

TEST(NoDaemon, RefusesAPathThatIsTooLong) {
  const auto error = client_error_of([&] {
    client::Connection connection({"/" + std::string(300, 'x'), "test"});
  });
  EXPECT_EQ(error.code(), client::ClientErrorCode::invalid_argument);
}

TEST(NoDaemon, NoticesItsEnd) {
  TestServer server;
  auto connection = server.connect();
  server.stop();
  EXPECT_EQ(client_code_of([&] { connection.status(); }), "connection_lost");
  EXPECT_EQ(client_code_of([&] { connection.status(); }), "connection_lost");
  EXPECT_FALSE(std::filesystem::exists(server.path()));
}

}  // namespace
}  // namespace redbolt::daemon
