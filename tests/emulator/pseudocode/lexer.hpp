// Words of AMD's pseudocode. Line ends mean nothing; comments run to the end of the line.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "value.hpp"

namespace redbolt::pseudocode {

// The text does not follow the language.
class SyntaxError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Token {
  enum class Kind : std::uint8_t { name, literal, type, symbol, text, end };
  Kind kind = Kind::end;
  std::string text;  // name or symbol
  Value value;       // literal
  Type type;         // type: 32'U
};

std::vector<Token> tokens_of(std::string_view text);

}  // namespace redbolt::pseudocode
