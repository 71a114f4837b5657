#include "submission_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_card.hpp"

namespace redbolt::daemon {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class SubmissionQueueTest : public testing::Test {
 protected:
  SubmissionQueueTest() { card_.hold = true; }

  Work work(const std::string& name, Engine engine = Engine::compute, std::size_t entries = 1) {
    Work work;
    work.name = name;
    work.engine = engine;
    work.ring_entries = entries;
    work.start = [this, name, engine](Backend& backend, std::optional<driver::FenceValue> after) {
      started_.push_back(name + (after ? " after " + std::to_string(after->value()) : ""));
      if (engine == Engine::copy)
        return backend.fill(FakeBackend::data_address, Bytes(4), 0, after);
      return backend.run({}, after);
    };
    work.on_complete = [this](FenceId fence, const protocol::Error* error) {
      completed_.push_back(std::to_string(fence.value()) +
                           (error == nullptr ? "" : " " + protocol::ErrorCode_Name(error->code())));
      if (error != nullptr) last_error_ = *error;
    };
    return work;
  }
  void submit(Work work) { queue_.submit(FenceId(++fence_), std::move(work)); }
  std::optional<protocol::Error> poll(std::chrono::milliseconds later = 0ms) {
    return queue_.poll(SubmissionQueue::Clock::now() + later);
  }

  FakeCard card_;
  FakeBackend backend_{card_};
  SubmissionQueue queue_{backend_, 1000ms};
  std::uint64_t fence_ = 0;
  std::vector<std::string> started_;
  std::vector<std::string> completed_;
  protocol::Error last_error_;
};

TEST_F(SubmissionQueueTest, CompletesInOrder) {
  submit(work("a"));
  submit(work("b", Engine::copy));
  EXPECT_FALSE(poll());
  EXPECT_THAT(completed_, ElementsAre());
  EXPECT_FALSE(queue_.idle());
  card_.hold = false;
  EXPECT_FALSE(poll());
  EXPECT_THAT(completed_, ElementsAre("1", "2"));
  EXPECT_TRUE(queue_.idle());
}

TEST_F(SubmissionQueueTest, LetsTheCardWaitWhereTheEngineChanges) {
  submit(work("graph"));
  submit(work("graph"));
  submit(work("copy", Engine::copy));
  submit(work("copy", Engine::copy));
  submit(work("graph"));
  EXPECT_THAT(started_, ElementsAre("graph", "graph", "copy after 2", "copy", "graph after 2"));
}

TEST_F(SubmissionQueueTest, DoesNotWaitForWhatIsDone) {
  card_.hold = false;
  submit(work("copy", Engine::copy));
  submit(work("graph"));
  EXPECT_THAT(started_, ElementsAre("copy", "graph"));
}

TEST_F(SubmissionQueueTest, KeepsTheRingsFromFillingUp) {
  for (int i = 0; i < 4; ++i) submit(work("g" + std::to_string(i), Engine::compute, 100));
  EXPECT_EQ(started_.size(), 2u);
  submit(work("large", Engine::compute, 5000));
  card_.hold = false;
  poll();
  EXPECT_EQ(started_.size(), 4u);
  poll();
  EXPECT_EQ(started_.back(), "large");  // alone it may be as large as it likes
  poll();
  EXPECT_TRUE(queue_.idle());
}

TEST_F(SubmissionQueueTest, ReportsAFaultWithItsCauseToAllThatIsQueued) {
  submit(work("layers"));
  submit(work("copy", Engine::copy));
  driver::Interrupt fault;
  fault.kind = driver::InterruptKind::memory_fault;
  fault.address = driver::GpuAddress(0x1234000);
  card_.report(fault);
  EXPECT_FALSE(poll());  // what runs well is not asked
  EXPECT_EQ(card_.drains, 0u);
  const auto failure = poll(250ms);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->code(), protocol::ERROR_CODE_DEVICE_FAULT);
  EXPECT_THAT(failure->message(), HasSubstr("layers"));
  EXPECT_EQ(failure->fault().cause(), "memory_fault");
  EXPECT_EQ(failure->fault().address(), 0x1234000u);
  EXPECT_EQ(failure->fault().submission(), "layers");
  EXPECT_THAT(completed_, ElementsAre("1 ERROR_CODE_DEVICE_FAULT", "2 ERROR_CODE_DEVICE_FAULT"));
  EXPECT_TRUE(queue_.idle());
}

