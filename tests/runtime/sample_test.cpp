// Sampling on the card: the order of candidates, the draw, the state and the ring.
#include <algorithm>
#include <array>
#include <limits>

#include "flat_device.hpp"
#include "redbolt/runtime/token_ring.hpp"
#include "reference.hpp"
#include "sample_reference.hpp"

namespace redbolt::runtime::test {
namespace {

// The known answers of the authors' library (Random123).
TEST(PhiloxReferenceTest, KnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, 0, 0),
            (std::array{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u}));
  EXPECT_EQ(philox({~0u, ~0u, ~0u, ~0u}, ~0u, ~0u),
            (std::array{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu}));
}

constexpr std::uint32_t ring_entries = 8;

class SampleTest : public testing::Test {
 protected:
  FlatDevice device;
  BufferView logits, parameters, state, ring;
  CommandGraph graph{"sample"};

  void prepare(std::span<const float> values, const SamplingParameters& how,
               const StepState& before) {
    const auto vocabulary = static_cast<std::uint32_t>(values.size());
    logits = device.upload(values);
    parameters = device.upload(std::span(&how, 1));
    state = device.upload(std::span(&before, 1));
    ring = device.upload(std::vector<TokenRingEntry>(ring_entries));
    graph = CommandGraph("sample");
    sample(graph, {.logits = logits,
                   .vocabulary = vocabulary,
                   .parameters = parameters,
                   .scratch = device.allocate(sample_scratch_bytes(vocabulary)),
                   .ring = ring,
                   .ring_entries = ring_entries,
                   .state = state});
  }
  StepState after() { return device.download<StepState>(state).front(); }
  std::uint32_t drawn() {
    device.run(graph);
    return after().token;
  }
};

StepState step(std::uint32_t sampled = 0) {
  StepState state{};
  state.position = 20;
  state.tokens = 1;
  state.capacity = 1000;
  state.remaining = 100;
  state.sampled = sampled;
  return state;
}

SamplingParameters greedy() {
  return SamplingParameters{};
}

TEST_F(SampleTest, GreedyTakesTheLargest) {
  for (const std::uint32_t size : {1u, 2u, 31u, 4096u, 4097u, 20000u, 151936u}) {
    auto values = random_floats(size);
    const std::uint32_t best = random_integer(0, size - 1);
    values[best] = 9.5f;
    prepare(values, greedy(), step());
    ASSERT_EQ(drawn(), best) << "of " << size;
  }
}

TEST_F(SampleTest, GreedyTakesTheLowestIdAmongEquals) {
  std::vector<float> values(9000, -1.0f);
  values[8191] = values[4100] = values[4101] = 3.0f;
  prepare(values, greedy(), step());
  EXPECT_EQ(drawn(), 4100u);
  prepare(std::vector<float>{-0.0f, 0.0f, -0.0f}, greedy(), step());
  EXPECT_EQ(drawn(), 0u);
}

TEST_F(SampleTest, NotANumberIsNeverChosenBeforeANumber) {
  std::vector<float> values(5000, std::numeric_limits<float>::quiet_NaN());
  values[4321] = -std::numeric_limits<float>::infinity();
  prepare(values, greedy(), step());
  EXPECT_EQ(drawn(), 4321u);
  SamplingParameters warm{};
  warm.temperature = 1;
  values[17] = -3;
  prepare(values, warm, step());
  EXPECT_EQ(drawn(), 17u);
}

struct Sampler {
  float temperature;
  std::uint32_t top_k;
  float top_p;
  float min_p;
};

TEST_F(SampleTest, DrawsByTheDefinition) {
  const Sampler samplers[] = {{1.0f, 0, 1.0f, 0},       {0.7f, 40, 1.0f, 0},
                              {0.8f, 0, 0.9f, 0},       {1.3f, 0, 1.0f, 0.05f},
                              {0.6f, 20, 0.95f, 0.01f}, {5.0f, 1000, 0.5f, 0},
                              {0.01f, 5, 0.99f, 0.2f},  {1.0f, 1, 1.0f, 0},
                              {1.0f, 0, 0.0f, 0},       {1.0f, 3, 1.0f, 1.0f}};
  for (const std::uint32_t size : {3u, 300u, 5000u}) {
    const auto values = random_floats(size, 3.0f);
    std::uint32_t draw = 0;
    for (const Sampler& s : samplers) {
      SamplingParameters p{};
      p.temperature = s.temperature;
      p.top_k = s.top_k;
      p.top_p = s.top_p;
      p.min_p = s.min_p;
      p.seed_low = random_integer(0, ~0u);
      p.seed_high = random_integer(0, ~0u);
      const Expected e = expected_draw(doubles(values), p);
      for (int i = 0; i < 4; ++i, ++draw) {
        prepare(values, p, step(draw));
        const std::uint32_t token = drawn();
        check_draw(e, token, uniform(p, draw, 20),
                   "size " + std::to_string(size) + " temperature " +
                       std::to_string(s.temperature) + " top-k " + std::to_string(s.top_k) +
                       " top-p " + std::to_string(s.top_p) + " min-p " + std::to_string(s.min_p) +
                       ", REDBOLT_TEST_SEED=" + std::to_string(test_seed()));
      }
    }
  }
}

