// Clients that are broken or mean. Each gets an error or is dropped; the card and the next client
// are as if it had not been there.
#include <fstream>
#include <random>
#include <thread>

#include "served_card.hpp"

namespace redbolt::emulator::test {
namespace {

constexpr std::uint64_t scratch_7 = 0xc047 * 4;
constexpr std::uint64_t huge = ~0ull;

ServerOptions impatient() {
  ServerOptions options;
  options.limits.patience = std::chrono::milliseconds(200);
  options.limits.connections = 8;
  options.limits.host_memory = Bytes(64u << 20);
  options.limits.host_allocations = 32;
  return options;
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * 4096;
}

class Hostile : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto c = client();
    c.write32(5, scratch_7, 0xc0ffee);
    c.write32(0, 0x5000, 0xbeef);
    c.call(cmd_ping);
  }
  void TearDown() override {
    auto c = client();
    EXPECT_EQ(c.read32(5, scratch_7), 0xc0ffeeu);
    EXPECT_EQ(c.read32(0, 0x5000), 0xbeefu);
    EXPECT_EQ(c.probe(0x1002, {{0xffff, 0x744c}}), "1 emulated:0000:03:00.0:0");
  }
  RemoteClient client() const { return RemoteClient(served_.address(GetParam())); }
  bool dropped(RemoteClient& client) { return client.is_closed_by_server(); }

  ServedCard served_{small_card(), impatient()};
};

