// A model that the server answers with: its names, how far its loading is, and, once it is loaded,
// all that an answer needs.
//
// Threads: a loader's thread reports progress and hands over the loaded model; the others read.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "redbolt/llm/chat/format.hpp"
#include "redbolt/llm/constraint/constraint_compiler.hpp"
#include "redbolt/llm/engine/token_engine.hpp"
#include "redbolt/llm/output/answer_format.hpp"
#include "redbolt/llm/tokenizer/tokenizer.hpp"

namespace redbolt::llm::server {

// What is told of a model to those who ask.
struct ModelFacts {
  std::string name = {};  // as its file has it
  std::string architecture = {};
  std::string quantization = {};  // "Q4_K_M"; empty where the file does not say
  std::string chat_template = {};
  std::uint64_t parameters = 0;
  std::uint64_t bytes = 0;            // of its tensors
  std::uint32_t trained_context = 0;  // tokens
  std::int64_t modified = 0;          // of its file, seconds since 1970
};

// The engine last: it ends first.
struct LoadedParts {
  std::unique_ptr<Tokenizer> tokenizer = {};
  std::unique_ptr<ChatFormat> format = {};  // null: no chat with this model
  std::string no_chat_because = {};
  AnswerFormat answer_format = {};
  std::unique_ptr<ConstraintCompiler> constraints = {};  // null: no form can be forced
  std::string no_forms_because = {};
  std::unique_ptr<TokenEngine> engine = {};
};

class ServedModel {
 public:
  ServedModel(std::string id, std::vector<std::string> aliases, ModelFacts facts);
  ServedModel(const ServedModel&) = delete;
  ServedModel& operator=(const ServedModel&) = delete;

  const std::string& id() const { return id_; }
  const std::vector<std::string>& aliases() const { return aliases_; }
  const ModelFacts& facts() const { return facts_; }
  bool is_called(std::string_view name) const;

  // --- the loader ---
  void report_progress(double share);  // 0 .. 1
  // Requests are taken from now on. They hold the parts for as long as they need them.
  void loaded(LoadedParts parts);
  // What was loaded is gone, and will be loaded again as soon as that is possible.
  void unloaded(std::string why);
  void failed(std::string why);

  // --- the server ---
  double progress() const { return progress_; }
  // Empty unless loading has failed.
  std::string failure() const;
  bool is_ready() const { return parts_if_ready() != nullptr; }
  // Throws ApiError (503 while loading, 500 if that has failed).
  std::shared_ptr<const LoadedParts> parts() const;
  // Null unless ready.
  std::shared_ptr<const LoadedParts> parts_if_ready() const;

 private:
  std::string id_;
  std::vector<std::string> aliases_;
  ModelFacts facts_;
  std::atomic<double> progress_{0};
  mutable std::mutex mutex_;  // of what follows
  std::string failure_, unloaded_because_;
  std::shared_ptr<const LoadedParts> parts_;
};

using ServedModels = std::vector<std::shared_ptr<ServedModel>>;

// The model of that name ("" the first; ":latest" may be left out or added). Throws ApiError (404).
std::shared_ptr<ServedModel> find_model(const ServedModels& models, std::string_view name);

}  // namespace redbolt::llm::server
