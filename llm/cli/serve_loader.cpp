#include "cli/serve_loader.hpp"

#include <algorithm>
#include <chrono>

#include "cli/session.hpp"
#include "cli/terminal.hpp"
#include "redbolt/client/client_error.hpp"
#include "redbolt/llm/error.hpp"
#include "server/models/text_parts.hpp"
#include "support/printable.hpp"

namespace redbolt::llm::cli {
namespace {

// Thrown through loading when the server stops.
class Stopping : public std::exception {};

// How much of loading the weights are; the rest is compiling.
constexpr double kWeightShare = 0.8;
constexpr std::chrono::seconds kRetry{2};
// A card that fails sooner after a load than this, so often in a row, is not tried again.
constexpr std::chrono::seconds kSoon{30};
constexpr int kFailuresInARow = 3;

// The engine with all that it stands on; ends in the right order.
class CardEngine final : public TokenEngine {
 public:
  CardEngine(std::shared_ptr<const ModelFiles> files, std::unique_ptr<ChosenDevice> card,
             const EngineShape& shape, const LoadOptions& load, BatchEngineOptions options,
             std::shared_ptr<std::promise<void>> gone)
      : gone_(std::move(gone)),
        files_(std::move(files)),
        card_(std::move(card)),
        model_(*files_, card_->device(), shape, load),
        engine_(model_, std::move(options)) {}

  const BatchEngine& engine() const { return engine_; }
  const LoadedModel& model() const { return model_; }

  std::uint32_t context() const override { return engine_.context(); }
  std::uint32_t slots() const override { return engine_.slots(); }
  TokenRequestId submit(TokenRequest request, std::shared_ptr<TokenSink> sink) override {
    return engine_.submit(std::move(request), std::move(sink));
  }
  void cancel(TokenRequestId id) override { engine_.cancel(id); }
  EngineStatus status() const override { return engine_.status(); }

 private:
  struct Gone {
    explicit Gone(std::shared_ptr<std::promise<void>> promise) : promise_(std::move(promise)) {}
    ~Gone() { promise_->set_value(); }
    std::shared_ptr<std::promise<void>> promise_;
  };

  Gone gone_;  // the last to go: the card is free then
  std::shared_ptr<const ModelFiles> files_;
  std::unique_ptr<ChosenDevice> card_;
  LoadedModel model_;
  BatchEngine engine_;
};

void note_loaded(const CardEngine& engine) {
  const LoadedModel& model = engine.model();
  note(model.uploaded_bytes() == 0 ? "weights: on the card already"
                                   : "weights: " + human_bytes(model.uploaded_bytes()) +
                                         " uploaded in " + fixed(model.upload_seconds(), 2) + " s");
  note_kernels(engine.engine().kernels());
  note("ready: " + std::to_string(engine.slots()) + (engine.slots() == 1 ? " slot" : " slots") +
       " with a context of " + std::to_string(engine.context()) + " each");
}

}  // namespace

ServeLoader::ServeLoader(std::shared_ptr<const ModelFiles> files,
                         std::shared_ptr<server::ServedModel> model, LoaderOptions options,
                         std::function<void()> on_end)
    : files_(std::move(files)), model_(std::move(model)), options_(std::move(options)) {
  thread_ = std::thread([this, on_end = std::move(on_end)] { run(on_end); });
}

ServeLoader::~ServeLoader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::string ServeLoader::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void ServeLoader::check_stopping() const {
  const std::lock_guard lock(mutex_);
  if (stopping_) throw Stopping();
}

// False when the server stops meanwhile.
bool ServeLoader::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [&] { return stopping_; });
}

