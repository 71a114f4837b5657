#include "redbolt/llm/engine/input_feed.hpp"

#include <cstring>
#include <stdexcept>
#include <string>

#include "redbolt/llm/error.hpp"
#include "redbolt/llm/model/graph.hpp"

namespace redbolt::llm {
namespace {

std::uint64_t chunks(const EngineShape& shape) {
  return (std::uint64_t{shape.context} + shape.batch - 1) / shape.batch;
}

}  // namespace

InputFeed::InputFeed(const LoadedModel& model) : InputFeed(model, chunks(model.shape())) {}

InputFeed::InputFeed(const LoadedModel& model, std::uint64_t places)
    : model_(model),
      place_bytes_(model.layout().input_bytes),
      places_(places),
      staging_(model.device().allocate_shared(Bytes(places_ * place_bytes_), "prompt")) {}

runtime::Fence InputFeed::push(runtime::StepState state, std::span<const TokenId> ids) {
  if (ids.size() > model_.shape().batch) {
    throw std::logic_error("more tokens than the feed was made for");
  }
  state.tokens = static_cast<std::uint32_t>(ids.size());
  const std::uint64_t offset = next_++ % places_ * place_bytes_;
  const std::span<std::byte> place = staging_.bytes().subspan(offset, place_bytes_);
  std::memcpy(place.data(), &state, sizeof(state));
  std::memcpy(place.data() + kInputTokensOffset, ids.data(), ids.size_bytes());
  return model_.device().copy(model_.scratch(model_.layout().input, place_bytes_),
                              staging_.view(Bytes(offset), Bytes(place_bytes_)));
}

void check_tokens(const LoadedModel& model, std::span<const TokenId> ids) {
  if (ids.empty()) throw LlmError(ErrorCode::bad_argument, "there are no tokens to feed");
  for (const TokenId id : ids) {
    if (id >= model.config().vocabulary) {
      throw LlmError(ErrorCode::bad_argument, "token " + std::to_string(id) +
                                                  " is not one of the model's " +
                                                  std::to_string(model.config().vocabulary));
    }
  }
  if (ids.size() > model.shape().context) {
    throw LlmError(ErrorCode::context_exceeded, "the prompt has " + std::to_string(ids.size()) +
                                                    " tokens, more than the context of " +
                                                    std::to_string(model.shape().context) +
                                                    "; give a larger one with --ctx");
  }
}

}  // namespace redbolt::llm
