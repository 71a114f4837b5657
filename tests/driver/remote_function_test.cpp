// The PCI function behind a server, against a server that the test scripts.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

#include "mock_pci_server.hpp"
#include "redbolt/pci/remote.hpp"
#include "remote/function.hpp"

namespace redbolt::pci::remote {
namespace {

using namespace std::chrono_literals;
using test::MockPciServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::byte> counting(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 251);
  return bytes;
}

std::vector<int> commands(const MockPciServer& server) {
  std::vector<int> result;
  for (const auto& message : server.messages()) result.push_back(message.command);
  return result;
}

PciErrorCode code_of(const std::function<void()>& action, std::string* text = nullptr) {
  try {
    action();
  } catch (const PciError& error) {
    if (text != nullptr) *text = error.what();
    return error.code();
  }
  ADD_FAILURE() << "no PciError";
  return PciErrorCode::unsupported;
}

class RemoteFunctionTest : public ::testing::Test {
 protected:
  // After the test has scripted the server.
  RemoteFunction& function(bool with_descriptors = true, std::chrono::milliseconds timeout = 10s) {
    if (!function_) {
      connection_ = std::make_shared<Connection>(server_.client_end(), "mock", timeout);
      function_ = std::make_unique<RemoteFunction>(connection_, with_descriptors);
    }
    return *function_;
  }

  MockPciServer server_;
  std::shared_ptr<Connection> connection_;
  std::unique_ptr<RemoteFunction> function_;
};

TEST_F(RemoteFunctionTest, ReadsSeeTheWritesBeforeThem) {
  function().write32(Bar::k5, BarOffset(0x40), 0x12345678);
  function().write64(Bar::k5, BarOffset(0x48), 0xfedcba9876543210);
  EXPECT_EQ(function().read32(Bar::k5, BarOffset(0x40)), 0x12345678u);
  EXPECT_EQ(function().read64(Bar::k5, BarOffset(0x48)), 0xfedcba9876543210u);
  EXPECT_EQ(function().read_config(ConfigOffset(0), 2), 0x1002u);
  function().write_config(ConfigOffset(4), 2, 0x0006);
  EXPECT_EQ(function().read_config(ConfigOffset(4), 1), 0x06u);
}

TEST_F(RemoteFunctionTest, WritesWaitForNothingAndLeaveTogether) {
  function().bar(Bar::k5);
  const auto before = function().counters();
  for (std::uint64_t i = 0; i < 100; ++i) function().write32(Bar::k5, BarOffset(i * 4), 7);
  EXPECT_EQ(function().counters().at("remote_bytes_sent"), before.at("remote_bytes_sent"));
  function().flush();
  EXPECT_EQ(function().counters().at("remote_bytes_sent"),
            before.at("remote_bytes_sent") + 100 * (33 + 4));
  EXPECT_EQ(function().counters().at("remote_replies"), before.at("remote_replies"));
  EXPECT_TRUE(server_.wait_for_messages(101));
}

TEST_F(RemoteFunctionTest, TheBatchIsBounded) {
  function().bar(Bar::k5);
  for (int i = 0; i < 3000; ++i) function().write32(Bar::k5, BarOffset(0), 7);
  EXPECT_TRUE(server_.wait_for_messages(1500));  // without a flush
}

TEST_F(RemoteFunctionTest, BlocksTravelInPiecesAndCostNextToNothing) {
  const auto data = counting((3u << 20) + 12345);
  function().bar(Bar::k0);
  const auto before = function().counters().at("remote_bytes_sent");
  function().write_block(Bar::k0, BarOffset(4096), data);
  function().flush();
  const auto sent = function().counters().at("remote_bytes_sent") - before;
  EXPECT_LE(static_cast<double>(sent), 1.001 * static_cast<double>(data.size()));
  std::vector<std::byte> back(data.size());
  function().read_block(Bar::k0, BarOffset(4096), back);
  EXPECT_EQ(back, data);
}

TEST_F(RemoteFunctionTest, BarsAreAskedForOnceAndAgainAfterAResize) {
  EXPECT_EQ(function().bar(Bar::k0).size, Bytes(1 << 22));
  EXPECT_EQ(function().bar(Bar::k0).base, BusAddress(0x10000000));
  server_.bar(0).resize(1 << 23);
  EXPECT_EQ(function().bar(Bar::k0).size, Bytes(1 << 22));
  EXPECT_EQ(function().resize_bar(Bar::k0, Bytes(0)).size, Bytes(1 << 23));
  EXPECT_THAT(commands(server_), ElementsAre(1, 11, 1));
  EXPECT_EQ(code_of([&] { function().resize_bar(Bar::k0, Bytes(4096)); }),
            PciErrorCode::unsupported);
}

TEST_F(RemoteFunctionTest, AccessesOutsideABarDoNotTravel) {
  function().bar(Bar::k2);
  function().bar(Bar::k1);
  EXPECT_EQ(code_of([&] { function().read32(Bar::k2, BarOffset(4096)); }),
            PciErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { function().read32(Bar::k2, BarOffset(2)); }), PciErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { function().write64(Bar::k2, BarOffset(~0ull - 7), 1); }),
            PciErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { function().read32(Bar::k1, BarOffset(0)); }), PciErrorCode::no_such_bar);
  EXPECT_EQ(code_of([&] { function().read_config(ConfigOffset(2), 4); }),
            PciErrorCode::out_of_range);
  EXPECT_THAT(commands(server_), ElementsAre(1, 1));
}

