// A hundred clients at once: most read, some read slowly, some hang up, some send nonsense.
#pragma once

#include "test_server.hpp"

namespace redbolt::test {

inline constexpr int kCrowd = 100;
inline constexpr int kCrowdAsks = kCrowd * 9 / 10;  // of them with a request that is taken

// What is said to each of them.
FakeAnswer crowd_answer();

// Lets them all ask, and returns when the server has nothing left of them; `before`: ends that the
// engine has seen before. What goes wrong fails the test.
void meet_a_crowd(TestServer& server, std::uint64_t before);

}  // namespace redbolt::test
