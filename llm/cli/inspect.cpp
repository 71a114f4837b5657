// redbolt-llm inspect: what a file holds, and what it would need on a card.
#include <iomanip>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "cli/session.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "redbolt/llm/chat/format.hpp"
#include "redbolt/llm/engine/memory_plan.hpp"
#include "support/printable.hpp"

namespace redbolt::llm::cli {
namespace {

struct Options {
  ModelChoice model;
  std::uint32_t context = 0;
  runtime::CacheType cache_type = runtime::CacheType::f16;
};

class Report {
 public:
  void line(const std::string& label, const std::string& text) {
    text_ << std::left << std::setw(22) << label << text << '\n';
  }
  void heading(const std::string& text) { text_ << '\n' << text << '\n'; }
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
};

std::string bytes_text(std::uint64_t bytes) {
  return grouped(bytes) + " bytes (" + human_bytes(bytes) + ")";
}

void describe_files(const ModelFiles& files, Report& report) {
  const Metadata& metadata = files.metadata();
  const GgufFile& first = files.files().front();
  std::uint64_t size = 0;
  for (const GgufFile& file : files.files()) size += file.size();
  std::string path = first.path().string();
  if (files.files().size() > 1)
    path += " and " + std::to_string(files.files().size() - 1) + " more";
  report.line("file", path);
  report.line("format", "GGUF " + std::to_string(first.version()) + ", " + bytes_text(size));
  report.line("architecture", printable(metadata.require_string("general.architecture")));
  if (const auto name = metadata.find_string("general.name")) report.line("name", printable(*name));
}

void describe_tensors(const ModelFiles& files, Report& report) {
  if (files.tensors().empty()) {
    report.line("tensors", "none; the file holds a vocabulary only");
    return;
  }
  struct Sum {
    std::uint64_t count = 0, bytes = 0;
  };
  std::map<std::string_view, Sum> by_type;
  for (const ModelTensor& tensor : files.tensors()) {
    Sum& sum = by_type[tensor.info.type->name];
    ++sum.count;
    sum.bytes += tensor.info.size;
  }
  report.line("tensors",
              std::to_string(files.tensors().size()) + ", " + bytes_text(files.tensor_bytes()));
  for (const auto& [type, sum] : by_type) {
    report.line("  " + std::string(type), std::to_string(sum.count) + ", " + bytes_text(sum.bytes));
  }
}

void describe_tokenizer(const ModelFiles& files, Report& report) {
  try {
    const Metadata& metadata = files.metadata();
    const Vocabulary vocabulary(metadata);
    std::string kind = "SentencePiece";
    if (vocabulary.model() == TokenizerModel::byte_pair) {
      kind = "byte-level BPE, " +
             printable(metadata.find_string("tokenizer.ggml.pre").value_or("default"));
    }
    report.line("tokenizer", std::to_string(vocabulary.size()) + " tokens, " + kind);
    report.line("chat format", std::string(choose_chat_format(metadata, vocabulary)->name()));
  } catch (const LlmError& error) {
    const bool chat =
        error.code() == ErrorCode::unsupported_chat || error.code() == ErrorCode::bad_template;
    report.line(chat ? "chat format" : "tokenizer", error.what());
  }
}

void describe_shape(const ModelConfig& config, Report& report) {
  report.line("layers", std::to_string(config.layers));
  report.line("width", std::to_string(config.embedding) + ", feed-forward " +
                           std::to_string(config.feed_forward));
  report.line("attention", std::to_string(config.heads) + " heads of " +
                               std::to_string(config.head_dimension) + ", " +
                               std::to_string(config.key_value_heads) + " for keys and values");
  report.line("trained context", grouped(config.context_length) + " tokens");
  report.line("vocabulary rows", grouped(config.vocabulary));
}

void describe_memory(const ModelFiles& files, const ModelConfig& config, const Options& options,
                     Report& report) {
  const ModelWeights weights(files, config);
  EngineShape shape;
  shape.context = options.context != 0 ? options.context : default_context(config);
  shape.cache_type = options.cache_type;
  const MemoryPlan plan = plan_memory(config, Bytes(weights.buffer_bytes()), shape);
  report.heading("needed in VRAM at --ctx " + std::to_string(shape.context));
  report.line("  weights", bytes_text(plan.weights.count()));
  report.line("  KV cache", bytes_text(plan.kv_cache.count()));
  report.line("  scratch", bytes_text(plan.scratch.count()));
  report.line("  together", bytes_text(plan.total().count()));
}

void inspect(const Options& options) {
  const ModelFiles files(options.model.file());
  Report report;
  describe_files(files, report);
  describe_tensors(files, report);
  describe_tokenizer(files, report);
  if (!files.tensors().empty()) {
    try {
      const ModelConfig config = read_model_config(files);
      describe_shape(config, report);
      describe_memory(files, config, options, report);
    } catch (const LlmError& error) {
      report.heading(std::string("cannot be run: ") + error.what());
    }
  }
  write_output(report.text());
}

}  // namespace

void add_inspect(CLI::App& application) {
  const auto options = std::make_shared<Options>();
  auto* const verb = application.add_subcommand(
      "inspect", "Print what a model file holds and needs; needs no card");
  add_model_option(*verb, options->model);
  add_context_option(*verb, options->context);
  add_cache_option(*verb, options->cache_type);
  verb->callback([options] { inspect(*options); });
}

}  // namespace redbolt::llm::cli