void ServeLoader::run(const std::function<void()>& on_end) {
  int failures = 0;
  for (bool again = false;; again = true) {
    const auto since = std::chrono::steady_clock::now();
    try {
      if (serve_once(again) == Ending::stopped) return;
      failures = std::chrono::steady_clock::now() - since < kSoon ? failures + 1 : 0;
      if (failures < kFailuresInARow) continue;
      throw LlmError(ErrorCode::device, "the card has failed " + std::to_string(failures) +
                                            " times in a row: " + *card_gone_);
    } catch (const Stopping&) {
      return;
    } catch (const std::exception& error) {
      model_->failed(error.what());
      const std::lock_guard lock(mutex_);
      failure_ = error.what();
    }
    on_end();
    return;
  }
}

// A card that somebody else has got meanwhile is waited for; at the first start only as --wait
// says.
std::unique_ptr<ChosenDevice> ServeLoader::take_card(bool patiently) {
  for (;;) {
    check_stopping();
    try {
      return std::make_unique<ChosenDevice>(options_.card, "redbolt-llm serve");
    } catch (const client::ClientError&) {
      if (!patiently || !pause(kRetry)) throw;
    }
  }
}

ServeLoader::Ending ServeLoader::serve_once(bool again) {
  const auto gone = std::make_shared<std::promise<void>>();
  {
    const std::lock_guard lock(mutex_);
    card_gone_.reset();
  }
  model_->loaded(load(take_card(again), gone));
  std::string why;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopping_ || card_gone_.has_value(); });
    if (!stopping_) why = *card_gone_;
  }
  {
    const std::lock_guard lock(status_mutex_);
    status_.reset();
  }
  model_->unloaded();
  // Answers that are being read hold on to the engine until they have been told.
  gone->get_future().wait();
  if (why.empty()) return Ending::stopped;
  note("the card is lost to this server: " + why + "; loading again when it can be had");
  return Ending::card_gone;
}

server::LoadedParts ServeLoader::load(std::unique_ptr<ChosenDevice> card,
                                      const std::shared_ptr<std::promise<void>>& gone) {
  note_device(card->device());
  {
    const std::lock_guard lock(status_mutex_);
    status_ = card->take_status_connection();
  }
  server::LoadedParts parts = server::load_text_parts(files_->metadata());
  LoadOptions load;
  load.progress = [this](Bytes done, Bytes of) {
    check_stopping();
    model_->report_progress(kWeightShare * static_cast<double>(done.count()) /
                            static_cast<double>(std::max<std::uint64_t>(of.count(), 1)));
  };
  BatchEngineOptions options;
  options.queue_length = options_.queue;
  options.context_shift = options_.context_shift;
  options.progress = [this](std::size_t done, std::size_t of) {
    check_stopping();
    const double share =
        static_cast<double>(done) / static_cast<double>(std::max<std::size_t>(of, 1));
    model_->report_progress(kWeightShare + (1 - kWeightShare) * share);
  };
  options.on_failure = [this](const LlmError& error) {
    const std::lock_guard lock(mutex_);
    card_gone_ = error.what();
    changed_.notify_all();
  };
  auto engine = std::make_unique<CardEngine>(files_, std::move(card), options_.shape, load,
                                             std::move(options), gone);
  note_loaded(*engine);
  parts.engine = std::move(engine);
  return parts;
}

std::optional<server::CardReading> ServeLoader::read_card() {
  const std::lock_guard lock(status_mutex_);
  if (!status_) return std::nullopt;
  try {
    client::StatusOptions options;
    options.metrics = true;
    const client::DeviceStatus status = status_->status(options);
    const client::DeviceInfo& info = status_->device();
    server::CardReading reading;
    reading.device = info.name;
    reading.emulated = info.emulated;
    reading.vram_bytes = info.vram.count();
    reading.arena_bytes = status.arena.size.count();
    reading.arena_free_bytes = status.arena.free.count();
    if (status.metrics) reading.temperature_celsius = status.metrics->temperature_celsius;
    return reading;
  } catch (const client::ClientError&) {
    status_.reset();
    return std::nullopt;
  }
}

}  // namespace redbolt::llm::cli
