// Arbitrary bytes as a saved conversation: refused as malformed, or read; and what has been read is
// the same after it has been saved and read again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "cli/chat/conversation_file.hpp"
#include "redbolt/llm/error.hpp"
#include "temporary_folder.hpp"

namespace {

using namespace redbolt;
using namespace redbolt::llm;

bool same_message(const Message& a, const Message& b) {
  return a.role == b.role && a.content == b.content && a.reasoning == b.reasoning;
}

void expect_same(const cli::SavedConversation& a, const cli::SavedConversation& b) {
  const bool same = a.model == b.model && a.system == b.system &&
                    std::ranges::equal(a.messages, b.messages, same_message);
  if (!same) std::abort();
}

}  // namespace

std::vector<std::vector<std::uint8_t>> fuzz_samples() {
  std::vector<std::vector<std::uint8_t>> samples;
  for (const std::string_view text : {
           R"({"schema_version":1,"model":"m","system":"s","messages":[{"role":"user",)"
           R"("content":"a\n\u00e8"},{"role":"assistant","content":"b","reasoning_content":"c"}]})",
           R"({"messages":[{"role":"system","content":"s"},{"role":"user","content":null}]})",
           R"({"messages":[{"role":"user","content":"\ud83d\ude00"}],"system":null,"more":[[{}]]})",
       }) {
    samples.emplace_back(text.begin(), text.end());
  }
  return samples;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const test::TemporaryFolder folder;
  cli::SavedConversation read;
  try {
    read = cli::parse_conversation({reinterpret_cast<const char*>(data), size}, "input");
  } catch (const LlmError& error) {
    if (error.code() != ErrorCode::malformed) std::abort();
    return 0;
  }
  const auto file = folder.path() / "conversation.json";
  cli::save_conversation(file, read);
  expect_same(cli::load_conversation(file), read);
  return 0;
}
