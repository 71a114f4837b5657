// Table lookups, norms and additions.
#include <cstddef>

#include "operations/checks.hpp"

namespace redbolt::runtime {

void embedding(CommandGraph& graph, const Embedding& operation) {
  ArgumentBlock<kernels::EmbeddingArguments> block("embedding");
  const std::string& name = block.operation();
  check_capacity(name, operation.capacity, operation.step);
  const bool slots = by_slot(operation.step, operation.capacity);
  const WeightMatrix& table = operation.table;
  block.point(block.values.table, table.data, matrix_bytes(name, table),
              weight_alignment(table.type), Access::read, "the table");
  const BufferView tokens =
      operation.step == StepRows::slots
          ? operation.state.part(Bytes(offsetof(StepState, token)), Bytes(sizeof(std::uint32_t)))
          : operation.tokens;
  if (!slots)
    block.point(block.values.tokens, tokens, checked_bytes(name, operation.capacity, 4, 1), 4,
                Access::read, "the token ids");
  block.point(block.values.output, operation.output,
              checked_bytes(name, operation.capacity, table.columns, 4), 4, Access::write,
              "the output");
  block.point(block.values.state, operation.state, state_bytes(operation.step, operation.capacity),
              4, Access::read, "the state");
  block.values.rows = table.rows;
  const KernelRequest request{"embedding",
                              "embedding",
                              {{"by_slot", slots ? 1u : 0u},
                               {"columns", table.columns},
                               {"type_0", static_cast<std::uint32_t>(table.type)}}};
  block.dispatch(graph, request, {operation.capacity, 1, 1}, 64);
}

void dequantize(CommandGraph& graph, const Dequantize& operation) {
  ArgumentBlock<kernels::DequantizeArguments> block("dequantize");
  const std::string& name = block.operation();
  const WeightMatrix& weight = operation.weight;
  block.point(block.values.weights, weight.data, matrix_bytes(name, weight),
              weight_alignment(weight.type), Access::read, "the matrix");
  block.point(block.values.output, operation.output,
              checked_bytes(name, weight.rows, weight.columns, 4), 4, Access::write, "the output");
  const KernelRequest request{
      "embedding",
      "dequantize",
      {{"columns", weight.columns}, {"type_0", static_cast<std::uint32_t>(weight.type)}}};
  block.dispatch(graph, request, {weight.rows, 1, 1}, 64);
}

void rms_norm(CommandGraph& graph, const RmsNorm& operation) {
  ArgumentBlock<kernels::RmsNormArguments> block("rms_norm");
  const std::string& name = block.operation();
  check_capacity(name, operation.capacity);
  if (operation.width == 0) refuse(name, "the width must be 1 at least");
  const std::uint64_t bytes = checked_bytes(name, operation.capacity, operation.width, 4);
  block.point(block.values.input, operation.input, bytes, 4, Access::read, "the input");
  block.point(block.values.output, operation.output, bytes, 4, Access::write, "the output");
  block.point(block.values.weight, operation.norm.weight,
              checked_bytes(name, operation.width, 4, 1), 4, Access::read, "the norm's weight");
  block.point(block.values.state, operation.state, sizeof(StepState), 4, Access::read, "the state");
  block.values.width = operation.width;
  block.values.epsilon = operation.norm.epsilon;
  block.dispatch(graph, {"elementwise", "rms_norm", {}}, {operation.capacity, 1, 1}, 256);
}

void add(CommandGraph& graph, const Add& operation) {
  ArgumentBlock<kernels::AddArguments> block("add");
  const std::string& name = block.operation();
  check_capacity(name, operation.capacity);
  if (operation.width == 0) refuse(name, "the width must be 1 at least");
  const std::uint64_t bytes = checked_bytes(name, operation.capacity, operation.width, 4);
  block.point(block.values.a, operation.a, bytes, 4, Access::read, "the first input");
  block.point(block.values.b, operation.b, bytes, 4, Access::read, "the second input");
  block.point(block.values.output, operation.output, bytes, 4, Access::write, "the output");
  block.point(block.values.state, operation.state, sizeof(StepState), 4, Access::read, "the state");
  block.values.width = operation.width;
  block.dispatch(graph, {"elementwise", "add", {}},
                 {divide_up(operation.width, 256), operation.capacity, 1}, 256);
}

}  // namespace redbolt::runtime
