// What each command answers (docs/emulator.md has the table).
#include <sys/mman.h>
#include <sys/stat.h>

#include "served_card.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>

namespace redbolt::emulator::test {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t scratch_7 = 0xc047 * 4, memory_size = 0xde3 * 4;
constexpr std::uint32_t amd = 0x1002;

std::vector<std::byte> pattern(std::size_t size, unsigned seed = 1) {
  std::vector<std::byte> bytes(size);
  std::uint32_t state = seed;
  for (auto& byte : bytes)
    byte = static_cast<std::byte>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

class Protocol : public testing::TestWithParam<const char*> {
 protected:
  RemoteClient client() const { return RemoteClient(served_.address(GetParam())); }
  std::string failure(RemoteClient& client, unsigned command, std::uint32_t target = 0,
                      std::uint64_t a0 = 0, std::uint64_t a1 = 0, std::uint32_t device = 0) {
    try {
      client.call(command, target, a0, a1, 0, device);
    } catch (const RemoteFailure& error) {
      return error.what();
    }
    return "no failure";
  }
  ServedCard served_;
};

INSTANTIATE_TEST_SUITE_P(Transports, Protocol, testing::Values("unix", "tcp"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(Protocol, ProbeFiltersByClassVendorAndDevice) {
  auto c = client();
  const std::string card = "1 emulated:0000:03:00.0:0", none = "0 ";
  EXPECT_EQ(c.probe(amd, {{0xffff, 0x744c}}), card);
  EXPECT_EQ(c.probe(amd, {{0xffff, 0x74a1}, {0xffff, 0x744c}}), card);
  EXPECT_EQ(c.probe(amd, {{0xff00, 0x7400}}), card);
  EXPECT_EQ(c.probe(amd, {{0xffff, 0x744c}}, 0x03), card);
  EXPECT_EQ(c.probe(amd, {}), card);
  EXPECT_EQ(c.probe(amd, {{0xffff, 0x7480}}), none);
  EXPECT_EQ(c.probe(amd, {{0xff00, 0x744c}}), none);
  EXPECT_EQ(c.probe(amd, {{0xffff, 0x744c}}, 0x02), none);
  EXPECT_EQ(c.probe(0x10de, {{0xffff, 0x744c}}), none);
}

TEST_P(Protocol, WorksWithoutProbe) {
  auto c = client();
  EXPECT_EQ(c.call(cmd_cfg_read, 0, 0, 4).r0, 0x744c1002u);
  EXPECT_EQ(c.call(cmd_cfg_read, 0, 2, 2).r0, 0x744cu);
  EXPECT_EQ(c.call(cmd_cfg_read, 0, 0x0b, 1).r0, 3u);
  EXPECT_EQ(c.read32(5, memory_size), 512u - 16);
  EXPECT_THAT(failure(c, cmd_cfg_read, 0, 0, 4, 1), HasSubstr("no device 1"));
  c.call(cmd_ping);
}

TEST_P(Protocol, ConfigurationIsWritten) {
  auto c = client();
  const auto before = c.call(cmd_cfg_read, 0, 4, 2).r0;
  c.call(cmd_cfg_write, 0, 4, 2, before | 4);
  EXPECT_EQ(c.call(cmd_cfg_read, 0, 4, 2).r0, before | 4);
  EXPECT_THAT(failure(c, cmd_cfg_read, 0, 0, 3), HasSubstr("1, 2 or 4"));
  EXPECT_NE(failure(c, cmd_cfg_read, 0, 4096, 4), "no failure");
  EXPECT_NE(failure(c, cmd_cfg_read, 0, ~0ull - 3, 4), "no failure");
}

TEST_P(Protocol, BarsAreWhereTheySay) {
  auto c = client();
  const Answer bar0 = c.call(cmd_map_bar, 0), bar2 = c.call(cmd_map_bar, 2),
               bar5 = c.call(cmd_map_bar, 5);
  EXPECT_EQ(bar0.r0, 0x7800000000u);
  EXPECT_EQ(bar0.r1, 512u << 20);
  EXPECT_EQ(bar2.r1, 256u << 20);
  EXPECT_EQ(bar5.r1, 1u << 20);
  for (const unsigned bar : {1u, 3u, 4u, 6u, 0x80000005u})
    EXPECT_THAT(failure(c, cmd_map_bar, bar), HasSubstr("no BAR"));
}

TEST_P(Protocol, WritesAreSeenByTheReadAfterThem) {
  auto c = client();
  std::vector<std::byte> burst;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const auto head = RemoteClient::request(cmd_mmio_write, 5, scratch_7, 4);
    burst.insert(burst.end(), head.begin(), head.end());
    const auto* const value = reinterpret_cast<const std::byte*>(&i);
    burst.insert(burst.end(), value, value + 4);
  }
  const auto read = RemoteClient::request(cmd_mmio_read, 5, scratch_7, 4);
  burst.insert(burst.end(), read.begin(), read.end());
  c.send(burst);
  EXPECT_EQ(c.answer().r0, 4u);
  std::uint32_t last = 0;
  std::memcpy(&last, c.receive(4).data(), 4);
  EXPECT_EQ(last, 4999u);
}

TEST_P(Protocol, RepliesOfPipelinedRequestsComeInOrder) {
  auto c = client();
  std::vector<std::byte> burst;
  for (std::uint32_t i = 0; i < 300; ++i) {
    c.write32(0, 0x1000 + 4 * i, i * 7);
    const auto one = RemoteClient::request(cmd_mmio_read, 0, 0x1000 + 4 * i, 4);
    burst.insert(burst.end(), one.begin(), one.end());
  }
  c.send(burst);
  for (std::uint32_t i = 0; i < 300; ++i) {
    ASSERT_EQ(c.answer().r0, 4u);
    std::uint32_t value = 0;
    std::memcpy(&value, c.receive(4).data(), 4);
    ASSERT_EQ(value, i * 7);
  }
}

TEST_P(Protocol, LargeBlocksGoThrough) {
  auto c = client();
  const auto data = pattern((16u << 20) + 5);
  c.write(cmd_mmio_write, 0, 12345, data);
  EXPECT_EQ(c.read(cmd_mmio_read, 0, 12345, data.size()), data);
}

TEST_P(Protocol, HostMemoryByHandle) {
  auto c = client();
  const Answer first = c.call(cmd_map_sysmem, 0, 10000), second = [&] {
    c.receive(first.r0);
    return c.call(cmd_map_sysmem, 0, 4096, 1);
  }();
  c.receive(second.r0);
  EXPECT_EQ(first.r0, 3 * 8u);
  EXPECT_EQ(second.r0, 8u);
  EXPECT_NE(first.r1, second.r1);
  const auto handle = static_cast<std::uint32_t>(first.r1);
  EXPECT_EQ(c.read(cmd_sysmem_read, handle, 0, 12288), std::vector<std::byte>(12288));
  const auto data = pattern(5000);
  c.write(cmd_sysmem_write, handle, 123, data);
  EXPECT_EQ(c.read(cmd_sysmem_read, handle, 123, 5000), data);
  EXPECT_EQ(c.read(cmd_sysmem_read, static_cast<std::uint32_t>(second.r1), 0, 4096),
            std::vector<std::byte>(4096));
  EXPECT_THAT(failure(c, cmd_sysmem_read, handle, 12280, 16), HasSubstr("12280"));
  EXPECT_THAT(failure(c, cmd_sysmem_read, 99, 0, 16), HasSubstr("handle 99"));
  EXPECT_NE(failure(c, cmd_map_sysmem, 0, 0), "no failure");
  EXPECT_NE(failure(c, cmd_map_sysmem, 0, ~0ull), "no failure");
}

TEST_P(Protocol, HandlesAreTheConnectionsOwn) {
  auto first = client();
  first.receive(first.call(cmd_map_sysmem, 0, 4096).r0);
  auto second = client();
  EXPECT_THAT(failure(second, cmd_sysmem_read, 0, 0, 16), HasSubstr("handle 0"));
}

TEST_P(Protocol, StateBelongsToTheCard) {
  {
    auto c = client();
    c.write32(5, scratch_7, 0x1234567);
    c.write32(0, 0x100000, 0x89abcdef);
    c.call(cmd_ping);
  }
  auto c = client();
  EXPECT_EQ(c.read32(5, scratch_7), 0x1234567u);
  EXPECT_EQ(c.read32(0, 0x100000), 0x89abcdefu);
  c.call(cmd_reset);  // a bus reset keeps memory and drops registers
  EXPECT_EQ(c.read32(5, scratch_7), 0u);
  EXPECT_EQ(c.read32(0, 0x100000), 0x89abcdefu);
}

TEST_P(Protocol, APulledCardReadsAllOnes) {
  auto c = client();
  served_.card.unplug();
  EXPECT_EQ(c.read32(5, scratch_7), 0xffffffffu);
  EXPECT_EQ(c.call(cmd_cfg_read, 0, 0, 4).r0, 0xffffffffu);
  EXPECT_EQ(c.probe(amd, {{0xffff, 0x744c}}), "0 ");
  c.write32(5, scratch_7, 1);
  served_.card.plug_in();
  EXPECT_EQ(c.read32(5, scratch_7), 0u);
  EXPECT_EQ(c.probe(amd, {{0xffff, 0x744c}}), "1 emulated:0000:03:00.0:0");
}

TEST_P(Protocol, ConnectionsAreServedAtTheSameTime) {
  auto silent = client();
  auto first = client(), second = client();
  for (std::uint32_t i = 0; i < 200; ++i) {
    first.write32(0, 0x2000 + 8 * i, i);
    second.write32(0, 0x2004 + 8 * i, ~i);
  }
  first.call(cmd_ping);
  second.call(cmd_ping);
  for (std::uint32_t i = 0; i < 200; ++i) {
    ASSERT_EQ(second.read32(0, 0x2000 + 8 * i), i);
    ASSERT_EQ(first.read32(0, 0x2004 + 8 * i), ~i);
  }
  silent.call(cmd_ping);
  EXPECT_EQ(served_.counter("server_connections_open"), 3u);
}

TEST(SharedHostMemory, ComesWithItsPagesAtTheBeginning) {
  ServedCard served;
  RemoteClient c(served.unix_address());
  const Answer answer = c.call(cmd_map_sysmem_fd, 0, 3 * 4096 - 1);
  ASSERT_TRUE(answer.descriptor.valid());
  EXPECT_EQ(answer.r0, 3 * 4096u);
  EXPECT_EQ(answer.r1, 0u);
  struct stat status {};
  ASSERT_EQ(::fstat(answer.descriptor.get(), &status), 0);
  EXPECT_EQ(status.st_size, 3 * 4096);
  void* const data =
      ::mmap(nullptr, answer.r0, PROT_READ | PROT_WRITE, MAP_SHARED, answer.descriptor.get(), 0);
  ASSERT_NE(data, MAP_FAILED);
  const auto* const pairs = static_cast<const std::uint64_t*>(data);
  EXPECT_NE(pairs[0], 0u);
  EXPECT_EQ(pairs[0] % 4096, 0u);
  EXPECT_EQ(pairs[1], 3 * 4096u);
  EXPECT_EQ(pairs[2], 0u);
  EXPECT_EQ(pairs[3], 0u);
  ::munmap(data, answer.r0);
}

TEST(SharedHostMemory, ListsEveryScatteredPage) {
  CardOptions options = small_card();
  options.scatter_host_pages = true;
  ServedCard served(options);
  constexpr std::size_t pages = 700;
  RemoteFunction unix_function(served.unix_address()), tcp_function(served.tcp_address());
  for (RemoteFunction* function : {&unix_function, &tcp_function}) {
    const auto memory = function->allocate_host_memory(Bytes(pages * 4096), pci::Contiguity::any);
    ASSERT_EQ(memory->pages().size(), pages);
    unsigned neighbours = 0;
    for (std::size_t i = 1; i < pages; ++i)
      neighbours += memory->pages()[i] == memory->pages()[i - 1] + Bytes(4096);
    EXPECT_LT(neighbours, 5u);
  }
}

TEST(SharedHostMemory, CannotBeShrunkUnderTheCard) {
  ServedCard served;
  RemoteClient c(served.unix_address());
  const Answer answer = c.call(cmd_map_sysmem_fd, 0, 1u << 20);
  EXPECT_NE(::ftruncate(answer.descriptor.get(), 0), 0);
  EXPECT_NE(::ftruncate(answer.descriptor.get(), 1ll << 40), 0);
}

TEST(SharedHostMemory, DoesNotTravelOverTcp) {
  ServedCard served;
  RemoteClient c(served.tcp_address());
  EXPECT_THROW(c.call(cmd_map_sysmem_fd, 0, 4096), RemoteFailure);
  c.call(cmd_ping);
}

TEST(SmallBar0, StaysSmallWhereTheWindowIs) {
  CardOptions options;
  options.bar0 = Bytes(256u << 20);
  ServerOptions server_options;
  server_options.bar0_is_fixed = true;
  ServedCard served(options, server_options);
  RemoteClient c(served.unix_address());
  EXPECT_EQ(c.call(cmd_map_bar, 0).r1, 256u << 20);
  EXPECT_THROW(c.call(cmd_resize_bar, 0), RemoteFailure);
  EXPECT_EQ(c.call(cmd_map_bar, 0).r1, 256u << 20);
  EXPECT_THROW(c.read(cmd_mmio_read, 0, 256u << 20, 4), RemoteFailure);
  // All 24 GB are in reach by MM_INDEX: the table of IP blocks lies 64 KiB before the end.
  const std::uint64_t table = (std::uint64_t{c.read32(5, memory_size)} << 20) - (64u << 10);
  c.write32(5, 6 * 4, static_cast<std::uint32_t>(table >> 31));
  c.write32(5, 0, static_cast<std::uint32_t>(table) | 1u << 31);
  EXPECT_EQ(c.read32(5, 1 * 4), 0x28211407u);
}

TEST(SmallBar0, GrowsWhereTheMachineLets) {
  CardOptions options;
  options.bar0 = Bytes(256u << 20);
  ServedCard served(options);
  RemoteClient c(served.unix_address());
  EXPECT_EQ(c.call(cmd_map_bar, 0).r1, 256u << 20);
  c.write32(0, 0x1000, 77);
  c.call(cmd_resize_bar, 0);
  EXPECT_EQ(c.call(cmd_map_bar, 0).r1, std::uint64_t{32} << 30);
  EXPECT_EQ(c.read32(0, 0x1000), 77u);
  c.write32(0, 0x580000000, 99);
  EXPECT_EQ(c.read32(0, 0x580000000), 99u);
  EXPECT_THROW(c.call(cmd_resize_bar, 5), RemoteFailure);
}

}  // namespace
}  // namespace redbolt::emulator::test
