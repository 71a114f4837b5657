// Clients that do not keep to the protocol: each gets an error or is dropped, and the next is
// served.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <redbolt/protocol/messages.pb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "client_error.hpp"
#include "redbolt/protocol/frame.hpp"
#include "redbolt/protocol/socket_io.hpp"
#include "redbolt/protocol/version.hpp"
#include "test_server.hpp"

namespace redbolt::daemon {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

protocol::Request hello(std::uint32_t major = protocol::version_major) {
  protocol::Request request;
  request.set_id(1);
  request.mutable_hello()->set_version_major(major);
  request.mutable_hello()->set_command("raw");
  return request;
}

protocol::Request status_request(std::uint64_t id) {
  protocol::Request request;
  request.set_id(id);
  request.mutable_status();
  return request;
}

// A client without manners.
class RawClient {
 public:
  explicit RawClient(const TestServer& server) : socket_(protocol::make_socket()) {
    const auto address = protocol::socket_address(server.path());
    if (::connect(socket_.get(), address.get(), address.length) != 0)
      ADD_FAILURE() << "no connection";
  }

  void send(const protocol::Request& request, std::span<const int> descriptors = {}) {
    send_bytes(protocol::encode_frame(request), descriptors);
  }
  void send_bytes(std::span<const std::byte> bytes, std::span<const int> descriptors = {}) {
    while (!bytes.empty()) {
      const auto sent = protocol::send_some(socket_.get(), bytes, descriptors);
      if (sent.status == protocol::IoStatus::closed) return;
      bytes = bytes.subspan(sent.bytes);
      descriptors = {};
    }
  }
  void half_close() { ::shutdown(socket_.get(), SHUT_WR); }

