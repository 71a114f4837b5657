#include "cli/session.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "cli/interrupt.hpp"
#include "cli/terminal.hpp"
#include "cli/work_report.hpp"
#include "redbolt/llm/models/catalogue.hpp"
#include "support/printable.hpp"

namespace redbolt::llm::cli {

void add_context_option(CLI::App& verb, std::uint32_t& context) {
  verb.add_option(
          "--ctx", context,
          "Positions of the KV cache: prompt and answer together (default: the model's, at most " +
              std::to_string(kDefaultContext) + ")")
      ->envname("REDBOLT_CTX")
      ->type_name("N")
      ->check(CLI::Range(std::uint32_t{1}, kMaximumContext));
}

void add_cache_option(CLI::App& verb, runtime::CacheType& type) {
  verb.add_option_function<std::string>(
          "--cache-type",
          [&type](const std::string& name) {
            type = name == "q8_0" ? runtime::CacheType::q8_0 : runtime::CacheType::f16;
          },
          "How the KV cache stores numbers: f16 (default), or q8_0 in about half the memory")
      ->envname("REDBOLT_CACHE_TYPE")
      ->type_name("TYPE")
      ->check(CLI::IsMember(std::vector<std::string>{"f16", "q8_0"}));
}

std::uint32_t choose_context(std::uint32_t asked, const ModelConfig& config, std::uint64_t needed) {
  if (asked > config.context_length) {
    note("warning: the model was trained for a context of " +
         std::to_string(config.context_length) + "; beyond it answers get worse");
  }
  if (asked != 0) return asked;
  const std::uint64_t trained = std::min<std::uint64_t>(needed, config.context_length);
  return std::max(default_context(config), static_cast<std::uint32_t>(trained));
}

void note_tokenizer(const Metadata& metadata) {
  const bool byte_pair = metadata.find_string("tokenizer.ggml.model") == "gpt2";
  if (byte_pair && metadata.find("tokenizer.ggml.pre") == nullptr) {
    note(
        "warning: the file does not name its pre-tokenizer; 'default' may split words as the model "
        "does not "
        "know them");
  }
}

std::string describe_model(const ModelConfig& config, const ModelFiles& files) {
  std::string name = printable(config.name);
  if (name.empty()) name = files.files().front().path().filename().string();
  return name + " (" + std::string(config.architecture->name) + ", " +
         std::to_string(config.layers) + " layers of width " + std::to_string(config.embedding) +
         "), " + human_bytes(files.tensor_bytes());
}

std::unique_ptr<LoadedModel> load_model(const ModelFiles& files, runtime::Device& device,
                                        const EngineShape& shape, const std::string& asked) {
  std::unique_ptr<LoadedModel> model;
  {
    ProgressLine line("uploading");
    const auto start = std::chrono::steady_clock::now();
    LoadOptions options;
    const bool is_blob = files.files().front().path().filename().string().starts_with("sha256-");
    if (is_blob && !is_model_path(asked)) options.name = printable(asked);
    options.progress = [&](Bytes done, Bytes of) {
      check_interrupt();
      check_asked_back(device);
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
      const double rate = static_cast<double>(done.count()) / std::max(elapsed.count(), 1e-6);
      line.update(done.count(), of.count(),
                  human_bytes(done.count()) + " of " + human_bytes(of.count()) + ", " +
                      human_bytes(static_cast<std::uint64_t>(rate)) + "/s");
    };
    model = std::make_unique<LoadedModel>(files, device, shape, options);
  }
  note(model->uploaded_bytes() == 0
           ? "weights: on the card already"
           : "weights: " + human_bytes(model->uploaded_bytes()) + " uploaded in " +
                 fixed(model->upload_seconds(), 2) + " s");
  return model;
}

runtime::Device::LoadProgress compile_progress() {
  const auto line = std::make_shared<ProgressLine>("compiling kernels");
  return [line](std::size_t done, std::size_t of) {
    line->update(done, of, std::to_string(done) + " of " + std::to_string(of));
  };
}

void note_kernels(const runtime::LoadReport& report) {
  note("kernels: " + std::to_string(report.kernels) + " ready in " + fixed(report.seconds, 2) +
       " s (" +
       (report.cached() ? "from the cache" : std::to_string(report.compiled) + " compiled") + ")");
}

}  // namespace redbolt::llm::cli