TEST_F(RemoteFunctionTest, MappedHostMemoryIsShared) {
  const auto memory = function().allocate_host_memory(Bytes(3 * 4096 - 5), Contiguity::any);
  ASSERT_NE(memory->data(), nullptr);
  EXPECT_EQ(memory->size(), Bytes(3 * 4096));
  EXPECT_THAT(memory->pages(),
              ElementsAre(BusAddress(0x900000), BusAddress(0x901000), BusAddress(0x100000)));
  EXPECT_EQ(memory->data()[0], std::byte{0}) << "the list of pages is to be cleared";
  EXPECT_EQ(memory->data()[16], std::byte{0});
  const auto data = counting(5000);
  memory->write(Bytes(100), data);
  std::vector<std::byte> there(data.size());
  ASSERT_EQ(::pread(memory->descriptor(), there.data(), there.size(), 100), 5000);
  EXPECT_EQ(there, data);
  EXPECT_EQ(code_of([&] { memory->read(Bytes(3 * 4096 - 1), there); }), PciErrorCode::out_of_range);
}

TEST_F(RemoteFunctionTest, MappedHostMemoryCannotBeCutShort) {
  const auto memory = function().allocate_host_memory(Bytes(8192), Contiguity::any);
  EXPECT_NE(::ftruncate(memory->descriptor(), 4096), 0);
  memory->data()[8191] = std::byte{1};
}

TEST_F(RemoteFunctionTest, HostMemoryByHandleTravels) {
  const auto memory = function(false).allocate_host_memory(Bytes(8192), Contiguity::any);
  EXPECT_EQ(memory->data(), nullptr);
  EXPECT_EQ(memory->descriptor(), -1);
  EXPECT_THAT(memory->pages(), ElementsAre(BusAddress(0x800000), BusAddress(0x7ff000)));
  const auto data = counting(6000);
  memory->write(Bytes(10), data);
  std::vector<std::byte> back(data.size());
  memory->read(Bytes(10), back);
  EXPECT_EQ(back, data);
}

TEST_F(RemoteFunctionTest, ReleasedHostMemoryIsGivenOutAgainCleared) {
  for (const bool mapped : {true, false}) {
    MockPciServer server;
    auto connection = std::make_shared<Connection>(server.client_end(), "mock", 10s);
    RemoteFunction function(connection, mapped);
    for (int i = 0; i < 5; ++i) {
      const auto memory = function.allocate_host_memory(Bytes(6000), Contiguity::any);
      std::vector<std::byte> content(8192, std::byte{1});
      memory->read(Bytes(0), content);
      EXPECT_EQ(content, std::vector<std::byte>(8192));
      memory->write(Bytes(0), counting(8192));
    }
    EXPECT_EQ(std::ranges::count(commands(server), mapped ? 2 : 8), 1);
  }
}

