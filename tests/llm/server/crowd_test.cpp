// All clients of a crowd that read are answered, and nothing of the others stays behind.
#include <gtest/gtest.h>

#include "crowd.hpp"

namespace redbolt::test {
namespace {

TEST(Crowd, AHundredClientsAtOnce) {
  TestServerOptions options;
  options.engine.slots = 16;
  TestServer server(always(crowd_answer()), std::move(options));
  meet_a_crowd(server, 0);
  const auto status = server.engine().status();
  EXPECT_EQ(status.waiting, 0U);
  EXPECT_EQ(status.requests, static_cast<std::uint64_t>(kCrowdAsks));
  // Who came before is no hindrance to who comes now.
  EXPECT_EQ(server.chat(question("Hi")).status, 200U);
}

}  // namespace
}  // namespace redbolt::test
