// redbolt-llm bench: how fast prompts are read and tokens generated, how long it takes to start,
// and what each token costs the card and the link.
#include <chrono>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/interrupt.hpp"
#include "cli/session.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "cli/work_report.hpp"
#include "redbolt/llm/engine/generator.hpp"
#include "support/printable.hpp"

namespace redbolt::llm::cli {
namespace {

using Clock = std::chrono::steady_clock;
using CounterMap = std::map<std::string, std::uint64_t>;

struct Options {
  DeviceChoice card;
  ModelChoice model;
  std::uint32_t prompt_tokens = 64;
  std::uint32_t generated_tokens = 32;
  std::uint32_t context = 0;
  runtime::CacheType cache_type = runtime::CacheType::f16;
  bool json = false;
};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// What was counted between two looks.
client::Counters difference(const client::Counters& before, const client::Counters& after) {
  const auto subtract = [](const CounterMap& from, const CounterMap& to) {
    CounterMap result;
    for (const auto& [name, value] : to) {
      const auto found = from.find(name);
      result[name] = value - (found == from.end() ? 0 : found->second);
    }
    return result;
  };
  return {subtract(before.link, after.link), subtract(before.card, after.card),
          subtract(before.daemon, after.daemon)};
}

// A counter per token; null where the card does not count it.
nlohmann::json per_token(const CounterMap& counters, const std::string& name,
                         std::uint32_t tokens) {
  const auto found = counters.find(name);
  if (found == counters.end()) return nullptr;
  return static_cast<double>(found->second) / tokens;
}

nlohmann::json instructions_per_token(const CounterMap& counters, std::uint32_t tokens) {
  const std::string prefix = "wave_instructions.";
  nlohmann::json classes = nlohmann::json::object();
  for (const auto& [name, value] : counters) {
    if (name.starts_with(prefix))
      classes[name.substr(prefix.size())] = static_cast<double>(value) / tokens;
  }
  return classes;
}

// The least that decode can move through VRAM, as a mean over the steps at positions
// first .. first + steps - 1: the weights of a step, the keys and values of all positions before it
// and its own (read), and its own again (written).
double ideal_bytes(const LoadedModel& model, std::uint32_t first, std::uint32_t steps) {
  const ModelConfig& config = model.config();
  const double position =
      2.0 * config.layers *
      static_cast<double>(runtime::KeyValueCache::bytes(
          1, config.key_value_heads, config.head_dimension, model.shape().cache_type));
  const double mean_positions_read = first + (steps - 1) / 2.0 + 1;
  return static_cast<double>(model.weights().bytes_per_token()) +
         position * (mean_positions_read + 1);
}

// A prompt without meaning: every id occurs, so that no row of a table is favoured.
std::vector<TokenId> synthetic_prompt(std::uint32_t count, std::uint32_t vocabulary) {
  std::vector<TokenId> tokens(count);
  std::uint32_t value = 1;
  for (TokenId& token : tokens) {
    value = value * 1664525 + 1013904223;  // Numerical Recipes' generator
    token = (value >> 8) % vocabulary;
  }
  return tokens;
}

struct Measured {
  double prefill_s = 0;
  double decode_s = 0;
  std::uint32_t decode_tokens = 0;
  client::Counters decode;
};

Measured measure(const Options& options, Generator& generator, const LoadedModel& model) {
  runtime::Device& device = model.device();
  GenerationRequest request;
  request.prompt = synthetic_prompt(options.prompt_tokens, model.config().vocabulary);
  request.limit = options.generated_tokens + 1;  // the first one belongs to the prompt
  Measured measured;
  const auto start = Clock::now();
  Generation generation(generator, request);
  generation.next();
  measured.prefill_s = seconds_since(start);
  WorkReport work(device, printable(model.config().name));
  const client::Counters before = device.counters();
  const auto decode_start = Clock::now();
  while (generation.next()) {
    ++measured.decode_tokens;
    check_interrupt();
    work.token();
  }
  measured.decode_s = seconds_since(decode_start);
  measured.decode = difference(before, device.counters());
  return measured;
}

nlohmann::json decode_costs(const Measured& measured, const LoadedModel& model,
                            const Options& options) {
  const CounterMap& link = measured.decode.link;
  const CounterMap& card = measured.decode.card;
  const std::uint32_t tokens = measured.decode_tokens;
  const auto link_total = [&](const char* name) { return link.contains(name) ? link.at(name) : 0; };
  return {
      {"dispatches", per_token(card, "dispatches", tokens)},
      {"doorbells", per_token(link, "doorbells", tokens)},
      {"requests", per_token(measured.decode.daemon, "requests", tokens)},
      {"register_reads", per_token(link, "register_reads", tokens)},
      {"register_writes", per_token(link, "register_writes", tokens)},
      {"vram_bytes_read", per_token(card, "vram_bytes_read", tokens)},
      {"vram_bytes_written", per_token(card, "vram_bytes_written", tokens)},
      {"ideal_bytes", ideal_bytes(model, options.prompt_tokens, tokens)},
      {"link_bytes",
       static_cast<double>(link_total("bytes_read") + link_total("bytes_written")) / tokens},
      {"remote_messages", per_token(card, "remote_messages", tokens)},
      {"remote_bytes_sent", per_token(card, "remote_bytes_sent", tokens)},
      {"wave_instructions", instructions_per_token(card, tokens)},
  };
}

nlohmann::json report(const Options& options, const LoadedModel& model, const Generator& generator,
                      const Measured& measured) {
  runtime::Device& device = model.device();
  const client::DeviceInfo& info = device.info();
  const client::BootReport boot = device.status().boot;
  return {
      {"schema_version", 1},
      {"device",
       {{"name", info.name}, {"gfx_target", info.gfx_target}, {"emulated", info.emulated}}},
      {"model",
       {{"file", options.model.text},
        {"name", printable(model.config().name)},
        {"architecture", model.config().architecture->name},
        {"weight_bytes", model.weights().buffer_bytes()},
        {"context", model.shape().context}}},
      {"startup",
       {{"boot_s", boot.seconds},
        {"upload_s", model.upload_seconds()},
        {"uploaded_bytes", model.uploaded_bytes()},
        {"compile_s", generator.kernels().seconds},
        {"cached", generator.kernels().cached()},
        {"kernels", generator.kernels().kernels}}},
      {"prefill",
       {{"tokens", options.prompt_tokens},
        {"tokens_per_s", options.prompt_tokens / measured.prefill_s}}},
      {"decode",
       {{"tokens", measured.decode_tokens},
        {"tokens_per_s", measured.decode_tokens / measured.decode_s},
        {"per_token", decode_costs(measured, model, options)}}},
  };
}

std::string count_text(const nlohmann::json& value) {
  if (value.is_null()) return "not counted";
  const double number = value.get<double>();
  if (number >= 1000) return grouped(static_cast<std::uint64_t>(std::llround(number)));
  return fixed(number, 2);
}

void print_for_people(const nlohmann::json& report) {
  const auto& startup = report.at("startup");
  const auto seconds = [](const nlohmann::json& value) {
    return fixed(value.get<double>(), 3) + " s";
  };
  const bool emulated = report.at("device").at("emulated").get<bool>();
  std::string text = "boot      " + seconds(startup.at("boot_s")) + "\nupload    " +
                     seconds(startup.at("upload_s")) + "\nkernels   " +
                     seconds(startup.at("compile_s")) +
                     (startup.at("cached").get<bool>() ? " (cached)" : " (compiled)") + "\n";
  for (const char* phase : {"prefill", "decode"}) {
    const auto& part = report.at(phase);
    text.append(phase).append(std::string(10 - std::string(phase).size(), ' '));
    text.append(fixed(part.at("tokens_per_s").get<double>(), 2)).append(" tokens/s over ");
    text.append(std::to_string(part.at("tokens").get<std::uint32_t>())).append(" tokens");
    text.append(emulated ? " (emulated)\n" : "\n");
  }
  text += "per decoded token:\n";
  for (const auto& [name, value] : report.at("decode").at("per_token").items()) {
    if (value.is_object()) {
      for (const auto& [kind, count] : value.items()) {
        text.append("  ")
            .append(name)
            .append(".")
            .append(kind)
            .append(": ")
            .append(count_text(count))
            .append("\n");
      }
    } else {
      text.append("  ").append(name).append(": ").append(count_text(value)).append("\n");
    }
  }
  write_output(text);
}

void bench(const Options& options) {
  catch_interrupts();
  const ModelFiles files(options.model.file());
  const ModelConfig config = read_model_config(files);
  EngineShape shape;
  shape.cache_type = options.cache_type;
  const std::uint64_t needed = std::uint64_t{options.prompt_tokens} + options.generated_tokens + 1;
  shape.context = choose_context(options.context, config, needed);
  if (needed > shape.context) {
    throw UsageError("-p and -n together need a context of " + std::to_string(needed) + "; it is " +
                     std::to_string(shape.context) + " (see --ctx)");
  }
  ChosenDevice card(options.card, "redbolt-llm bench");
  note_device(card.device());
  note("model: " + describe_model(config, files));
  const auto model = load_model(files, card.device(), shape, options.model.text);
  Generator generator(*model, compile_progress());
  note_kernels(generator.kernels());
  const Measured measured = measure(options, generator, *model);
  const nlohmann::json result = report(options, *model, generator, measured);
  if (options.json) {
    write_output(result.dump(2) + "\n");
  } else {
    print_for_people(result);
  }
}

}  // namespace

void add_bench(CLI::App& application) {
  const auto options = std::make_shared<Options>();
  auto* const verb =
      application.add_subcommand("bench", "Measure speed, start-up and what a token costs");
  verb->footer(
      "\nFigures of an emulated card are counts, not speeds: its tokens per second say how fast "
      "this machine\n"
      "emulates. ideal_bytes is what a decode step must move through VRAM at least: the weights, "
      "and the\n"
      "keys and values that it reads and writes.");
  add_model_option(*verb, options->model);
  verb->add_option("-p,--prompt-tokens", options->prompt_tokens,
                   "Tokens of the prompt (default 64)")
      ->envname("REDBOLT_BENCH_PROMPT_TOKENS")
      ->type_name("N")
      ->check(CLI::Range(1U, kMaximumContext));
  verb->add_option("-n,--tokens", options->generated_tokens, "Tokens to generate (default 32)")
      ->envname("REDBOLT_BENCH_TOKENS")
      ->type_name("N")
      ->check(CLI::Range(1U, kMaximumContext));
  add_context_option(*verb, options->context);
  add_cache_option(*verb, options->cache_type);
  verb->add_flag("--json", options->json, "Print the figures as JSON");
  add_device_options(*verb, options->card);
  verb->callback([options] { bench(*options); });
}

}  // namespace redbolt::llm::cli
