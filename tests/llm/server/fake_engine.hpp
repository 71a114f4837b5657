// A TokenEngine that plays what a test has written: the tokens of given texts, at a given pace or
// one by one as the test allows them.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "redbolt/llm/engine/token_engine.hpp"
#include "redbolt/llm/tokenizer/tokenizer.hpp"

namespace redbolt::test {

struct FakeAnswer {
  std::vector<llm::TokenId> tokens = {};
  llm::EndReason reason = llm::EndReason::stop_token;  // after the tokens; an end token is added
  std::optional<llm::LlmError> error = {};             // with EndReason::failed
  std::uint32_t cached = 0;
  std::chrono::milliseconds pace{0};  // before each token
  bool held = false;                  // tokens come only as FakeEngine::allow lets them
};

class FakeEngine final : public llm::TokenEngine {
 public:
  using Script = std::function<FakeAnswer(const llm::TokenRequest&, const std::string& prompt)>;

  struct Options {
    std::uint32_t context = 1024;
    std::uint32_t slots = 4;
    std::uint32_t queue = 1000;  // waiting requests that are taken
  };

  FakeEngine(const llm::Tokenizer& tokenizer, Script script, Options options);
  ~FakeEngine() override;

  std::uint32_t context() const override { return options_.context; }
  std::uint32_t slots() const override { return options_.slots; }
  llm::TokenRequestId submit(llm::TokenRequest request,
                             std::shared_ptr<llm::TokenSink> sink) override;
  void cancel(llm::TokenRequestId id) override;
  llm::EngineStatus status() const override;

  // --- for tests ---
  // So many further tokens of held answers may come.
  void allow(std::uint32_t tokens);
  // Waits, up to half a minute, until as many requests have been cancelled or ended.
  bool wait_for_ends(std::uint64_t count);
  std::uint64_t cancelled() const { return cancelled_; }
  std::uint64_t delivered() const { return delivered_; }
  // Of the last request taken.
  std::optional<llm::SamplingOptions> last_sampling() const;
  std::string last_prompt() const;
  std::uint32_t last_limit() const;

 private:
  struct Running {
    llm::TokenRequestId id = 0;
    llm::TokenRequest request = {};
    std::shared_ptr<llm::TokenSink> sink = {};
    FakeAnswer answer = {};
    std::size_t next = 0;
    std::chrono::steady_clock::time_point due = {};
    bool cancelled = false;
    bool prompted = false;
  };

  void run();
  bool step(std::unique_lock<std::mutex>& lock);
  bool deliver(Running& running, std::unique_lock<std::mutex>& lock);
  void finish(Running& running, llm::EndReason reason, std::unique_lock<std::mutex>& lock);
  llm::GeneratedToken constrained(Running& running, llm::TokenId token);

  const llm::Tokenizer& tokenizer_;
  const Script script_;
  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_, ended_changed_;
  std::list<Running> running_;  // the first slots_ of them have a slot
  std::uint32_t allowed_ = 0;
  llm::TokenRequestId last_id_ = 0;
  llm::EngineStatus totals_;
  llm::SamplingOptions last_sampling_;
  std::string last_prompt_;
  std::uint32_t last_limit_ = 0;
  bool stopping_ = false;
  std::atomic<std::uint64_t> cancelled_{0}, delivered_{0}, ended_{0};
  std::thread thread_;
};

}  // namespace redbolt::test
