// Matrices over activations: linear and gated_linear, in the vector and the batched form.
#include <algorithm>
#include <bit>

#include "operations/checks.hpp"

namespace redbolt::runtime {
namespace {

constexpr std::uint32_t threads = 128;
constexpr std::uint32_t waves = threads / 32;
constexpr std::uint32_t unit_weights = 32;  // that a lane decodes at once
constexpr std::uint32_t batched_tile_rows = 64;
constexpr std::uint32_t batched_tile_tokens = 32;

// How a wave of the vector form is divided.
struct VectorShape {
  std::uint32_t lanes_per_row;
  std::uint32_t row_tile;
  std::uint32_t rows_per_group;  // of a workgroup
};

// Four rows of a lane share the activations best, and leave the card's vector units less to do than
// its memory; two where four would leave fewer than four waves to each of an RX 7900 XTX's 192
// SIMDs.
constexpr std::uint32_t enough_waves = 4 * 192;
constexpr std::uint32_t gated_tile = 2;  // of each of the two matrices

VectorShape vector_shape(std::uint32_t rows, std::uint32_t columns, std::uint32_t largest_tile) {
  const std::uint32_t units = std::max(columns / unit_weights, 1u);
  VectorShape shape{};
  shape.lanes_per_row = std::bit_ceil(std::min(units, 32u));
  const std::uint32_t rows_of_wave = 32 / shape.lanes_per_row;
  const bool many = rows / (4 * rows_of_wave) >= enough_waves;
  shape.row_tile = std::min(many ? 4u : 2u, largest_tile);
  shape.rows_per_group = waves * rows_of_wave * shape.row_tile;
  return shape;
}

// The forms of a step of several sequences that are narrower than a whole tile; 0: the whole tile.
std::uint32_t few_tokens(StepRows step, std::uint32_t capacity) {
  constexpr std::uint32_t most = 16;
  if (!by_slot(step, capacity) || capacity > most) return 0;
  return std::bit_ceil(capacity);
}

struct TypeSlots {
  std::vector<WeightType> types;

