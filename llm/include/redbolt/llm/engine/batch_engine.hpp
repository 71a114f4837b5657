// The engine of a server: up to EngineShape::slots requests at once, each in a slot of the KV
// cache. A decode step feeds one token of every running request, and reads the weights once for all
// of them. Prompts are fed in chunks between those steps.
//
// One thread of its own does everything that a request needs; sinks and constraints are called on
// it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "redbolt/llm/engine/card_share.hpp"
#include "redbolt/llm/engine/loaded_model.hpp"
#include "redbolt/llm/engine/token_engine.hpp"
#include "redbolt/runtime/device.hpp"

namespace redbolt::llm {

struct BatchEngineOptions {
  // Requests that may wait while every slot is taken; one more is refused with queue_full.
  std::uint32_t queue_length = 64;
  // When a request's context is full, the oldest half of its tokens goes, after the first
  // TokenRequest::keep_tokens, and the rest is fed again; an answer without a limit then ends after
  // as many tokens as the context has positions. Without: the answer ends.
  bool context_shift = false;
  // With the engines of other models on the same Device; null: alone on it.
  std::shared_ptr<CardShare> share = {};
  runtime::Device::LoadProgress progress = {};  // of compiling kernels
  // Told once, on the engine's thread, after every sink has got its on_end: the card failed or was
  // asked back, here or in another engine of the share. The engine takes nothing more and has let
  // go of its work; it is to be destroyed and made anew, on a new LoadedModel. Not on the engine's
  // own thread.
  std::function<void(const LlmError&)> on_failure = {};
};

class BatchEngine final : public TokenEngine {
 public:
  // Compiles and records what it needs, and starts its thread. `model` must outlive the engine, and
  // nothing else may submit work with it meanwhile (with other models on the device: yes). Throws
  // what the device throws.
  explicit BatchEngine(const LoadedModel& model, BatchEngineOptions options = {});
  ~BatchEngine() override;

  std::uint32_t context() const override;
  std::uint32_t slots() const override;
  // After a failure: throws that error.
  TokenRequestId submit(TokenRequest request, std::shared_ptr<TokenSink> sink) override;
  void cancel(TokenRequestId id) override;
  EngineStatus status() const override;

  // What ended the engine; nothing while it works.
  std::optional<LlmError> failure() const;
  const runtime::LoadReport& kernels() const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace redbolt::llm
