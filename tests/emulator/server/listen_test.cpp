// Where the server listens, and what it does about a name that is taken.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "listener.hpp"
#include "temporary_folder.hpp"

namespace redbolt::emulator::test {
namespace {

using testing::HasSubstr;

ServerErrorCode error_of(const ListenAddress& address, std::string* text = nullptr) {
  try {
    listen_on(address);
  } catch (const ServerError& error) {
    if (text != nullptr) *text = error.what();
    return error.code();
  }
  ADD_FAILURE() << "no error";
  return ServerErrorCode::failed;
}

// A socket file that nobody listens on, as a killed server leaves it.
void leave_dead_socket(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
}

class UnixSocket : public testing::Test {
 protected:
  redbolt::test::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "card.sock";
};

TEST(ListenAddresses, AreRead) {
  EXPECT_EQ(std::get<UnixAddress>(parse_listen_address("unix:/tmp/a:b")).path, "/tmp/a:b");
  const struct {
    const char* text;
    const char* host;
    int port;
    bool local;
  } cases[] = {{"tcp:127.0.0.1:6667", "127.0.0.1", 6667, true},
               {"tcp:6667", "127.0.0.1", 6667, true},
               {"tcp::0", "127.0.0.1", 0, true},
               {"tcp:localhost:1", "localhost", 1, true},
               {"tcp:[::1]:65535", "::1", 65535, true},
               {"tcp:0.0.0.0:6667", "0.0.0.0", 6667, false},
               {"tcp:[::]:6667", "::", 6667, false},
               {"tcp:192.0.2.1:6667", "192.0.2.1", 6667, false}};
  for (const auto& expected : cases) {
    const auto address = std::get<TcpAddress>(parse_listen_address(expected.text));
    EXPECT_EQ(address.host, expected.host);
    EXPECT_EQ(address.port, expected.port);
    EXPECT_EQ(is_local(address), expected.local) << expected.text;
  }
  for (const char* const bad : {"", "unix:", "tcp:", "tcp:host:", "tcp:host:port", "tcp:host:65536",
                                "tcp:host:-1", "tcp:::1:5", "udp:1", "/tmp/card.sock"}) {
    EXPECT_THROW(parse_listen_address(bad), ServerError) << bad;
  }
}

TEST_F(UnixSocket, IsForTheUserAlone) {
  {
    const auto listener = listen_on(UnixAddress{path_});
    struct stat status {};
    ASSERT_EQ(::lstat(path_.c_str(), &status), 0);
    EXPECT_TRUE(S_ISSOCK(status.st_mode));
    EXPECT_EQ(status.st_mode & 07777, 0600u);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(UnixSocket, OfALivingServerIsNamedAndKept) {
  const auto listener = listen_on(UnixAddress{path_});
  std::string text;
  EXPECT_EQ(error_of(UnixAddress{path_}, &text), ServerErrorCode::already_served);
  EXPECT_THAT(text, HasSubstr(path_.string()));
  EXPECT_THAT(text, HasSubstr(std::to_string(::getpid())));
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(UnixSocket, OfADeadServerIsReplaced) {
  leave_dead_socket(path_);
  ASSERT_TRUE(std::filesystem::exists(path_));
  const auto listener = listen_on(UnixAddress{path_});
  EXPECT_EQ(error_of(UnixAddress{path_}), ServerErrorCode::already_served);
}

TEST_F(UnixSocket, OtherFilesAreLeftAlone) {
  std::ofstream(path_) << "precious";
  EXPECT_EQ(error_of(UnixAddress{path_}), ServerErrorCode::not_a_socket);
  EXPECT_EQ(std::filesystem::file_size(path_), 8u);
}

TEST_F(UnixSocket, ItsPathHasALimit) {
  EXPECT_EQ(error_of(UnixAddress{folder_.path() / std::string(120, 'x')}),
            ServerErrorCode::bad_address);
  EXPECT_EQ(error_of(UnixAddress{folder_.path() / "no" / "such" / "folder"}),
            ServerErrorCode::failed);
}

TEST(TcpPort, IsTakenOnce) {
  const auto listener = listen_on(TcpAddress{"127.0.0.1", 0});
  const auto address = parse_listen_address(listener->address());
  EXPECT_NE(std::get<TcpAddress>(address).port, 0);
  EXPECT_EQ(error_of(address), ServerErrorCode::already_served);
}

}  // namespace
}  // namespace redbolt::emulator::test
