#include "fence_board.hpp"

#include <gtest/gtest.h>

#include "daemon_error.hpp"

namespace redbolt::daemon {
namespace {

using State = FenceBoard::State;

TEST(FenceBoard, FollowsFences) {
  FenceBoard board;
  EXPECT_EQ(board.state(FenceId(1)), State::unknown);
  board.submitted(FenceId(5));
  board.submitted(FenceId(9));  // 6..8 belong to others
  EXPECT_EQ(board.state(FenceId(0)), State::unknown);
  EXPECT_EQ(board.state(FenceId(4)), State::unknown);
  EXPECT_EQ(board.state(FenceId(5)), State::pending);
  EXPECT_EQ(board.state(FenceId(10)), State::unknown);
  board.completed(FenceId(5), nullptr);
  EXPECT_EQ(board.state(FenceId(5)), State::done);
  EXPECT_EQ(board.state(FenceId(9)), State::pending);
}

TEST(FenceBoard, KeepsTheErrorOfEachFailure) {
  FenceBoard board;
  for (std::uint64_t i = 1; i <= 4; ++i) board.submitted(FenceId(i));
  const auto fault = make_error(protocol::ERROR_CODE_DEVICE_FAULT, "fault");
  const auto refused = make_error(protocol::ERROR_CODE_INVALID_ARGUMENT, "refused");
  board.completed(FenceId(1), nullptr);
  board.completed(FenceId(2), &refused);
  board.completed(FenceId(3), &fault);
  board.completed(FenceId(4), &fault);
  EXPECT_EQ(board.state(FenceId(1)), State::done);
  EXPECT_EQ(board.error(FenceId(2)).message(), "refused");
  EXPECT_EQ(board.error(FenceId(3)).message(), "fault");
  EXPECT_EQ(board.error(FenceId(4)).message(), "fault");
}

TEST(FenceBoard, DoesNotGrowWithoutEnd) {
  FenceBoard board;
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    board.submitted(FenceId(i));
    const auto error = make_error(protocol::ERROR_CODE_INVALID_ARGUMENT, std::to_string(i));
    board.completed(FenceId(i), &error);
  }
  EXPECT_EQ(board.error(FenceId(1000)).message(), "1000");
  EXPECT_EQ(board.state(FenceId(1)), State::done);
}

}  // namespace
}  // namespace redbolt::daemon
