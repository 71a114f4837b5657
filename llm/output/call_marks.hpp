// The texts that stand around calls, thoughts and channels in the syntaxes that are known. Where a
// vocabulary has one as a control token, that token is what is written and read; elsewhere it is
// spelled.
#pragma once

#include <span>
#include <string_view>

namespace redbolt::llm {

std::span<const std::string_view> call_marks();
// Of GPT-OSS's channels. Other models have some of these tokens for other things: they are marks
// only where the vocabulary has kChannelMark.
std::span<const std::string_view> channel_marks();
inline constexpr std::string_view kChannelMark = "<|channel|>";

// A call's, a channel's or a thought's.
bool is_answer_mark(std::string_view text);
bool is_channel_mark(std::string_view text);

}  // namespace redbolt::llm