TEST_F(SampleTest, AWholeVocabulary) {
  const auto values = random_floats(151936, 2.5f);
  for (const Sampler& s : {Sampler{0.7f, 20, 0.8f, 0}, Sampler{1.0f, 0, 0.95f, 0.02f}}) {
    SamplingParameters p{};
    p.temperature = s.temperature;
    p.top_k = s.top_k;
    p.top_p = s.top_p;
    p.min_p = s.min_p;
    p.seed_low = 7;
    const Expected e = expected_draw(doubles(values), p);
    prepare(values, p, step(3));
    const std::uint32_t token = drawn();
    check_draw(e, token, uniform(p, 3, 20), "151936 tokens");
  }
}

// Among equal logits the order is that of the ids, also where top-k cuts through them.
TEST_F(SampleTest, TopKCutsThroughEquals) {
  const std::vector<float> values(700, 1.5f);
  SamplingParameters p{};
  p.temperature = 1;
  p.top_k = 37;
  p.top_p = 1;
  for (std::uint32_t i = 0; i < 20; ++i) {
    prepare(values, p, step(i));
    EXPECT_LT(drawn(), 37u);
  }
}

// The k-th candidate is the last of its digit, and nothing follows for many digits. The four that
// are kept are even, so that the draw is the generator's number in quarters.
TEST_F(SampleTest, TopKKeepsExactlyK) {
  constexpr std::array<std::uint32_t, 4> best{5, 300, 301, 899};
  std::vector<float> values(900, -1.0f);
  for (const std::uint32_t token : best) values[token] = 1.0f;
  SamplingParameters p{};
  p.temperature = 50;
  p.top_k = 4;
  p.top_p = 1;
  for (std::uint32_t i = 0; i < 40; ++i) {
    prepare(values, p, step(i));
    EXPECT_EQ(drawn(), best[philox({i, 20, 0, 0}, 0, 0)[1] >> 30]) << "draw " << i;
  }
}

// What is exactly min-p of the best is kept.
TEST_F(SampleTest, MinPKeepsWhatIsAsProbable) {
  std::vector<float> values(40, -1.0f);
  values[7] = values[30] = 2.0f;
  SamplingParameters p{};
  p.temperature = 1;
  p.top_p = 1;
  p.min_p = 1;
  for (std::uint32_t i = 0; i < 20; ++i) {
    prepare(values, p, step(i));
    EXPECT_EQ(drawn(), philox({i, 20, 0, 0}, 0, 0)[1] >> 31 ? 30u : 7u) << "draw " << i;
  }
}

TEST_F(SampleTest, TheSameSeedGivesTheSameToken) {
  const auto values = random_floats(3000);
  SamplingParameters p{};
  p.temperature = 2;
  p.top_p = 1;
  std::vector<std::uint32_t> first, second;
  for (auto* tokens : {&first, &second})
    for (std::uint32_t i = 0; i < 8; ++i) {
      prepare(values, p, step(i));
      tokens->push_back(drawn());
    }
  EXPECT_EQ(first, second);
  EXPECT_GT(std::ranges::count_if(first, [&](auto t) { return t != first[0]; }), 0);
}

TEST_F(SampleTest, AdvancesStateAndRing) {
  StepState before = step(9);
  before.tokens = 4;  // after a prompt's last chunk
  prepare(std::vector<float>{0, 5, 1}, greedy(), before);
  device.run(graph);
  const StepState now = after();
  EXPECT_EQ(now.position, 24u);
  EXPECT_EQ(now.tokens, 1u);
  EXPECT_EQ(now.token, 1u);
  EXPECT_EQ(now.sampled, 10u);
  EXPECT_EQ(now.remaining, 99u);
  EXPECT_EQ(now.stop_reason, 0u);
  const auto entries = device.download<TokenRingEntry>(ring);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(entries[i].sequence, i == 9 % ring_entries ? 10u : 0u);
    EXPECT_EQ(entries[i].token, i == 9 % ring_entries ? 1u : 0u);
  }
}

TEST_F(SampleTest, StopsAndThenDoesNothing) {
  SamplingParameters p = greedy();
  p.stop_count = 2;
  p.stop_tokens[0] = 77;
  p.stop_tokens[1] = 2;
  StepState full = step(), last = step();
  last.remaining = 1;
  full.position = 999;
  full.capacity = 1000;
  struct Stop {
    SamplingParameters parameters;
    StepState before;
    StopReason reason;
  };
  for (const Stop& stop :
       {Stop{p, step(), StopReason::stop_token}, Stop{greedy(), last, StopReason::limit},
        Stop{greedy(), full, StopReason::context}}) {
    prepare(std::vector<float>{0, 1, 5}, stop.parameters, stop.before);
    device.run(graph);
    EXPECT_EQ(after().tokens, 0u);
    EXPECT_EQ(static_cast<StopReason>(after().stop_reason), stop.reason);
    const StepState stopped = after();
    TokenRing host(device.memory(ring));
    const auto token = host.poll();
    ASSERT_TRUE(token.has_value());
    EXPECT_EQ(token->token, 2u);
    EXPECT_EQ(token->stop, stop.reason);
    device.run(graph);
    EXPECT_EQ(std::memcmp(&stopped, device.memory(state).data(), sizeof(stopped)), 0);
    EXPECT_FALSE(host.poll().has_value());
  }
}

}  // namespace
}  // namespace redbolt::runtime::test
