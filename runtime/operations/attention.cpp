// Heads: norm, rotation and store into the KV cache, and attention over it.
#include <algorithm>
#include <bit>
#include <cmath>

#include "operations/checks.hpp"

namespace redbolt::runtime {
namespace {

constexpr std::uint32_t threads = 128;
constexpr std::uint32_t heads_per_group = 4;
// A decode step divides its context into pieces of this many positions, a workgroup each.
constexpr std::uint32_t split_positions = 256;
constexpr float log2_e = 1.44269504088896340736f;

std::uint64_t cache_bytes(const std::string& name, const KeyValueCache& cache) {
  if (cache.positions == 0 || cache.key_value_heads == 0 || cache.slots == 0)
    refuse(name, "the KV cache is empty");
  if (cache.head_dimension < 8 || cache.head_dimension > 256 || cache.head_dimension % 8 != 0)
    refuse(name, "the head dimension must be a multiple of 8 up to 256");
  return checked_bytes(name, std::uint64_t{cache.positions} * cache.key_value_heads, cache.slots,
                       KeyValueCache::row_bytes(cache.head_dimension, cache.type));
}

// What the kernels' loads and stores of a row need.
std::uint64_t cache_alignment(const KeyValueCache& cache) {
  return cache.type == CacheType::f16 ? 2 : 4;
}

// A token of its own sequence shares the cache with no other token of the step.
bool tokens_alone(StepRows step, std::uint32_t capacity) {
  return capacity == 1 || step == StepRows::slots;
}

// 0: not split.
std::uint32_t split_count(std::uint32_t positions, std::uint32_t capacity, StepRows step) {
  if (!tokens_alone(step, capacity) || positions <= split_positions) return 0;
  return divide_up(positions, split_positions);
}

// How many queries a workgroup takes: those of a group of heads in a decode step, four when
// neighbouring tokens share the cache; half for long heads, whose sums take the registers.
std::uint32_t query_tile(std::uint32_t head_group, std::uint32_t head_dimension,
                         bool tokens_alone) {
  const std::uint32_t largest = head_dimension <= 128 ? 4 : 2;
  return std::min(tokens_alone ? std::bit_ceil(head_group) : largest, largest);
}

void combine(CommandGraph& graph, const Attention& operation, std::uint32_t head_group,
             std::uint32_t tile, std::uint32_t splits) {
  ArgumentBlock<kernels::AttentionCombineArguments> block("attention");
  const std::uint32_t dimension = operation.cache.head_dimension;
  block.point(block.values.partials, operation.scratch,
              attention_scratch_bytes(operation.query_heads, dimension, operation.cache.positions,
                                      operation.capacity, operation.step),
              4, Access::read, "the scratch memory");
  block.point(
      block.values.output, operation.output,
      checked_bytes(block.operation(), std::uint64_t{operation.capacity} * operation.query_heads,
                    dimension, 4),
      4, Access::write, "the output");
  block.point(block.values.state, operation.state, state_bytes(operation.step, operation.capacity),
              4, Access::read, "the state");
  block.values.query_heads = operation.query_heads;
  block.values.splits = splits;
  const KernelRequest request{"attention",
                              "attention_combine",
                              {{"by_slot", by_slot(operation.step, operation.capacity) ? 1u : 0u},
                               {"head_dimension", dimension},
                               {"head_group", head_group},
                               {"query_tile", tile},
                               {"split_positions", split_positions}}};
  block.dispatch(graph, request, {operation.query_heads, operation.capacity, 1}, threads);
}

}  // namespace

std::string_view to_string(CacheType type) {
  return type == CacheType::f16 ? "f16" : "q8_0";
}

std::optional<CacheType> find_cache_type(std::string_view name) {
  for (const CacheType type : {CacheType::f16, CacheType::q8_0})
    if (name == to_string(type)) return type;
  return std::nullopt;
}

void rotary_store(CommandGraph& graph, const RotaryStore& operation) {
  ArgumentBlock<kernels::RotaryStoreArguments> block("rotary_store");
  const std::string& name = block.operation();
  check_capacity(name, operation.capacity, operation.step);
  const KeyValueCache& cache = operation.cache;
  const std::uint64_t store_bytes = cache_bytes(name, cache);
  const std::uint32_t dimension = cache.head_dimension;
  if (operation.query_heads == 0) refuse(name, "there are no query heads");
  if (operation.rope_dimensions % 2 != 0 || operation.rope_dimensions > dimension)
    refuse(name, "the rotated dimensions must be even and at most the head's");
  const std::uint64_t query_bytes =
      checked_bytes(name, std::uint64_t{operation.capacity} * operation.query_heads, dimension, 4);
  const std::uint64_t key_bytes =
      checked_bytes(name, std::uint64_t{operation.capacity} * cache.key_value_heads, dimension, 4);
  auto& values = block.values;
  block.point(values.queries, operation.queries, query_bytes, 4, Access::read_write, "queries");
  block.point(values.keys, operation.keys, key_bytes, 4, Access::read, "keys");
  block.point(values.values, operation.values, key_bytes, 4, Access::read, "values");
  block.point(values.key_cache, cache.keys, store_bytes, cache_alignment(cache), Access::write,
              "the key cache");
  block.point(values.value_cache, cache.values, store_bytes, cache_alignment(cache), Access::write,
              "the value cache");
  if (operation.rope_dimensions > 0)
    block.point(values.frequencies, operation.rope_frequencies,
                checked_bytes(name, operation.rope_dimensions / 2, sizeof(RopeFrequency), 1), 4,
                Access::read, "the table of frequencies");
  if (operation.query_norm) {
    block.point(values.query_norm, operation.query_norm->weight, dimension * 4, 4, Access::read,
                "the query norm's weight");
    values.query_epsilon = operation.query_norm->epsilon;
  }
  if (operation.key_norm) {
    block.point(values.key_norm, operation.key_norm->weight, dimension * 4, 4, Access::read,
                "the key norm's weight");
    values.key_epsilon = operation.key_norm->epsilon;
  }
  block.point(values.state, operation.state, state_bytes(operation.step, operation.capacity), 4,
              Access::read, "the state");
  values.query_heads = operation.query_heads;
  values.key_value_heads = cache.key_value_heads;
  values.positions = cache.positions;
  values.slots = cache.slots;
  values.magnitude = operation.rope_magnitude;
  const KernelRequest request{"rotary_store",
                              "rotary_store",
                              {{"by_slot", by_slot(operation.step, operation.capacity) ? 1u : 0u},
                               {"head_dimension", dimension},
                               {"neox", operation.pairing == RopePairing::neox ? 1u : 0u},
                               {"quantised", cache.type == CacheType::q8_0 ? 1u : 0u},
                               {"rope_dimensions", operation.rope_dimensions}}};
  const std::uint32_t heads = operation.query_heads + 2 * cache.key_value_heads;
  block.dispatch(graph, request, {divide_up(heads, heads_per_group), operation.capacity, 1},
                 threads);
}

std::uint64_t attention_scratch_bytes(std::uint32_t query_heads, std::uint32_t head_dimension,
                                      std::uint32_t positions, std::uint32_t capacity,
                                      StepRows step) {
  return checked_bytes("attention",
                       std::uint64_t{query_heads} * split_count(positions, capacity, step),
                       (std::uint64_t{head_dimension} + 2) * capacity, 4);
}

void attention(CommandGraph& graph, const Attention& operation) {
  ArgumentBlock<kernels::AttentionArguments> block("attention");
  const std::string& name = block.operation();
  check_capacity(name, operation.capacity, operation.step);
  const KeyValueCache& cache = operation.cache;
  const std::uint64_t store_bytes = cache_bytes(name, cache);
  const std::uint32_t dimension = cache.head_dimension;
  if (operation.query_heads == 0 || operation.query_heads % cache.key_value_heads != 0)
    refuse(name, "the query heads must be a multiple of the key/value heads");
  const std::uint32_t head_group = operation.query_heads / cache.key_value_heads;
  const bool alone = tokens_alone(operation.step, operation.capacity);
  const std::uint32_t tile = query_tile(head_group, dimension, alone);
  const std::uint32_t splits = split_count(cache.positions, operation.capacity, operation.step);
  const std::uint64_t row_bytes =
      checked_bytes(name, std::uint64_t{operation.capacity} * operation.query_heads, dimension, 4);
  auto& values = block.values;
  block.point(values.queries, operation.queries, row_bytes, 4, Access::read, "queries");
  block.point(values.key_cache, cache.keys, store_bytes, cache_alignment(cache), Access::read,
              "the key cache");
  block.point(values.value_cache, cache.values, store_bytes, cache_alignment(cache), Access::read,
              "the value cache");
  if (splits == 0)
    block.point(values.output, operation.output, row_bytes, 4, Access::write, "the output");
  else
    block.point(values.partials, operation.scratch,
                attention_scratch_bytes(operation.query_heads, dimension, cache.positions,
                                        operation.capacity, operation.step),
                4, Access::write, "the scratch memory");
  block.point(values.state, operation.state, state_bytes(operation.step, operation.capacity), 4,
              Access::read, "the state");
  values.query_heads = operation.query_heads;
  values.key_value_heads = cache.key_value_heads;
  values.positions = cache.positions;
  values.slots = cache.slots;
  const float scale =
      operation.scale != 0 ? operation.scale : 1.0f / std::sqrt(static_cast<float>(dimension));
  values.scale = scale * log2_e;
  const KernelRequest request{"attention",
                              "attention",
                              {{"by_slot", by_slot(operation.step, operation.capacity) ? 1u : 0u},
                               {"head_dimension", dimension},
                               {"head_group", head_group},
                               {"quantised", cache.type == CacheType::q8_0 ? 1u : 0u},
                               {"query_tile", tile},
                               {"split_positions", splits == 0 ? 0 : split_positions}}};
  const std::uint32_t queries = alone ? operation.capacity * divide_up(head_group, tile)
                                      : divide_up(operation.capacity * head_group, tile);
  block.dispatch(graph, request, {queries, cache.key_value_heads, std::max(splits, 1u)}, threads);
  if (splits != 0) combine(graph, operation, head_group, tile, splits);
}

}  // namespace redbolt::runtime
