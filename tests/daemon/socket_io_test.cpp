#include "redbolt/protocol/socket_io.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "redbolt/protocol/frame.hpp"

namespace redbolt::protocol {
namespace {

struct Pair {
  Pair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    left = FileDescriptor(ends[0]);
    right = FileDescriptor(ends[1]);
  }
  FileDescriptor left, right;
};

constexpr std::array<std::byte, 3> some_bytes{std::byte{1}, std::byte{2}, std::byte{3}};

std::size_t open_descriptors() {
  std::size_t count = 0;
  for (int i = 0; i < 1024; ++i) count += ::fcntl(i, F_GETFD) >= 0 ? 1 : 0;
  return count;
}

// As a hostile sender would, past the limits of send_some().
void send_descriptors(int socket, std::size_t count) {
  std::array<char, CMSG_SPACE(sizeof(int) * 200)> control{};
  std::vector<int> descriptors(count, socket);
  char byte = 'x';
  iovec part{&byte, 1};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = CMSG_SPACE(sizeof(int) * count);
  cmsghdr* c = CMSG_FIRSTHDR(&header);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof(int) * count);
  std::memcpy(CMSG_DATA(c), descriptors.data(), sizeof(int) * count);
  ASSERT_EQ(::sendmsg(socket, &header, 0), 1);
}

TEST(SocketIo, CarriesBytesAndDescriptors) {
  Pair pair;
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(::pipe(pipe_ends.data()), 0);
  const FileDescriptor reader(pipe_ends[0]);
  FileDescriptor writer(pipe_ends[1]);
  EXPECT_EQ(send_some(pair.left.get(), some_bytes, std::array{writer.get()}).bytes, 3u);
  writer = FileDescriptor();

  std::array<std::byte, 16> into{};
  std::vector<FileDescriptor> descriptors;
  const auto result = receive_some(pair.right.get(), into, descriptors);
  EXPECT_EQ(result.bytes, 3u);
  ASSERT_EQ(descriptors.size(), 1u);
  EXPECT_NE(::fcntl(descriptors[0].get(), F_GETFD) & FD_CLOEXEC, 0);
  ASSERT_EQ(::write(descriptors[0].get(), "hi", 2), 2);
  char text[3] = {};
  EXPECT_EQ(::read(reader.get(), text, 2), 2);
  EXPECT_STREQ(text, "hi");
}

TEST(SocketIo, ClosesAFloodOfDescriptors) {
  for (const std::size_t count : {max_descriptors + 1, 2 * max_descriptors + 1, std::size_t{100}}) {
    Pair pair;
    const std::size_t before = open_descriptors();
    send_descriptors(pair.left.get(), count);
    std::array<std::byte, 16> into{};
    {
      std::vector<FileDescriptor> descriptors;
      try {
        receive_some(pair.right.get(), into, descriptors);
        FAIL() << count;
      } catch (const ProtocolError& error) {
        EXPECT_EQ(error.code(), ProtocolErrorCode::unexpected_descriptors);
      }
    }
    EXPECT_EQ(open_descriptors(), before) << count;
  }
}

TEST(SocketIo, TellsAClosedPeerFromAnEmptySocket) {
  Pair pair;
  ::fcntl(pair.right.get(), F_SETFL, O_NONBLOCK);
  std::array<std::byte, 16> into{};
  std::vector<FileDescriptor> descriptors;
  EXPECT_EQ(receive_some(pair.right.get(), into, descriptors).status, IoStatus::would_block);
  pair.left = FileDescriptor();
  EXPECT_EQ(receive_some(pair.right.get(), into, descriptors).status, IoStatus::closed);
  EXPECT_EQ(send_some(pair.right.get(), some_bytes, {}).status,
            IoStatus::closed);  // and no SIGPIPE
}

TEST(SocketAddress, RefusesAPathThatTheSystemCannotTake) {
  const std::size_t limit = sizeof(sockaddr_un::sun_path) - 1;
  const auto longest = socket_address("/" + std::string(limit - 1, 'a'));
  EXPECT_EQ(std::string(longest.address.sun_path).size(), limit);
  try {
    socket_address("/" + std::string(limit, 'a'));
    FAIL();
  } catch (const ProtocolError& error) {
    EXPECT_EQ(error.code(), ProtocolErrorCode::path_too_long);
    EXPECT_THAT(error.what(), testing::HasSubstr(std::to_string(limit)));
  }
}

class Environment {
 public:
  explicit Environment(std::initializer_list<const char*> names) {
    for (const char* name : names) {
      const char* value = std::getenv(name);
      saved_.emplace_back(name, value == nullptr ? std::string() : value);
      ::unsetenv(name);
    }
  }
  ~Environment() {
    for (const auto& [name, value] : saved_) {
      if (value.empty()) {
        ::unsetenv(name);
      } else {
        ::setenv(name, value.c_str(), 1);
      }
    }
  }

 private:
  std::vector<std::pair<const char*, std::string>> saved_;
};

TEST(DefaultSocketPath, FollowsTheEnvironment) {
  const Environment clean{"REDBOLT_SOCKET", "XDG_RUNTIME_DIR"};
#ifndef __APPLE__
  EXPECT_EQ(default_socket_path(), "/tmp/redbolt-" + std::to_string(::getuid()) + "/redboltd.sock");
  ::setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
  EXPECT_EQ(default_socket_path(), "/run/user/7/redbolt/redboltd.sock");
#endif
  ::setenv("REDBOLT_SOCKET", "/x/y.sock", 1);
  EXPECT_EQ(default_socket_path(), "/x/y.sock");
}

}  // namespace
}  // namespace redbolt::protocol
