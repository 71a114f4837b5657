// A listening socket's file: who may have it, what state it is in, and whose it is to remove.
#include "redbolt/base/listening_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <fstream>
#include <system_error>

#include "temporary_folder.hpp"

namespace redbolt {
namespace {

FileDescriptor make_socket() {
  return FileDescriptor(::socket(AF_UNIX, SOCK_STREAM, 0));
}

class ListeningFileTest : public testing::Test {
 protected:
  ListeningFileTest() {
    address_.sun_family = AF_UNIX;
    std::strncpy(address_.sun_path, path_.c_str(), sizeof address_.sun_path - 1);
  }
  const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&address_); }
  ListeningFile listen() { return {make_socket(), path_, address(), sizeof address_}; }
  SocketFileState state() {
    return look_at_socket_file(path_, address(), sizeof address_, make_socket());
  }

  test::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "s.sock";
  sockaddr_un address_{};
};

TEST_F(ListeningFileTest, IsTheUsersAloneAndGoesWithItsOwner) {
  EXPECT_EQ(state(), SocketFileState::absent);
  {
    const ListeningFile file = listen();
    struct stat status {};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    EXPECT_EQ(state(), SocketFileState::alive);
  }
  EXPECT_EQ(state(), SocketFileState::absent);
}

TEST_F(ListeningFileTest, AFileThatIsNoLongerItsOwnStays) {
  ListeningFile file = listen();
  std::filesystem::remove(path_);
  const ListeningFile successor = listen();
  file.close();
  EXPECT_EQ(state(), SocketFileState::alive);
}

TEST_F(ListeningFileTest, MovesWithItsFile) {
  ListeningFile file;
  EXPECT_LT(file.descriptor(), 0);
  file = listen();
  EXPECT_GE(file.descriptor(), 0);
  EXPECT_EQ(state(), SocketFileState::alive);
  file = ListeningFile();
  EXPECT_EQ(state(), SocketFileState::absent);
}

TEST_F(ListeningFileTest, ASocketWithoutAListenerIsDead) {
  const FileDescriptor socket = make_socket();
  ASSERT_EQ(::bind(socket.get(), address(), sizeof address_), 0);
  EXPECT_EQ(state(), SocketFileState::dead);
  EXPECT_THROW(listen(), std::system_error) << "what is there is the caller's to remove";
  EXPECT_EQ(state(), SocketFileState::dead);
}

TEST_F(ListeningFileTest, OtherFilesAreNoSockets) {
  std::ofstream(path_) << "mine";
  EXPECT_EQ(state(), SocketFileState::not_a_socket);
}

TEST_F(ListeningFileTest, TheFolderIsLockedForOneAtATime) {
  {
    const FileDescriptor lock = lock_folder(folder_.path());
    try {
      lock_folder(folder_.path());
      ADD_FAILURE() << "locked twice";
    } catch (const std::system_error& error) {
      EXPECT_EQ(error.code(), std::errc::timed_out);
    }
  }
  EXPECT_TRUE(lock_folder(folder_.path()).valid());
  EXPECT_THROW(lock_folder(folder_.path() / "absent"), std::system_error);
}

TEST_F(ListeningFileTest, TheFolderOfABareNameIsTheCurrentOne) {
  EXPECT_EQ(folder_of("s.sock"), ".");
  EXPECT_EQ(folder_of("/a/s.sock"), "/a");
}

}  // namespace
}  // namespace redbolt
