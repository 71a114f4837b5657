#include "redbolt/base/file_descriptor.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace redbolt {
namespace {

bool is_open(int descriptor) {
  return fcntl(descriptor, F_GETFD) >= 0;
}

TEST(FileDescriptor, ClosesOnceWhateverMoves) {
  const int raw = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(raw, 0);
  {
    FileDescriptor first(raw);
    FileDescriptor second = std::move(first);
    EXPECT_FALSE(
        first.valid());  // NOLINT(bugprone-use-after-move): the moved-from state is the test
    first = std::move(second);
    EXPECT_EQ(first.get(), raw);
    EXPECT_TRUE(is_open(raw));
  }
  EXPECT_FALSE(is_open(raw));
}

TEST(FileDescriptor, AssignmentClosesWhatItHeld) {
  const int one = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int two = open("/dev/null", O_RDONLY | O_CLOEXEC);
  FileDescriptor descriptor(one);
  descriptor = FileDescriptor(two);
  EXPECT_FALSE(is_open(one));
  EXPECT_TRUE(is_open(two));
}

TEST(FileDescriptor, ReleaseHandsItOut) {
  const int raw = open("/dev/null", O_RDONLY | O_CLOEXEC);
  {
    EXPECT_EQ(FileDescriptor(raw).release(), raw);
  }
  EXPECT_TRUE(is_open(raw));
  close(raw);
}

}  // namespace
}  // namespace redbolt
