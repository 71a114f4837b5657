// Files that are nobody else's business: what was said in a chat.
#pragma once

#include <filesystem>
#include <string_view>

namespace redbolt::llm::cli {

// Creates the folder of a file, for this user alone where it is not there yet. Throws LlmError{io}.
void make_folder_of(const std::filesystem::path& file);

// Replaces the file in one step; only this user may read it. Throws LlmError{io}, and then the file
// is as it was.
void write_private_file(const std::filesystem::path& file, std::string_view text);

}  // namespace redbolt::llm::cli
