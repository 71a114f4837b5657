#include "socket_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "redbolt/protocol/socket_io.hpp"
#include "temporary_folder.hpp"

namespace redbolt::daemon {
namespace {

using testing::HasSubstr;

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0);
  return status.st_mode & 07777;
}

bool connects(const std::filesystem::path& path) {
  const auto address = protocol::socket_address(path);
  const FileDescriptor socket = protocol::make_socket();
  return ::connect(socket.get(), address.get(), address.length) == 0;
}

// A socket file that nobody listens on any more, as a killed daemon leaves it.
void leave_dead_socket(const std::filesystem::path& path) {
  const auto address = protocol::socket_address(path);
  const FileDescriptor socket = protocol::make_socket();
  ASSERT_EQ(::bind(socket.get(), address.get(), address.length), 0);
  ASSERT_EQ(::listen(socket.get(), 1), 0);
}

class SocketFileTest : public testing::Test {
 protected:
  SocketError error_at(const std::filesystem::path& path) {
    try {
      const SocketFile file(path);
    } catch (const SocketError& error) {
      return error;
    }
    ADD_FAILURE() << "no error";
    return {SocketErrorCode::failed, ""};
  }
  test::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "d.sock";
};

TEST_F(SocketFileTest, IsForTheUserAlone) {
  const auto path = folder_.path() / "new" / "deeper" / "d.sock";
  const SocketFile file(path);
  EXPECT_EQ(mode_of(path), 0600u);
  EXPECT_EQ(mode_of(path.parent_path()), 0700u);
  EXPECT_EQ(mode_of(path.parent_path().parent_path()), 0700u);
  EXPECT_TRUE(connects(path));
}

TEST_F(SocketFileTest, GoesWithTheObject) {
  { const SocketFile file(path_); }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SocketFileTest, NeverTakesTheSocketOfALivingDaemon) {
  const SocketFile first(path_);
  const SocketError error = error_at(path_);
  EXPECT_EQ(error.code(), SocketErrorCode::already_served);
  EXPECT_THAT(error.what(), HasSubstr("pid " + std::to_string(::getpid())));
  EXPECT_TRUE(connects(path_));
}

TEST_F(SocketFileTest, NeverTakesItWhenTheBacklogIsFullEither) {
  const auto address = protocol::socket_address(path_);
  const FileDescriptor listener = protocol::make_socket();
  ASSERT_EQ(::bind(listener.get(), address.get(), address.length), 0);
  ASSERT_EQ(::listen(listener.get(), 0), 0);
  std::vector<FileDescriptor> waiting;
  for (int i = 0; i < 8; ++i) {
    waiting.push_back(protocol::make_socket());
    ::fcntl(waiting.back().get(), F_SETFL, O_NONBLOCK);
    ::connect(waiting.back().get(), address.get(), address.length);
  }
  EXPECT_EQ(error_at(path_).code(), SocketErrorCode::already_served);
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(SocketFileTest, ReplacesADeadOne) {
  leave_dead_socket(path_);
  ASSERT_TRUE(std::filesystem::exists(path_));
  const SocketFile file(path_);
  EXPECT_TRUE(connects(path_));
}

TEST_F(SocketFileTest, OnlyADeadOneIsRemoved) {
  EXPECT_FALSE(remove_if_dead(path_));
  {
    const SocketFile living(path_);
    EXPECT_FALSE(remove_if_dead(path_));
    EXPECT_TRUE(connects(path_));
  }
  leave_dead_socket(path_);
  EXPECT_TRUE(remove_if_dead(path_));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SocketFileTest, LeavesOtherFilesAlone) {
  std::ofstream(path_) << "precious";
  EXPECT_EQ(error_at(path_).code(), SocketErrorCode::not_a_socket);
  std::string text;
  std::ifstream(path_) >> text;
  EXPECT_EQ(text, "precious");
}

TEST_F(SocketFileTest, DoesNotRemoveASocketThatHasTakenItsPlace) {
  SocketFile file(path_);
  std::filesystem::remove(path_);
  leave_dead_socket(path_);
  file.close();
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(SocketFileTest, RefusesAFolderThatOthersCanWrite) {
  ::chmod(folder_.path().c_str(), 0777);
  EXPECT_EQ(error_at(path_).code(), SocketErrorCode::unsafe_folder);
  ::chmod(folder_.path().c_str(), 01777);  // as /tmp: others cannot remove our file
  const SocketFile file(path_);
}

TEST_F(SocketFileTest, SaysThatAPathIsTooLong) {
  const SocketError error = error_at(folder_.path() / std::string(200, 'x'));
  EXPECT_EQ(error.code(), SocketErrorCode::path_too_long);
  EXPECT_THAT(error.what(), HasSubstr("shorter"));
}

TEST_F(SocketFileTest, HasOneWinnerWhenManyStartAtOnce) {
  for (int round = 0; round < 20; ++round) {
    leave_dead_socket(path_);
    std::atomic<int> winners{0};
    std::vector<std::unique_ptr<SocketFile>> files(6);
    {
      std::vector<std::thread> threads;
      for (auto& file : files) {
        threads.emplace_back([&] {
          try {
            file = std::make_unique<SocketFile>(path_);
            ++winners;
          } catch (const SocketError& error) {
            EXPECT_EQ(error.code(), SocketErrorCode::already_served) << error.what();
          }
        });
      }
      for (auto& thread : threads) thread.join();
    }
    EXPECT_EQ(winners, 1);
    EXPECT_TRUE(connects(path_));
  }
}

}  // namespace
}  // namespace redbolt::daemon
