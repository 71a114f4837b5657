// A server's memory does not grow with the number of clients that it has had. The clients are
// threads of this process too, so that what is measured is more than the server's own.
#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "crowd.hpp"

namespace redbolt::test {
namespace {

// Resident, after the allocator has given back what it can.
std::int64_t resident_bytes() {
  ::malloc_trim(0);
  std::int64_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

TEST(CrowdMemory, DoesNotGrow) {
  // Of two hundred further clients: 20 KiB for each.
  constexpr std::int64_t kMost = std::int64_t{4} << 20;
  TestServerOptions options;
  options.engine.slots = 16;
  TestServer server(always(crowd_answer()), std::move(options));
  meet_a_crowd(server, 0);
  const std::int64_t before = resident_bytes();
  ASSERT_GT(before, 1 << 20);
  meet_a_crowd(server, kCrowdAsks);
  meet_a_crowd(server, 2 * kCrowdAsks);
  const std::int64_t after = resident_bytes();
  std::printf("resident after 100 clients: %.1f MiB; after 300: %.1f MiB\n",
              static_cast<double>(before) / (1 << 20), static_cast<double>(after) / (1 << 20));
  EXPECT_LT(after - before, kMost);
}

}  // namespace
}  // namespace redbolt::test
