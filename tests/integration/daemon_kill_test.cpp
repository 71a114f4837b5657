// Clients killed at a hundred random moments of their work: each time the next one is served, and
// in the end nothing of them is left in the daemon.
#include <sys/wait.h>

#include "daemon_process.hpp"
#include "killed_clients.hpp"

namespace redbolt::test {
namespace {

constexpr int kills = 100;

TEST(DaemonKill, TheNextClientIsServedAfterEachOfAHundredKills) {
  DaemonProcess daemon("emulated:vram=1G");
  expect_served(daemon.socket(), 1);
  const std::size_t descriptors_before = settled_descriptors_of(daemon.pid());
  std::mt19937 random(20261121);
  for (int i = 0; i < kills; ++i) {
    const pid_t victim = ::fork();
    ASSERT_GE(victim, 0);
    if (victim == 0) live(daemon.socket(), static_cast<unsigned>(i));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
    ::kill(victim, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(victim, &status, 0), victim);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the victim failed by itself, kill " << i;
    ASSERT_NO_THROW(expect_served(daemon.socket(), static_cast<std::uint32_t>(i) * 1000))
        << "kill " << i << "\n"
        << daemon.log();
    if (HasFatalFailure()) return;
  }
  ASSERT_TRUE(daemon.is_running()) << daemon.log();
  EXPECT_LE(settled_descriptors_of(daemon.pid()),
            descriptors_before + descriptors_kept_by_design());
  EXPECT_EQ(daemon.stop(), 0);
}

}  // namespace
}  // namespace redbolt::test
