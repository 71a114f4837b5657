#include <chrono>
#include <cstring>

#include "redbolt/client/connection.hpp"
#include "test/card_test.hpp"
#include "test/pattern.hpp"
#include "test/test_kernel.hpp"

namespace redbolt::probe {
namespace {

using namespace redbolt::literals;
using Clock = std::chrono::steady_clock;
constexpr Bytes test_size = 4_MiB;
constexpr std::uint64_t seed = 0x7ed0;
constexpr unsigned groups = 64, lanes = 32;
constexpr std::uint32_t add = 1000;

TestFacts failure(TestFacts facts, const std::string& problem) {
  facts.outcome = TestFacts::Outcome::failed;
  facts.problem = problem;
  return facts;
}

// Host → VRAM → VRAM → host.
bool check_memory(client::Connection& connection, TestFacts& facts) {
  auto host = connection.create_shared(test_size, "probe");
  const auto first = connection.create_buffer(test_size, "probe"),
             second = connection.create_buffer(test_size, "probe");
  const auto pattern = make_pattern(test_size.count(), seed);
  std::memcpy(host.bytes().data(), pattern.data(), pattern.size());
  connection.wait(connection.copy({first.id, {}}, {host.id(), {}}, test_size));
  std::memset(host.bytes().data(), 0, pattern.size());
  const auto start = Clock::now();
  connection.wait(connection.copy({second.id, {}}, {first.id, {}}, test_size));
  facts.copy_s = std::chrono::duration<double>(Clock::now() - start).count();
  facts.copied_bytes = test_size.count();
  connection.wait(connection.copy({host.id(), {}}, {second.id, {}}, test_size));
  facts.vram_checked_bytes = test_size.count();
  const auto difference = first_difference(host.bytes().first(pattern.size()), pattern);
  if (!difference) return true;
  facts = failure(facts, "what came back from video memory differs from byte " +
                             std::to_string(*difference) + " on");
  return false;
}

bool check_queue(client::Connection& connection, TestFacts& facts) {
  const Bytes size(groups * lanes * 4);
  auto host = connection.create_shared(size, "probe");
  std::memset(host.bytes().data(), 0xff, size.count());
  const auto image = test_kernel_image();
  const std::vector<client::KernelEntry> entries{{"store", 0}};
  const auto module = connection.create_module({"probe", image, {}, entries});
  client::Dispatch dispatch;
  dispatch.module = module.id;
  dispatch.grid = {groups, 1, 1};
  dispatch.block = {lanes, 1, 1};
  dispatch.kernarg.resize(12);
  std::memcpy(dispatch.kernarg.data() + 8, &add, sizeof add);
  dispatch.pointers.push_back({0, host.id(), {}, size, client::Access::write});
  const client::GraphNode node = dispatch;
  connection.wait(connection.launch(connection.record_graph("probe", {&node, 1})));
  for (unsigned i = 0; i < groups * lanes; ++i) {
    std::uint32_t word = 0;
    std::memcpy(&word, host.bytes().data() + 4 * i, sizeof word);
    if (word == add + i) continue;
    facts = failure(facts, "work-item " + std::to_string(i) + " of the test kernel stored " +
                               std::to_string(word) + " instead of " + std::to_string(add + i));
    return false;
  }
  facts.waves = groups;
  return true;
}

}  // namespace

TestFacts test_through_daemon(const std::filesystem::path& socket) {
  TestFacts facts;
  facts.through_daemon = true;
  try {
    client::Connection connection({socket, "redbolt-device-probe --test"});
    connection.acquire_lease(std::chrono::milliseconds(0));
    if (check_memory(connection, facts)) check_queue(connection, facts);
    connection.release_lease();
  } catch (const client::ClientError& error) {
    using Code = client::ClientErrorCode;
    facts.outcome = error.code() == Code::busy          ? TestFacts::Outcome::busy
                    : error.code() == Code::device_lost ? TestFacts::Outcome::lost
                                                        : TestFacts::Outcome::failed;
    facts.problem = error.what();
  }
  return facts;
}

}  // namespace redbolt::probe
