// When what a submission names of mirrored memory travels, and which ranges.
#include "mirrored_work.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "workspace_fixture.hpp"

namespace redbolt::daemon {
namespace {

using testing::ElementsAre;

class RecordingMemory : public PinnedMemory {
 public:
  driver::GpuAddress address() const override { return {}; }
  Bytes size() const override { return Bytes(1 << 20); }
  int descriptor() const override { return -1; }
  void read(Bytes, std::span<std::byte>) const override {}
  bool mirrored() const override { return true; }
  void push(Bytes offset, Bytes size, Neighbours neighbours) override {
    note(neighbours == Neighbours::written ? "push beside writes" : "push", offset, size);
  }
  void pull(Bytes offset, Bytes size, Written written) override {
    note(written == Written::everything ? "pull all" : "pull", offset, size);
  }
  void note(const std::string& what, Bytes offset, Bytes size) {
    log.push_back(what + " " + std::to_string(offset.count()) + "+" + std::to_string(size.count()));
  }
  std::vector<std::string> log;
};

TEST(MirroredRanges, RangesThatTouchBecomeOneAndLargeOnesAreNotWatched) {
  RecordingMemory memory;
  MirroredRanges ranges;
  EXPECT_EQ(ranges.work(), nullptr);
  ranges.add(&memory, Bytes(64), Bytes(64), true);
  ranges.add(&memory, Bytes(64), Bytes(64), true);
  ranges.add(&memory, Bytes(0), Bytes(64), false);
  ranges.add(&memory, Bytes(4096), Bytes(65537), true);
  ranges.add(&memory, Bytes(128), Bytes(32), true);
  ranges.add(&memory, Bytes(9), Bytes(0), true);
  const auto work = ranges.work();
  work->before_start(false);
  EXPECT_THAT(std::exchange(memory.log, {}), ElementsAre("push 0+160", "push 4096+65537"));
  work->before_start(true);
  EXPECT_THAT(std::exchange(memory.log, {}),
              ElementsAre("push beside writes 0+160", "push beside writes 4096+65537"));
  work->while_running();
  EXPECT_THAT(std::exchange(memory.log, {}), ElementsAre("pull 64+96"));
  work->when_complete();
  EXPECT_THAT(memory.log, ElementsAre("pull 64+96", "pull 4096+65537"));
}

TEST_F(WorkspaceTest, MirroredMemoryTravelsBeforeWorkStartsAndBeforeItsCompletionIsTold) {
  RecordingMemory memory;
  auto mirrored = std::make_shared<MirroredWork>();
  mirrored->named.push_back({&memory, Bytes(0), Bytes(8)});
  mirrored->written.push_back({&memory, Bytes(16), Bytes(8)});
  mirrored->watched = mirrored->written;
  Work work;
  work.name = "copy";
  work.engine = Engine::copy;
  work.mirrored = mirrored;
  work.start = [&](Backend& backend, std::optional<driver::FenceValue> after) {
    memory.log.push_back("start");
    return backend.fill(backend.region(Region::data).address, Bytes(4), 0, after);
  };
  work.on_complete = [&](FenceId, const protocol::Error* error) {
    memory.log.push_back(error == nullptr ? "told" : "failed");
  };
  card_.hold = true;
  device_.submissions().submit(device_.next_fence(), std::move(work));
  const auto now = SubmissionQueue::Clock::now();
  device_.poll(now + std::chrono::milliseconds(50));
  device_.poll(now);  // too soon for another look
  EXPECT_THAT(std::exchange(memory.log, {}), ElementsAre("push 0+8", "start", "pull 16+8"));
  card_.hold = false;
  poll();
  EXPECT_THAT(memory.log, ElementsAre("pull 16+8", "told"));
}

}  // namespace
}  // namespace redbolt::daemon
