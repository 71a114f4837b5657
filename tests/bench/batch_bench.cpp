// What a generated token costs the card when 1, 2, 4, 8, 16 requests run at once, and how long the
// first token of a warm engine takes. usage: batch_bench MODEL.gguf [SLOTS]. Counts are the
// emulated card's; times say how fast this machine emulates.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "daemon_process.hpp"
#include "recording_sink.hpp"
#include "redbolt/llm/engine/batch_engine.hpp"

namespace {

using namespace redbolt;
using Clock = std::chrono::steady_clock;
using test::RecordingSink;

struct Counts {
  double bytes = 0, instructions = 0, messages = 0, steps = 0, tokens = 0, seconds = 0;

  Counts operator-(const Counts& other) const {
    return {bytes - other.bytes,       instructions - other.instructions,
            messages - other.messages, steps - other.steps,
            tokens - other.tokens,     seconds - other.seconds};
  }
};

std::vector<llm::TokenId> prompt(std::size_t count, std::uint32_t start, std::uint32_t vocabulary) {
  std::vector<llm::TokenId> tokens;
  for (std::size_t i = 0; i < count; ++i)
    tokens.push_back(static_cast<llm::TokenId>((i * 37 + start * 101) % (vocabulary - 300)));
  return tokens;
}

class Bench {
 public:
  Bench(const llm::LoadedModel& model, runtime::Device& device)
      : device_(device), vocabulary_(model.config().vocabulary), engine_(model) {}

  // `requests` at once, `limit` tokens each.
  Counts run(std::uint32_t requests, std::uint32_t limit) {
    const auto before = device_.counters();
    const auto status = engine_.status();
    const auto start = Clock::now();
    std::vector<std::shared_ptr<RecordingSink>> sinks;
    for (std::uint32_t i = 0; i < requests; ++i) {
      llm::TokenRequest request;
      request.prompt = prompt(12, i, vocabulary_);
      request.limit = limit;
      sinks.push_back(std::make_shared<RecordingSink>());
      engine_.submit(std::move(request), sinks.back());
    }
    for (const auto& sink : sinks) sink->wait_for_end();
    Counts counts;
    counts.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    const auto after = device_.counters();
    const auto more = [&](const char* name) {
      return static_cast<double>(after.card.at(name) - before.card.at(name));
    };
    counts.bytes = more("vram_bytes_read");
    counts.instructions = more("wave_instructions");
    counts.messages =
        static_cast<double>(after.daemon.at("requests") - before.daemon.at("requests"));
    counts.steps = static_cast<double>(engine_.status().steps - status.steps);
    counts.tokens =
        static_cast<double>(engine_.status().generated_tokens - status.generated_tokens);
    return counts;
  }

  struct FirstToken {
    double seconds = 0;  // from submit on
    double instructions = 0;
  };
  // Of a prompt of which the engine holds nothing.
  FirstToken first_token(std::size_t tokens, std::uint32_t start) {
    const auto before = device_.counters().card.at("wave_instructions");
    llm::TokenRequest request;
    request.prompt = prompt(tokens, 1000 + start, vocabulary_);
    request.limit = 1;
    const auto sink = std::make_shared<RecordingSink>();
    const auto begin = Clock::now();
    engine_.submit(std::move(request), sink);
    sink->wait_for_tokens(1);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    sink->wait_for_end();
    return {seconds, static_cast<double>(device_.counters().card.at("wave_instructions") - before)};
  }

 private:
  runtime::Device& device_;
  std::uint32_t vocabulary_;
  llm::BatchEngine engine_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: batch_bench MODEL.gguf [SLOTS]\n");
    return 2;
  }
  const std::uint32_t most = argc > 2 ? static_cast<std::uint32_t>(std::atoi(argv[2])) : 16;
  test::DaemonProcess daemon("emulated");
  runtime::DeviceOptions options;
  options.socket = daemon.socket();
  options.command = "batch_bench";
  runtime::Device device(options);
  const llm::ModelFiles files(argv[1]);
  llm::EngineShape shape;
  shape.context = 512;
  shape.slots = std::clamp(most, 1U, llm::kMaximumSlots);
  const llm::LoadedModel model(files, device, shape);
  Bench bench(model, device);
  std::printf("weights: %.0f bytes\n", static_cast<double>(model.weights().buffer_bytes()));
  std::printf(
      "requests  tokens/step  weight bytes/token  bytes read/token  instructions/token"
      "  messages/token  tokens/s\n");
  for (std::uint32_t requests = 1; requests <= shape.slots; requests *= 2) {
    bench.run(requests, 4);  // the prompts are held from now on
    const Counts base = bench.run(requests, 4);
    const Counts counts = bench.run(requests, 20) - base;
    std::printf("%8u  %11.2f  %18.0f  %16.0f  %18.0f  %14.2f  %8.1f\n", requests,
                counts.tokens / counts.steps,
                static_cast<double>(model.weights().buffer_bytes()) * counts.steps / counts.tokens,
                counts.bytes / counts.tokens, counts.instructions / counts.tokens,
                counts.messages / counts.tokens, counts.tokens / counts.seconds);
  }
  std::printf("first token of a prompt, best of 3\n  tokens  milliseconds  instructions\n");
  std::uint32_t turn = 0;
  for (const std::size_t tokens : {1U, 16U, 32U, 64U, 128U}) {
    Bench::FirstToken best{.seconds = 1e9};
    for (int i = 0; i < 3; ++i) {
      const Bench::FirstToken one = bench.first_token(tokens, turn++);
      if (one.seconds < best.seconds) best = one;
    }
    std::printf("%8zu  %12.0f  %12.0f\n", tokens, best.seconds * 1e3, best.instructions);
  }
  return 0;
}
