// Where callers and the engine's thread meet, without a card.
#include "engine/request_board.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "recording_sink.hpp"

namespace redbolt::llm {
namespace {

TokenRequest request(TokenId token) {
  TokenRequest request;
  request.prompt = {token};
  return request;
}

std::shared_ptr<TokenSink> sink() {
  return std::make_shared<test::RecordingSink>();
}

ErrorCode refusal(RequestBoard& board) {
  try {
    board.add(request(1), sink());
  } catch (const LlmError& error) {
    return error.code();
  }
  ADD_FAILURE() << "was taken";
  return ErrorCode::io;
}

TEST(RequestBoard, RequestsComeOutInOrder) {
  RequestBoard board(1, 10);
  EXPECT_FALSE(board.take());
  for (TokenId token = 1; token <= 3; ++token) board.add(request(token), sink());
  EXPECT_EQ(board.status().waiting, 3U);
  for (TokenId token = 1; token <= 3; ++token) EXPECT_EQ(board.take()->request.prompt[0], token);
  EXPECT_FALSE(board.take());
  EXPECT_EQ(board.status().waiting, 0U);
  EXPECT_EQ(board.status().requests, 3U);
}

TEST(RequestBoard, WhatRunsTakesRoomToo) {
  RequestBoard board(1, 3);
  for (int i = 0; i < 3; ++i) board.add(request(1), sink());
  EXPECT_EQ(refusal(board), ErrorCode::queue_full);
  board.take();
  EXPECT_EQ(refusal(board), ErrorCode::queue_full);
  board.done();
  EXPECT_NO_THROW(board.add(request(1), sink()));
  EXPECT_EQ(refusal(board), ErrorCode::queue_full);
}

TEST(RequestBoard, CancelledRequestsAreTakenOut) {
  RequestBoard board(1, 10);
  const TokenRequestId first = board.add(request(1), sink());
  const TokenRequestId second = board.add(request(2), sink());
  const TokenRequestId third = board.add(request(3), sink());
  board.take();
  board.cancel(second);
  board.cancel(first);
  board.cancel(99);
  const auto cancelled = board.take_cancelled();
  EXPECT_EQ(cancelled.running, (std::vector<TokenRequestId>{first, 99}));
  ASSERT_EQ(cancelled.waiting.size(), 1U);
  EXPECT_EQ(cancelled.waiting[0].id, second);
  EXPECT_EQ(board.take()->id, third);
  EXPECT_TRUE(board.take_cancelled().running.empty());
}

TEST(RequestBoard, AFailureEndsIt) {
  RequestBoard board(1, 10);
  board.add(request(1), sink());
  board.add(request(2), sink());
  const auto left = board.fail(LlmError(ErrorCode::device, "gone"));
  EXPECT_EQ(left.size(), 2U);
  EXPECT_FALSE(board.take());
  EXPECT_EQ(refusal(board), ErrorCode::device);
  ASSERT_TRUE(board.failure());
  EXPECT_STREQ(board.failure()->what(), "gone");
}

// A wait ends with what is asked for, also when that came before.
TEST(RequestBoard, NewsEndTheWait) {
  RequestBoard board(1, 10);
  constexpr std::chrono::minutes kLong{10};
  board.add(request(1), sink());
  board.wait(kLong);
  board.wait(std::chrono::milliseconds(1));
  std::thread asker([&] { board.cancel(1); });
  board.wait(kLong);
  asker.join();
  std::thread closer([&] { board.close(); });
  board.wait(kLong);
  closer.join();
  EXPECT_TRUE(board.closed());
}

}  // namespace
}  // namespace redbolt::llm
