// Loads the served models onto the card and keeps them there: when the card fails, or somebody asks
// for it, what was on it is let go of, and loaded again as soon as the card can be had.
//
// There is one card, with one lease and one Device, which goes with the last engine on it. Memory
// for all models is taken before anything is uploaded; then one after the other is loaded, and
// answers as soon as it is. The loader's thread loads; each engine has a thread of its own, and
// submits its work by the Device, which lets one in at a time, in order (CardShare: whose turn).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cli/device_choice.hpp"
#include "cli/serve_models.hpp"
#include "redbolt/client/connection.hpp"
#include "redbolt/llm/engine/model_place.hpp"
#include "server/models/served_model.hpp"
#include "server/service.hpp"

namespace redbolt::llm::cli {

struct LoaderOptions {
  DeviceChoice card = {};
  std::uint32_t queue = 64;
  bool context_shift = false;
};

class LentCard;  // private: the card, as the engines on it share it

class ServeLoader {
 public:
  // Starts loading on a thread of its own. `on_end`: called on it when the first load has failed,
  // for the reason that is failure()'s. Later ones are tried again for as long as it takes.
  ServeLoader(std::vector<ModelToServe> models, LoaderOptions options,
              std::function<void()> on_end);
  // Lets go of the card.
  ~ServeLoader();
  ServeLoader(const ServeLoader&) = delete;
  ServeLoader& operator=(const ServeLoader&) = delete;

  std::string failure() const;
  // From any thread; nothing while there is no card, or the daemon does not answer.
  std::optional<server::CardReading> read_card();

 private:
  void run(const std::function<void()>& on_end);
  std::chrono::steady_clock::duration serve_once(bool again);
  std::unique_ptr<ChosenDevice> take_card(bool patiently);
  void load_all(const std::shared_ptr<LentCard>& card);
  server::LoadedParts load(const ModelToServe& one, const std::shared_ptr<LentCard>& card,
                           ModelPlace place);
  void let_go(std::shared_ptr<LentCard> card, const std::string& why);
  void pause(std::chrono::milliseconds time);
  void check_stopping() const;

  const std::vector<ModelToServe> models_;
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