TEST_F(SubmissionQueueTest, IgnoresHarmlessInterrupts) {
  submit(work("a"));
  driver::Interrupt harmless;
  harmless.kind = driver::InterruptKind::end_of_pipe;
  card_.report(harmless);
  EXPECT_FALSE(poll(250ms));
  EXPECT_EQ(card_.drains, 1u);
}

TEST_F(SubmissionQueueTest, CallsAHang) {
  submit(work("endless"));
  EXPECT_FALSE(poll(900ms));
  const auto failure = poll(1100ms);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->code(), protocol::ERROR_CODE_DEVICE_HANG);
  EXPECT_EQ(failure->fault().submission(), "endless");
}

TEST_F(SubmissionQueueTest, WorkThatGetsOnIsNoHangHoweverLongItTakes) {
  submit(work("long"));
  for (int i = 1; i <= 20; ++i) {
    card_.progress = card_.progress + 1;
    EXPECT_FALSE(poll(i * 900ms));
  }
  EXPECT_FALSE(poll(18'900ms));
  EXPECT_TRUE(poll(19'100ms)) << "a second after the last";
}

TEST_F(SubmissionQueueTest, MarksOfTheContextAreProgressToo) {
  const auto context = backend_.create_context();
  Work marked = work("long");
  marked.context = context.get();
  submit(std::move(marked));
  for (int i = 1; i <= 20; ++i) {
    backend_.mark = static_cast<std::uint32_t>(i);
    EXPECT_FALSE(poll(i * 900ms));
  }
  EXPECT_TRUE(poll(19'100ms));
}

// Waves may go on after a fault, and their submission ends.
TEST_F(SubmissionQueueTest, AFaultOfWorkThatCompletesIsItsOwn) {
  submit(work("layers"));
  submit(work("next"));
  driver::Interrupt fault;
  fault.kind = driver::InterruptKind::memory_fault;
  card_.report(fault);
  card_.hold = false;
  const auto failure = poll();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->fault().submission(), "layers");
  EXPECT_THAT(completed_, ElementsAre("1 ERROR_CODE_DEVICE_FAULT", "2 ERROR_CODE_DEVICE_FAULT"));
}

TEST_F(SubmissionQueueTest, NamesTheKernelThatWasRunning) {
  const auto context = backend_.create_context();
  for (const bool is_hang : {false, true}) {
    Work marked = work("layers");
    marked.context = context.get();
    marked.running_at = [](std::uint32_t mark) { return "\"k" + std::to_string(mark) + "\""; };
    submit(std::move(marked));
    backend_.mark = 7;
    driver::Interrupt fault;
    fault.kind = driver::InterruptKind::illegal_instruction;
    if (!is_hang) card_.report(fault);
    poll(300ms);
    const auto failure = is_hang ? poll(1600ms) : std::optional(last_error_);
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->fault().kernel(), "\"k7\"");
    EXPECT_THAT(failure->message(), HasSubstr("in kernel \"k7\""));
    queue_.restart();
  }
}

TEST_F(SubmissionQueueTest, StartsAnewAfterTheCardWasStopped) {
  submit(work("copy", Engine::copy));
  queue_.abandon(last_error_);
  queue_.restart();
  submit(work("graph"));
  EXPECT_EQ(started_.back(), "graph") << "it waits for nothing of before";
}

TEST_F(SubmissionQueueTest, TellsALostCardFromAHang) {
  submit(work("a"));
  card_.present = false;
  EXPECT_EQ(poll(1100ms)->code(), protocol::ERROR_CODE_DEVICE_LOST);
}

TEST_F(SubmissionQueueTest, AnswersInTurnWhatTheDriverRefuses) {
  submit(work("first"));
  Work bad = work("bad");
  bad.start = [](Backend&, std::optional<driver::FenceValue>) -> driver::FenceValue {
    throw driver::DriverError(driver::DriverErrorCode::invalid_argument, "submit", "", "no");
  };
  submit(std::move(bad));
  submit(work("third"));
  EXPECT_FALSE(poll());
  EXPECT_THAT(completed_, ElementsAre());
  card_.hold = false;
  EXPECT_FALSE(poll());
  EXPECT_THAT(completed_, ElementsAre("1", "2 ERROR_CODE_INVALID_ARGUMENT", "3"));
}

TEST_F(SubmissionQueueTest, TakesATimeoutOfTheDriverAsTheCardsEnd) {
  Work bad = work("bad");
  bad.start = [](Backend&, std::optional<driver::FenceValue>) -> driver::FenceValue {
    throw driver::DriverError(driver::DriverErrorCode::timeout, "submit", "",
                              "the ring stays full");
  };
  submit(std::move(bad));
  EXPECT_TRUE(poll());
  EXPECT_THAT(completed_, ElementsAre("1 ERROR_CODE_DEVICE_LOST"));
}

// Over TCP, where each look is a message.
class FarSubmissionQueueTest : public SubmissionQueueTest {
 protected:
  FarSubmissionQueueTest() { card_.is_far = true; }
  // Polls as the device thread does until all work is done, which the card has done at `done`.
  // Returns the looks at fences that took.
  unsigned follow(std::chrono::milliseconds done) {
    const unsigned before = card_.looks;
    const auto end = SubmissionQueue::Clock::now() + done;
    for (auto now = SubmissionQueue::Clock::now(); !queue_.idle(); now += queue_.pause(now)) {
      card_.hold = now < end;
      EXPECT_FALSE(queue_.poll(now));
    }
    card_.hold = true;
    return card_.looks - before;
  }
};

TEST_F(FarSubmissionQueueTest, KnownWorkCostsAFewLooksHoweverSlowTheCard) {
  for (const auto length : {10ms, 100ms, 400ms}) {
    for (int i = 0; i < 10; ++i) {
      submit(work("decode", Engine::compute, 4));
      follow(length);
    }
    submit(work("decode", Engine::compute, 4));
    EXPECT_LE(follow(length), 4u) << length.count();
  }
}

TEST_F(FarSubmissionQueueTest, SubmittingLooksAtNothing) {
  submit(work("copy", Engine::copy));
  submit(work("graph"));
  submit(work("copy", Engine::copy));
  EXPECT_EQ(card_.looks, 0u);
  EXPECT_THAT(started_, ElementsAre("copy", "graph after 1", "copy after 1"));
  follow(5ms);
  submit(work("graph"));
  EXPECT_EQ(started_.back(), "graph") << "what was seen to be complete is not waited for";
}

TEST_F(FarSubmissionQueueTest, WorkOfBothEnginesCompletesInOrder) {
  submit(work("copy", Engine::copy));
  submit(work("graph"));
  submit(work("graph"));
  submit(work("copy", Engine::copy));
  follow(20ms);
  EXPECT_THAT(completed_, ElementsAre("1", "2", "3", "4"));
}

TEST_F(FarSubmissionQueueTest, ALostCardAndAHangAreStillFound) {
  submit(work("a"));
  EXPECT_FALSE(poll(900ms));
  card_.present = false;
  const auto lost = poll(1450ms);
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->code(), protocol::ERROR_CODE_DEVICE_LOST);
  card_.present = true;
  queue_.restart();
  submit(work("b"));
  auto now = SubmissionQueue::Clock::now();
  const auto start = now;
  std::optional<protocol::Error> hang;
  while (!hang && now < start + 3s) hang = queue_.poll(now += queue_.pause(now));
  ASSERT_TRUE(hang);
  EXPECT_EQ(hang->code(), protocol::ERROR_CODE_DEVICE_HANG);
  EXPECT_LT(now - start, 1100ms) << "no later than where looks are free";
}

TEST_F(FarSubmissionQueueTest, WhatTheDriverRefusesIsAnsweredAtOnce) {
  Work bad = work("bad");
  bad.start = [](Backend&, std::optional<driver::FenceValue>) -> driver::FenceValue {
    throw driver::DriverError(driver::DriverErrorCode::invalid_argument, "submit", "", "no");
  };
  submit(std::move(bad));
  EXPECT_FALSE(poll());
  EXPECT_THAT(completed_, ElementsAre("1 ERROR_CODE_INVALID_ARGUMENT"));
}

}  // namespace
}  // namespace redbolt::daemon
