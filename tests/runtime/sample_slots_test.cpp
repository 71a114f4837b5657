// Sampling of several slots at once, with biases, penalties, masks, cancelling and
// log-probabilities.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "flat_device.hpp"
#include "redbolt/runtime/runtime_error.hpp"
#include "redbolt/runtime/token_ring.hpp"
#include "reference.hpp"
#include "sample_reference.hpp"

namespace redbolt::runtime::test {
namespace {

constexpr std::uint32_t ring_entries = 4;
constexpr std::uint32_t history_length = 200;
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

struct Slot {
  std::vector<float> logits = {};
  SamplingParameters parameters = {};
  SlotInputs inputs = {};
  bool active = true;
  SlotControl control = {};
};

class SampleSlotsTest : public testing::Test {
 protected:
  FlatDevice device;
  BufferView logits, parameters, scratch, state, ring, history, biases, control, masks, logprobs;
  CommandGraph graph{"sample"};
  std::uint32_t vocabulary = 0;
  std::uint32_t count = 0;

  // Uploads what the slots hold: everything that a slot does not use is poisoned.
  void prepare(std::span<Slot> slots) {
    count = static_cast<std::uint32_t>(slots.size());
    vocabulary = static_cast<std::uint32_t>(slots.front().logits.size());
    logits = device.allocate(std::uint64_t{count} * vocabulary * 4);
    parameters = device.allocate(count * sizeof(SamplingParameters));
    scratch = device.allocate(sample_scratch_bytes(vocabulary, count));
    state = device.allocate(count * sizeof(StepState));
    ring = device.upload(std::vector<TokenRingEntry>(count * ring_entries));
    history = device.allocate(count * history_length * 4);
    biases = device.allocate(count * max_logit_biases * sizeof(LogitBias));
    control = device.allocate(count * sizeof(SlotControl));
    masks = device.allocate(std::uint64_t{count} * mask_words(vocabulary) * 4);
    logprobs = device.allocate(count * ring_entries * sizeof(TokenLogprobs));
    for (std::uint32_t i = 0; i < count; ++i) fill(i, slots[i]);
    build();
  }
  // A single slot.
  std::uint32_t draw(Slot slot) {
    prepare({&slot, 1});
    device.run(graph);
    return after(0).token;
  }

  template <class T>
  void put(const BufferView& view, std::uint32_t slot, std::span<const T> values) {
    std::memcpy(part(view, slot).data(), values.data(), values.size_bytes());
  }
  std::span<std::byte> part(const BufferView& view, std::uint32_t slot) {
    const std::size_t each = view.size.count() / count;
    return device.memory(view).subspan(slot * each, each);
  }
  StepState after(std::uint32_t slot) { return device.download<StepState>(state)[slot]; }