  // The next reply, or nothing when the server has closed. Fails after five seconds.
  std::optional<protocol::Reply> reply() {
    for (;;) {
      if (const auto payload = decoder_.next()) {
        protocol::ServerMessage message;
        protocol::decode_message(*payload, message);
        if (message.has_reply()) return message.reply();
        ++events_;
        continue;
      }
      pollfd ready{socket_.get(), POLLIN, 0};
      if (::poll(&ready, 1, 5000) == 0) {
        ADD_FAILURE() << "no answer";
        return std::nullopt;
      }
      std::array<std::byte, 65536> chunk;
      std::vector<FileDescriptor> descriptors;
      const auto result = protocol::receive_some(socket_.get(), chunk, descriptors);
      if (result.status == protocol::IoStatus::closed) return std::nullopt;
      decoder_.append(std::span(chunk).first(result.bytes));
    }
  }
  // Whether an event has come, or comes within ten seconds; nothing else may.
  bool gets_event() {
    for (;;) {
      while (const auto payload = decoder_.next()) {
        protocol::ServerMessage message;
        protocol::decode_message(*payload, message);
        EXPECT_TRUE(message.has_event());
        ++events_;
      }
      pollfd ready{socket_.get(), POLLIN, 0};
      if (events_ > 0 || ::poll(&ready, 1, 10'000) == 0) return events_ > 0;
      std::array<std::byte, 65536> chunk;
      std::vector<FileDescriptor> descriptors;
      const auto result = protocol::receive_some(socket_.get(), chunk, descriptors);
      if (result.status == protocol::IoStatus::closed) return false;
      decoder_.append(std::span(chunk).first(result.bytes));
    }
  }
  std::string error_code() {
    const auto answer = reply();
    return answer && answer->has_error() ? protocol::ErrorCode_Name(answer->error().code())
                                         : "none";
  }
  int socket() const { return socket_.get(); }

 private:
  FileDescriptor socket_;
  protocol::FrameDecoder decoder_;
  unsigned events_ = 0;
};

std::vector<std::byte> bytes_of(std::initializer_list<unsigned> values) {
  std::vector<std::byte> bytes;
  for (const unsigned value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

class HostileClientTest : public testing::Test {
 protected:
  ~HostileClientTest() override {
    auto next = server_.connect();
    next.acquire_lease(10s);
    EXPECT_EQ(server_.arena().blocks, 0u);
  }
  // Greeted, and then dropped after these bytes.
  void expect_dropped_after(const std::vector<std::byte>& bytes, const std::string& problem) {
    RawClient client(server_);
    client.send(hello());
    ASSERT_TRUE(client.reply()->has_hello());
    client.send_bytes(bytes);
    const auto farewell = client.reply();
    ASSERT_TRUE(farewell && farewell->has_error());
    EXPECT_EQ(farewell->error().code(), protocol::ERROR_CODE_PROTOCOL);
    EXPECT_THAT(farewell->error().message(), HasSubstr(problem));
    EXPECT_EQ(client.reply(), std::nullopt);
  }
  TestServer server_;
};

TEST_F(HostileClientTest, OversizedMessagesEndTheConnectionAtTheirHeader) {
  expect_dropped_after(bytes_of({0xff, 0xff, 0xff, 0xff}), "limit");
  expect_dropped_after(bytes_of({0x01, 0x00, 0x10, 0x00}), "limit");
}

TEST_F(HostileClientTest, MalformedMessagesEndTheConnection) {
  expect_dropped_after(bytes_of({0, 0, 0, 0}), "no bytes");
  expect_dropped_after(bytes_of({2, 0, 0, 0, 0x12, 0x64}), "could not be read");
  expect_dropped_after(bytes_of({4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}), "could not be read");
}

TEST_F(HostileClientTest, TruncatedMessagesAreDropped) {
  for (const std::size_t keep : {1u, 3u, 4u, 5u}) {
    RawClient client(server_);
    const auto frame = protocol::encode_frame(hello());
    client.send_bytes(std::span(frame).first(keep));
    client.half_close();
    EXPECT_EQ(client.reply(), std::nullopt);
  }
}

TEST_F(HostileClientTest, UnknownRequestsAreRefusedOneByOne) {
  RawClient client(server_);
  client.send(hello());
  ASSERT_TRUE(client.reply()->has_hello());
  // id 9 and an unknown body, field 500, as a newer client would send.
  client.send_bytes(bytes_of({6, 0, 0, 0, 0x08, 0x09, 0xa2, 0x1f, 0x01, 0x00}));
  const auto refusal = client.reply();
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->id(), 9u);
  EXPECT_EQ(refusal->error().code(), protocol::ERROR_CODE_UNSUPPORTED);
  client.send(status_request(10));
  EXPECT_EQ(client.reply()->id(), 10u);
}

TEST_F(HostileClientTest, TheHandshakeComesFirstAndOnce) {
  RawClient impolite(server_);
  impolite.send(status_request(1));
  EXPECT_EQ(impolite.error_code(), "ERROR_CODE_PROTOCOL");
  EXPECT_EQ(impolite.reply(), std::nullopt);
  RawClient twice(server_);
  twice.send(hello());
  twice.send(hello());
  ASSERT_TRUE(twice.reply()->has_hello());
  EXPECT_EQ(twice.error_code(), "ERROR_CODE_PROTOCOL");
  EXPECT_EQ(twice.reply(), std::nullopt);
}

TEST_F(HostileClientTest, AnotherVersionIsToldAndSentAway) {
  RawClient client(server_);
  client.send(hello(protocol::version_major + 1));
  const auto refusal = client.reply();
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->error().code(), protocol::ERROR_CODE_VERSION_MISMATCH);
  EXPECT_THAT(refusal->error().message(), HasSubstr("redboltd test"));
  EXPECT_EQ(client.reply(), std::nullopt);
}

TEST_F(HostileClientTest, SilenceIsNotAHandshake) {
  RawClient client(server_);
  EXPECT_EQ(client.error_code(),
            "ERROR_CODE_PROTOCOL");  // after the two seconds of quick_options()
  EXPECT_EQ(client.reply(), std::nullopt);
}

TEST_F(HostileClientTest, FileDescriptorsAreClosedAndEndTheConnection) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const FileDescriptor reader(ends[0]);
  {
    const FileDescriptor writer(ends[1]);
    RawClient client(server_);
    client.send(hello());
    ASSERT_TRUE(client.reply()->has_hello());
    client.send(status_request(2), std::array{writer.get(), writer.get(), writer.get()});
    EXPECT_EQ(client.error_code(), "ERROR_CODE_PROTOCOL");
    EXPECT_EQ(client.reply(), std::nullopt);
  }
  // If the daemon had kept one of them the pipe would not be at its end.
  char byte = 0;
  EXPECT_EQ(::read(reader.get(), &byte, 1), 0);
}

TEST_F(HostileClientTest, RequestsAheadAreAnsweredInOrderUpToALimit) {
  RawClient client(server_);
  std::vector<std::byte> together = protocol::encode_frame(hello());
  for (std::uint64_t id = 2; id <= 12; ++id) {
    const auto frame = protocol::encode_frame(status_request(id));
    together.insert(together.end(), frame.begin(), frame.end());
  }
  client.send_bytes(together);
  ASSERT_TRUE(client.reply()->has_hello());
  for (std::uint64_t id = 2; id <= 12; ++id) EXPECT_EQ(client.reply()->id(), id);

  RawClient flood(server_);
  flood.send(hello());
  ASSERT_TRUE(flood.reply()->has_hello());
  together.clear();
  for (std::uint64_t id = 2; id <= 2000; ++id) {
    const auto frame = protocol::encode_frame(status_request(id));
    together.insert(together.end(), frame.begin(), frame.end());
  }
  flood.send_bytes(together);
  std::optional<protocol::Reply> last;
  while (const auto reply = flood.reply()) last = reply;
  ASSERT_TRUE(last);
  EXPECT_THAT(last->error().message(), HasSubstr("requests wait"));
}

TEST_F(HostileClientTest, WhoDoesNotReadHarmsOnlyItself) {
  RawClient deaf(server_);
  deaf.send(hello());
  ::fcntl(deaf.socket(), F_SETFL, O_NONBLOCK);
  // Until the daemon stops reading, or drops us.
  for (std::uint64_t id = 2; id <= 20000; ++id) {
    if (protocol::send_some(deaf.socket(), protocol::encode_frame(status_request(id)), {}).status !=
        protocol::IoStatus::progress) {
      break;
    }
  }
  auto polite = server_.connect();
  EXPECT_EQ(polite.status().state, "ready");
}

TEST_F(HostileClientTest, CommandsAreMadePrintable) {
  auto holder = server_.connect("evil\033[2J\n" + std::string(5000, 'x'));
  holder.acquire_lease(0ms);
  auto other = server_.connect();
  const std::string command = other.status().holder->command;
  EXPECT_EQ(command.substr(0, 10), "evil?[2J?x");
  EXPECT_LE(command.size(), 120u);
}

TEST_F(HostileClientTest, NamesMayBeAnyBytesAndAreQuotedInPrint) {
  auto connection = server_.connect();
  connection.acquire_lease(0ms);
  const auto error =
      client_error_of([&] { connection.create_buffer(Bytes(1 << 30), "\xff\xfe\033[1m\n"); });
  EXPECT_EQ(error.code(), client::ClientErrorCode::out_of_memory);
  EXPECT_THAT(error.what(), HasSubstr("\"???[1m?\""));
  connection.create_buffer(Bytes(16), "\xff\xfe");
}

TEST(AnotherUser, IsNotLetIn) {
  ServerOptions options = quick_options();
  options.peer = [](int) { return PeerCredentials{1234, ::geteuid() + 1}; };
  TestServer server(std::move(options));
  const auto error = client_error_of([&] { server.connect(); });
  EXPECT_EQ(error.code(), client::ClientErrorCode::permission_denied);
  EXPECT_THAT(error.what(), HasSubstr("another user"));
}

TEST(AnotherUser, IsWhoeverTheSystemDoesNotName) {
  ServerOptions options = quick_options();
  options.peer = [](int) { return std::nullopt; };
  TestServer server(std::move(options));
  EXPECT_EQ(client_code_of([&] { server.connect(); }), "permission_denied");
}

TEST(Connections, AreLimited) {
  ServerOptions options = quick_options();
  options.max_sessions = 3;
  TestServer server(std::move(options));
  std::vector<client::Connection> connections;
  for (int i = 0; i < 3; ++i) connections.push_back(server.connect());
  EXPECT_EQ(client_code_of([&] { server.connect(); }), "limit_exceeded");
  connections.pop_back();
  for (int i = 0; i < 100; ++i) {  // the daemon notices in its own time
    try {
      server.connect().status();
      return;
    } catch (const client::ClientError&) {
      std::this_thread::sleep_for(10ms);
    }
  }
  FAIL() << "a place that became free was not given again";
}

TEST(Connections, OfAClientThatNeverReadsAreClosedInTheEnd) {
  ServerOptions options = quick_options();
  options.send_timeout = 300ms;
  TestServer server(options);
  RawClient silent(server);
  silent.send(hello());
  ASSERT_TRUE(silent.reply());
  protocol::Request request;
  request.mutable_acquire_lease();
  silent.send(request);
  ASSERT_TRUE(silent.reply());
  for (int i = 0; i < 200; ++i) {
    request.mutable_create_buffer()->set_size(1);
    request.mutable_create_buffer()->set_name(std::string(255, 'n'));
    silent.send(request);
    ASSERT_TRUE(silent.reply());
  }
  // Answers of fifty kilobytes each, together more than a socket's buffers hold; nobody takes them.
  request.mutable_status()->set_arena_map(true);
  for (int i = 0; i < 15; ++i) silent.send(request);
  auto next = server.connect();
  EXPECT_NO_THROW(next.acquire_lease(20s)) << "the silent one still has the card";
}

// An event that comes while the last answer waits for its reader is not forgotten with it.
TEST_F(HostileClientTest, OneThatReadsLateGetsItsEventsToo) {
  for (std::uint64_t ahead = 4; ahead <= 16; ++ahead) {
    RawClient holder(server_);
    holder.send(hello());
    ASSERT_TRUE(holder.reply()->has_hello());
    protocol::Request acquire;
    acquire.set_id(2);
    acquire.mutable_acquire_lease()->set_timeout_milliseconds(10'000);
    holder.send(acquire);
    ASSERT_TRUE(holder.reply()->has_acquire_lease());
    for (std::uint64_t i = 0; i < 200; ++i) {
      protocol::Request create;
      create.set_id(3 + i);
      create.mutable_create_buffer()->set_size(4096);
      create.mutable_create_buffer()->set_name(std::string(120, 'n'));
      holder.send(create);
      ASSERT_TRUE(holder.reply()->has_buffer());
    }
    // Answers of some 30 KB each: with one of these numbers the last does not fit the socket.
    for (std::uint64_t i = 0; i < ahead; ++i) {
      protocol::Request look = status_request(1000 + i);
      look.mutable_status()->set_arena_map(true);
      holder.send(look);
    }
    auto other = server_.connect("other");
    const auto enough = std::chrono::steady_clock::now() + 20ms;
    while (std::chrono::steady_clock::now() < enough) other.status();
    other.ask_release(other.status().holder->lease, "please");
    for (std::uint64_t i = 0; i < ahead; ++i) ASSERT_TRUE(holder.reply()->has_status());
    EXPECT_TRUE(holder.gets_event()) << ahead;
  }
}

}  // namespace
}  // namespace redbolt::daemon
