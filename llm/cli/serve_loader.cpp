#include "cli/serve_loader.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <future>
#include <utility>

#include "cli/session.hpp"
#include "cli/terminal.hpp"
#include "redbolt/client/client_error.hpp"
#include "redbolt/llm/engine/batch_engine.hpp"
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
// A card that fails sooner after a load than this, again and again, is left alone for longer and
// longer.
constexpr std::chrono::seconds kSoon{30};
constexpr unsigned kFailuresInARow = 3;
constexpr unsigned kMostDoublings = 5;

std::chrono::seconds rest_after(unsigned failures) {
  if (failures < kFailuresInARow) return std::chrono::seconds(0);
  return kRetry * (1U << std::min(failures - kFailuresInARow, kMostDoublings));
}

}  // namespace

// The Device with its lease, and the private daemon if there is one. Each engine holds on to it.
class LentCard {
 public:
  explicit LentCard(std::unique_ptr<ChosenDevice> card) : card_(std::move(card)) {}

  runtime::Device& device() { return card_->device(); }
  std::unique_ptr<client::Connection> take_status_connection() {
    return card_->take_status_connection();
  }
  const std::shared_ptr<CardShare>& share() const { return share_; }
  // Ready when the card has been given back.
  std::future<void> given_back() { return gone_.promise.get_future(); }

 private:
  struct Gone {
    ~Gone() { promise.set_value(); }
    std::promise<void> promise;
  };

  Gone gone_;  // the last to go: the card is free then
  std::unique_ptr<ChosenDevice> card_;
  std::shared_ptr<CardShare> share_ = std::make_shared<CardShare>();
};

namespace {

// An engine with all that it stands on; ends in the right order.
class CardEngine final : public TokenEngine {
 public:
  CardEngine(std::shared_ptr<LentCard> card, std::shared_ptr<const ModelFiles> files,
             ModelPlace place, const LoadOptions& load, BatchEngineOptions options)
      : card_(std::move(card)),
        files_(std::move(files)),
        model_(card_->device(), std::move(place), load),
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
  std::shared_ptr<LentCard> card_;
  std::shared_ptr<const ModelFiles> files_;
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

ServeLoader::ServeLoader(std::vector<ModelToServe> models, LoaderOptions options,
                         std::function<void()> on_end)
    : models_(std::move(models)), options_(std::move(options)) {
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

// Throws Stopping when the server stops meanwhile.
void ServeLoader::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, time, [&] { return stopping_; })) throw Stopping();
}

void ServeLoader::run(const std::function<void()>& on_end) {
  try {
    unsigned failures = 0;
    for (bool again = false;; again = true) {
      auto served = std::chrono::steady_clock::duration::zero();
      try {
        served = serve_once(again);
      } catch (const Stopping&) {
        throw;
      } catch (const std::exception& error) {
        if (!again) throw;
        note_error(error.what());
        for (const ModelToServe& one : models_) one.model->unloaded(error.what());
      }
      failures = served < kSoon ? failures + 1 : 1;
      pause(rest_after(failures));
    }
  } catch (const Stopping&) {
    return;
  } catch (const std::exception& error) {
    for (const ModelToServe& one : models_) one.model->failed(error.what());
    const std::lock_guard lock(mutex_);
    failure_ = error.what();
  }
  on_end();
}

// A card that somebody else has got meanwhile is waited for; at the first start only as --wait
// says.
std::unique_ptr<ChosenDevice> ServeLoader::take_card(bool patiently) {
  for (;;) {
    check_stopping();
    try {
      return std::make_unique<ChosenDevice>(options_.card, "redbolt-llm serve");
    } catch (const client::ClientError&) {
      if (!patiently) throw;
    }
    pause(kRetry);
  }
}

// For how long it has answered, until the card was lost.
std::chrono::steady_clock::duration ServeLoader::serve_once(bool again) {
  {
    const std::lock_guard lock(mutex_);
    card_gone_.reset();
  }
  auto card = std::make_shared<LentCard>(take_card(again));
  std::exception_ptr failure;
  try {
    load_all(card);
  } catch (...) {
    failure = std::current_exception();
  }
  const auto since = std::chrono::steady_clock::now();
  std::optional<std::string> why;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failure || stopping_ || card_gone_.has_value(); });
    if (!stopping_) why = card_gone_;
  }
  if (failure) card->share()->lose("the models could not all be loaded");
  let_go(std::move(card), why.value_or(""));
  check_stopping();
  if (!why) std::rethrow_exception(failure);
  note("the card is lost to this server: " + *why + "; loading again when it can be had");
  return std::chrono::steady_clock::now() - since;
}

// Answers that are being read hold on to their engine, and it to the card, until they have been
// told.
void ServeLoader::let_go(std::shared_ptr<LentCard> card, const std::string& why) {
  {
    const std::lock_guard lock(status_mutex_);
    status_.reset();
  }
  const std::future<void> given_back = card->given_back();
  for (const ModelToServe& one : models_) one.model->unloaded(why);
  card.reset();
  given_back.wait();
}

void ServeLoader::load_all(const std::shared_ptr<LentCard>& card) {
  note_device(card->device());
  {
    const std::lock_guard lock(status_mutex_);
    status_ = card->take_status_connection();
  }
  std::vector<PlaceRequest> requests;
  for (const ModelToServe& one : models_)
    requests.push_back({*one.files, one.shape, one.model->id()});
  std::vector<ModelPlace> places = take_places(card->device(), requests);
  for (std::size_t i = 0; i < models_.size(); ++i) {
    const ModelToServe& one = models_[i];
    if (models_.size() > 1) note("loading " + one.model->id());
    try {
      one.model->loaded(load(one, card, std::move(places[i])));
    } catch (const LlmError& error) {
      if (models_.size() == 1) throw;
      throw LlmError(error.code(), "'" + one.model->id() + "': " + error.what());
    }
  }
}

server::LoadedParts ServeLoader::load(const ModelToServe& one,
                                      const std::shared_ptr<LentCard>& card, ModelPlace place) {
  server::LoadedParts parts = server::load_text_parts(one.files->metadata());
  LoadOptions load;
  load.progress = [&](Bytes done, Bytes of) {
    check_stopping();
    one.model->report_progress(kWeightShare * static_cast<double>(done.count()) /
                               static_cast<double>(std::max<std::uint64_t>(of.count(), 1)));
  };
  BatchEngineOptions options;
  options.queue_length = options_.queue;
  options.context_shift = options_.context_shift;
  options.share = card->share();
  options.progress = [&](std::size_t done, std::size_t of) {
    check_stopping();
    const double share =
        static_cast<double>(done) / static_cast<double>(std::max<std::size_t>(of, 1));
    one.model->report_progress(kWeightShare + (1 - kWeightShare) * share);
  };
  options.on_failure = [this](const LlmError& error) {
    const std::lock_guard lock(mutex_);
    if (!card_gone_) card_gone_ = error.what();
    changed_.notify_all();
  };
  auto engine =
      std::make_unique<CardEngine>(card, one.files, std::move(place), load, std::move(options));
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
