// Server-sent events as OpenAI's streams have them, and the loop that sends answers by them.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "server/generation/answers.hpp"
#include "server/http/exchange.hpp"

namespace redbolt::llm::server::openai {

// How one API writes what answers bring.
class StreamWriter {
 public:
  StreamWriter() = default;
  StreamWriter(const StreamWriter&) = delete;
  StreamWriter& operator=(const StreamWriter&) = delete;
  virtual ~StreamWriter() = default;

  virtual std::string begin(std::uint32_t answer) const = 0;
  // In the order in which they came.
  virtual std::string piece(std::uint32_t answer, const Piece& piece) = 0;
  virtual std::string finish(std::uint32_t answer, const Answers& answers) const = 0;
  virtual std::string last(const Answers& answers) const = 0;
};

// From the response's head to "[DONE]". What goes wrong on the way becomes the last event.
boost::asio::awaitable<void> stream_answers(Exchange& exchange, Answers& answers,
                                            StreamWriter& writer);

}  // namespace redbolt::llm::server::openai
