// An engine whose answers are written down beforehand: each request gets the next text, one token
// per byte of it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "redbolt/llm/engine/token_engine.hpp"
#include "redbolt/llm/tokenizer/tokenizer.hpp"

namespace redbolt::llm::test_support {

class FakeEngine : public TokenEngine {
 public:
  // After its last word an answer ends; one of `endless` words never does.
  struct Line {
    std::string text;
    bool endless = false;
  };

  FakeEngine(const Tokenizer& tokenizer, std::vector<Line> lines, std::uint32_t context = 4096)
      : tokenizer_(tokenizer), lines_(std::move(lines)), context_(context) {}
  ~FakeEngine() override {
    cancelled_ = true;
    if (thread_.joinable()) thread_.join();
  }

  std::uint32_t context() const override { return context_; }
  std::uint32_t slots() const override { return 1; }

  TokenRequestId submit(TokenRequest request, std::shared_ptr<TokenSink> sink) override {
    if (thread_.joinable()) thread_.join();
    cancelled_ = false;
    prompts.push_back(request.prompt);
    samplings.push_back(request.sampling);
    kept.push_back(request.keep_tokens);
    const Line line = prompts.size() <= lines_.size() ? lines_[prompts.size() - 1] : Line{"?"};
    thread_ =
        std::thread([this, line, sink, limit = request.limit] { answer(line, *sink, limit); });
    return prompts.size();
  }
  void cancel(TokenRequestId) override { cancelled_ = true; }
  EngineStatus status() const override { return {}; }

  std::vector<std::vector<TokenId>> prompts;
  std::vector<SamplingOptions> samplings;
  std::vector<std::uint32_t> kept;

 private:
  void answer(const Line& line, TokenSink& sink, std::uint32_t limit) {
    EndReport report;
    report.generated_tokens = 0;
    const auto tokens = tokenizer_.encode(line.text, SpecialTokens::all);
    do {
      for (const TokenId token : tokens) {
        if (cancelled_ || (limit != 0 && report.generated_tokens == limit)) break;
        sink.on_token({token, {}, {}});
        ++report.generated_tokens;
      }
      if (line.endless) std::this_thread::yield();
    } while (line.endless && !cancelled_);
    report.reason = cancelled_                                       ? EndReason::cancelled
                    : limit != 0 && report.generated_tokens == limit ? EndReason::limit
                                                                     : EndReason::stop_token;
    sink.on_end(report);
  }

  const Tokenizer& tokenizer_;
  std::vector<Line> lines_;
  std::uint32_t context_;
  std::atomic<bool> cancelled_ = false;
  std::thread thread_;
};

}  // namespace redbolt::llm::test_support
