// A card behind a server over TCP, whose host memory no descriptor reaches: the daemon mirrors it,
// and clients work as anywhere.
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <regex>
#include <thread>

#include "daemon_process.hpp"
#include "device_kernels.hpp"
#include "program.hpp"
#include "redbolt/client/connection.hpp"

namespace redbolt::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

const std::filesystem::path kModel =
    std::filesystem::path(REDBOLT_DEMO_MODEL) / "redbolt-demo-Q4_K_M.gguf";

std::vector<std::byte> random_bytes(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

// The shared memory's words from `first` on.
std::vector<std::uint32_t> words(const client::SharedMemory& shared, std::size_t first,
                                 std::size_t count) {
  std::vector<std::uint32_t> result(count);
  std::memcpy(result.data(), shared.bytes().data() + first * 4, count * 4);
  return result;
}

std::vector<std::uint32_t> counting(std::uint32_t first, std::size_t count) {
  std::vector<std::uint32_t> result(count);
  for (std::uint32_t& word : result) word = first++;
  return result;
}

class TcpCard : public testing::Test {
 protected:
  client::Connection connect() {
    client::Connection connection({daemon_.socket(), "tcp_card_test"});
    connection.acquire_lease(30s);
    return connection;
  }

  ServedCard card_{"vram=1G", ServedCard::Way::tcp};
  DaemonProcess daemon_{card_.spec(), {"--hang-timeout", "300"}};
};

TEST_F(TcpCard, CopiesBothWaysTouchNothingElse) {
  auto connection = connect();
  constexpr std::size_t size = (std::size_t{3} << 20) + 4096;
  const auto buffer = connection.create_buffer(Bytes(size), "there");
  const auto from = connection.create_shared(Bytes(size), "from");
  const auto to = connection.create_shared(Bytes(size), "to");
  std::mt19937 random(7);
  std::vector<std::byte> expected(size);
  for (unsigned round = 0; round < 6; ++round) {
    // Any bytes of any place, within what was there before.
    const std::size_t offset = round == 0 ? 0 : random() % size;
    const std::size_t count = round == 0 ? size : 1 + random() % (size - offset);
    const auto data = random_bytes(count, round);
    std::memcpy(from.bytes().data() + offset, data.data(), count);
    connection.copy({buffer.id, Bytes(offset)}, {from.id(), Bytes(offset)}, Bytes(count));
    // What the host has put where the copy goes does not survive it; what is beside does.
    const auto scribble = random_bytes(size, 100 + round);
    std::memcpy(to.bytes().data(), scribble.data(), size);
    expected = scribble;
    std::memcpy(expected.data() + offset, data.data(), count);
    connection.wait(
        connection.copy({to.id(), Bytes(offset)}, {buffer.id, Bytes(offset)}, Bytes(count)));
    ASSERT_EQ(std::memcmp(to.bytes().data(), expected.data(), size), 0)
        << "round " << round << ": " << count << " bytes at " << offset;
  }
}

TEST_F(TcpCard, KernelsReadAndWriteSharedMemory) {
  auto connection = connect();
  const auto module = load_test_kernels(connection);
  const auto shared = connection.create_shared(Bytes(1 << 16), "shared");
  const auto record = [&](client::Dispatch dispatch) {
    return connection.record_graph("g", std::vector<client::GraphNode>{std::move(dispatch)});
  };
  // The kernel may write 4096 bytes from 256 on, and writes the first 128 of them.
  auto store = store_dispatch(module, shared.id(), Bytes(256), 1000, 1);
  store.pointers.back().size = Bytes(4096);
  const auto stores = record(store);
  for (std::uint32_t round = 0; round < 3; ++round) {
    // The same values each time, over what the host has put there.
    std::memset(shared.bytes().data(), static_cast<int>(0x11 * (round + 1)), 8192);
    const std::uint32_t host = 0x11111111u * (round + 1);
    connection.wait(connection.launch(stores));
    EXPECT_EQ(words(shared, 64, 32), counting(1000, 32));
    EXPECT_EQ(words(shared, 0, 64), std::vector<std::uint32_t>(64, host));
    EXPECT_EQ(words(shared, 96, 1952), std::vector<std::uint32_t>(1952, host));
  }
  auto peek = raw_dispatch(module, peek_kernel, shared.id());
  peek.pointers.push_back({8, shared.id(), Bytes(32768), Bytes(128), client::Access::read});
  const auto peeks = record(peek);
  for (std::uint32_t round = 0; round < 3; ++round) {
    const auto said = counting(round * 77, 32);
    std::memcpy(shared.bytes().data() + 32768, said.data(), 128);
    connection.wait(connection.launch(peeks));
    EXPECT_EQ(words(shared, 0, 32), said);
  }
}

TEST_F(TcpCard, WordsOfAKernelAppearWhileTheGraphRuns) {
  auto connection = connect();
  const auto module = load_test_kernels(connection);
  const auto shared = connection.create_shared(Bytes(4096), "ring");
  const auto graph = connection.record_graph(
      "goes on",
      std::vector<client::GraphNode>{store_dispatch(module, shared.id(), Bytes(0), 5, 1),
                                     client::Barrier{}, plain_dispatch(module, endless_kernel)});
  const auto fence = connection.launch(graph);
  const auto deadline = Clock::now() + 60s;
  while (words(shared, 0, 32) != counting(5, 32) && Clock::now() < deadline) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(words(shared, 0, 32), counting(5, 32));
  EXPECT_FALSE(connection.wait(fence, 0ms));
}

TEST_F(TcpCard, TheDemoModelAnswersAndItsTokensAreCounted) {
  const auto document = nlohmann::json::parse(
      std::ifstream(std::filesystem::path(REDBOLT_DEMO_MODEL) / "prompts.json"));
  const auto& prompt = document.at("prompts").at(0);
  std::vector<std::string> arguments{"run",    "-m", kModel, "--socket",         daemon_.socket(),
                                     "--temp", "0",  "-p",   prompt.at("prompt")};
  for (const auto& flag : prompt.at("flags")) arguments.push_back(flag);
  const auto answer = run_program("redbolt-llm", arguments);
  EXPECT_EQ(answer.exit_code, 0) << answer.errors;
  std::string text = answer.output;
  if (text.ends_with('\n')) text.pop_back();
  EXPECT_TRUE(std::regex_match(text, std::regex(prompt.at("expected").get<std::string>()))) << text;

  const auto bench =
      run_program("redbolt-llm", {"bench", "-m", kModel, "--json", "--socket", daemon_.socket()});
  ASSERT_EQ(bench.exit_code, 0) << bench.errors;
  const auto report = nlohmann::json::parse(bench.output);
  const auto& costs = report.at("decode").at("per_token");
  const double messages = costs.at("remote_messages").get<double>();
  EXPECT_GT(messages, 0) << costs;
  // Beside them there is the watch over work in flight, which counts by time: docs/daemon.md. On a
  // machine that takes its time for a token it needs its share.
  constexpr double watch_per_second = 10;
  const double seconds = 1 / report.at("decode").at("tokens_per_s").get<double>();
  EXPECT_LE(messages, 3 + watch_per_second * seconds) << costs;
  std::printf("per token over TCP: %s\n", costs.dump().c_str());
}

}  // namespace
}  // namespace redbolt::test
