#include "output/harmony_header.hpp"

#include <array>
#include <cctype>

#include "output/json_scanner.hpp"

namespace redbolt::llm {
namespace {

// openai/harmony, docs/format.md.
constexpr std::array<std::string_view, 3> kEndMarks = {"<|end|>", "<|call|>", "<|return|>"};
struct ChannelName {
  std::string_view name;
  HarmonyChannel channel;
};
constexpr std::array<ChannelName, 3> kChannels = {{{"analysis", HarmonyChannel::analysis},
                                                   {"commentary", HarmonyChannel::commentary},
                                                   {"final", HarmonyChannel::final}}};

constexpr std::size_t kMaximumSpace = 16;
constexpr std::size_t kMaximumRecipient = 256;
constexpr std::size_t kMaximumType = 32;

// Walks along a text that may end anywhere.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool take(std::string_view wanted) {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with(wanted)) {
      at_ += wanted.size();
      return true;
    }
    if (wanted.starts_with(rest)) ends_inside_ = true;
    return false;
  }

  template <class Predicate>
  std::string_view take_while(std::size_t most, Predicate fits) {
    const std::size_t from = at_;
    while (at_ < text_.size() && at_ - from < most && fits(text_[at_])) ++at_;
    return text_.substr(from, at_ - from);
  }
  void skip_space() { take_while(kMaximumSpace, is_json_space); }

  std::size_t at() const { return at_; }
  HarmonyHeader::Fit unfinished() const {
    return ends_inside_ ? HarmonyHeader::Fit::partly : HarmonyHeader::Fit::no;
  }
  HarmonyHeader::Fit finished() const {
    return at_ == text_.size() ? HarmonyHeader::Fit::whole : HarmonyHeader::Fit::no;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  bool ends_inside_ = false;  // the text ends within what could be taken
};

std::string_view take_recipient(Cursor& cursor) {
  return cursor.take_while(kMaximumRecipient,
                           [](char byte) { return byte != '<' && !is_json_space(byte); });
}

// After the channel's name: recipient and type of content.
void take_details(Cursor& cursor, HarmonyHeader& header) {
  cursor.skip_space();
  if (cursor.take("to=")) {
    header.recipient = take_recipient(cursor);
    cursor.skip_space();
  }
  if (cursor.take("<|constrain|>")) cursor.skip_space();
  cursor.take_while(kMaximumType, [](char byte) {
    return std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '_' || byte == '-';
  });
  cursor.skip_space();
}

bool take_channel(Cursor& cursor, HarmonyHeader& header) {
  for (const ChannelName& known : kChannels) {
    if (!cursor.take(known.name)) continue;
    header.channel = known.channel;
    return true;
  }
  return false;
}

}  // namespace

HarmonyHeader read_harmony_header(std::string_view text, bool at_start) {
  HarmonyHeader header;
  Cursor cursor(text);
  const auto unfinished = [&] {
    header.fit = cursor.unfinished();
    return header;
  };
  for (const std::string_view mark : kEndMarks) {
    if (!cursor.take(mark)) continue;
    header.end_mark = cursor.at();
    cursor.skip_space();
    break;
  }
  const bool started = cursor.take("<|start|>");
  if (started && !cursor.take("assistant")) return unfinished();
  // Where the end of the message before was read, so was the space.
  const bool bare = header.end_mark > 0 && !started;
  if ((bare || started || at_start) && cursor.take(bare ? "to=" : " to=")) {
    header.recipient = take_recipient(cursor);
  }
  if (cursor.take("<|channel|>")) {
    if (!take_channel(cursor, header)) return unfinished();
    take_details(cursor, header);
  } else if (!started && !at_start) {
    return unfinished();
  }
  if (!cursor.take("<|message|>")) return unfinished();
  header.fit = cursor.finished();
  return header;
}

}  // namespace redbolt::llm
