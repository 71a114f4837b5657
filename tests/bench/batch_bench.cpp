// What a generated token costs the card when 1, 2, 4, 8, 16 requests run at once, what it costs
// while one of four requests follows a form, and how long the first token of a warm engine takes.
// usage: batch_bench MODEL.gguf [SLOTS [emulated|unix|tcp]], the last saying where the emulated
// card is: in the daemon's process, or behind a socket. Counts are the emulated card's; times say
// how fast this machine emulates.
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon_process.hpp"
#include "recording_sink.hpp"
#include "redbolt/llm/engine/batch_engine.hpp"
#include "served_card.hpp"

namespace {

using namespace redbolt;
using Clock = std::chrono::steady_clock;
using test::RecordingSink;

constexpr int kRepeats = 3;

struct Counts {
  double bytes = 0, instructions = 0, messages = 0, to_the_card = 0, steps = 0, tokens = 0,
         seconds = 0;

  Counts operator-(const Counts& other) const {
    return {bytes - other.bytes,       instructions - other.instructions,
            messages - other.messages, to_the_card - other.to_the_card,
            steps - other.steps,       tokens - other.tokens,
            seconds - other.seconds};
  }
};

// Of a request that has to be waited for between steps: forbids one token, which is enough.
class AlmostAnything final : public llm::TokenConstraint {
 public:
  bool restricts() const override { return true; }
  void allow(std::span<std::uint32_t> mask) override {
    std::ranges::fill(mask, ~0U);
    mask[0] &= ~1U;
  }
  void accept(llm::TokenId) override {}
};

// The card, and where it is.
struct BenchCard {
  explicit BenchCard(const std::string& where) {
    if (where == "emulated") return;
    if (where != "unix" && where != "tcp") {
      std::fprintf(stderr, "batch_bench: '%s' is neither emulated nor unix nor tcp\n",
                   where.c_str());
      std::exit(2);
    }
    using Way = test::ServedCard::Way;
    server.emplace("vram=1G", where == "tcp" ? Way::tcp : Way::unix_socket);
  }
  std::string spec() const { return server ? server->spec() : "emulated"; }

  std::optional<test::ServedCard> server;
};

void print_load() {
  std::array<double, 3> load{};
  if (::getloadavg(load.data(), 3) == 3) std::printf("load average %.1f\n", load[0]);
}

std::vector<llm::TokenId> prompt(std::size_t count, std::uint32_t start, std::uint32_t vocabulary) {
  std::vector<llm::TokenId> tokens;
  for (std::size_t i = 0; i < count; ++i)
    tokens.push_back(static_cast<llm::TokenId>((i * 37 + start * 101) % (vocabulary - 300)));
  return tokens;
}

// Of the card; 0 where it does not count that: a card in the daemon's process has no messages, and
// one behind a socket shows nothing else.
double counter(const client::Counters& counters, const char* name) {
  const auto found = counters.card.find(name);
  return found == counters.card.end() ? 0.0 : static_cast<double>(found->second);
}

class Bench {
 public:
  Bench(const llm::LoadedModel& model, runtime::Device& device)
      : device_(device), vocabulary_(model.config().vocabulary), engine_(model) {}

  // `requests` at once, `limit` tokens each, the last with a constraint if `constrained`.
  Counts run(std::uint32_t requests, std::uint32_t limit, bool constrained = false) {
    const auto before = device_.counters();
    const auto status = engine_.status();
    const auto start = Clock::now();
    std::vector<std::shared_ptr<RecordingSink>> sinks;
    for (std::uint32_t i = 0; i < requests; ++i) {
      llm::TokenRequest request;
      request.prompt = prompt(12, i, vocabulary_);
      request.limit = limit;
      if (constrained && i + 1 == requests) request.constraint = std::make_unique<AlmostAnything>();
      sinks.push_back(std::make_shared<RecordingSink>());
      engine_.submit(std::move(request), sinks.back());
    }
    for (const auto& sink : sinks) sink->wait_for_end();
    Counts counts;
    counts.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    const auto after = device_.counters();
    const auto more = [&](const char* name) {
      return counter(after, name) - counter(before, name);
    };
    counts.bytes = more("vram_bytes_read");
    counts.instructions = more("wave_instructions");
    counts.messages =
        static_cast<double>(after.daemon.at("requests") - before.daemon.at("requests"));
    counts.to_the_card = more("remote_messages");
    counts.steps = static_cast<double>(engine_.status().steps - status.steps);
    counts.tokens =
        static_cast<double>(engine_.status().generated_tokens - status.generated_tokens);
    return counts;
  }

  // Of the tokens from the 5th to the 20th of each; the quickest of a few runs.
  Counts decode(std::uint32_t requests, bool constrained = false) {
    run(requests, 4, constrained);  // the prompts are held from now on
    Counts best;
    best.seconds = std::numeric_limits<double>::max();
    for (int i = 0; i < kRepeats; ++i) {
      const Counts base = run(requests, 4, constrained);
      const Counts counts = run(requests, 20, constrained) - base;
      if (counts.seconds > 0 && counts.seconds < best.seconds) best = counts;
    }
    return best;
  }

  struct FirstToken {
    double seconds = 0;  // from submit on
    double instructions = 0;
  };
  // Of a prompt of which the engine holds nothing.
  FirstToken first_token(std::size_t tokens, std::uint32_t start) {
    const double before = counter(device_.counters(), "wave_instructions");
    llm::TokenRequest request;
    request.prompt = prompt(tokens, 1000 + start, vocabulary_);
    request.limit = 1;
    const auto sink = std::make_shared<RecordingSink>();
    const auto begin = Clock::now();
    engine_.submit(std::move(request), sink);
    sink->wait_for_tokens(1);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    sink->wait_for_end();
    return {seconds, counter(device_.counters(), "wave_instructions") - before};
  }

 private:
  runtime::Device& device_;
  std::uint32_t vocabulary_;
  llm::BatchEngine engine_;
};

void print_counts(std::uint32_t requests, const Counts& counts, double weights) {
  std::printf("%8u  %11.2f  %18.0f  %16.0f  %18.0f  %14.2f  %11.2f  %8.1f\n", requests,
              counts.tokens / counts.steps, weights * counts.steps / counts.tokens,
              counts.bytes / counts.tokens, counts.instructions / counts.tokens,
              counts.messages / counts.tokens, counts.to_the_card / counts.tokens,
              counts.tokens / counts.seconds);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: batch_bench MODEL.gguf [SLOTS [emulated|unix|tcp]]\n");
    return 2;
  }
  const std::uint32_t most = argc > 2 ? static_cast<std::uint32_t>(std::atoi(argv[2])) : 16;
  const BenchCard card(argc > 3 ? argv[3] : "emulated");
  test::DaemonProcess daemon(card.spec());
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
  const auto weights = static_cast<double>(model.weights().buffer_bytes());
  std::printf("weights: %.0f bytes\n", weights);
  print_load();
  std::printf(
      "requests  tokens/step  weight bytes/token  bytes read/token  instructions/token"
      "  messages/token  to the card  tokens/s\n");
  for (std::uint32_t requests = 1; requests <= shape.slots; requests *= 2) {
    print_counts(requests, bench.decode(requests), weights);
  }
  if (shape.slots >= 4) {
    std::printf("one of four follows a form\n");
    print_counts(4, bench.decode(4, true), weights);
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
