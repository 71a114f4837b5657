// A task made ready for a model's engine: its prompt in tokens, what the answer has to look like
// and how it is to be read. Takes as long as rendering and tokenizing the prompt does, so it is
// done away from the server's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "redbolt/llm/engine/token_engine.hpp"
#include "redbolt/llm/output/answer_parser.hpp"
#include "server/generation/task.hpp"
#include "server/models/served_model.hpp"

namespace redbolt::llm::server {

struct Prepared {
  std::shared_ptr<ServedModel> model = {};
  std::shared_ptr<const LoadedParts> parts = {};
  std::vector<TokenId> prompt = {};
  std::uint32_t keep_tokens = 0;  // of the prompt, where a full context is shifted
  std::vector<TokenId> stop_tokens = {};
  Wishes wishes = {};
  // Nothing: the answer is text, not to be taken apart.
  std::optional<AnswerOptions> reading = {};
  ThinkingTags thinking = {};  // for thoughts that go to the content
  ThoughtsTo thoughts = ThoughtsTo::own_field;
  bool one_call_only = false;  // the answer ends with its first call
  // A new one for each answer; null: anything may come.
  std::function<std::unique_ptr<TokenConstraint>()> make_constraint = {};
  std::string prompt_field = {};  // for errors
};

// Throws ApiError.
Prepared prepare(ChatTask task, const ServedModels& models);
Prepared prepare(TextTask task, const ServedModels& models);

}  // namespace redbolt::llm::server