  std::uint32_t slot_of(WeightType type) {
    const auto found = std::ranges::find(types, type);
    const auto slot = static_cast<std::uint32_t>(found - types.begin());
    if (found == types.end()) types.push_back(type);
    return slot;
  }
  std::uint32_t constant(std::size_t slot) const {
    return slot < types.size() ? static_cast<std::uint32_t>(types[slot]) : unused_constant;
  }
};

void check_parts(const std::string& name, const Linear& operation) {
  if (operation.parts.empty() || operation.parts.size() > kernels::max_linear_parts)
    refuse(name, "takes one to three matrices");
  const std::uint32_t columns = operation.parts.front().weight.columns;
  for (const LinearPart& part : operation.parts)
    if (part.weight.columns != columns)
      refuse(name, "all matrices must have the same number of columns");
}

template <class Arguments>
void point_norm(ArgumentBlock<Arguments>& block, const std::optional<RmsNormWeight>& norm,
                std::uint32_t columns) {
  if (!norm) return;
  block.point(block.values.norm, norm->weight, checked_bytes(block.operation(), columns, 4, 1), 4,
              Access::read, "the norm's weight");
  block.values.epsilon = norm->epsilon;
}

// Fills one part and returns the number of workgroups (x) that it takes.
std::uint32_t fill_part(ArgumentBlock<kernels::LinearArguments>& block, std::size_t index,
                        const LinearPart& part, std::uint32_t output_rows, std::uint32_t type_slot,
                        std::uint32_t first_group, std::uint32_t rows_per_group) {
  const std::string& name = block.operation();
  kernels::LinearPartArguments& values = block.values.parts[index];
  const std::uint64_t bytes = matrix_bytes(name, part.weight);
  const std::uint64_t output_bytes = checked_bytes(name, output_rows, part.weight.rows, 4);
  block.point(values.weights, part.weight.data, bytes, weight_alignment(part.weight.type),
              Access::read, "a matrix");
  block.point(values.output, part.output, output_bytes, 4, Access::write, "an output");
  if (part.bias)
    block.point(values.bias, *part.bias, checked_bytes(name, part.weight.rows, 4, 1), 4,
                Access::read, "a bias");
  if (part.residual)
    block.point(values.residual, *part.residual, output_bytes, 4, Access::read, "a residual");
  values.rows = part.weight.rows;
  values.type_slot = type_slot;
  values.first_group = first_group;
  return divide_up(part.weight.rows, rows_per_group);
}

std::uint32_t total_rows(const Linear& operation) {
  std::uint32_t rows = 0;
  for (const LinearPart& part : operation.parts) rows += part.weight.rows;
  return rows;
}

}  // namespace

void linear(CommandGraph& graph, const Linear& operation) {
  ArgumentBlock<kernels::LinearArguments> block("linear");
  check_capacity(block.operation(), operation.capacity, operation.step);
  check_parts(block.operation(), operation);
  const std::uint32_t columns = operation.parts.front().weight.columns;
  const bool last = operation.rows == RowChoice::last;
  if (last && operation.step == StepRows::slots && operation.capacity > 1)
    refuse(block.operation(), "a step of several sequences has no last row");
  const bool vector = last || operation.capacity == 1;
  const VectorShape shape = vector_shape(total_rows(operation), columns, 4);
  const std::uint32_t rows_per_group = vector ? shape.rows_per_group : batched_tile_rows;
  const std::uint32_t output_rows = vector ? 1 : operation.capacity;
  TypeSlots slots;
  std::uint32_t groups = 0;
  for (std::size_t i = 0; i < operation.parts.size(); ++i) {
    const LinearPart& part = operation.parts[i];
    groups += fill_part(block, i, part, output_rows, slots.slot_of(part.weight.type), groups,
                        rows_per_group);
  }
  block.values.part_count = static_cast<std::uint32_t>(operation.parts.size());
  block.point(block.values.input, operation.input,
              checked_bytes(block.operation(), operation.capacity, columns, 4), 4, Access::read,
              "the input");
  block.point(block.values.state, operation.state, state_bytes(operation.step, operation.capacity),
              4, Access::read, "the state");
  block.values.capacity = operation.capacity;
  point_norm(block, operation.norm, columns);
  const std::uint32_t normalise = operation.norm ? 1 : 0;
  if (vector) {
    const KernelRequest request{"linear_vector",
                                "linear_vector",
                                {{"columns", columns},
                                 {"lanes_per_row", shape.lanes_per_row},
                                 {"last_row", last && operation.capacity > 1 ? 1u : 0u},
                                 {"normalise", normalise},
                                 {"row_tile", shape.row_tile},
                                 {"type_0", slots.constant(0)},
                                 {"type_1", slots.constant(1)},
                                 {"type_2", slots.constant(2)}}};
    block.dispatch(graph, request, {groups, 1, 1}, threads);
    return;
  }
  if (const std::uint32_t few = few_tokens(operation.step, operation.capacity)) {
    const KernelRequest request{"linear_few",
                                "linear_few",
                                {{"columns", columns},
                                 {"normalise", normalise},
                                 {"tokens", few},
                                 {"type_0", slots.constant(0)},
                                 {"type_1", slots.constant(1)},
                                 {"type_2", slots.constant(2)}}};
    block.dispatch(graph, request, {groups, 1, 1}, threads);
    return;
  }
  const std::uint32_t slots_form = by_slot(operation.step, operation.capacity) ? 1 : 0;
  const KernelRequest request{"linear_batched",
                              "linear_batched",
                              {{"by_slot", slots_form},
                               {"columns", columns},
                               {"normalise", normalise},
                               {"type_0", slots.constant(0)},
                               {"type_1", slots.constant(1)},
                               {"type_2", slots.constant(2)}}};
  block.dispatch(graph, request, {groups, divide_up(operation.capacity, batched_tile_tokens), 1},
                 threads);
}

void gated_linear(CommandGraph& graph, const GatedLinear& operation) {
  ArgumentBlock<kernels::GatedLinearArguments> block("gated_linear");
  const std::string& name = block.operation();
  check_capacity(name, operation.capacity, operation.step);
  const WeightMatrix& gate = operation.gate;
  if (gate.type != operation.up.type || gate.rows != operation.up.rows ||
      gate.columns != operation.up.columns)
    refuse(name, "gate and up must have the same shape and type");
  const std::uint64_t bytes = matrix_bytes(name, gate);
  const std::uint64_t alignment = weight_alignment(gate.type);
  block.point(block.values.gate, gate.data, bytes, alignment, Access::read, "the gate matrix");
  block.point(block.values.up, operation.up.data, bytes, alignment, Access::read, "the up matrix");
  block.point(block.values.output, operation.output,
              checked_bytes(name, operation.capacity, gate.rows, 4), 4, Access::write,
              "the output");
  block.point(block.values.input, operation.input,
              checked_bytes(name, operation.capacity, gate.columns, 4), 4, Access::read,
              "the input");
  block.point(block.values.state, operation.state, state_bytes(operation.step, operation.capacity),
              4, Access::read, "the state");
  block.values.capacity = operation.capacity;
  point_norm(block, operation.norm, gate.columns);
  block.values.rows = gate.rows;
  const std::uint32_t normalise = operation.norm ? 1 : 0;
  const auto type = static_cast<std::uint32_t>(gate.type);
  if (operation.capacity == 1) {
    const VectorShape shape = vector_shape(gate.rows, gate.columns, gated_tile);
    const KernelRequest request{"linear_vector",
                                "gated_vector",
                                {{"columns", gate.columns},
                                 {"lanes_per_row", shape.lanes_per_row},
                                 {"last_row", 0},
                                 {"normalise", normalise},
                                 {"type_0", type}}};
    block.dispatch(graph, request, {divide_up(gate.rows, shape.rows_per_group), 1, 1}, threads);
    return;
  }
  if (const std::uint32_t few = few_tokens(operation.step, operation.capacity)) {
    const KernelRequest request{
        "linear_few",
        "gated_few",
        {{"columns", gate.columns}, {"normalise", normalise}, {"tokens", few}, {"type_0", type}}};
    block.dispatch(graph, request, {divide_up(gate.rows, batched_tile_rows), 1, 1}, threads);
    return;
  }
  const KernelRequest request{"linear_batched",
                              "gated_batched",
                              {{"by_slot", by_slot(operation.step, operation.capacity) ? 1u : 0u},
                               {"columns", gate.columns},
                               {"normalise", normalise},
                               {"type_0", type}}};
  block.dispatch(graph, request,
                 {divide_up(gate.rows, batched_tile_rows),
                  divide_up(operation.capacity, batched_tile_tokens), 1},
                 threads);
}

}  // namespace redbolt::runtime