INSTANTIATE_TEST_SUITE_P(Transports, Hostile, testing::Values("unix", "tcp"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(Hostile, UnknownCommandsAreAnsweredAndEnd) {
  for (const unsigned command : {13u, 16u, 99u, 255u}) {
    auto c = client();
    EXPECT_THROW(c.call(command), RemoteFailure);
    EXPECT_TRUE(dropped(c));
  }
}

TEST_P(Hostile, ReadsBeyondTheEndAreErrors) {
  auto c = client();
  const std::uint64_t offsets[] = {1u << 20, (1u << 20) - 2, huge, huge - 3, 1ull << 63};
  for (const std::uint64_t offset : offsets)
    EXPECT_THROW(c.read(cmd_mmio_read, 5, offset, 4), RemoteFailure);
  for (const std::uint64_t size :
       std::initializer_list<std::uint64_t>{huge, huge - 7, (1u << 20) + 4, 1ull << 63})
    EXPECT_THROW(c.read(cmd_mmio_read, 5, 0, size), RemoteFailure);
  EXPECT_THROW(c.read(cmd_mmio_read, 0, 8, huge), RemoteFailure);
  EXPECT_THROW(c.read(cmd_mmio_read, 1, 0, 4), RemoteFailure);
  EXPECT_THROW(c.read(cmd_mmio_read, 77, 0, 4), RemoteFailure);
  EXPECT_THROW(c.read(cmd_mmio_read, 5, 1, 4), RemoteFailure);
  EXPECT_THROW(c.read(cmd_mmio_read, 5, 0, 3), RemoteFailure);
  EXPECT_TRUE(c.read(cmd_mmio_read, 0, 0, 0).empty());
  c.call(cmd_ping);
}

TEST_P(Hostile, WritesThatFailDropTheConnection) {
  const std::byte four[4] = {};
  struct Case {
    unsigned command;
    std::uint32_t target;
    std::uint64_t offset, size;
  };
  const Case cases[] = {{cmd_mmio_write, 5, 1u << 20, 4}, {cmd_mmio_write, 5, huge, 4},
                        {cmd_mmio_write, 5, 0, huge},     {cmd_mmio_write, 0, 16, huge - 15},
                        {cmd_mmio_write, 1, 0, 4},        {cmd_mmio_write, 6, 0, 4},
                        {cmd_mmio_write, 5, 2, 4},        {cmd_mmio_write, 5, 0, 3},
                        {cmd_sysmem_write, 0, 0, 4},      {cmd_sysmem_write, ~0u, huge, huge}};
  const std::uint64_t before = served_.counter("server_connections_dropped");
  for (const Case& bad : cases) {
    auto c = client();
    // In one piece: the connection may be dropped as soon as the request is there.
    auto message = RemoteClient::request(bad.command, bad.target, bad.offset, bad.size);
    message.insert(message.end(), std::begin(four), std::end(four));
    c.send(message);
    EXPECT_TRUE(dropped(c)) << bad.command << " " << bad.offset << " " << bad.size;
  }
  EXPECT_TRUE(served_.counter_becomes("server_connections_dropped", before + std::size(cases)));
}

TEST_P(Hostile, ProbeFiltersOfWrongSizes) {
  auto c = client();
  c.send(RemoteClient::request(cmd_probe, 0, 0, 5, 0x1002));
  c.send(std::vector<std::byte>(5));
  EXPECT_THROW(c.answer(), RemoteFailure);
  c.call(cmd_ping);
  c.send(RemoteClient::request(cmd_probe, 0, 0, huge, 0x1002));
  EXPECT_THROW(c.answer(), RemoteFailure);
  EXPECT_TRUE(dropped(c));
}

TEST_P(Hostile, HalfAMessageEnds) {
  const auto whole = RemoteClient::request(cmd_mmio_read, 5, 0, 4);
  for (const std::size_t size : {1u, 32u}) {
    auto silent = client();
    silent.send(std::span(whole).first(size));
    EXPECT_TRUE(dropped(silent));
    auto gone = client();
    gone.send(std::span(whole).first(size));
    gone.half_close();
    EXPECT_TRUE(dropped(gone));
  }
  auto without_payload = client();
  without_payload.send(RemoteClient::request(cmd_mmio_write, 0, 0x6000, 1000));
  without_payload.send(std::vector<std::byte>(999));
  EXPECT_TRUE(dropped(without_payload));
}

TEST_P(Hostile, ASlowButSteadySenderIsServed) {
  auto c = client();
  for (const std::byte byte : RemoteClient::request(cmd_mmio_read, 5, scratch_7, 4))
    c.send(std::span(&byte, 1));
  EXPECT_EQ(c.answer().r0, 4u);
}

TEST_P(Hostile, WhoNeverReadsIsDroppedAndCostsNoMemory) {
  auto c = client();
  const std::size_t before = resident_bytes();
  const auto one = RemoteClient::request(cmd_mmio_read, 0, 0, 256u << 20);
  std::vector<std::byte> many;
  for (int i = 0; i < 1000; ++i) many.insert(many.end(), one.begin(), one.end());
  const std::uint64_t dropped_before = served_.counter("server_connections_dropped");
  ASSERT_TRUE(eventually([&] {
    try {
      c.send_some(many);
    } catch (const ConnectionLost&) {
    }
    return served_.counter("server_connections_dropped") > dropped_before;
  }));
  EXPECT_LT(resident_bytes(), before + (64u << 20));
}

TEST_P(Hostile, HostMemoryHasALimit) {
  {
    auto greedy = client();
    for (int i = 0; i < 4; ++i) greedy.receive(greedy.call(cmd_map_sysmem, 0, 16u << 20).r0);
    EXPECT_THROW(greedy.call(cmd_map_sysmem, 0, 1), RemoteFailure);
    auto other = client();
    EXPECT_THROW(other.call(cmd_map_sysmem, 0, 4096), RemoteFailure);
  }
  ASSERT_TRUE(served_.counter_becomes("server_host_bytes", 0));
  auto c = client();
  for (int i = 0; i < 32; ++i) c.receive(c.call(cmd_map_sysmem, 0, 4096).r0);
  EXPECT_THROW(c.call(cmd_map_sysmem, 0, 4096), RemoteFailure);
}

TEST_P(Hostile, TooManyConnectionsLeaveRoomForOne) {
  std::vector<std::unique_ptr<RemoteClient>> all;
  for (int i = 0; i < 30; ++i) {
    all.push_back(std::make_unique<RemoteClient>(served_.address(GetParam())));
  }
  ASSERT_TRUE(eventually([&] {
    try {
      auto c = client();
      c.call(cmd_ping);
      return true;
    } catch (const ConnectionLost&) {
      return false;
    }
  }));
  EXPECT_LE(served_.counter("server_connections_open"), 8u);
}

TEST_P(Hostile, TheOneAtWorkIsNotPushedOut) {
  auto worker = client();
  worker.receive(worker.call(cmd_map_sysmem, 0, 4096).r0);
  std::vector<std::unique_ptr<RemoteClient>> idle;
  for (int i = 0; i < 30; ++i)
    idle.push_back(std::make_unique<RemoteClient>(served_.address(GetParam())));
  auto c = client();
  c.call(cmd_ping);
  worker.call(cmd_ping);
}

TEST_P(Hostile, RandomBytesDoNoHarm) {
  std::mt19937 random(7);
  const auto below = [&](unsigned limit) { return static_cast<std::uint32_t>(random() % limit); };
  for (int round = 0; round < 60; ++round) {
    auto c = client();
    // Likely commands and offsets, so that some get further; the card's registers are left alone.
    unsigned command = below(13);
    if (command == cmd_reset || command == cmd_cfg_write) command = cmd_ping;
    const std::uint32_t target = command == cmd_mmio_write ? 9 : below(12);
    auto bytes = RemoteClient::request(command, target, below(9999), below(300), below(3));
    for (unsigned i = below(200); i > 0; --i) bytes.push_back(static_cast<std::byte>(99 + i));
    c.send_some(bytes);
    c.half_close();
    ASSERT_TRUE(eventually([&] {
      try {
        c.receive(1);
        return false;
      } catch (const ConnectionLost&) {
        return true;
      }
    }));
  }
}

TEST_P(Hostile, TwoHundredClientsThatVanishLeaveNothing) {
  for (int i = 0; i < 200; ++i) {
    auto c = client();
    try {
      c.send(RemoteClient::request(cmd_map_sysmem, 0, 1u << 20));
      if (i % 2 == 0) c.send(RemoteClient::request(cmd_mmio_write, 0, 0x7000, 4096));
    } catch (const ConnectionLost&) {
      // One too many at a time: refused before it could say anything. Counted below.
    }
  }
  // All have been seen (and the one of the beginning), and are gone.
  EXPECT_TRUE(eventually([&] {
    return served_.counter("server_connections") + served_.counter("server_connections_refused") ==
           201;
  }));
  EXPECT_TRUE(served_.counter_becomes("server_host_bytes", 0));
  EXPECT_TRUE(served_.counter_becomes("server_connections_open", 0));
}

TEST(ServerEnd, DoesNotWaitForClients) {
  ServedCard served;
  RemoteClient idle(served.unix_address()), stuck(served.tcp_address());
  const auto half = RemoteClient::request(cmd_mmio_write, 0, 0, 1u << 20);
  stuck.send(half);
  idle.call(cmd_ping);
  const auto begin = std::chrono::steady_clock::now();
  served.server.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_TRUE(idle.is_closed_by_server());
}

}  // namespace
}  // namespace redbolt::emulator::test
