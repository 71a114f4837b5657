// redbolt-llm show: what a model is, in a screenful.
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/model_choice.hpp"
#include "cli/model_facts.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "redbolt/llm/chat/format.hpp"
#include "redbolt/llm/error.hpp"
#include "support/printable.hpp"

namespace redbolt::llm::cli {
namespace {

struct Options {
  ModelChoice model;
  bool chat_template = false;
  bool json = false;
};

struct Words {
  std::string tokenizer;    // what it is, or what is wrong with it
  std::string chat_format;  // its name, or why there is none
};

Words describe(const Metadata& metadata) {
  Words words;
  try {
    const Vocabulary vocabulary(metadata);
    words.tokenizer = std::to_string(vocabulary.size()) + " tokens, ";
    words.tokenizer +=
        vocabulary.model() == TokenizerModel::byte_pair
            ? "byte-level BPE, " +
                  printable(metadata.find_string("tokenizer.ggml.pre").value_or("default"))
            : "SentencePiece";
    words.chat_format = printable(choose_chat_format(metadata, vocabulary)->name());
  } catch (const LlmError& error) {
    (words.tokenizer.empty() ? words.tokenizer : words.chat_format) = error.what();
  }
  return words;
}

std::uint64_t bytes_of(const ModelFiles& files) {
  std::uint64_t bytes = 0;
  for (const GgufFile& file : files.files()) bytes += file.size();
  return bytes;
}

std::string chat_template(const Metadata& metadata) {
  return std::string(metadata.find_string("tokenizer.chat_template").value_or(""));
}

nlohmann::json report(const ModelFiles& files) {
  const ModelFacts facts = read_facts(files);
  const Words words = describe(files.metadata());
  const auto optional = [](const auto& value) {
    return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
  };
  nlohmann::json paths = nlohmann::json::array();
  for (const GgufFile& file : files.files()) paths.push_back(printable(file.path().string(), 4096));
  return {{"schema_version", 1},
          {"name", facts.name},
          {"files", paths},
          {"bytes", bytes_of(files)},
          {"architecture", facts.architecture},
          {"parameters", facts.parameters},
          {"quantization", facts.quantization},
          {"context_length", optional(facts.context)},
          {"embedding_length", optional(facts.embedding)},
          {"layers", optional(facts.layers)},
          {"tokenizer", words.tokenizer},
          {"chat_format", words.chat_format},
          {"license", facts.license}};
}

void print_for_people(const ModelFiles& files) {
  const ModelFacts facts = read_facts(files);
  const Words words = describe(files.metadata());
  const auto number = [](const std::optional<std::uint64_t>& value) {
    return value ? grouped(*value) : "";
  };
  const std::string more =
      files.files().size() == 1 ? "" : " and " + std::to_string(files.files().size() - 1) + " more";
  const std::vector<std::pair<std::string, std::string>> lines = {
      {"name", facts.name},
      {"architecture", facts.architecture},
      {"parameters", parameters_text(facts.parameters)},
      {"quantization", facts.quantization},
      {"context length", number(facts.context)},
      {"embedding length", number(facts.embedding)},
      {"layers", number(facts.layers)},
      {"tokenizer", words.tokenizer},
      {"chat format", words.chat_format},
      {"license", facts.license},
      {"size", human_bytes(bytes_of(files))},
      {"file", files.files().front().path().string() + more}};
  std::string text;
  for (const auto& [label, value] : lines) {
    if (value.empty()) continue;
    text += label + std::string(18 - label.size(), ' ') + value + "\n";
  }
  write_output(text);
}

void show(const Options& options) {
  const ModelFiles files(options.model.file());
  if (options.json) return write_output(report(files).dump(2) + "\n");
  if (!options.chat_template) return print_for_people(files);
  std::string text = chat_template(files.metadata());
  if (text.empty())
    throw LlmError(ErrorCode::unsupported_chat, "the model's file has no chat template");
  if (!text.ends_with('\n')) text += "\n";
  write_output(text);
}

}  // namespace

void add_show(CLI::App& application) {
  const auto options = std::make_shared<Options>();
  auto* const verb = application.add_subcommand("show", "Show what a model is; needs no card");
  add_model_option(*verb, options->model);
  auto* const chat_template = verb->add_flag("--template", options->chat_template,
                                             "Print the chat template in the model's file");
  verb->add_flag("--json", options->json, "Print everything but the template as JSON")
      ->excludes(chat_template);
  verb->footer("\n`redbolt-llm inspect` tells more of tensors and memory.");
  verb->callback([options] { show(*options); });
}

}  // namespace redbolt::llm::cli
