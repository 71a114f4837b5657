// What the device code costs: the time to finalise the kernels of a whole model, from nothing and
// from the cache, and the wave instructions of each weight type's matrix-vector product, of
// attention over each type of the KV cache, of sampling, and of each operation of a step of several
// sequences. Counts of the emulated wave engine, not speeds of a card.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "finaliser/finalise.hpp"
#include "flat_device.hpp"
#include "reference.hpp"

namespace {

using namespace redbolt;
using namespace redbolt::runtime;

struct ModelShape {
  const char* name;
  std::uint32_t width, heads, key_value_heads, head_dimension, feed_forward, vocabulary;
  bool head_norms;
};

BufferView anything(std::uint64_t id) {
  return {client::BufferId(id), Bytes(0), Bytes(std::uint64_t{1} << 40)};
}

// The dispatches of one decoder block with Q4_K_M's types, in one form.
void add_block(CommandGraph& graph, const ModelShape& m, std::uint32_t capacity, WeightType more) {
  const std::uint32_t q = m.heads * m.head_dimension, kv = m.key_value_heads * m.head_dimension;
  const auto matrix = [](WeightType type, std::uint32_t rows, std::uint32_t columns) {
    return WeightMatrix{anything(1), type, rows, columns};
  };
  const RmsNormWeight norm{anything(2), 1e-6f};
  const KeyValueCache cache{anything(3), anything(4), 4096, m.key_value_heads, m.head_dimension};
  linear(graph, {.parts = {{.weight = matrix(WeightType::q4_k, q, m.width), .output = anything(5)},
                           {.weight = matrix(WeightType::q4_k, kv, m.width), .output = anything(6)},
                           {.weight = matrix(more, kv, m.width), .output = anything(7)}},
                 .input = anything(8),
                 .norm = norm,
                 .state = anything(9),
                 .capacity = capacity});
  RotaryStore rotary{.queries = anything(5),
                     .keys = anything(6),
                     .values = anything(7),
                     .cache = cache,
                     .query_heads = m.heads,
                     .rope_frequencies = anything(10),
                     .rope_dimensions = m.head_dimension,
                     .state = anything(9),
                     .capacity = capacity};
  if (m.head_norms) rotary.query_norm = rotary.key_norm = norm;
  rotary_store(graph, rotary);
  attention(graph, {.queries = anything(5),
                    .output = anything(11),
                    .cache = cache,
                    .query_heads = m.heads,
                    .scratch = anything(12),
                    .state = anything(9),
                    .capacity = capacity});
  linear(graph, {.parts = {{.weight = matrix(WeightType::q4_k, m.width, q),
                            .output = anything(8),
                            .residual = anything(8)}},
                 .input = anything(11),
                 .state = anything(9),
                 .capacity = capacity});
  gated_linear(graph, {.gate = matrix(WeightType::q4_k, m.feed_forward, m.width),
                       .up = matrix(WeightType::q4_k, m.feed_forward, m.width),
                       .input = anything(8),
                       .output = anything(13),
                       .norm = norm,
                       .state = anything(9),
                       .capacity = capacity});
  linear(graph, {.parts = {{.weight = matrix(more, m.width, m.feed_forward),
                            .output = anything(8),
                            .residual = anything(8)}},
                 .input = anything(13),
                 .state = anything(9),
                 .capacity = capacity});
}

CommandGraph whole_model(const ModelShape& m) {
  CommandGraph graph(m.name);
  for (const std::uint32_t capacity : {1u, 64u}) {
    const WeightMatrix table{anything(14), WeightType::q6_k, m.vocabulary, m.width};
    embedding(graph, {.table = table,
                      .tokens = anything(15),
                      .output = anything(8),
                      .state = anything(9),
                      .capacity = capacity});
    for (const WeightType more : {WeightType::q6_k, WeightType::q4_k})
      add_block(graph, m, capacity, more);
    linear(graph, {.parts = {{.weight = table, .output = anything(16)}},
                   .input = anything(8),
                   .norm = RmsNormWeight{anything(2), 1e-6f},
                   .state = anything(9),
                   .capacity = capacity,
                   .rows = RowChoice::last});
  }
  sample(graph, {.logits = anything(16),
                 .vocabulary = m.vocabulary,
                 .parameters = anything(17),
                 .scratch = anything(18),
                 .ring = anything(19),
                 .ring_entries = 64,
                 .state = anything(9)});
  return graph;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void measure_finaliser(const ModelShape& model) {
  const CommandGraph graph = whole_model(model);
  std::string name = (std::filesystem::temp_directory_path() / "redbolt-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return;
  KernelCacheOptions cache;
  cache.folder = name;
  for (const char* from : {"from nothing", "from the cache"}) {
    const auto start = std::chrono::steady_clock::now();
    Finaliser finaliser({"gfx1100", 0, cache});
    const FinalisedKernels made = finaliser.finalise(graph.requests());
    std::printf("%-24s %2zu kernels %-15s %.3f s (%zu compiled)\n", model.name,
                graph.requests().size(), from, seconds_since(start), made.compiled);
  }
  std::filesystem::remove_all(name);
}

void measure_type(const WeightTypeInfo& type) {
  constexpr std::uint32_t rows = 4096, columns = 1024;
  test::FlatDevice device;
  const BufferView weights = device.upload(test::random_weights(type.type, rows, columns));
  const BufferView input = device.upload(test::random_floats(64 * columns));
  const BufferView norm = device.upload(test::random_floats(columns));
  const BufferView output = device.allocate(std::uint64_t{64} * rows * 4);
  std::printf("%-7s", std::string(type.name).c_str());
  for (const std::uint32_t tokens : {1u, 64u}) {
    CommandGraph graph("bench");
    linear(graph, {.parts = {{.weight = {weights, type.type, rows, columns}, .output = output}},
                   .input = input,
                   .norm = RmsNormWeight{norm, 1e-6f},
                   .state = device.state(tokens),
                   .capacity = tokens});
    device.run(graph);  // compiles, decodes
    const std::uint64_t before = device.instructions();
    const auto start = std::chrono::steady_clock::now();
    device.run(graph);
    const double seconds = seconds_since(start);
    const auto count = static_cast<double>(device.instructions() - before);
    std::printf("  %2u token%s %6.3f instructions/(32 weights token), %6.1f M/s", tokens,
                tokens == 1 ? ": " : "s:", count / (double(rows) * columns / 32 * tokens),
                count / seconds * 1e-6);
  }
  std::printf("\n");
}

// Wave instructions of a replay.
double instructions_of(test::FlatDevice& device, const CommandGraph& graph) {
  device.run(graph);  // compiles, decodes
  const std::uint64_t before = device.instructions();
  device.run(graph);
  return static_cast<double>(device.instructions() - before);
}

void measure_attention(CacheType type, std::uint32_t capacity) {
  constexpr std::uint32_t positions = 1024, heads = 16, key_value_heads = 8, dimension = 128;
  test::FlatDevice device;
  const std::uint64_t bytes = KeyValueCache::bytes(positions, key_value_heads, dimension, type);
  const std::vector<std::byte> zeros(bytes);
  const std::uint64_t row = std::uint64_t{capacity} * heads * dimension;
  CommandGraph graph("bench");
  attention(graph, {.queries = device.upload(test::random_floats(row)),
                    .output = device.allocate(row * 4),
                    .cache = {.keys = device.upload(zeros),
                              .values = device.upload(zeros),
                              .positions = positions,
                              .key_value_heads = key_value_heads,
                              .head_dimension = dimension,
                              .type = type},
                    .query_heads = heads,
                    .scratch = device.allocate(
                        attention_scratch_bytes(heads, dimension, positions, capacity) + 4),
                    .state = device.state(capacity, positions - capacity),
                    .capacity = capacity});
  std::printf(
      "attention, %s cache, %2u tokens: %.3f instructions/(32 elements of a head and token)\n",
      std::string(to_string(type)).c_str(), capacity,
      instructions_of(device, graph) / (2.0 * positions * heads * dimension / 32 * capacity));
}

struct SamplerShape {
  const char* name;
  SamplingParameters parameters;
};

void measure_sampling(const SamplerShape& shape) {
  constexpr std::uint32_t vocabulary = 151936, ring_entries = 64, fed = 1000;
  test::FlatDevice device;
  StepState state{};
  state.position = fed;
  state.tokens = 1;
  state.capacity = state.remaining = 4096;
  std::vector<LogitBias> biases(max_logit_biases);
  for (std::uint32_t i = 0; i < max_logit_biases; ++i) biases[i] = {i * 97, 1};
  CommandGraph graph("bench");
  sample(graph, {.logits = device.upload(test::random_floats(vocabulary)),
                 .vocabulary = vocabulary,
                 .parameters = device.upload(std::vector{shape.parameters}),
                 .scratch = device.allocate(sample_scratch_bytes(vocabulary)),
                 .ring = device.upload(std::vector<TokenRingEntry>(ring_entries)),
                 .ring_entries = ring_entries,
                 .state = device.upload(std::vector{state}),
                 .history = device.upload(std::vector<std::uint32_t>(4096)),
                 .history_length = 4096,
                 .biases = device.upload(biases),
                 .control = device.upload(std::vector<SlotControl>(1)),
                 .logprobs = device.upload(std::vector<TokenLogprobs>(ring_entries))});
  std::printf("sampling, %-28s %9.0f instructions\n", shape.name, instructions_of(device, graph));
}

void measure_samplers() {
  SamplingParameters plain{}, penalties{}, biased{}, logprobs{}, drawn{};
  penalties.repeat_penalty = 1.1f;
  penalties.repeat_last_n = 64;
  penalties.presence_penalty = penalties.frequency_penalty = 0.5f;
  biased.bias_count = 300;
  logprobs.logprobs = 1 + 20;
  drawn.temperature = 0.7f;
  drawn.top_k = 40;
  drawn.top_p = 0.95f;
  for (const SamplerShape& shape : {SamplerShape{"greedy:", plain},
                                    {"penalties, 1000 of answer:", penalties},
                                    {"300 biases:", biased},
                                    {"20 log-probabilities:", logprobs},
                                    {"top-k 40, top-p:", drawn}})
    measure_sampling(shape);
}

// What a token of each operation costs in a step of 1, 2, 4, ... sequences at position `fed`.
class StepCosts {
 public:
  void print() {
    std::printf("instructions per token in a step of %27s", "");
    for (const std::uint32_t slots : kSlots) std::printf(" %8u", slots);
    std::printf("\n");
    for (const WeightType type : {WeightType::q4_k, WeightType::q6_k}) {
      const std::string name(info(type).name);
      row(name + " 256 x 256, norm",
          [&](std::uint32_t s) { return matrix(type, s, 256, 256, true); });
      row(name + " 256 x 768", [&](std::uint32_t s) { return matrix(type, s, 256, 768, false); });
      row(name + " gate and up, 768 x 256", [&](std::uint32_t s) { return gated(type, s); });
    }
    row("attention, 4 heads of 64, 2 groups", [&](std::uint32_t s) { return attend(s); });
    row("sampling of 4096 tokens, greedy", [&](std::uint32_t s) { return draw(s); });
  }

 private:
  static constexpr std::uint32_t kSlots[] = {1, 2, 4, 8, 16, 32};
  static constexpr std::uint32_t fed = 32;

  template <class Cost>
  static void row(const std::string& name, Cost cost) {
    std::printf("  %-58s", name.c_str());
    for (const std::uint32_t slots : kSlots) std::printf(" %8.0f", cost(slots) / slots);
    std::printf("\n");
  }
  static BufferView states(test::FlatDevice& device, std::uint32_t slots) {
    return device.states(std::vector<std::optional<std::uint32_t>>(slots, fed));
  }
  static BufferView floats(test::FlatDevice& device, std::uint32_t count) {
    return device.upload(test::random_floats(count));
  }

  static double matrix(WeightType type, std::uint32_t slots, std::uint32_t rows,
                       std::uint32_t columns, bool normalise) {
    test::FlatDevice device;
    CommandGraph graph("bench");
    Linear operation{.parts = {{.weight = {device.upload(test::random_weights(type, rows, columns)),
                                           type, rows, columns},
                                .output = device.allocate(std::uint64_t{slots} * rows * 4)}},
                     .input = floats(device, slots * columns),
                     .state = states(device, slots),
                     .capacity = slots,
                     .step = StepRows::slots};
    if (normalise) operation.norm = RmsNormWeight{floats(device, columns), 1e-6f};
    linear(graph, operation);
    return instructions_of(device, graph);
  }

  static double gated(WeightType type, std::uint32_t slots) {
    constexpr std::uint32_t rows = 768, columns = 256;
    test::FlatDevice device;
    const auto half = [&] {
      return WeightMatrix{device.upload(test::random_weights(type, rows, columns)), type, rows,
                          columns};
    };
    CommandGraph graph("bench");
    gated_linear(graph, {.gate = half(),
                         .up = half(),
                         .input = floats(device, slots * columns),
                         .output = device.allocate(std::uint64_t{slots} * rows * 4),
                         .norm = RmsNormWeight{floats(device, columns), 1e-6f},
                         .state = states(device, slots),
                         .capacity = slots,
                         .step = StepRows::slots});
    return instructions_of(device, graph);
  }

  static double attend(std::uint32_t slots) {
    constexpr std::uint32_t positions = 512, heads = 4, key_value_heads = 2, dimension = 64;
    test::FlatDevice device;
    const std::vector<std::byte> zeros(
        slots * KeyValueCache::bytes(positions, key_value_heads, dimension, CacheType::f16));
    const std::uint32_t row = slots * heads * dimension;
    CommandGraph graph("bench");
    attention(
        graph,
        {.queries = floats(device, row),
         .output = device.allocate(std::uint64_t{row} * 4),
         .cache = {.keys = device.upload(zeros),
                   .values = device.upload(zeros),
                   .positions = positions,
                   .key_value_heads = key_value_heads,
                   .head_dimension = dimension,
                   .slots = slots},
         .query_heads = heads,
         .scratch = device.allocate(
             attention_scratch_bytes(heads, dimension, positions, slots, StepRows::slots) + 4),
         .state = states(device, slots),
         .capacity = slots,
         .step = StepRows::slots});
    return instructions_of(device, graph);
  }

  static double draw(std::uint32_t slots) {
    constexpr std::uint32_t vocabulary = 4096, ring_entries = 64;
    test::FlatDevice device;
    CommandGraph graph("bench");
    sample(graph, {.logits = floats(device, slots * vocabulary),
                   .vocabulary = vocabulary,
                   .slots = slots,
                   .parameters = device.upload(std::vector<SamplingParameters>(slots)),
                   .scratch = device.allocate(sample_scratch_bytes(vocabulary, slots)),
                   .ring = device.upload(std::vector<TokenRingEntry>(ring_entries * slots)),
                   .ring_entries = ring_entries,
                   .state = states(device, slots)});
    // A greedy draw with nothing left to come ends the sequence: only the first run counts.
    device.run(graph);
    return static_cast<double>(device.instructions());
  }
};

}  // namespace

int main() {
  measure_finaliser({"Qwen3-0.6B Q4_K_M", 1024, 16, 8, 128, 3072, 151936, true});
  measure_finaliser({"Llama-3.1-8B Q4_K_M", 4096, 32, 8, 128, 14336, 128256, false});
  for (const WeightTypeInfo& type : weight_types()) measure_type(type);
  for (const CacheType type : {CacheType::f16, CacheType::q8_0})
    for (const std::uint32_t capacity : {1u, 64u}) measure_attention(type, capacity);
  measure_samplers();
  StepCosts().print();
}
