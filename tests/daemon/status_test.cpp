// What others see of the card and of who has it, and that looking is all they can do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client_error.hpp"
#include "module_image.hpp"
#include "test_server.hpp"

namespace redbolt::daemon {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// Whoever only looks has connected and not asked for the lease.
TEST(StatusOnly, LooksWhileAnotherWorks) {
  TestServer server;
  auto holder = server.connect("the holder");
  holder.acquire_lease(0ms);
  auto observer = server.connect("observer");
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(observer.status({.metrics = true, .arena_map = true}).holder->command, "the holder");
    EXPECT_FALSE(observer.counters().link.empty());
  }
}

TEST(StatusOnly, CannotWork) {
  TestServer server;
  auto holder = server.connect("the holder");
  holder.acquire_lease(0ms);
  const auto buffer = holder.create_buffer(Bytes(4096), "b");
  const auto shared = holder.create_shared(Bytes(4096), "s");
  auto observer = server.connect("observer");
  const auto before = server.arena().free;
  const client::BufferRange range{buffer.id, Bytes(0)};
  const std::vector<client::GraphNode> nodes{client::Barrier{}};
  const std::vector<std::function<void()>> work{
      [&] { observer.create_buffer(Bytes(64), "b"); },
      [&] { observer.create_shared(Bytes(64), "s"); },
      [&] { observer.create_module({}); },
      [&] { observer.record_graph("g", nodes); },
      [&] { observer.launch(client::GraphId(1)); },
      [&] {
        observer.copy(range, {shared.id(), Bytes(0)}, Bytes(64));
      },
      [&] { observer.fill(range, Bytes(64), 1); },
      [&] { observer.destroy(buffer.id); },
      [&] { observer.publish({}); },
      [&] { observer.open_resident({}, Bytes(64), "r"); },
      [&] { observer.find_resident({}, Bytes(64)); },
      [&] { observer.seal_resident(buffer.id, {}, "r"); },
  };
  for (const auto& request : work) EXPECT_EQ(client_code_of(request), "no_lease");
  // What the holder has submitted is not the observer's to wait for either.
  const auto fence = holder.fill(range, Bytes(64), 1);
  EXPECT_EQ(client_code_of([&] { observer.wait(fence, 0ms); }), "not_found");
  EXPECT_EQ(server.arena().free, before);
  EXPECT_TRUE(server.card().launches().empty());
}

TEST(Status, ListsWhatTheHolderHas) {
  TestServer server;
  auto holder = server.connect("the holder");
  const auto lease = holder.acquire_lease(0ms);
  holder.create_buffer(Bytes(1000), "weights\x07");
  holder.create_shared(Bytes(5000), "staging");
  const auto image = make_image({});
  const std::vector<client::KernelEntry> kernels{{"k", 0}};
  const auto module = holder.create_module({"kernels", image, {}, kernels});
  client::Dispatch dispatch;
  dispatch.module = module.id;
  holder.record_graph("decode", std::vector<client::GraphNode>{dispatch});
  auto observer = server.connect();
  const auto status = observer.status({.arena_map = true});
  ASSERT_TRUE(status.holder);
  EXPECT_EQ(status.holder->lease, lease);
  EXPECT_EQ(status.holder->buffers, 2u);
  EXPECT_EQ(status.holder->modules, 1u);
  EXPECT_EQ(status.holder->graphs, 1u);
  EXPECT_EQ(status.holder->shared_bytes, Bytes(5000));
  EXPECT_EQ(status.holder->arena_bytes, status.arena.size - status.arena.free);
  EXPECT_GT(status.holder->module_bytes, Bytes(0));
  EXPECT_FALSE(status.metrics);
  ASSERT_TRUE(status.arena_map);
  EXPECT_FALSE(status.arena_map->simplified);
  Bytes buffers, graphs, modules, free, end;
  bool was_executable = false;
  for (const client::ArenaRange& range : status.arena_map->ranges) {
    if (range.executable && !was_executable) end = Bytes(0);  // the second region
    was_executable = range.executable;
    EXPECT_EQ(range.offset, end);
    end = range.offset + range.size;
    if (range.use == client::ArenaUse::free && !range.executable) free += range.size;
    if (range.use == client::ArenaUse::buffer) {
      buffers += range.size;
      EXPECT_EQ(range.owner, "weights?");
    }
    if (range.use == client::ArenaUse::graph) {
      graphs += range.size;
      EXPECT_EQ(range.owner, "decode");
    }
    if (range.use == client::ArenaUse::module) {
      modules += range.size;
      EXPECT_TRUE(range.executable);
      EXPECT_EQ(range.owner, "kernels");
    }
  }
  EXPECT_EQ(buffers, Bytes(4096));
  EXPECT_EQ(graphs + buffers, status.holder->arena_bytes);
  EXPECT_EQ(modules, status.holder->module_bytes);
  EXPECT_EQ(free, status.arena.free);
}

