// One answer as it comes: tokens from the engine, decoded, ended at stop strings, taken apart. Ends
// its generation when it is destroyed. On the server's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "redbolt/llm/output/answer_decoder.hpp"
#include "redbolt/llm/output/answer_parser.hpp"
#include "redbolt/llm/output/stop_strings.hpp"
#include "server/generation/prepared.hpp"
#include "server/generation/token_queue.hpp"

namespace redbolt::llm::server {

// A token and how probable it was.
struct ScoredToken {
  std::string bytes = {};
  float logprob = 0;
  std::vector<ScoredToken> alternatives = {};  // most probable first
};

struct Piece {
  AnswerEvent event = {};
  // If they were asked for: of the tokens since the last piece of content. A token whose text is
  // held back may stand with a later piece than a part of its text.
  std::vector<ScoredToken> tokens = {};
};

enum class Finish { stop, length, tool_calls };

class Answer {
 public:
  // `index`: which of a request's answers. `wake` is called, on any thread, when take() has
  // something to give. Throws ApiError when the engine does not take the request.
  Answer(const Prepared& prepared, std::uint32_t index, std::size_t unread_tokens,
         std::function<void()> wake);
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer();

  // What has come since the last call. Throws ApiError if generation has failed; ClientGone if
  // more has come than is kept for somebody who does not take it.
  std::vector<Piece> take();

  // Nothing more will come.
  bool ended() const { return report_.has_value(); }
  // Once ended.
  const EndReport& report() const { return *report_; }
  Finish finish() const;
  // Tokens so far, and those of them that were thought.
  std::uint32_t tokens() const { return tokens_; }
  std::uint32_t reasoning_tokens() const { return reasoning_tokens_; }
  PromptProgress prompt_progress() const { return progress_; }

 private:
  void read(const GeneratedToken& token, std::vector<Piece>& pieces);
  void read_text(const std::string& text, std::vector<Piece>& pieces);
  void read_rest(std::vector<Piece>& pieces);
  void add(AnswerEvent event, std::vector<Piece>& pieces);
  void add_content(std::string text, std::vector<Piece>& pieces);
  void add_thought(std::string text, std::vector<Piece>& pieces);
  void close_thought(std::vector<Piece>& pieces);
  void stop_early();
  void end(const EndReport& report, std::vector<Piece>& pieces);
  ScoredToken scored(const TokenLogprob& token) const;

  const Prepared& prepared_;
  TokenEngine& engine_;
  const Tokenizer& tokenizer_;
  AnswerDecoder decoder_;
  StopStringFilter stops_;
  std::optional<AnswerParser> parser_;
  std::shared_ptr<TokenQueue> queue_;
  TokenRequestId id_ = 0;

  std::vector<ScoredToken> unplaced_;  // of content that has not come out yet
  std::optional<EndReport> report_;
  PromptProgress progress_;
  std::uint32_t tokens_ = 0, reasoning_tokens_ = 0, complete_calls_ = 0;
  bool thought_open_ = false;   // in the content, where thoughts go there
  bool stopped_early_ = false;  // by a stop string, or the one call that was wanted
};

}  // namespace redbolt::llm::server
