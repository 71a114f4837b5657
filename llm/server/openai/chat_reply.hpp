// An answered chat as OpenAI writes it: in one piece (chat.completion), or in events of a stream
// (chat.completion.chunk).
#pragma once

#include <string>
#include <vector>

#include "server/generation/answers.hpp"
#include "server/json/body.hpp"
#include "server/openai/reply.hpp"
#include "server/openai/stream.hpp"

namespace redbolt::llm::server::openai {

Json chat_completion(const ReplyHead& head, const Answers& answers,
                     const std::vector<std::vector<Piece>>& pieces);

// A message put together from its pieces.
struct WholeMessage {
  struct Call {
    std::string id, name, arguments;
  };
  std::string content = {};
  std::string reasoning = {};
  std::vector<Call> calls = {};
  std::vector<ScoredToken> tokens = {};  // of the content, if they were asked for
};
// A call that was begun and is none comes back as text.
WholeMessage put_together(const std::vector<Piece>& pieces);

// The events of a stream, each as the bytes to send.
class ChatChunks final : public StreamWriter {
 public:
  // `include_usage`: every chunk has "usage", null but in the last.
  ChatChunks(ReplyHead head, bool include_usage)
      : head_(std::move(head)), include_usage_(include_usage) {}

  std::string begin(std::uint32_t answer) const override;
  // Empty for what a stream does not tell.
  std::string piece(std::uint32_t answer, const Piece& piece) override;
  // With timings where it is the stream's last: when all answers have ended, and no usage follows.
  std::string finish(std::uint32_t answer, const Answers& answers) const override;
  // Usage, if it was asked for; otherwise nothing: who has not asked expects a choice in every
  // chunk.
  std::string last(const Answers& answers) const override;

 private:
  Json chunk(std::uint32_t answer, Json delta, Json finish_reason) const;

  ReplyHead head_;
  bool include_usage_;
};

}  // namespace redbolt::llm::server::openai