TEST_F(RemoteFunctionTest, ContiguousMemoryWithGapsIsRefused) {
  EXPECT_EQ(code_of([&] { function().allocate_host_memory(Bytes(8192), Contiguity::contiguous); }),
            PciErrorCode::no_host_memory);
  EXPECT_NE(function().allocate_host_memory(Bytes(4096), Contiguity::contiguous), nullptr);
}

TEST_F(RemoteFunctionTest, AServerThatGoesIsReportedOnceThenLooksLikeAPulledCard) {
  const auto memory = function().allocate_host_memory(Bytes(4096), Contiguity::any);
  function().bar(Bar::k0);
  server_.hang_up();
  std::string text;
  EXPECT_EQ(code_of([&] { function().read32(Bar::k0, BarOffset(0)); }, &text),
            PciErrorCode::transport_closed);
  EXPECT_THAT(text, HasSubstr("mock"));
  EXPECT_EQ(function().read32(Bar::k0, BarOffset(0)), 0xffffffffu);
  EXPECT_EQ(function().read64(Bar::k5, BarOffset(8)), ~0ull);
  EXPECT_EQ(function().read_config(ConfigOffset(0), 2), 0xffffu);
  std::vector<std::byte> block(100);
  function().read_block(Bar::k0, BarOffset(0), block);
  EXPECT_EQ(block, std::vector<std::byte>(100, std::byte{0xff}));
  function().write32(Bar::k0, BarOffset(0), 1);
  function().write_block(Bar::k0, BarOffset(0), counting(1 << 20));
  function().flush();
  EXPECT_FALSE(function().is_present());
  EXPECT_EQ(code_of([&] { function().reset(); }), PciErrorCode::transport_closed);
  EXPECT_EQ(code_of([&] { function().allocate_host_memory(Bytes(4096), Contiguity::any); }),
            PciErrorCode::transport_closed);
  memory->data()[4095] = std::byte{7};  // still there
}

TEST_F(RemoteFunctionTest, PresenceNoticesAServerThatGoesWithoutAnError) {
  EXPECT_TRUE(function().is_present());
  server_.hang_up();
  EXPECT_FALSE(function().is_present());
}

TEST_F(RemoteFunctionTest, ACardThatLeavesTheServerIsNotPresent) {
  server_.config().fill(std::byte{0xff});
  EXPECT_FALSE(function().is_present());
}

TEST_F(RemoteFunctionTest, HostMemoryWithAServerThatIsGoneIsAnErrorNotOnes) {
  const auto memory = function(false).allocate_host_memory(Bytes(4096), Contiguity::any);
  server_.hang_up();
  std::array<std::byte, 4> value{};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(code_of([&] { memory->read(Bytes(0), value); }), PciErrorCode::transport_closed);
  }
}

TEST_F(RemoteFunctionTest, AServerThatDoesNotAnswerInTimeIsGone) {
  server_.answer(6, [](const MockPciServer::Message&) {
    return MockPciServer::Answer{{std::byte{0}}, {}};  // the first byte of a reply
  });
  EXPECT_EQ(code_of([&] { function(true, 200ms).read32(Bar::k0, BarOffset(0)); }),
            PciErrorCode::transport_closed);
  EXPECT_FALSE(function().is_present());
}

// However many pieces an answer comes in, the time is for all of it.
TEST_F(RemoteFunctionTest, AServerThatStopsInTheMiddleOfAnAnswerGetsNoMoreTimeForIt) {
  static constexpr auto timeout = 2000ms;
  server_.answer(6, [](const MockPciServer::Message&) {
    std::this_thread::sleep_for(timeout * 9 / 10);
    return MockPciServer::Answer{MockPciServer::reply(0, 4), {}};  // and never the 4 bytes
  });
  function(true, timeout).bar(Bar::k0);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(code_of([&] { function().read32(Bar::k0, BarOffset(0)); }),
            PciErrorCode::transport_closed);
  EXPECT_LT(std::chrono::steady_clock::now() - start, timeout * 8 / 5);
}

TEST_F(RemoteFunctionTest, RefusalsCarryTheServersWords) {
  const auto refuse = [](const MockPciServer::Message&) {
    return MockPciServer::Answer{MockPciServer::reply(1, 9, 0, "no\nreason"), {}};
  };
  for (const std::uint8_t command : std::initializer_list<std::uint8_t>{2, 5, 6, 11})
    server_.answer(command, refuse);
  std::string text;
  EXPECT_EQ(code_of([&] { function().read32(Bar::k0, BarOffset(0)); }, &text),
            PciErrorCode::refused);
  EXPECT_THAT(text, HasSubstr("no?reason"));
  EXPECT_TRUE(function().is_present());
}