TEST(Status, MapsAnArenaWithManyBuffersInBoundedLength) {
  TestServer server(quick_options(), std::chrono::milliseconds(5000), Bytes(16 << 20));
  auto holder = server.connect();
  holder.acquire_lease(0ms);
  std::vector<client::BufferId> buffers;
  for (int i = 0; i < 2500; ++i)
    buffers.push_back(holder.create_buffer(Bytes(1), std::string(255, 'n')).id);
  const auto status = holder.status({.arena_map = true});
  ASSERT_TRUE(status.arena_map);
  EXPECT_TRUE(status.arena_map->simplified);
  EXPECT_LE(status.arena_map->ranges.size(), 2048u);
}

TEST(Status, TellsWhatTheHolderPublishes) {
  TestServer server;
  auto holder = server.connect();
  holder.acquire_lease(0ms);
  auto observer = server.connect();
  EXPECT_TRUE(observer.status().gauges.empty());
  const std::vector<client::Gauge> gauges{{"tokens_per_second", 41.5, "", 0},
                                          {"model", 0, "Qwen3\n32B", 0}};
  holder.publish(gauges);
  const auto seen = observer.status().gauges;
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].name, "tokens_per_second");
  EXPECT_EQ(seen[0].value, 41.5);
  EXPECT_EQ(seen[1].text, "Qwen3?32B");
  EXPECT_GE(seen[0].age_seconds, 0);
  EXPECT_LT(seen[0].age_seconds, 60);
  holder.publish(std::span(gauges).first(1));  // in place of the earlier ones
  EXPECT_EQ(observer.status().gauges.size(), 1u);
  holder.release_lease();
  EXPECT_TRUE(observer.status().gauges.empty());
}

TEST(Status, GaugesAreLimited) {
  TestServer server;
  auto holder = server.connect();
  holder.acquire_lease(0ms);
  const auto code = [&](std::vector<client::Gauge> gauges) {
    return client_code_of([&] { holder.publish(gauges); });
  };
  EXPECT_EQ(code(std::vector<client::Gauge>(17, {"g", 1, "", 0})), "limit_exceeded");
  EXPECT_EQ(code({{"", 1, "", 0}}), "invalid_argument");
  EXPECT_EQ(code({{std::string(65, 'n'), 1, "", 0}}), "invalid_argument");
  EXPECT_EQ(code({{"n", 1, std::string(129, 't'), 0}}), "invalid_argument");
  EXPECT_TRUE(holder.status().gauges.empty());
}

TEST(Status, CountsRequests) {
  TestServer server;
  auto connection = server.connect();
  const auto before = connection.counters().daemon.at("requests");
  for (int i = 0; i < 10; ++i) connection.status();
  EXPECT_EQ(connection.counters().daemon.at("requests"), before + 11);
}

TEST(Status, HasEveryMetricOfTheCard) {
  TestServer server;
  const auto metrics = server.connect().status({.metrics = true}).metrics;
  ASSERT_TRUE(metrics);
  // As the fake card reports them.
  EXPECT_EQ(metrics->temperature_celsius, 50);
  EXPECT_EQ(metrics->hotspot_celsius, 61);
  EXPECT_EQ(metrics->memory_celsius, 72);
  EXPECT_EQ(metrics->power_watts, 123.5);
  EXPECT_EQ(metrics->gfx_clock_mhz, 2500);
  EXPECT_EQ(metrics->memory_clock_mhz, 1249);
  EXPECT_EQ(metrics->activity_percent, 87);
}

}  // namespace
}  // namespace redbolt::daemon
