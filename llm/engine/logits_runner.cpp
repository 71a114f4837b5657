#include "redbolt/llm/engine/logits_runner.hpp"

#include <algorithm>

namespace redbolt::llm {
namespace {

runtime::StepState state_at(const LoadedModel& model, std::size_t position, TokenId token) {
  runtime::StepState state{};
  state.position = static_cast<std::uint32_t>(position);
  state.capacity = model.shape().context;
  state.remaining = 1;
  state.token = token;
  return state;
}

// Loads a graph's kernels with progress, and records it.
runtime::ExecutableGraph record(runtime::Device& device, const runtime::CommandGraph& graph,
                                const runtime::Device::LoadProgress& progress) {
  device.load(graph.requests(), progress);
  return device.record(graph);
}

}  // namespace

LogitsRunner::LogitsRunner(const LoadedModel& model, Feeding feeding,
                           const runtime::Device::LoadProgress& progress)
    : model_(model), feeding_(feeding), feed_(model) {
  runtime::Device& device = model.device();
  const GraphBuilder builder = model.graphs();
  if (feeding == Feeding::token_by_token) {
    step_ = record(device, builder.step_logits(), progress);
    return;
  }
  prefill_ = record(device, builder.prefill(model.shape().batch), progress);
  if (model.shape().all_logits) {
    all_rows_ = record(device, builder.logits(runtime::RowChoice::all), progress);
  }
  last_row_ = record(device, builder.logits(runtime::RowChoice::last), progress);
}

void LogitsRunner::run(std::span<const TokenId> tokens, bool all, const OnRow& on_row) {
  check_tokens(model_, tokens);
  if (feeding_ == Feeding::token_by_token) {
    run_token_by_token(tokens, all, on_row);
  } else {
    run_batched(tokens, all, on_row);
  }
}

void LogitsRunner::run_batched(std::span<const TokenId> tokens, bool all, const OnRow& on_row) {
  runtime::Device& device = model_.device();
  const std::size_t batch = model_.shape().batch;
  feed_.reset();
  for (std::size_t start = 0; start < tokens.size(); start += batch) {
    const auto chunk = tokens.subspan(start, std::min(batch, tokens.size() - start));
    const bool is_last = start + chunk.size() == tokens.size();
    feed_.push(state_at(model_, start, 0), chunk);
    device.submit(prefill_);
    if (all) {
      device.wait(device.submit(all_rows_));
      deliver_rows(chunk.size(), on_row);
    } else if (is_last) {
      device.wait(device.submit(last_row_));
      deliver_rows(1, on_row);
    }
  }
}

void LogitsRunner::run_token_by_token(std::span<const TokenId> tokens, bool all,
                                      const OnRow& on_row) {
  runtime::Device& device = model_.device();
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    feed_.reset();
    feed_.push(state_at(model_, i, tokens[i]), tokens.subspan(i, 1));
    device.wait(device.submit(step_));
    if (all || i + 1 == tokens.size()) deliver_rows(1, on_row);
  }
}

void LogitsRunner::deliver_rows(std::size_t count, const OnRow& on_row) {
  const std::size_t width = model_.config().vocabulary;
  rows_.resize(count * width);
  const auto bytes = std::as_writable_bytes(std::span(rows_));
  model_.device().download(bytes, model_.scratch(model_.layout().logits, bytes.size()));
  for (std::size_t row = 0; row < count; ++row)
    on_row(std::span(rows_).subspan(row * width, width));
}

}  // namespace redbolt::llm