 private:
  void fill(std::uint32_t i, Slot& slot) {
    const auto fed = static_cast<std::uint32_t>(slot.inputs.history.size());
    StepState before{};
    before.tokens = slot.active ? 1 : 0;
    before.position = fed == 0 ? 0 : fed - 1;
    before.capacity = history_length;
    before.remaining = 1000;
    before.sampled = i;
    put<StepState>(state, i, {&before, 1});
    slot.parameters.bias_count = static_cast<std::uint32_t>(slot.inputs.biases.size());
    put<SamplingParameters>(parameters, i, {&slot.parameters, 1});
    put<SlotControl>(control, i, {&slot.control, 1});
    if (!slot.active) return;
    put<float>(logits, i, slot.logits);
    put<std::uint32_t>(history, i, slot.inputs.history);
    put<LogitBias>(biases, i, slot.inputs.biases);
    if (slot.inputs.allowed.empty()) return;
    std::vector<std::uint32_t> words(mask_words(vocabulary));
    for (std::uint32_t t = 0; t < vocabulary; ++t)
      if (slot.inputs.allowed[t]) words[t / 32] |= 1u << t % 32;
    put<std::uint32_t>(masks, i, words);
  }
  void build() {
    graph = CommandGraph("sample");
    sample(graph, {.logits = logits,
                   .vocabulary = vocabulary,
                   .slots = count,
                   .parameters = parameters,
                   .scratch = scratch,
                   .ring = ring,
                   .ring_entries = ring_entries,
                   .state = state,
                   .history = history,
                   .history_length = history_length,
                   .biases = biases,
                   .control = control,
                   .masks = masks,
                   .logprobs = logprobs});
  }
};

// A greedy slot whose prompt ends with `last`, unless an answer is said to begin earlier.
Slot greedy_slot(std::vector<float> logits, std::vector<std::uint32_t> fed = {0}) {
  Slot slot;
  slot.logits = std::move(logits);
  slot.parameters.answer_start = static_cast<std::uint32_t>(fed.size());
  slot.inputs.history = std::move(fed);
  return slot;
}

TEST_F(SampleSlotsTest, RepeatPenaltyDividesWhatIsPositiveAndMultipliesWhatIsNot) {
  Slot slot = greedy_slot({4, 3, 1}, {0});
  slot.parameters.repeat_penalty = 1.5f;
  slot.parameters.repeat_last_n = 1;
  EXPECT_EQ(draw(slot), 1u);  // 4 / 1.5 = 2.67
  slot.parameters.repeat_penalty = 1.25f;
  EXPECT_EQ(draw(slot), 0u);  // 4 / 1.25 = 3.2
  slot.logits = {-2, -3, -5};
  slot.parameters.repeat_penalty = 1.75f;
  EXPECT_EQ(draw(slot), 1u);  // -2 * 1.75 = -3.5
  slot.parameters.repeat_penalty = 1.25f;
  EXPECT_EQ(draw(slot), 0u);  // -2 * 1.25 = -2.5
}

TEST_F(SampleSlotsTest, TheRepeatWindowHasTheLastTokensOfPromptAndAnswer) {
  Slot slot = greedy_slot({0, 5, 4, 0}, {3, 1, 3, 3, 0});
  slot.parameters.answer_start = 3;
  slot.parameters.repeat_penalty = 100;
  slot.parameters.repeat_last_n = 2;
  EXPECT_EQ(draw(slot), 1u);
  slot.parameters.repeat_last_n = 3;
  EXPECT_EQ(draw(slot), 1u);
  slot.parameters.repeat_last_n = 4;
  EXPECT_EQ(draw(slot), 2u);
}

TEST_F(SampleSlotsTest, PresenceCountsOnceAndFrequencyPerOccurrenceOfTheAnswer) {
  Slot slot = greedy_slot({5, 3.5f, 0}, {1, 1, 0, 0, 0});
  slot.parameters.answer_start = 2;
  slot.parameters.presence_penalty = 1;
  EXPECT_EQ(draw(slot), 0u);  // 5 - 1
  slot.parameters.presence_penalty = 2;
  EXPECT_EQ(draw(slot), 1u);  // 5 - 2; token 1 is of the prompt
  slot.parameters.presence_penalty = 0;
  slot.parameters.frequency_penalty = 0.4f;
  EXPECT_EQ(draw(slot), 0u);  // 5 - 3 * 0.4 = 3.8
  slot.parameters.frequency_penalty = 0.6f;
  EXPECT_EQ(draw(slot), 1u);  // 5 - 3 * 0.6 = 3.2
  slot.parameters.frequency_penalty = -1;
  slot.logits = {0, 2.5f, 0};
  EXPECT_EQ(draw(slot), 0u);  // 0 + 3
}

// Bias, then the repeat penalty, then presence and frequency.
TEST_F(SampleSlotsTest, TheStepsHaveAnOrder) {
  Slot slot = greedy_slot({1, 2, 0}, {0});
  slot.inputs.biases = {{0, 2}};
  slot.parameters.repeat_penalty = 2;
  slot.parameters.repeat_last_n = 1;
  EXPECT_EQ(draw(slot), 1u);  // (1 + 2) / 2 = 1.5, and not 1 / 2 + 2 = 2.5
  slot = greedy_slot({2, 0.6f, 0}, {0});
  slot.parameters.answer_start = 0;
  slot.parameters.repeat_penalty = 2;
  slot.parameters.repeat_last_n = 1;
  slot.parameters.presence_penalty = 0.5f;
  EXPECT_EQ(draw(slot), 1u);  // 2 / 2 - 0.5 = 0.5, and not (2 - 0.5) / 2 = 0.75
}

TEST_F(SampleSlotsTest, ABiasOfMinus100Forbids) {
  Slot slot = greedy_slot({1e9f, 1, 2});
  slot.inputs.biases = {{0, -99.9f}};
  EXPECT_EQ(draw(slot), 0u);
  slot.inputs.biases = {{0, -100}, {2, -1.5f}};
  EXPECT_EQ(draw(slot), 1u);
  slot.inputs.biases = {{0, -100}, {1, -100}, {2, -100}};
  slot.inputs.allowed = {false, false, true};
  slot.parameters.masked = 1;
  slot.control.use_mask = 1;
  EXPECT_EQ(draw(slot), 2u) << "the mask leaves nothing else";
}

TEST_F(SampleSlotsTest, TheMaskAppliesWhenParametersAndControlSaySo) {
  Slot slot = greedy_slot(std::vector<float>(70, 0.0f));
  slot.logits[69] = 5;
  slot.logits[33] = 4;
  slot.inputs.allowed.assign(70, true);
  slot.inputs.allowed[69] = false;
  EXPECT_EQ(draw(slot), 69u);
  slot.parameters.masked = 1;
  EXPECT_EQ(draw(slot), 69u);
  slot.control.use_mask = 1;
  EXPECT_EQ(draw(slot), 33u);
  slot.parameters.masked = 0;
  EXPECT_EQ(draw(slot), 69u);
}

TEST_F(SampleSlotsTest, WhatTheMaskExcludesIsNeverDrawn) {
  Slot slot = greedy_slot({1, nan, 3, nan, -infinity});
  slot.parameters.masked = 1;
  slot.control.use_mask = 1;
  slot.inputs.allowed = {false, true, false, true, false};
  EXPECT_EQ(draw(slot), 1u) << "not a number, but allowed";
  slot.inputs.allowed = {false, true, false, true, true};
  EXPECT_EQ(draw(slot), 4u);
  slot.logits = random_floats(5, 0.1f);
  slot.parameters.temperature = 10;
  slot.parameters.top_k = 4;  // more than are allowed
  slot.parameters.top_p = 1;
  std::set<std::uint32_t> seen;
  for (slot.parameters.seed_low = 0; slot.parameters.seed_low < 60; ++slot.parameters.seed_low)
    seen.insert(draw(slot));
  EXPECT_EQ(seen, (std::set<std::uint32_t>{1, 3, 4}));
}

// The kernel remembers what it draws: nothing is uploaded between steps.
TEST_F(SampleSlotsTest, ReplaysPenaliseWhatTheyDrew) {
  Slot slots[] = {greedy_slot({9, 8, 7, 6, 5}, {4}), greedy_slot({9, 8, 7, 6, 5}, {4})};
  slots[0].parameters.presence_penalty = 100;
  slots[1].parameters.repeat_penalty = 1000;
  slots[1].parameters.repeat_last_n = 2;
  prepare(slots);
  std::vector<std::uint32_t> first, second;
  for (int i = 0; i < 5; ++i) {
    device.run(graph);
    first.push_back(after(0).token);
    second.push_back(after(1).token);
  }
  EXPECT_EQ(first, (std::vector<std::uint32_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(second, (std::vector<std::uint32_t>{0, 1, 2, 0, 1}));
  const auto tokens = device.download<std::uint32_t>(history);
  EXPECT_EQ(std::vector(tokens.begin(), tokens.begin() + 7),
            (std::vector<std::uint32_t>{4, 0, 1, 2, 3, 4, ~0u}));
}

TEST_F(SampleSlotsTest, TheHistoryEndsWithItsMemory) {
  std::vector<std::uint32_t> fed(history_length - 1, 1);
  fed[history_length - 2] = 0;
  Slot slots[] = {greedy_slot({4, 3, 2}, fed), greedy_slot({4, 3, 2}, {1})};
  for (Slot& slot : slots) {
    slot.parameters.repeat_penalty = 10;
    slot.parameters.repeat_last_n = ~0u;
  }
  prepare(slots);
  device.run(graph);
  EXPECT_EQ(after(0).token, 2u);
  EXPECT_EQ(static_cast<StopReason>(after(0).stop_reason), StopReason::none);
  device.run(graph);
  EXPECT_EQ(static_cast<StopReason>(after(0).stop_reason), StopReason::context);
  EXPECT_EQ(device.download<std::uint32_t>(history)[history_length], 1u) << "the next slot's";
}

// Random slots side by side, each with options of its own, every third one inactive.
Slot random_slot(std::uint32_t vocabulary, std::uint32_t index) {
  Slot slot = greedy_slot(random_floats(vocabulary, 3.0f), {});
  slot.active = index % 3 != 1;
  SamplingParameters& p = slot.parameters;
  p.temperature = 1.5f;
  p.top_k = index % 2 == 0 ? 0 : 50;
  p.top_p = index % 4 < 2 ? 1.0f : 0.9f;
  p.seed_low = random_integer(0, ~0u);
  p.seed_high = random_integer(0, ~0u);
  const std::uint32_t fed = random_integer(1, history_length - 10);
  for (std::uint32_t i = 0; i < fed; ++i)
    slot.inputs.history.push_back(random_integer(0, std::min(vocabulary - 1, 150u)));
  p.answer_start = random_integer(0, fed);
  if (index % 4 != 3) {
    p.repeat_penalty = 1.3f;
    p.repeat_last_n = random_integer(1, 2 * fed);
  }
  if (index % 5 != 4) p.presence_penalty = 0.7f;
  if (index % 5 != 3) p.frequency_penalty = 0.2f;
  std::vector<std::uint32_t> tokens(vocabulary);
  std::iota(tokens.begin(), tokens.end(), 0u);
  std::ranges::shuffle(tokens, random_engine());
  const std::uint32_t most[] = {0, 3, 300, max_logit_biases};
  tokens.resize(std::min(most[index % 4], vocabulary));
  for (const std::uint32_t token : tokens)
    slot.inputs.biases.push_back({token, static_cast<float>(random_integer(0, 8)) - 4.0f});
  if (index % 2 == 0) {
    p.masked = 1;
    slot.control.use_mask = 1;
    for (std::uint32_t t = 0; t < vocabulary; ++t)
      slot.inputs.allowed.push_back(random_integer(0, 2) != 0);
    slot.inputs.allowed[random_integer(0, vocabulary - 1)] = true;
  }
  return slot;
}

TEST_F(SampleSlotsTest, DrawsByTheDefinition) {
  for (const std::uint32_t size : {5u, 301u, 4097u, 9001u}) {
    std::vector<Slot> slots;
    for (std::uint32_t i = 0; i < 20; ++i) slots.push_back(random_slot(size, i));
    prepare(slots);
    const auto scratch_before = device.download<std::uint32_t>(scratch);
    device.run(graph);
    const auto entries = device.download<TokenRingEntry>(ring);
    for (std::uint32_t i = 0; i < slots.size(); ++i) {
      const std::string what = "slot " + std::to_string(i) + " of " + std::to_string(size) +
                               ", REDBOLT_TEST_SEED=" + std::to_string(test_seed());
      const TokenRingEntry& entry = entries[i * ring_entries + i % ring_entries];
      EXPECT_EQ(entry.sequence, slots[i].active ? i + 1 : 0) << what;
      if (!slots[i].active) {
        EXPECT_EQ(after(i).sampled, i) << what;
        continue;
      }
      EXPECT_EQ(entry.token, after(i).token) << what;
      const auto fed = static_cast<std::uint32_t>(slots[i].inputs.history.size());
      EXPECT_EQ(after(i).position, fed) << what;
      const SamplingParameters& p = slots[i].parameters;
      const auto values = adjusted(slots[i].logits, p, slots[i].inputs);
      check_draw(expected_draw(values, p), after(i).token, uniform(p, i, fed - 1), what);
    }
  }
}

// With the same seed, state and inputs a slot draws the same in any company.
TEST_F(SampleSlotsTest, ASlotDoesNotDependOnItsNeighbours) {
  std::vector<Slot> slots(4, random_slot(1000, 0));
  prepare(slots);
  for (std::uint32_t i = 0; i < count; ++i) {
    StepState same = after(0);
    put<StepState>(state, i, {&same, 1});
  }
  device.run(graph);
  for (std::uint32_t i = 1; i < count; ++i) EXPECT_EQ(after(i).token, after(0).token);
}

TEST_F(SampleSlotsTest, FrequenciesFollowTheAdjustedProbabilities) {
  Slot slot = greedy_slot({1, 2, 0.5f, 1, 3, 0}, {4, 1, 4});
  slot.parameters.answer_start = 0;
  slot.parameters.temperature = 1;
  slot.parameters.top_p = 1;
  slot.parameters.frequency_penalty = 0.75f;
  slot.inputs.biases = {{0, 1}};
  std::vector<Slot> slots(200, slot);
  std::vector<double> drawn(6, 0.0);
  constexpr int rounds = 10;
  for (std::uint32_t round = 0; round < rounds; ++round) {
    for (std::uint32_t i = 0; i < slots.size(); ++i) {
      slots[i].parameters.seed_low = i;
      slots[i].parameters.seed_high = round;
    }
    prepare(slots);
    device.run(graph);
    for (std::uint32_t i = 0; i < slots.size(); ++i) drawn[after(i).token] += 1;
  }
  const double draws = rounds * static_cast<double>(slots.size());
  const auto values = adjusted(slot.logits, slot.parameters, slot.inputs);
  double total = 0, statistic = 0;
  for (const double value : values) total += std::exp(value);
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    const double expected = draws * std::exp(values[i]) / total;
    statistic += (drawn[i] - expected) * (drawn[i] - expected) / expected;
  }
  // Chi-squared with 5 degrees of freedom: 20.5 is passed once in a thousand. The seeds are fixed.
  EXPECT_LT(statistic, 20.5);
}

// What was not asked for is not touched.
TEST_F(SampleSlotsTest, APlainSlotWritesNeitherKeysNorLogprobs) {
  Slot slots[] = {greedy_slot(random_floats(5000)), greedy_slot(random_floats(5000))};
  slots[0].parameters.temperature = 1;
  prepare(slots);
  device.run(graph);
  const auto bytes = device.memory(scratch).last(2 * 5000 * 4);
  EXPECT_TRUE(std::ranges::all_of(
      bytes, [](std::byte byte) { return byte == std::byte{FlatDevice::poison}; }));
  for (const std::byte byte : device.memory(logprobs))
    ASSERT_EQ(byte, std::byte{FlatDevice::poison});
}

TEST_F(SampleSlotsTest, CancelEndsOneSequenceAtItsNextStep) {
  Slot slots[] = {greedy_slot({1, 2, 3}), greedy_slot({1, 2, 3})};
  prepare(slots);
  device.run(graph);
  EXPECT_EQ(after(0).tokens, 1u);
  const std::uint32_t cancel = 1;
  std::memcpy(part(control, 0).data(), &cancel, sizeof(cancel));
  device.run(graph);
  EXPECT_EQ(after(0).tokens, 0u);
  EXPECT_EQ(static_cast<StopReason>(after(0).stop_reason), StopReason::cancelled);
  EXPECT_EQ(after(1).tokens, 1u);
  TokenRing host(part(ring, 0));
  EXPECT_EQ(host.poll()->stop, StopReason::none);
  const auto last = host.poll();
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->stop, StopReason::cancelled);
  EXPECT_EQ(last->sequence, 2u);
  device.run(graph);
  EXPECT_EQ(after(0).sampled, 2u);
  EXPECT_EQ(after(1).sampled, 4u);
  EXPECT_FALSE(host.poll().has_value());
}

// All the steps of a slot, and what must not matter to it.
void check_logprobs(const Slot& slot, std::uint32_t token, const TokenLogprobs& found,
                    std::uint32_t wanted) {
  const auto expected = log_softmax(slot.logits);
  std::vector<std::uint32_t> order(slot.logits.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(
      order, [&](std::uint32_t a, std::uint32_t b) { return slot.logits[a] > slot.logits[b]; });
  const auto near = [&](float value, std::uint32_t id) {
    EXPECT_NEAR(double{value}, expected[id], 1e-5 + std::abs(expected[id]) * 1e-6) << id;
  };
  near(found.logprob, token);
  ASSERT_EQ(found.count, std::min<std::size_t>(wanted, order.size()));
  for (std::uint32_t i = 0; i < found.count; ++i) {
    EXPECT_EQ(found.top[i].token, order[i]) << "place " << i;
    near(found.top[i].logprob, order[i]);
  }
}

TEST_F(SampleSlotsTest, LogprobsAreThoseOfTheModel) {
  for (const std::uint32_t size : {1u, 7u, 300u, 9001u}) {
    std::vector<Slot> slots;
    for (std::uint32_t i = 0; i < 12; ++i) {
      slots.push_back(random_slot(size, i));
      slots.back().active = i != 5;
      constexpr std::uint32_t asked[] = {0, 1, 2, 6, 21};
      slots.back().parameters.logprobs = asked[i % 5];
      // Ties, some of them among the best.
      for (std::uint32_t t = 0; t + 40 < size; t += 40)
        slots.back().logits[t + 33] = slots.back().logits[t + 2] = 7;
    }
    prepare(slots);
    device.run(graph);
    for (std::uint32_t i = 0; i < slots.size(); ++i) {
      TokenLogprobs entry;
      std::memcpy(&entry, part(logprobs, i).subspan(i % ring_entries * sizeof(entry)).data(),
                  sizeof(entry));
      const std::uint32_t asked = slots[i].parameters.logprobs;
      if (asked == 0 || !slots[i].active) {
        EXPECT_EQ(entry.sequence, ~0u) << "poison";
        continue;
      }
      EXPECT_EQ(entry.sequence, i + 1);
      check_logprobs(slots[i], after(i).token, entry, asked - 1);
      LogprobRing host(part(logprobs, i), ring_entries);
      EXPECT_TRUE(host.of({after(i).token, StopReason::none, i + 1}).has_value());
      EXPECT_FALSE(host.of({after(i).token, StopReason::none, i + 1 + ring_entries}).has_value());
    }
  }
}

TEST_F(SampleSlotsTest, LogprobsOfWhatIsNotANumber) {
  Slot slot = greedy_slot({nan, 1, -infinity, 1, nan});
  slot.parameters.logprobs = 1 + 5;
  draw(slot);
  TokenLogprobs entry;
  std::memcpy(&entry, device.memory(logprobs).data(), sizeof(entry));
  EXPECT_NEAR(entry.logprob, std::log(0.5f), 1e-6f);
  constexpr std::uint32_t order[] = {1, 3, 2, 0, 4};
  for (std::uint32_t i = 0; i < 5; ++i) {
    EXPECT_EQ(entry.top[i].token, order[i]);
    if (i < 2)
      EXPECT_NEAR(entry.top[i].logprob, std::log(0.5f), 1e-6f);
    else
      EXPECT_EQ(entry.top[i].logprob, -infinity);
  }
}

TEST_F(SampleSlotsTest, RefusesWhatDoesNotFitTogether) {
  Slot slot = greedy_slot({1, 2});
  prepare({&slot, 1});
  Sample operation{.logits = logits,
                   .vocabulary = vocabulary,
                   .slots = 1,
                   .parameters = parameters,
                   .scratch = scratch,
                   .ring = ring,
                   .ring_entries = ring_entries,
                   .state = state};
  CommandGraph fine("fine");
  sample(fine, operation);
  EXPECT_EQ(fine.dispatches(), 2u);
  const auto refused = [&](auto change) {
    Sample changed = operation;
    change(changed);
    CommandGraph other("refused");
    EXPECT_THROW(sample(other, changed), RuntimeError);
  };
  refused([](Sample& s) { s.slots = 0; });
  refused([](Sample& s) { s.slots = 2; });
  refused([&](Sample& s) { s.masks = masks; });
  refused([&](Sample& s) {
    s.history = history;
    s.history_length = history_length + 1;
  });
}

}  // namespace
}  // namespace redbolt::runtime::test
