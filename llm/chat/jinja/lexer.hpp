// Template text to tokens, with white space around tags taken away as Hugging Face's transformers
// sets it: a line feed after a block or comment goes, so does the indentation before one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chat/jinja/failure.hpp"

namespace redbolt::llm::jinja {

struct Token {
  enum class Kind {
    data,
    output_begin,  // {{
    output_end,
    block_begin,  // {%
    block_end,
    name,
    string,
    integer,
    floating,
    symbol,
    end,
  };
  Kind kind = Kind::end;
  std::string text;  // of a string: its content; of numbers: without underscores
  Position at;
};

// A template that is none.
class SyntaxError : public Failure {
 public:
  SyntaxError(const std::string& cause, Position at) : Failure(cause), at_(at) {}
  Position at() const { return at_; }

 private:
  Position at_;
};

// Throws SyntaxError. The last token is `end`.
std::vector<Token> tokenize(std::string_view source);

}  // namespace redbolt::llm::jinja
