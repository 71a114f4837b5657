// Chat templates and conversations of tests/data/chat_templates, for whoever renders them.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "redbolt/llm/chat/format.hpp"

namespace redbolt::test {

using Json = nlohmann::ordered_json;

std::string read_text(const std::filesystem::path& path);
Json read_json(const std::filesystem::path& path);

// A conversation as conversations.json has it, on 3 February 2026.
llm::Conversation conversation_of(const Json& row);

// The format of a model with this template; `row`: "bos" and "eos", the texts of its tokens.
std::unique_ptr<llm::ChatFormat> format_of(const std::string& source, const Json& row = Json::object());

}  // namespace redbolt::test
