// What the engines of several models on one card have in common. Each has a thread and memory of
// its own, and submits its work by the one Device; the card does what it is given in the order in
// which it comes. While more than one has work, each queues so little ahead that they take turns
// from step to step. And when the card is lost to one, it is lost to all.
//
// Threads: a seat belongs to its engine's thread; the rest is called from any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace redbolt::llm {

class CardShare {
 public:
  using Clock = std::chrono::steady_clock;

  // Tokens per second of all seats, and what they are called.
  struct Speed {
    double tokens_per_second = 0;
    std::string models;
  };

  class Seat {
   public:
    // Without a share: alone on the card.
    Seat(std::shared_ptr<CardShare> share, std::string model);
    ~Seat();
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

    const std::string& model() const { return model_; }
    // Whether this engine has work.
    void set_busy(bool busy);
    // Whether there are others at all; whether one of them has work.
    bool has_others() const;
    bool others_busy() const;
    // Says how fast this engine is; returns how fast all are that have said it lately.
    Speed report_speed(double tokens_per_second, Clock::time_point now);
    // Why the card is lost; nothing while it is not.
    std::optional<std::string> loss() const;

   private:
    friend class CardShare;
    std::shared_ptr<CardShare> share_;
    std::string model_;
    bool busy_ = false;
    // Guarded by the share's mutex.
    double tokens_per_second_ = 0;
    Clock::time_point reported_{};
  };

  // The card is lost to every engine, and each ends with this reason. The first one counts.
  void lose(const std::string& why);

 private:
  std::atomic<std::uint32_t> busy_{0};
  std::atomic<bool> lost_{false};
  mutable std::mutex mutex_;  // of what follows
  std::string why_;
  std::vector<Seat*> seats_;
};

}  // namespace redbolt::llm
