#pragma once

#include <string_view>

#include "lexer.hpp"
#include "syntax.hpp"

namespace redbolt::pseudocode {

// Throws SyntaxError.
Block parse(std::string_view text);

}  // namespace redbolt::pseudocode
