#include "chat/jinja/template.hpp"

#include "chat/jinja/evaluator.hpp"
#include "chat/jinja/failure.hpp"
#include "chat/jinja/globals.hpp"
#include "chat/jinja/lexer.hpp"
#include "chat/jinja/parser.hpp"
#include "redbolt/llm/error.hpp"
#include "support/printable.hpp"

namespace redbolt::llm::jinja {
namespace {

constexpr std::size_t kLongestTemplate = std::size_t{4} << 20U;
constexpr std::size_t kLongestCause = 400;

[[noreturn]] void fail(const Failure& failure, Position at) {
  throw LlmError(ErrorCode::bad_template, "chat template, line " + std::to_string(at.line) +
                                              ", column " + std::to_string(at.column) + ": " +
                                              printable(failure.what(), kLongestCause));
}

Body parse_checked(std::string_view source) {
  if (source.size() > kLongestTemplate) {
    throw LlmError(ErrorCode::bad_template, "the chat template is longer than 4 MiB");
  }
  try {
    return parse(source);
  } catch (const SyntaxError& error) {
    fail(error, error.at());
  }
}

}  // namespace

Template::Template(std::string_view source) : body_(parse_checked(source)) {}

Text Template::render(Runtime& runtime, Scope& globals) const {
  define_functions(runtime, globals);
  try {
    Evaluator evaluator(runtime, globals);
    return evaluator.render(body_);
  } catch (const Failure& failure) {
    if (failure.kind() == Failure::Kind::refused) {
      throw LlmError(ErrorCode::unsupported_chat,
                     "the model's chat template refuses this conversation: " +
                         printable(failure.what(), kLongestCause));
    }
    fail(failure, runtime.at);
  }
}

}  // namespace redbolt::llm::jinja
