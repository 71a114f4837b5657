// The chat format of Llama 3: <|start_header_id|>role<|end_header_id|>\n\ntext<|eot_id|>.
#pragma once

#include <string_view>
#include <vector>

#include "redbolt/llm/chat/format.hpp"

namespace redbolt::llm {

class Llama3 final : public ChatFormat {
 public:
  std::string_view name() const override { return "llama3"; }
  const ChatTraits& traits() const override { return traits_; }
  // Texts are trimmed, as the model's own template does. Tools are not part of the format.
  std::vector<TextSegment> prompt(const Conversation& conversation) const override;

 private:
  ChatTraits traits_;
};

}  // namespace redbolt::llm
