#include "chat/call_ids.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdio>

namespace redbolt::llm {
namespace {

constexpr std::size_t kShort = 9;

bool is_short(const std::string& id) {
  return id.size() == kShort && std::ranges::all_of(id, [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0;
         });
}

// FNV-1a.
std::uint64_t hash(const std::string& text) {
  std::uint64_t value = 14695981039346656037ULL;
  for (const char c : text) {
    value = (value ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  return value;
}

std::string shortened(const std::string& id) {
  constexpr char kAlphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string result;
  for (std::uint64_t value = hash(id); result.size() < kShort; value /= 36) {
    result += kAlphabet[value % 36];
  }
  return result;
}

}  // namespace

std::string CallIds::formed(const std::string& id) const {
  return short_only_ && !is_short(id) ? shortened(id) : id;
}

std::string CallIds::of_call(const ToolCall& call) {
  std::string id = call.id;
  if (id.empty()) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "call%05zu", made_up_++ % 100000);
    id = buffer;
  }
  unanswered_.push_back(formed(id));
  return unanswered_.back();
}

std::string CallIds::of_result(const Message& message) {
  std::string id = formed(message.tool_call_id);
  if (message.tool_call_id.empty()) {
    id = unanswered_.empty() ? std::string("call00000") : unanswered_.front();
  }
  const auto found = std::ranges::find(unanswered_, id);
  if (found != unanswered_.end()) unanswered_.erase(found);
  return id;
}

}  // namespace redbolt::llm
