// The ids that connect a tool's result with the call it answers. Clients may leave them out, and
// templates may want them in a form of their own.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "redbolt/llm/chat/conversation.hpp"

namespace redbolt::llm {

// Goes through a conversation's messages in order.
class CallIds {
 public:
  // `short_only`: ids that are not nine letters or digits are replaced by ones that are, always the
  // same for the same id.
  explicit CallIds(bool short_only) : short_only_(short_only) {}

  std::string of_call(const ToolCall& call);
  // Of the call that a tool's message answers.
  std::string of_result(const Message& message);

 private:
  std::string formed(const std::string& id) const;

  bool short_only_;
  std::size_t made_up_ = 0;
  std::deque<std::string> unanswered_;
};

}  // namespace redbolt::llm