struct BadReply {
  const char* name;
  std::uint8_t command;
  std::vector<std::byte> bytes;
  int descriptors = 0;
};

class BadReplyTest : public ::testing::TestWithParam<BadReply> {};

TEST_P(BadReplyTest, EndsTheConnectionWithATypedError) {
  const BadReply& bad = GetParam();
  MockPciServer server;
  const FileDescriptor file(::memfd_create("bad", 0));
  ASSERT_EQ(::ftruncate(file.get(), 4096), 0);
  server.answer(bad.command, [&](const MockPciServer::Message&) {
    return MockPciServer::Answer{
        bad.bytes, std::vector<int>(static_cast<std::size_t>(bad.descriptors), file.get())};
  });
  auto connection = std::make_shared<Connection>(server.client_end(), "mock", 10s);
  const bool mapped = bad.command != 8;
  RemoteFunction function(connection, mapped);
  const PciErrorCode code = code_of([&] {
    if (bad.command == 2 || bad.command == 8) {
      function.allocate_host_memory(Bytes(8192), Contiguity::any);
    } else {
      function.read32(Bar::k0, BarOffset(0));
    }
  });
  EXPECT_TRUE(code == PciErrorCode::bad_reply || code == PciErrorCode::no_host_memory);
  EXPECT_EQ(function.is_present(), code != PciErrorCode::bad_reply);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadReplyTest,
    ::testing::Values(BadReply{"status", 6, MockPciServer::reply(2, 4, 0, "abcd")},
                      BadReply{"too_few_bytes", 6, MockPciServer::reply(0, 3, 0, "abc")},
                      BadReply{"too_many_bytes", 6, MockPciServer::reply(0, ~0ull)},
                      BadReply{"endless_message", 6, MockPciServer::reply(1, ~0ull)},
                      BadReply{"bar_wraps", 1, MockPciServer::reply(0, ~0ull - 4096, 8192)},
                      BadReply{"no_descriptor", 2, MockPciServer::reply(0, 8192), 0},
                      BadReply{"two_descriptors", 2, MockPciServer::reply(0, 8192), 2},
                      BadReply{"file_too_small", 2, MockPciServer::reply(0, 8192), 1},
                      BadReply{"less_memory", 2, MockPciServer::reply(0, 4096), 1},
                      BadReply{"huge_list", 8, MockPciServer::reply(0, std::uint64_t{1} << 60)},
                      BadReply{"short_list", 8, MockPciServer::reply(0, 8, 0, "12345678")},
                      BadReply{"odd_pages", 8, MockPciServer::reply(0, 16, 0, "1234567812345678")},
                      BadReply{"wide_handle", 8,
                               MockPciServer::reply(0, 16, std::uint64_t{1} << 32,
                                                    std::string(16, '\0'))}),
    [](const auto& info) { return info.param.name; });

TEST(PageList, AListThatEndsTooSoonOrIsOddIsRefused) {
  const std::array<std::array<std::uint64_t, 4>, 4> lists = {{
      {0, 0, 0, 0},
      {0x1000, 0x1000, 0, 0},
      {0x1001, 0x2000, 0, 0},
      {~0xfffull, 0x2000, 0, 0},
  }};
  for (const auto& list : lists) {
    MockPciServer server;
    const FileDescriptor file(::memfd_create("bad", 0));
    ASSERT_EQ(::ftruncate(file.get(), 8192), 0);
    ASSERT_EQ(::pwrite(file.get(), list.data(), sizeof list, 0), 32);
    server.answer(2, [&](const MockPciServer::Message&) {
      return MockPciServer::Answer{MockPciServer::reply(0, 8192), {file.get()}};
    });
    RemoteFunction function(std::make_shared<Connection>(server.client_end(), "mock", 10s), true);
    EXPECT_EQ(code_of([&] { function.allocate_host_memory(Bytes(8192), Contiguity::any); }),
              PciErrorCode::bad_reply);
  }
}

}  // namespace
}  // namespace redbolt::pci::remote
