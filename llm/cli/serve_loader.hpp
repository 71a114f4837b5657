// Loads a served model onto the card and keeps it there: when the card fails, or somebody asks for
// it, what was on it is let go of, and loaded again as soon as the card can be had.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "cli/device_choice.hpp"
#include "redbolt/client/connection.hpp"
#include "redbolt/llm/engine/batch_engine.hpp"
#include "redbolt/llm/engine/memory_plan.hpp"
#include "redbolt/llm/gguf/model_files.hpp"
#include "server/models/served_model.hpp"
#include "server/service.hpp"

namespace redbolt::llm::cli {

struct LoaderOptions {
  DeviceChoice card = {};
  EngineShape shape = {};
  std::uint32_t queue = 64;
  bool context_shift = false;
};

class ServeLoader {
 public:
  // Starts loading on a thread of its own. `on_end`: called on it when loading has failed for good;
  // the reason is failure()'s.
  ServeLoader(std::shared_ptr<const ModelFiles> files, std::shared_ptr<server::ServedModel> model,
              LoaderOptions options, std::function<void()> on_end);
  // Lets go of the card.
  ~ServeLoader();
  ServeLoader(const ServeLoader&) = delete;
  ServeLoader& operator=(const ServeLoader&) = delete;

  std::string failure() const;
  // From any thread; nothing while there is no card, or the daemon does not answer.
  std::optional<server::CardReading> read_card();

 private:
  enum class Ending { stopped, card_gone };

  void run(const std::function<void()>& on_end);
  Ending serve_once(bool again);
  std::unique_ptr<ChosenDevice> take_card(bool patiently);
  server::LoadedParts load(std::unique_ptr<ChosenDevice> card,
                           const std::shared_ptr<std::promise<void>>& gone);
  bool pause(std::chrono::milliseconds time);
  void check_stopping() const;

  std::shared_ptr<const ModelFiles> files_;
  std::shared_ptr<server::ServedModel> model_;
  const LoaderOptions options_;
  mutable std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  bool stopping_ = false;
  std::optional<std::string> card_gone_;  // why
  std::string failure_;
  std::mutex status_mutex_;
  std::unique_ptr<client::Connection> status_;
  std::thread thread_;
};

}  // namespace redbolt::llm::cli
